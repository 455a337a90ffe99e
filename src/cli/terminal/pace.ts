import type { State } from "./progress-line.ts";

/** What happened since the last update. */
export interface Update {
  /** Units done in all, such as the number of updates so far. */
  readonly done: number;
  /** Tokens (or what `rateUnit` names) since the last update, for the rate. */
  readonly amount?: number;
  /** 0 to 1, where the end is not a number of units but, say, a time. */
  readonly fraction?: number;
  /** Shown behind, such as the loss. */
  readonly values?: Readonly<Record<string, number>>;
}

/** Milliseconds. */
const paceWindow = 30_000;

interface Sample {
  readonly time: number;
  readonly fraction: number | undefined;
  readonly amount: number;
}

/** Rate and time left by the pace of the last half minute. */
export function createPace(begin: number, start: number, total: number | undefined) {
  const fractionOf = (done: number) => (total === undefined ? undefined : total === 0 ? 1 : done / total);
  let samples: Sample[] = [{ time: begin, fraction: fractionOf(start), amount: 0 }];
  let amount: number | undefined;
  return {
    advance: (update: Update, time: number): State => {
      if (update.amount !== undefined) amount = (amount ?? 0) + update.amount;
      const fraction = update.fraction ?? fractionOf(update.done);
      samples.push({ time, fraction, amount: amount ?? 0 });
      // The one sample older than the window stays: the pace needs two.
      const first = samples.findLastIndex((sample) => time - sample.time >= paceWindow);
      samples = samples.slice(Math.max(0, first));
      const oldest = samples[0]!;
      const seconds = (time - oldest.time) / 1000;
      const known = samples.find((sample) => sample.fraction !== undefined);
      return {
        done: update.done,
        total,
        fraction,
        elapsed: (time - begin) / 1000,
        left: timeLeft(known, fraction, time),
        rate: amount === undefined || seconds <= 0 ? undefined : (amount - oldest.amount) / seconds,
        values: update.values ?? {},
      };
    },
  };
}

function timeLeft(from: Sample | undefined, fraction: number | undefined, time: number): number | undefined {
  if (from?.fraction === undefined || fraction === undefined || fraction <= from.fraction) return undefined;
  const pace = (fraction - from.fraction) / ((time - from.time) / 1000);
  return pace > 0 ? Math.max(0, 1 - fraction) / pace : undefined;
}
