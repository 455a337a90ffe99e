/** Commands that learn under mpirun: rank 0 alone speaks, and what stops one rank stops all. */
import { setTimeout as sleep } from "node:timers/promises";
import { HeedError, TrainingError } from "../errors/index.ts";
import { openGroup, type Group } from "../runtime/index.ts";
import { rankIn } from "../runtime/rank.ts";
import type { Io } from "./io.ts";

/** Milliseconds for which a rank that failed leaves the word to rank 0: what stops all alike is said once. */
const PATIENCE = 2000;

/**
 * Does the work of a command in the group that mpirun started, if any. Ranks other than 0 print nothing; where one of
 * them alone fails, it says so, and its end makes mpirun end the others.
 */
export async function inGroup<T>(io: Io, work: (group: Group, io: Io) => Promise<T>): Promise<T> {
  const rank = rankIn(process.env)?.rank ?? 0;
  const warn = (message: string): void => void io.stderr.write(`${message}\n`);
  let group: Group | undefined;
  try {
    group = await openGroup({ warn });
    if (group.size > 1 && rank === 0) warn(group.description);
    const result = await work(group, rank === 0 ? io : silent(io));
    await group.close();
    return result;
  } catch (error) {
    if (rank === 0) {
      group?.leave();
      throw error;
    }
    for (let waited = 0; waited < PATIENCE && group?.lost === undefined; waited += 50) await sleep(50);
    // Rank 0 has said why, or the rank whose loss ended the run is named already.
    if (group?.lost !== undefined) process.exit(1);
    throw error instanceof HeedError ? new TrainingError(`Rank ${rank}: ${error.message}`, { cause: error }) : error;
  }
}

const silent = (io: Io): Io => ({
  ...io,
  stdout: { write: () => Promise.resolve() },
  stderr: { write: () => undefined },
});
