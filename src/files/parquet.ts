/** Parquet files as lines of JSON, one for each row: what reads JSON lines reads these, too. */
import { InputError } from "../errors/index.ts";
import type { ReadableFolder } from "./folder.ts";

/** Whether a file is Parquet by its name. */
export const isParquet = (path: string): boolean => path.toLowerCase().endsWith(".parquet");

/** How many rows are decoded at once. */
const PART = 4096;

/**
 * The rows of a Parquet file as JSON objects, in order. Whole numbers of 64 bits come as numbers.
 * @throws InputError where the file is damaged, or packed in a way that this version cannot unpack (it knows snappy and
 * none).
 */
export async function* parquetLines(folder: ReadableFolder, path: string): AsyncGenerator<string> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const file = {
    byteLength: await folder.size(path),
    slice: async (start: number, end?: number): Promise<ArrayBuffer> => {
      const last = end ?? (await folder.size(path));
      const bytes = await folder.readRange(path, start, last - start);
      return bytes.slice().buffer;
    },
  };
  try {
    const metadata = await parquetMetadataAsync(file);
    const count = Number(metadata.num_rows);
    for (let rowStart = 0; rowStart < count; rowStart += PART) {
      const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd: Math.min(count, rowStart + PART) });
      for (const row of rows) yield JSON.stringify(row, plainNumber);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${folder.describe(path)} cannot be read as Parquet (${reason}). Save it again with snappy, or as JSON lines.`,
      { cause: error },
    );
  }
}

const plainNumber = (_: string, value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);
