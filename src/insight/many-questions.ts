/** Many questions about one reading in one run: its inputs repeated, a question in each row. */
import type { Architecture } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { InputError, Stopped } from "../errors/index.ts";
import type { WorkOptions } from "./long-work.ts";

/** Who waits for the work, and what they are told: how many questions are done, of how many, and what they are. */
export interface Watch extends Pick<WorkOptions, "stop"> {
  readonly progress?: ((done: number, total: number, what: string) => void) | undefined;
}

/** How many scores one run may give at once. */
const SCORES = 2 ** 24;
/** How many rows at most: more of them do not make a run faster. */
const ROWS = 32;

/** How many rows a run takes, where each has so many tokens and scores for each. */
export function rowsAtOnce(tokens: number, scores: number): number {
  return Math.max(1, Math.min(ROWS, Math.floor(SCORES / Math.max(1, tokens * scores))));
}

/** The inputs of a reading of one row, so many times. Throws InputError for inputs of several rows. */
export function repeated({ className }: Architecture, inputs: Values, rows: number): Values {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      if (tensor.shape.length === 0) return [name, tensor];
      if (tensor.shape[0] === 1) return [name, stacked(Array.from({ length: rows }, () => tensor))];
      throw new InputError(
        `${className}: "${name}" has ${tensor.shape[0]} rows; one text or image is looked into at a time.`,
      );
    }),
  );
}

/** Tensors of one shape, one behind the other along the first axis. */
export function stacked(tensors: readonly HostTensor[]): HostTensor {
  const { dtype, shape, data } = tensors[0]!;
  const whole = new (data.constructor as new (length: number) => typeof data)(data.length * tensors.length);
  for (const [i, { data: part }] of tensors.entries()) whole.set(part as never, i * data.length);
  return { dtype, shape: [shape[0]! * tensors.length, ...shape.slice(1)], data: whole };
}

/** Calls `run` with pieces of a list, one after another, and tells how far it is. Throws Stopped where nobody waits. */
export async function inPieces<T, R>(
  list: readonly T[],
  size: number,
  what: string,
  { progress, stop }: Watch,
  run: (piece: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < list.length; first += size) {
    if (stop?.aborted === true) throw new Stopped();
    progress?.(first, list.length, what);
    results.push(...(await run(list.slice(first, first + size))));
  }
  progress?.(list.length, list.length, what);
  return results;
}
