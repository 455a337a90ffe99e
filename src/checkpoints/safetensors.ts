import { CheckpointError, HeedError, nearest } from "../errors/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import { foreignContent } from "./refusals.ts";
import type { Dtype, Header, TensorPlace } from "./safetensors-header.ts";
import { broken, DTYPE_BYTES, DTYPES, elementsOf, MAX_HEADER_BYTES, parseHeader } from "./safetensors-header.ts";

// Elements are little-endian in the file, as they are in typed arrays on every machine that runs JavaScript today.

/** The array of each dtype. F16 and BF16 are held as their bits (see half-precision.ts), BOOL as 0 and 1. */
interface ArrayOf {
  U64: BigUint64Array;
  I64: BigInt64Array;
  F64: Float64Array;
  F32: Float32Array;
  U32: Uint32Array;
  I32: Int32Array;
  BF16: Uint16Array;
  F16: Uint16Array;
  U16: Uint16Array;
  I16: Int16Array;
  I8: Int8Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** A tensor with its elements, the last dimension running fastest. `data` has the array type of its dtype. */
export type StoredTensor = { [D in Dtype]: TensorOf<D, ArrayOf[D]> }[Dtype];

/** A tensor to write. `data` may be a function that is called when its turn comes, so that one at a time is in memory. */
export type TensorToWrite = {
  [D in Dtype]: TensorOf<D, ArrayOf[D] | (() => ArrayOf[D] | Promise<ArrayOf[D]>)>;
}[Dtype];

interface TensorOf<D extends Dtype, Data> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: Data;
}

/** An opened safetensors file. Only its header is in memory. */
export interface TensorFile {
  /** The tensors' names, in the order of the header. */
  readonly names: readonly string[];
  /** The texts under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Dtype, shape and place in the file. @throws CheckpointError where there is no tensor of this name */
  place(name: string): TensorPlace;
  /** Reads one tensor into an array of its own. @throws CheckpointError where there is none, or it cannot be read */
  tensor(name: string): Promise<StoredTensor>;
}

/**
 * Opens a safetensors file: reads its header and checks it against the file's length. Nothing else is read, so a
 * header that lies about sizes costs neither time nor memory.
 *
 * @throws CheckpointError where the file is missing, truncated or not what the format asks for
 */
export async function openSafetensors(folder: ReadableFolder, path: string): Promise<TensorFile> {
  const shown = folder.describe(path);
  const header = await asCheckpoint(shown, () => readHeader(folder, path, shown));
  const place = (name: string): TensorPlace => {
    const known = header.tensors.get(name);
    if (known !== undefined) return known;
    const guess = nearest(name, [...header.tensors.keys()]);
    throw new CheckpointError(
      `${shown} has no tensor "${name}"${guess === undefined ? "" : `; the nearest it has is "${guess}"`}. ` +
        `Use a checkpoint of this model, or a config that fits the checkpoint.`,
    );
  };
  const tensor = async (name: string): Promise<StoredTensor> => {
    const { dtype, shape, offset, bytes } = place(name);
    const data = await asCheckpoint(shown, () => folder.readRange(path, offset, bytes));
    return { dtype, shape, data: asArray(dtype, data) } as StoredTensor;
  };
  return { names: [...header.tensors.keys()], metadata: header.metadata, place, tensor };
}

/**
 * Writes a safetensors file, atomically and tensor by tensor. The tensors are laid out as the reference lays them
 * out, by dtype and then by name, whatever their order here; so equal tensors give equal bytes, and each begins at a
 * multiple of its element size.
 *
 * @throws CheckpointError where a tensor's data does not fit its dtype and shape; nothing is written then
 */
export async function writeSafetensors(
  folder: Folder,
  path: string,
  tensors: Iterable<readonly [string, TensorToWrite]>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const shown = folder.describe(path);
  const rank = (one: TensorToWrite): number => DTYPES.indexOf(one.dtype);
  const ordered = [...tensors].sort(([a, x], [b, y]) => rank(x) - rank(y) || compareUtf8(a, b));
  const header = formatHeader(ordered, metadata, shown);
  const content = async function* (): AsyncGenerator<Uint8Array> {
    yield header;
    for (const [name, { dtype, shape, data }] of ordered) {
      const array = typeof data === "function" ? await data() : data;
      checkData(name, dtype, shape, array, shown);
      yield new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    }
  };
  await folder.write(path, content());
}

async function readHeader(folder: ReadableFolder, path: string, shown: string): Promise<Header> {
  const size = await folder.size(path);
  if (size < 8) throw broken(shown, `it has ${size} bytes, and the length of its header alone takes 8`);
  const start = await folder.readRange(path, 0, 8);
  const foreign = foreignContent(start);
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (foreign !== undefined && length > BigInt(size - 8))
    throw new CheckpointError(`${shown} holds no tensors: ${foreign}.`);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw broken(shown, `it claims a header of ${length} bytes, and at most ${MAX_HEADER_BYTES} are allowed`);
  }
  if (length > BigInt(size - 8)) {
    throw broken(shown, `it claims a header of ${length} bytes, and only ${size - 8} follow`);
  }
  return parseHeader(await folder.readRange(path, 8, Number(length)), size, shown);
}

/** The eight bytes of the length and the header, padded with spaces to a multiple of eight bytes. */
function formatHeader(
  tensors: readonly (readonly [string, TensorToWrite])[],
  metadata: Readonly<Record<string, string>>,
  shown: string,
): Uint8Array {
  const entries = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) entries.set("__metadata__", metadata);
  let end = 0;
  for (const [name, { dtype, shape }] of tensors) {
    if (name === "__metadata__") throw new CheckpointError(`${shown}: no tensor may be named "${name}". Rename it.`);
    if (entries.has(name)) throw new CheckpointError(`${shown}: two tensors are named "${name}". Rename one.`);
    const from = end;
    end += elementsOf(shape) * DTYPE_BYTES[dtype];
    if (!Number.isSafeInteger(end)) {
      throw new CheckpointError(
        `${shown}: tensor "${name}" of shape [${shape.join(", ")}] is too large to be written.`,
      );
    }
    entries.set(name, { dtype, shape, data_offsets: [from, end] });
  }
  // Written entry by entry: an object would put names that look like numbers first.
  const json = `{${[...entries].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.length / 8) * 8;
  if (padded > MAX_HEADER_BYTES) {
    throw new CheckpointError(
      `${shown}: the header would take ${padded} bytes, and at most ${MAX_HEADER_BYTES} are allowed.`,
    );
  }
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  return bytes;
}

function checkData(name: string, dtype: Dtype, shape: readonly number[], array: ArrayOf[Dtype], shown: string): void {
  const expected = elementsOf(shape);
  const type = asArray(dtype, new Uint8Array(0)).constructor;
  if (array.length === expected && array instanceof type) return;
  throw new CheckpointError(
    `${shown}: tensor "${name}" was given ${array.length} elements in a ${array.constructor.name}, ` +
      `but ${dtype} of shape [${shape.join(", ")}] takes ${expected} in a ${type.name}. The file was not written.`,
  );
}

function asArray(dtype: Dtype, bytes: Uint8Array): ArrayOf[Dtype] {
  const whole = bytes.byteOffset % DTYPE_BYTES[dtype] === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset, byteLength } = whole;
  const length = byteLength / DTYPE_BYTES[dtype];
  switch (dtype) {
    case "U64":
      return new BigUint64Array(buffer, byteOffset, length);
    case "I64":
      return new BigInt64Array(buffer, byteOffset, length);
    case "F64":
      return new Float64Array(buffer, byteOffset, length);
    case "F32":
      return new Float32Array(buffer, byteOffset, length);
    case "U32":
      return new Uint32Array(buffer, byteOffset, length);
    case "I32":
      return new Int32Array(buffer, byteOffset, length);
    case "BF16":
    case "F16":
    case "U16":
      return new Uint16Array(buffer, byteOffset, length);
    case "I16":
      return new Int16Array(buffer, byteOffset, length);
    case "I8":
      return new Int8Array(buffer, byteOffset, length);
    case "U8":
    case "BOOL":
      return new Uint8Array(buffer, byteOffset, length);
  }
}

/** The order of two texts' UTF-8 bytes: that of their code points. */
function compareUtf8(a: string, b: string): number {
  const encoder = new TextEncoder();
  const [x, y] = [encoder.encode(a), encoder.encode(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

/** What a checkpoint's files refuse is the checkpoint's fault, in the message of the file. */
async function asCheckpoint<T>(shown: string, reading: () => Promise<T>): Promise<T> {
  try {
    return await reading();
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    if (error instanceof HeedError) throw new CheckpointError(error.message, { cause: error });
    if (error instanceof RangeError) {
      throw new CheckpointError(`${shown} has a tensor too large for this machine's memory (${error.message}).`, {
        cause: error,
      });
    }
    throw error;
  }
}
