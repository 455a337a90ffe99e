/** A model's weights in a folder: one file, or several with an index, read a tensor at a time as float32. */
import { CheckpointError, nearest } from "../errors/index.ts";
import { readJson, type ReadableFolder } from "../files/index.ts";
import { showShape, type Dtype as ReadDtype } from "../graph/index.ts";
import {
  firstNotFinite,
  initialValues,
  matchWeights,
  type Parameter,
  type TensorType,
  type WeightMatch,
} from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { random } from "../random/index.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./half-precision.ts";
import { noWeights } from "./refusals.ts";
import type { Dtype } from "./safetensors-header.ts";
import { openSafetensors, type StoredTensor, type TensorFile } from "./safetensors.ts";

/** The weights, as one file of safetensors. */
export const WEIGHTS = "model.safetensors";
/** The list of the files that the weights are spread over. */
export const WEIGHTS_INDEX = "model.safetensors.index.json";
/** The weights of an adapter, in a folder that has no others. */
export const ADAPTER_WEIGHTS = "adapter_model.safetensors";

/** A stored tensor: as what it is read, and as what it is stored. */
export interface StoredType extends TensorType {
  readonly stored: Dtype;
}

/** The opened weights of a folder. Only the headers of the files are in memory. */
export interface StoredWeights {
  /** The file or the index, for messages. */
  readonly shown: string;
  /** All tensors by name; those of floating-point numbers have the dtype float32, as which they are read. */
  readonly tensors: ReadonlyMap<string, StoredType>;
  /** The texts under `__metadata__` of the file, or of the first of several. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Reads one tensor of floating-point numbers as float32: F32 as it is, F16, BF16 and F64 converted.
   * @throws CheckpointError where there is none of this name, it holds whole numbers, or it cannot be read
   */
  tensor(name: string): Promise<HostTensor>;
  /** Whether two tensors have the same dtype, shape and bytes. One pair is in memory at a time. */
  equal(one: string, other: string): Promise<boolean>;
}

/**
 * Opens the weights of a model folder: `model.safetensors`, or the files that `model.safetensors.index.json` lists; those
 * of an adapter's folder, under the names that they have there.
 *
 * @throws CheckpointError where there are none, a file is missing, damaged or half downloaded, or the index and the
 *   files disagree; where there is a pickle instead, with the way out
 */
export async function openWeights(folder: ReadableFolder): Promise<StoredWeights> {
  if ((await folder.kind(WEIGHTS)) === "file") return openWeightsFile(folder, WEIGHTS);
  if ((await folder.kind(WEIGHTS_INDEX)) === "file") return openShards(folder);
  if ((await folder.kind(ADAPTER_WEIGHTS)) === "file") return openWeightsFile(folder, ADAPTER_WEIGHTS);
  throw await noWeights(folder);
}

/** Opens one file of weights. Throws CheckpointError where it is missing or damaged. */
export async function openWeightsFile(folder: ReadableFolder, path: string): Promise<StoredWeights> {
  const file = await openSafetensors(folder, path);
  return stored(folder.describe(path), new Map(file.names.map((name) => [name, file])), file.metadata);
}

async function openShards(folder: ReadableFolder): Promise<StoredWeights> {
  const shown = folder.describe(WEIGHTS_INDEX);
  const map = weightMap(await readJson(folder, WEIGHTS_INDEX), shown);
  const home = new Map<string, TensorFile>();
  const homeName = new Map<string, string>();
  let metadata: Readonly<Record<string, string>> | undefined;
  for (const shard of new Set(map.values())) {
    if ((await folder.kind(shard)) !== "file") throw await noWeights(folder, shard);
    const file = await openSafetensors(folder, shard);
    metadata ??= file.metadata;
    for (const name of file.names) {
      const listed = map.get(name);
      if (listed !== shard) {
        const where = listed === undefined ? "lists it nowhere" : `says that it is in ${listed}`;
        throw disagreement(`${folder.describe(shard)} holds the tensor "${name}", and ${shown} ${where}`);
      }
      home.set(name, file);
      homeName.set(name, shard);
    }
  }
  for (const [name, shard] of map) {
    if (homeName.get(name) === shard) continue;
    throw disagreement(`${shown} says that the tensor "${name}" is in ${shard}, which does not hold it`);
  }
  return stored(shown, home, metadata ?? {});
}

function weightMap(json: unknown, shown: string): Map<string, string> {
  const map = typeof json === "object" && json !== null && "weight_map" in json ? json.weight_map : undefined;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new CheckpointError(`${shown} has no weight_map from tensor names to files. Copy or download it again.`);
  }
  const entries = Object.entries(map as Record<string, unknown>);
  for (const [name, file] of entries) {
    if (typeof file === "string" && /^[^/\\]+\.safetensors$/.test(file)) continue;
    throw new CheckpointError(
      `${shown} gives the tensor "${name}" the file ${JSON.stringify(file)}. ` +
        `The name of a .safetensors file in the same folder was expected.`,
    );
  }
  return new Map(entries as [string, string][]);
}

const disagreement = (what: string): CheckpointError =>
  new CheckpointError(`${what}. The files are not of one checkpoint: copy or download all of them again.`);

function stored(
  shown: string,
  files: ReadonlyMap<string, TensorFile>,
  metadata: Readonly<Record<string, string>>,
): StoredWeights {
  const tensors = new Map<string, StoredType>();
  for (const [name, file] of files) {
    const { dtype, shape } = file.place(name);
    tensors.set(name, { dtype: readAs[dtype], shape, stored: dtype });
  }
  const fileOf = (name: string): TensorFile => {
    const file = files.get(name);
    if (file !== undefined) return file;
    const near = nearest(name, [...files.keys()]);
    const guess = near === undefined ? "" : `; the nearest it has is "${near}"`;
    throw new CheckpointError(`${shown} has no tensor "${name}"${guess}. Use a checkpoint of this model.`);
  };
  return {
    shown,
    tensors,
    metadata,
    tensor: async (name) => toFloat32(await fileOf(name).tensor(name), `${shown}: the tensor "${name}"`),
    equal: async (one, other) => {
      const [a, b] = [fileOf(one).place(one), fileOf(other).place(other)];
      if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
      return sameBytes(await fileOf(one).tensor(one), await fileOf(other).tensor(other));
    },
  };
}

const readAs: Readonly<Record<Dtype, ReadDtype>> = {
  ...{ F64: "float32", F32: "float32", BF16: "float32", F16: "float32" },
  ...{ U64: "int64", I64: "int64", U32: "int64", I32: "int32" },
  ...{ U16: "int32", I16: "int32", I8: "int32", U8: "uint8", BOOL: "bool" },
};

function toFloat32(tensor: StoredTensor, shown: string): HostTensor {
  const { shape } = tensor;
  switch (tensor.dtype) {
    case "F32":
      return { dtype: "float32", shape, data: tensor.data };
    case "F16":
      return { dtype: "float32", shape, data: float16ToFloat32(tensor.data) };
    case "BF16":
      return { dtype: "float32", shape, data: bfloat16ToFloat32(tensor.data) };
    case "F64":
      return { dtype: "float32", shape, data: Float32Array.from(tensor.data) };
    default:
      throw new CheckpointError(
        `${shown} is ${tensor.dtype}: whole numbers, not weights. Weights are F32, F16, BF16 or F64.`,
      );
  }
}

function sameBytes(a: StoredTensor, b: StoredTensor): boolean {
  const bytes = ({ data }: StoredTensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const [x, y] = [bytes(a), bytes(b)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return x.length === y.length;
}

/** How missing parameters of a head start. */
export interface FreshParameters {
  readonly parameters: readonly Parameter[];
  readonly seed: number;
}

/**
 * Reads the tensors of a match one at a time, under the parameters' names: each is checked and handed on before the
 * next one is read. With `fresh`, missing parameters and tables that are
 * computed follow with first values, the same for a seed and a name.
 *
 * @throws CheckpointError that names a tensor with a value that is not a finite number, or a copy of a tied tensor that
 *   differs from it
 */
export async function* readWeights(
  weights: StoredWeights,
  match: WeightMatch,
  fresh?: FreshParameters,
): AsyncGenerator<readonly [string, HostTensor]> {
  const { shown } = weights;
  for (const [copy, primary] of match.copies) {
    if (await weights.equal(copy, primary)) continue;
    throw new CheckpointError(
      `${shown}: "${copy}" and "${primary}" must be the same (${typesOf(weights, copy, primary)}), and they differ. ` +
        `The config says that they are tied: set tie_word_embeddings to false there if the model has both.`,
    );
  }
  for (const [name, place] of match.places) {
    const tensor = await weights.tensor(place);
    if (firstNotFinite(new Map([[place, tensor]])) !== undefined) {
      throw new CheckpointError(
        `${shown}: ${place} holds a value that is not a finite number, so the model can compute nothing. ` +
          `Use an earlier checkpoint.`,
      );
    }
    yield [name, tensor];
  }
  const missing = new Set(match.missing.map(({ name }) => name));
  for (const parameter of fresh?.parameters ?? []) {
    const { name, shape, trained } = parameter;
    if (match.places.has(name) || (trained && !missing.has(name))) continue;
    const data = initialValues(parameter, random(fresh!.seed, "parameters", name));
    yield [name, { dtype: "float32", shape, data }];
  }
}

/** All weights by name: those of a match under the parameters' names, without one under their own. */
export async function readAllWeights(weights: StoredWeights, match?: WeightMatch): Promise<Map<string, HostTensor>> {
  const names = [...weights.tensors.keys()].map((name) => ({ name, shape: weights.tensors.get(name)!.shape }));
  const values = new Map<string, HostTensor>();
  for await (const [name, value] of readWeights(weights, match ?? matchWeights(names, weights.tensors))) {
    values.set(name, value);
  }
  return values;
}

function typesOf(weights: StoredWeights, ...names: readonly string[]): string {
  return names
    .map((name) => weights.tensors.get(name)!)
    .map(({ stored: dtype, shape }) => `${dtype} ${showShape(shape)}`)
    .join(" and ");
}
