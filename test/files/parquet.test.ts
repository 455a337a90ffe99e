/** Parquet files that pyarrow wrote (tools/goldens/parquet.py). */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { memoryFolder, readLines } from "../../src/files/index.ts";

const golden = diskFolder(fileURLToPath(new URL("golden", import.meta.url)));
const rows = async (path: string, folder = golden): Promise<unknown[]> => {
  const found: unknown[] = [];
  for await (const line of readLines(folder, path)) found.push(JSON.parse(line));
  return found;
};

describe("Parquet", () => {
  it.each(["none", "snappy"])("packed with %s is read row by row", async (packed) => {
    expect(await rows(`rows-${packed}.parquet`)).toEqual([
      { sentence: "a fine film", label: 1, score: 0.5, tokens: ["a", "fine"] },
      { sentence: "", label: 0, score: -1.25, tokens: [] },
      { sentence: "naïve “quotes”, 日本", label: 1, score: 3, tokens: ["naïve"] },
      { sentence: "dull and long", label: 0, score: null, tokens: ["dull"] },
      { sentence: null, label: 2 ** 40, score: 0.001 },
    ]);
  });

  it("packed in another way says what to do", async () => {
    await expect(rows("rows-gzip.parquet")).rejects.toThrow(/rows-gzip.parquet cannot be read as Parquet .*JSON lines/);
  });

  it("that is none says so", async () => {
    const folder = memoryFolder();
    await folder.write("x.parquet", "sentence\tlabel\n");
    await expect(rows("x.parquet", folder)).rejects.toThrow(/x.parquet cannot be read as Parquet/);
  });
});
