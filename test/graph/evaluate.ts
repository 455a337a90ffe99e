/** Runs a graph once. */
import type { Tensor } from "../../src/graph/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import type { Engine } from "../../src/runtime/index.ts";

export const floats = (shape: readonly number[], values: ArrayLike<number>): HostTensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

export const ids = (shape: readonly number[], values: ArrayLike<number>): HostTensor => ({
  dtype: "int64",
  shape,
  data: BigInt64Array.from(Array.from(values, (value) => BigInt(value))),
});

/** The values of named tensors, as plain numbers, `times` times over with one session. */
export async function evaluateOften<K extends string>(
  engine: Engine,
  outputs: Readonly<Record<K, Tensor>>,
  feeds: Readonly<Record<string, HostTensor>>,
  times: number,
): Promise<Record<K, number[]>[]> {
  const program = await engine.load(lower("evaluated", outputs));
  const results: Record<K, number[]>[] = [];
  for (let i = 0; i < times; i++) {
    const values = await engine.run([{ program, fetch: Object.keys(outputs) }], feeds);
    const numbers = Object.entries(values).map(([name, { data }]) => [
      name,
      Array.from(data as Iterable<number | bigint>, Number),
    ]);
    results.push(Object.fromEntries(numbers) as Record<K, number[]>);
  }
  await engine.unload(program);
  return results;
}

export async function evaluate<K extends string>(
  engine: Engine,
  outputs: Readonly<Record<K, Tensor>>,
  feeds: Readonly<Record<string, HostTensor>>,
): Promise<Record<K, number[]>> {
  return (await evaluateOften(engine, outputs, feeds, 1))[0]!;
}
