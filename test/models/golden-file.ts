/** Reads golden files of models: tensors by name, and the settings they were made with. */
import { openSafetensors } from "../../src/checkpoints/safetensors.ts";
import { diskFolder } from "../../src/files/disk.ts";
import type { HostTensor } from "../../src/onnx/index.ts";

const dtypes = { F32: "float32", I32: "int32" } as const;

export interface GoldenFile {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file of test/models/golden. */
export async function goldenFile(name: string): Promise<GoldenFile> {
  const file = await openSafetensors(diskFolder("test/models/golden"), name);
  const tensors = new Map<string, HostTensor>();
  for (const name of file.names) {
    const { dtype, shape, data } = await file.tensor(name);
    if (dtype !== "F32" && dtype !== "I32") throw new Error(`${name} is ${dtype}`);
    tensors.set(name, { dtype: dtypes[dtype], shape, data });
  }
  return { tensors, metadata: file.metadata };
}

/** The tensors whose names begin with a prefix, without it. */
export const named = (tensors: ReadonlyMap<string, HostTensor>, prefix: string): Map<string, HostTensor> =>
  new Map(
    [...tensors].flatMap(([name, tensor]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [])),
  );
