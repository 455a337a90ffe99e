/** What a training takes of this machine's memory, in words. */
import { totalmem } from "node:os";
import { LESS_MEMORY, requireMemory } from "../tasks/translator-memory.ts";
import type { TrainingMemory } from "../training/index.ts";
import { formatBytes } from "./bytes.ts";

/** The memory that this process may have at most: the machine's, or what a container or control group leaves of it. */
export function memoryLimit(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

/** What a process holds that has started an engine and nothing else; `TrainingMemory.fixed` counts it. */
const STARTED = 80 * 2 ** 20;

/** What there is, in bytes. */
export interface Machine {
  /** What this process may have at most. */
  readonly limit: number;
  /** What other programs leave. */
  readonly available: number;
  /** What this process has already. */
  readonly held: number;
}

function thisMachine(): Machine {
  return { limit: memoryLimit(), available: process.availableMemory(), held: process.memoryUsage.rss() };
}

/**
 * "memory: about 1.2 GB at most, 20.1 GB available"; with advice where other programs leave too little.
 * `loaded` bytes of the training are in memory already. Throws ConfigError where even the whole machine is too small.
 */
export function memoryLine(
  memory: TrainingMemory,
  { limit, available, held }: Machine = thisMachine(),
  loaded = 0,
): string {
  // The text and what was made of it stay beside the training.
  const total = memory.total + Math.max(0, held - STARTED - loaded);
  requireMemory(total, limit, formatBytes);
  const line = `memory: about ${formatBytes(total)} at most, ${formatBytes(available + held)} available`;
  return total <= available + held ? line : `${line}. It may not fit. ${LESS_MEMORY}`;
}
