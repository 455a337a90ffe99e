/** The only door to what executes. */
import { openEngine, openGroup as open, startWorker } from "#platform";
import type { Engine, EngineOptions } from "./engine.ts";
import type { Group, GroupOptions } from "./group.ts";
import { openWorkerEngine } from "./worker-engine.ts";

export { machineThreads } from "#platform";
export { engineNames, precisions } from "./engine.ts";
export type {
  Call,
  Engine,
  EngineName,
  EngineOptions,
  Located,
  NodeTimes,
  Precision,
  ProgramTimes,
  Values,
  View,
} from "./engine.ts";
export { alone, fromFirst, type Group, type GroupOptions } from "./group.ts";

/**
 * An engine for this machine, in a worker unless asked otherwise. Dispose of it when done. Throws EngineError where the
 * engine that was asked for is not there or cannot do what was asked.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { engine, precision, purpose, threads, profile, worker = true } = options;
  // Only these cross to a worker: callers may pass a larger object, with functions that cannot.
  const crossing = { engine, precision, purpose, threads, profile };
  return worker ? openWorkerEngine(startWorker(), crossing) : openEngine(crossing);
}

/**
 * The ranks that Open MPI's mpirun started together with this process; for a process on its own, and in a page, `alone`.
 * To be opened once. Throws EngineError where Open MPI's library is not found, or another MPI started the process.
 */
export function openGroup(options: GroupOptions = {}): Promise<Group> {
  return open(options);
}
