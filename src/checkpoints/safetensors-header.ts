import { CheckpointError } from "../errors/index.ts";

// The format: eight bytes with the header's length (unsigned, little-endian), the header (a JSON object, padded with
// spaces), and the tensors' bytes without gaps. https://huggingface.co/docs/safetensors

/** The element types, in the order in which the reference lays tensors out in a file. */
export const DTYPES = [
  "U64",
  "I64",
  "F64",
  "F32",
  "U32",
  "I32",
  "BF16",
  "F16",
  "U16",
  "I16",
  "I8",
  "U8",
  "BOOL",
] as const;

/** An element type as safetensors names it. */
export type Dtype = (typeof DTYPES)[number];

/** Bytes of one element. */
export const DTYPE_BYTES: Readonly<Record<Dtype, number>> = {
  ...{ U64: 8, I64: 8, F64: 8, F32: 4, U32: 4, I32: 4 },
  ...{ BF16: 2, F16: 2, U16: 2, I16: 2, I8: 1, U8: 1, BOOL: 1 },
};

/** The longest header that is read or written, in bytes: the reference's limit. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Where a tensor is in its file: `bytes` bytes from byte `offset` of the file on. */
export interface TensorPlace {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly bytes: number;
}

/** What a header says. */
export interface Header {
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads the header, and checks that its tensors fill the rest of the file without gap or overlap.
 *
 * @param json the header's bytes, which follow the eight of its length
 * @param fileBytes the length of the whole file
 * @param shown the file, as messages name it
 * @throws CheckpointError where the header is not what the format asks for
 */
export function parseHeader(json: Uint8Array, fileBytes: number, shown: string): Header {
  const object = parseObject(json, shown);
  const dataStart = 8 + json.length;
  const metadata = Object.hasOwn(object, "__metadata__") ? parseMetadata(object.__metadata__, shown) : {};
  const places = Object.entries(object)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => [name, parseTensor(name, value, dataStart, shown)] as const);
  checkFilled(places, dataStart, fileBytes, shown);
  return { tensors: new Map(places), metadata };
}

/** The number of elements of a shape; NaN where it is too large to be counted. */
export function elementsOf(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return NaN;
  }
  return count;
}

/** The error of a file that does not follow the format. */
export function broken(shown: string, what: string): CheckpointError {
  return new CheckpointError(
    `${shown} is not a whole safetensors file: ${what}. Copy or download it again, or use another checkpoint.`,
  );
}

function parseObject(json: Uint8Array, shown: string): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
  } catch {
    throw broken(shown, "its header is not UTF-8");
  }
  if (!text.startsWith("{")) throw broken(shown, 'its header does not begin with "{"');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken(shown, `its header is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) throw broken(shown, `its header names ${twice} twice`);
  return value as Record<string, unknown>;
}

/** The first key that an object of a JSON text names twice, in quotes; JSON.parse would keep only the last. */
function repeatedKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  let string = "";
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    else if (character === '"') {
      const end = stringEnd(text, i);
      string = text.slice(i, end);
      i = end - 1;
    } else if (character === ":") {
      const keys = open.at(-1)!;
      const key = JSON.parse(string) as string;
      if (keys.has(key)) return string;
      keys.add(key);
    }
  }
  return undefined;
}

/**
 * Where the JSON string that begins at `start` ends; the text's end where it does not. A regular expression would run
 * out of stack on a long one.
 */
export function stringEnd(text: string, start: number): number {
  let at = start + 1;
  for (let code = text.charCodeAt(at); code !== 34 && at < text.length; code = text.charCodeAt(at)) {
    at += code === 92 ? 2 : 1;
  }
  return Math.min(at + 1, text.length);
}

function parseMetadata(value: unknown, shown: string): Record<string, string> {
  if (!isObject(value)) throw broken(shown, "its __metadata__ is not an object");
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw broken(shown, `its __metadata__ has no text for "${key}"`);
  }
  return value as Record<string, string>;
}

function parseTensor(name: string, value: unknown, dataStart: number, shown: string): TensorPlace {
  const wrong = (what: string): CheckpointError => broken(shown, `the header of tensor "${name}" ${what}`);
  if (!isObject(value)) throw wrong("is not an object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") throw wrong("has no dtype");
  if (!isDtype(dtype)) {
    throw new CheckpointError(
      `${shown}: tensor "${name}" has the dtype "${dtype}", which Heed cannot read. ` +
        `It reads ${DTYPES.join(", ")}. Convert the file to one of these.`,
    );
  }
  if (!isSizes(shape)) throw wrong("has no shape of whole numbers");
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong("has no two data_offsets");
  const [from, to] = offsets as [number, number];
  const bytes = elementsOf(shape) * DTYPE_BYTES[dtype];
  if (Number.isNaN(bytes)) throw wrong(`gives it a shape too large to be counted, [${shape.join(", ")}]`);
  if (to - from !== bytes) {
    throw wrong(`gives it ${to - from} bytes, but ${dtype} of shape [${shape.join(", ")}] takes ${bytes}`);
  }
  return { dtype, shape, offset: dataStart + from, bytes };
}

function checkFilled(
  places: readonly (readonly [string, TensorPlace])[],
  dataStart: number,
  fileBytes: number,
  shown: string,
): void {
  let end = dataStart;
  for (const [name, { offset, bytes }] of places.toSorted(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (offset !== end) {
      const what = offset < end ? "overlaps the tensor before it" : `leaves a gap of ${offset - end} bytes before it`;
      throw broken(shown, `tensor "${name}" ${what}`);
    }
    end = offset + bytes;
  }
  if (end > fileBytes) throw broken(shown, `it ends ${end - fileBytes} bytes too early`);
  if (end < fileBytes) throw broken(shown, `${fileBytes - end} bytes at its end belong to no tensor`);
}

function isDtype(name: string): name is Dtype {
  return (DTYPES as readonly string[]).includes(name);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
