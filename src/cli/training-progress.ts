/** A training run on the terminal: a bar with rate and time left, and the loss as a live curve. */
import type { Scores, Step } from "../training/index.ts";
import type { Io } from "./io.ts";
import { createProgress, type Progress } from "./terminal/index.ts";

export interface TrainingProgress {
  step(step: Step): void;
  log(line: string): void;
  finish(): void;
  close(): void;
}

/** Shows steps as they come; `total` updates, or undefined for a run that is limited by time. */
export function trainingProgress(
  { stderr, environment }: Io,
  total: number | undefined,
  start: number,
): TrainingProgress {
  const progress: Progress = createProgress({
    stream: stderr,
    label: "training",
    start,
    ...(total === undefined ? {} : { total }),
    environment,
    chart: { xTitle: "update" },
    exits: process,
  });
  return {
    step({ update, loss, targets, validation, learningRate, progress: fraction }) {
      progress.point("training loss", update, loss);
      progress.update({ done: update, amount: targets, fraction, values: { loss, rate: learningRate } });
      if (validation !== undefined) progress.log(`update ${update}: validation ${scoresText(validation)}`);
    },
    log: (line) => {
      progress.log(line);
    },
    finish: () => {
      progress.finish();
    },
    close: () => {
      progress.close();
    },
  };
}

/** "2.313 nats a token, 51.2 % of tokens right" of a translator; the scores by their names elsewhere. */
function scoresText(scores: Scores): string {
  const { nats, accuracy } = scores;
  if (nats !== undefined && accuracy !== undefined) {
    return `${nats.toFixed(3)} nats a token, ${(100 * accuracy).toFixed(1)} % of tokens right`;
  }
  return Object.entries(scores)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join(", ");
}
