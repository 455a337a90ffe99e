/** One run as its log tells it: followed while it is written, and read once where it has ended. */
import type { Series } from "heed/figures";
import type { Checkpoint, ModelEntry, Source, TrainingRecord } from "../../source/source.ts";

/** Numbers of a log that say when, not how well. */
const PLACES = new Set(["step", "epoch", "progress", "seconds", "targets"]);

/** A chart: lines that share an axis. */
export interface Curves {
  readonly id: string;
  readonly title: string;
  readonly names: readonly string[];
}

export class Run {
  readonly id: string;
  /** Changes when the records do. */
  version = $state(0);
  writing = $state(false);
  /** Undefined before the first word. */
  control = $state<ModelEntry["control"] | undefined>();
  checkpoints = $state.raw<readonly Checkpoint[]>([]);
  #records: TrainingRecord[] = [];
  #told: (() => void) | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** Follows until the signal fires; `checkpointed` is told when there are others than before. */
  follow(source: Source, signal: AbortSignal, checkpointed?: () => void): void {
    this.#told = checkpointed;
    source.follow?.(
      this.id,
      {
        state: ({ writing, control }) => {
          [this.writing, this.control] = [writing, control];
        },
        restart: () => {
          this.#records = [];
          this.version++;
        },
        steps: (records) => {
          this.#records = this.#records.concat(records);
          this.version++;
        },
        checkpoints: (all) => {
          const grown = this.checkpoints.length > 0 && all.length !== this.checkpoints.length;
          this.checkpoints = all;
          if (grown) this.#told?.();
        },
      },
      signal,
    );
  }

  get records(): readonly TrainingRecord[] {
    void this.version;
    return this.#records;
  }

  /** Where it is: the last record that has a step. */
  get last(): TrainingRecord | undefined {
    return this.records.findLast((record) => typeof record["step"] === "number" && record["event"] === undefined);
  }

  /** All numbers that a line can be drawn of, by name. */
  get names(): readonly string[] {
    const names = new Set<string>();
    for (const record of this.records) {
      if (record["event"] !== undefined) continue;
      for (const [name, value] of Object.entries(record)) {
        if (!PLACES.has(name) && (typeof value === "number" || value === null)) names.add(name);
      }
    }
    return [...names];
  }

  /** One number against the step; null in the log, what was not finite, is a gap. */
  series(name: string, shown: string): Series {
    const [x, y]: [number[], number[]] = [[], []];
    for (const record of this.records) {
      const [step, value] = [record["step"], record[name]];
      if (typeof step !== "number" || record["event"] !== undefined || value === undefined) continue;
      x.push(step);
      y.push(typeof value === "number" ? value : NaN);
    }
    return { name: shown, x, y };
  }

  /** What was written besides numbers: samples, and what happened. */
  get words(): readonly { readonly step: number | undefined; readonly name: string; readonly text: string }[] {
    return this.records.flatMap((record) => {
      const step = typeof record["step"] === "number" ? record["step"] : undefined;
      return Object.entries(record).flatMap(([name, value]) =>
        typeof value === "number" || value === null ? [] : [{ step, name, text: wordsOf(value) }],
      );
    });
  }
}

const wordsOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** `validation_loss` → validation loss; `learningRate` → learning rate. */
export const titleOf = (name: string): string =>
  name
    .replaceAll("_", " ")
    .replaceAll(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);

/** Which lines stand together: losses, scores of validations, and each other number alone. */
export function curvesOf(names: readonly string[]): Curves[] {
  const losses = names.filter((name) => /(^|_)(loss|nats)$/.test(name));
  const scores = names.filter((name) => name.startsWith("validation_") && !losses.includes(name));
  const others = names.filter((name) => !losses.includes(name) && !scores.includes(name));
  // A share and a perplexity have nothing to do on one axis.
  return [
    ...(losses.length > 0 ? [{ id: "loss", title: "Loss", names: losses }] : []),
    ...[...scores, ...others].map((name) => ({ id: name, title: capital(titleOf(name)), names: [name] })),
  ];
}

const capital = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;
