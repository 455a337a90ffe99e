/** What a training takes of this machine's memory, in words. */
import { totalmem } from "node:os";
import { LESS_MEMORY, requireMemory } from "../tasks/translator-memory.ts";
import type { TrainingMemory } from "../training/index.ts";
import { formatBytes } from "./bytes.ts";

/** The memory that this process may have at most: the machine's, or what a container or control group leaves of it. */
export function memoryLimit(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

/**
 * "memory: 1.2 GB at most, 20.1 GB available"; with advice where other programs leave too little.
 * Throws ConfigError where even the whole machine is too small.
 */
export function memoryLine(memory: TrainingMemory): string {
  requireMemory(memory, memoryLimit(), formatBytes);
  // This process has some of it already.
  const available = process.availableMemory() + process.memoryUsage.rss();
  const line = `memory: about ${formatBytes(memory.total)} at most, ${formatBytes(available)} available`;
  return memory.total <= available ? line : `${line}. It may not fit. ${LESS_MEMORY}`;
}
