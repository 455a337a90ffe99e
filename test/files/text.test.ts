import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Folder } from "../../src/files/index.ts";
import {
  crc32,
  crc32c,
  memoryFolder,
  readJson,
  readLines,
  readText,
  together,
  unpacked,
} from "../../src/files/index.ts";

/** A folder whose one file comes in pieces of the given length. */
function inPieces(bytes: Uint8Array, length: number, name = "file"): Pick<Folder, "describe" | "readStream"> & Folder {
  const folder = memoryFolder();
  return Object.assign(folder, {
    async *readStream() {
      for (let i = 0; i < bytes.length; i += length) yield await Promise.resolve(bytes.slice(i, i + length));
    },
    describe: () => name,
  });
}

async function linesOf(folder: Folder): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(folder, "file")) lines.push(line);
  return lines;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("texts", () => {
  it("gives the lines of a plain or packed file, however it comes in pieces", async () => {
    const line = fc.string({ unit: "grapheme", maxLength: 8 }).map((text) => text.replace(/[\r\n\ufeff]/g, ""));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1 }),
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 20 }),
        async (lines, end, ended, packed, length) => {
          const last = lines.at(-1)!;
          if (!ended && last === "") return; // without an end, an empty last line is no line
          const plain = utf8(lines.join(end) + (ended ? end : ""));
          const stored = packed ? new Uint8Array(gzipSync(plain)) : plain;
          expect(await linesOf(inPieces(stored, length))).toEqual(lines);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("drops a byte order mark at the beginning, and has no lines in an empty file", async () => {
    expect(await linesOf(inPieces(utf8("\ufeffa\n\ufeffb"), 2))).toEqual(["a", "\ufeffb"]);
    expect(await linesOf(inPieces(utf8(""), 2))).toEqual([]);
    expect(await readText(inPieces(utf8("\ufeffa"), 5), "file")).toBe("a");
  });

  it("names the line that is not UTF-8", async () => {
    const bad = Uint8Array.from([...utf8("één\ntwo\nthr"), 0xe9, ...utf8("e\nfour")]);
    for (const length of [1, 4, 7, 100]) {
      await expect(linesOf(inPieces(bad, length))).rejects.toThrow("file, line 3: the bytes are not UTF-8");
    }
    await expect(readText(inPieces(bad, 100), "file")).rejects.toThrow("file, line 3: the bytes are not UTF-8");
    const cut = utf8("a\nb\né").slice(0, -1);
    await expect(linesOf(inPieces(cut, 3))).rejects.toThrow("file, line 3");
  });

  it("reads several gzip members, and says when the data is cut off or damaged", async () => {
    const packed = new Uint8Array(gzipSync(utf8("one\ntwo\n".repeat(1000))));
    expect((await together(unpacked(inPieces(await together([packed, packed]), 99), "x"))).length).toBe(16_000);
    const cut = linesOf(inPieces(packed.slice(0, -9), 10, "train.gz"));
    await expect(cut).rejects.toThrow("train.gz is damaged: its gzip data cannot be unpacked");
    const damaged = packed.map((byte, i) => (i === 20 ? byte ^ 0xff : byte));
    await expect(linesOf(inPieces(damaged, 10))).rejects.toThrow("is damaged");
  });

  it("closes the file when the reader stops early, and passes on what reading throws", async () => {
    let closed = 0;
    const source = memoryFolder();
    const packed = new Uint8Array(gzipSync(utf8("line\n".repeat(1_000_000))));
    for (const bytes of [packed, utf8("line\n".repeat(1000))]) {
      const folder = Object.assign(memoryFolder(), {
        async *readStream() {
          try {
            for (let i = 0; i < bytes.length; i += 100) yield await Promise.resolve(bytes.slice(i, i + 100));
          } finally {
            closed++;
          }
        },
      });
      for await (const line of readLines(folder, "x")) {
        expect(line).toBe("line");
        break;
      }
    }
    expect(closed).toBe(2);
    await expect(linesOf(source)).rejects.toThrow("does not exist");
    const failing = Object.assign(memoryFolder(), {
      async *readStream() {
        yield await Promise.resolve(packed.slice(0, 50));
        throw new Error("the cable was pulled");
      },
    });
    await expect(linesOf(failing)).rejects.toThrow("the cable was pulled");
  });

  it("says why a file is not JSON", async () => {
    const folder = memoryFolder();
    await folder.write("a.json", '{"a": [1, 2]}');
    await folder.write("b.json", '{"a": [1, 2}');
    await folder.write("c.json", " \n");
    expect(await readJson(folder, "a.json")).toEqual({ a: [1, 2] });
    await expect(readJson(folder, "b.json")).rejects.toThrow(/memory:b.json is not valid JSON \(.+\)/);
    await expect(readJson(folder, "c.json")).rejects.toThrow("memory:c.json is empty");
  });
});

describe("checksums", () => {
  it("equal the published checks, in one piece or in several", () => {
    const digits = utf8("123456789");
    expect(crc32(digits)).toBe(0xcbf43926);
    expect(crc32c(digits)).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43); // RFC 3720, B.4
    const long = Uint8Array.from({ length: 1000 }, (_, i) => i * i);
    for (const cut of [0, 1, 7, 8, 9, 500, 1000]) {
      expect(crc32(long.subarray(cut), crc32(long.subarray(0, cut)))).toBe(crc32(long));
    }
    // gzip stores the CRC-32 of what it packs in its last eight bytes.
    const packed = gzipSync(long);
    expect(crc32(long)).toBe(packed.readUInt32LE(packed.length - 8));
  });
});
