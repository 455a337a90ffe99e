/** Several processes that train one model together: a rank each, sums over all of them. */
import type { Engine } from "./engine.ts";

/**
 * The processes of a run. All of them make the same calls in the same order, and each call waits for the others; where
 * one of them is lost, calls throw LostRankError.
 */
export interface Group {
  /** This process's number, from 0. Rank 0 alone writes and prints. */
  readonly rank: number;
  readonly size: number;
  /** For people: `2 ranks over Open MPI 4.1.4`. */
  readonly description: string;
  /** Why the group is at its end before its work is done; undefined while it works. */
  readonly lost: string | undefined;
  /** Sums over all ranks, number by number in float64; every rank gives as many. */
  sum(values: readonly number[]): Promise<readonly number[]>;
  /** What each rank gives, by rank: numbers, texts, arrays and plain objects. */
  gather<T>(value: T): Promise<readonly T[]>;
  /** Sums a float32 resident over all ranks, in place: afterwards all hold the same, to the bit. */
  sumResident(engine: Engine, resident: string): Promise<void>;
  /** Writes rank 0's values of a float32 resident over those of all others. */
  shareResident(engine: Engine, resident: string): Promise<void>;
  /** Ends the group, when all ranks are done. */
  close(): Promise<void>;
  /** Tells the others, on this machine, that this rank ends by an error and says why itself. */
  leave(): void;
}

/** A process on its own: every sum is its own value, and nothing is waited for. */
export const alone: Group = {
  rank: 0,
  size: 1,
  description: "1 process",
  lost: undefined,
  sum: (values) => Promise.resolve(values),
  gather: (value) => Promise.resolve([value]),
  sumResident: () => Promise.resolve(),
  shareResident: () => Promise.resolve(),
  close: () => Promise.resolve(),
  leave: () => undefined,
};

/** What rank 0 gives, on all ranks. */
export async function fromFirst<T>(group: Group, value: T): Promise<T> {
  return (await group.gather(group.rank === 0 ? value : undefined))[0] as T;
}

/** How a group is opened. */
export interface GroupOptions {
  /** Told at once, on one rank that lives, when the group has lost another: there may be a second left to act in. */
  readonly warn?: ((message: string) => void) | undefined;
}
