/** Writing a model's weights as Hugging Face does: one file, or several with an index. */
import type { Folder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { DTYPE_BYTES, elementsOf } from "./safetensors-header.ts";
import { writeSafetensors, type TensorToWrite } from "./safetensors.ts";
import { WEIGHTS, WEIGHTS_INDEX } from "./weights.ts";

/** The most bytes of tensors in one file, as Hugging Face has it. */
const SHARD_BYTES = 5e9;

/** How weights are written. */
export interface WriteWeightsOptions {
  /** The most bytes of tensors in one file; more are spread over several, with an index. Default: 5 GB. */
  readonly shardBytes?: number | undefined;
}

/** A shard of another writing, which a new one replaces. */
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;

/**
 * Writes weights: `model.safetensors`, or `model-00001-of-0000n.safetensors` … with `model.safetensors.index.json`.
 * Tied copies are left out by the caller. A tensor's `data` may be a function, so that one at a time is in memory.
 * Files of an older writing in the folder are replaced, those that are no longer needed removed at the end.
 *
 * @throws CheckpointError where a tensor's data does not fit its dtype and shape
 */
export async function writeWeights(
  folder: Folder,
  tensors: Iterable<readonly [string, TensorToWrite]>,
  { shardBytes = SHARD_BYTES }: WriteWeightsOptions = {},
): Promise<void> {
  const shards = shardsOf([...tensors], shardBytes);
  const metadata = { format: "pt" };
  const files = shards.map((_, i) => (shards.length === 1 ? WEIGHTS : shardName(i + 1, shards.length)));
  for (const [i, { entries }] of shards.entries()) await writeSafetensors(folder, files[i]!, entries, metadata);
  const kept = new Set(files);
  if (shards.length > 1) {
    const map = shards.flatMap(({ entries }, i) => entries.map(([name]) => [name, files[i]!] as const));
    const index = {
      metadata: { total_size: shards.reduce((sum, { bytes }) => sum + bytes, 0) },
      weight_map: Object.fromEntries(map.sort(([a], [b]) => (a < b ? -1 : 1))),
    };
    await folder.write(WEIGHTS_INDEX, `${JSON.stringify(index, undefined, 2)}\n`);
    kept.add(WEIGHTS_INDEX);
  }
  // Last, so that a killed process leaves the old weights or the new ones, and never none.
  for (const { name } of await folder.list()) {
    if (!kept.has(name) && (name === WEIGHTS || name === WEIGHTS_INDEX || SHARD.test(name))) await folder.remove(name);
  }
}

/** Float32 tensors as `writeWeights` takes them. */
export function asStored(tensors: ReadonlyMap<string, HostTensor>): (readonly [string, TensorToWrite])[] {
  return [...tensors].map(([name, { shape, data }]) => [name, { dtype: "F32", shape, data: data as Float32Array }]);
}

interface Shard {
  readonly entries: (readonly [string, TensorToWrite])[];
  bytes: number;
}

/** In the tensors' order; a tensor that is larger than the limit has a file of its own. */
function shardsOf(tensors: readonly (readonly [string, TensorToWrite])[], limit: number): readonly Shard[] {
  const shards: Shard[] = [{ entries: [], bytes: 0 }];
  for (const entry of tensors) {
    const { shape, dtype } = entry[1];
    const bytes = elementsOf(shape) * DTYPE_BYTES[dtype];
    const last = shards.at(-1)!;
    if (last.entries.length > 0 && last.bytes + bytes > limit) shards.push({ entries: [entry], bytes });
    else {
      last.entries.push(entry);
      last.bytes += bytes;
    }
  }
  return shards;
}

function shardName(number: number, count: number): string {
  const digits = (n: number): string => String(n).padStart(5, "0");
  return `model-${digits(number)}-of-${digits(count)}.safetensors`;
}
