import { InputError } from "../errors/index.ts";
import type { ReadableFolder } from "./folder.ts";
import { together } from "./folder.ts";
import { isParquet, parquetLines } from "./parquet.ts";

/** The whole of a UTF-8 file, plain or .gz, without a byte order mark. @throws InputError naming the line that is not UTF-8. */
export async function readText(folder: ReadableFolder, path: string): Promise<string> {
  const bytes = await together(unpacked(folder, path));
  return decoded(bytes, folder.describe(path), 1);
}

/** The value of a JSON file, plain or .gz. @throws InputError where it is not JSON. */
export async function readJson(folder: ReadableFolder, path: string): Promise<unknown> {
  const text = await readText(folder, path);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const what = text.trim() === "" ? "is empty" : `is not valid JSON (${reason})`;
    throw new InputError(`${folder.describe(path)} ${what}. A JSON file was expected.`, { cause: error });
  }
}

/**
 * The lines of a UTF-8 file, plain or .gz, without their ends ("\n" or "\r\n"). The last line counts with or without
 * an end; an empty file has no lines. Of a `.parquet` file, its rows as JSON. @throws InputError naming the line that is
 * not UTF-8, and as `parquetLines` does.
 */
export function readLines(folder: ReadableFolder, path: string): AsyncGenerator<string> {
  return isParquet(path) ? parquetLines(folder, path) : streamLines(folder.readStream(path), folder.describe(path));
}

/** As readLines, for bytes that come from elsewhere, such as standard input; `shown` names them in messages. */
export async function* streamLines(source: AsyncIterable<Uint8Array>, shown: string): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  let line = 1;
  for await (const piece of unpackedStream(source, shown)) {
    const end = piece.lastIndexOf(10) + 1;
    if (end === 0) {
      rest.push(piece);
      continue;
    }
    const lines = decoded(await together([...rest, piece.subarray(0, end)]), shown, line).split("\n");
    lines.pop();
    for (const text of lines) yield withoutReturn(text);
    line += lines.length;
    rest = end < piece.length ? [piece.subarray(end)] : [];
  }
  if (rest.length > 0) yield withoutReturn(decoded(await together(rest), shown, line));
}

/**
 * The bytes of a file, with gzip undone where the file begins as gzip does (1f 8b 08), whatever its name: some web
 * servers undo it on the way. @throws InputError where the gzip data is damaged or ends too early.
 */
export function unpacked(folder: ReadableFolder, path: string): AsyncGenerator<Uint8Array> {
  return unpackedStream(folder.readStream(path), folder.describe(path));
}

async function* unpackedStream(bytes: AsyncIterable<Uint8Array>, shown: string): AsyncGenerator<Uint8Array> {
  const source = withWholeStart(bytes);
  const first = await source.next();
  if (first.done === true) return;
  const packed = first.value.length >= GZIP.length && beginsAsGzip(first.value);
  const stored = (async function* () {
    yield first.value;
    yield* source;
  })();
  try {
    yield* packed ? gunzip(stored, shown) : stored;
  } finally {
    await source.return(undefined);
  }
}

const GZIP = [0x1f, 0x8b, 8] as const;

/** Whether the bytes, as far as they go, are how gzip data begins. */
function beginsAsGzip(bytes: Uint8Array): boolean {
  return GZIP.every((byte, i) => i >= bytes.length || bytes[i] === byte);
}

/**
 * The same bytes, the first piece long enough to tell whether it is gzip. Anything else is passed on at once: who types
 * a short line waits for the answer.
 */
async function* withWholeStart(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first: Uint8Array | undefined = new Uint8Array(0);
  for await (const piece of source) {
    if (first === undefined) {
      yield piece;
      continue;
    }
    first = first.length === 0 ? piece : await together([first, piece]);
    if (first.length < GZIP.length && beginsAsGzip(first)) continue;
    yield first;
    first = undefined;
  }
  if (first !== undefined && first.length > 0) yield first;
}

async function* gunzip(source: AsyncGenerator<Uint8Array>, shown: string): AsyncGenerator<Uint8Array> {
  let failure: Error | undefined;
  const packed = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await source.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        controller.error(failure);
      }
    },
  });
  const reader: StreamReader = packed.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    }
  } catch (error) {
    if (failure !== undefined) throw failure;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${shown} is damaged: its gzip data cannot be unpacked (${reason}). Check that it was copied or downloaded whole.`,
      { cause: error },
    );
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

interface StreamReader {
  read(): Promise<
    { readonly done: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: undefined }
  >;
  cancel(): Promise<void>;
}

/** Strict UTF-8; `line` is the number of the first line in `bytes`, for the message. */
function decoded(bytes: Uint8Array, shown: string, line: number): string {
  try {
    // A byte order mark may stand only at the very beginning; elsewhere the character is kept.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: line > 1 }).decode(bytes);
  } catch {
    throw new InputError(`${shown}, line ${line + badLine(bytes)}: the bytes are not UTF-8. Save the file as UTF-8.`);
  }
}

/** How many lines come before the first one that is not UTF-8. */
function badLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let start = 0;
  for (let count = 0; ; count++) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return count;
    }
    if (found < 0) return count;
    start = end + 1;
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
