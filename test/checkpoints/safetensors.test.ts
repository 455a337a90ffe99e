import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32 } from "../../src/checkpoints/half-precision.ts";
import type { Dtype } from "../../src/checkpoints/safetensors-header.ts";
import { DTYPE_BYTES, DTYPES } from "../../src/checkpoints/safetensors-header.ts";
import type { StoredTensor, TensorToWrite } from "../../src/checkpoints/safetensors.ts";
import { openSafetensors, writeSafetensors } from "../../src/checkpoints/safetensors.ts";
import { CheckpointError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import type { Folder } from "../../src/files/index.ts";
import { memoryFolder } from "../../src/files/index.ts";

const golden = diskFolder(fileURLToPath(new URL("golden", import.meta.url)));
const reference = JSON.parse(readFileSync(golden.describe("reference.json"), "utf8")) as {
  tensors: Record<string, { shape: number[]; values: string[] }>;
};

const ARRAYS = {
  ...{ U64: BigUint64Array, I64: BigInt64Array, F64: Float64Array, F32: Float32Array, U32: Uint32Array },
  ...{ I32: Int32Array, BF16: Uint16Array, F16: Uint16Array, U16: Uint16Array, I16: Int16Array },
  ...{ I8: Int8Array, U8: Uint8Array, BOOL: Uint8Array },
};

function tensorOf(dtype: Dtype, shape: readonly number[], bytes: Uint8Array): StoredTensor {
  return { dtype, shape, data: new ARRAYS[dtype](bytes.slice().buffer) } as StoredTensor;
}

function bytesOf({ data }: StoredTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function all(folder: Folder, path: string): Promise<Map<string, StoredTensor>> {
  const file = await openSafetensors(folder, path);
  const tensors = new Map<string, StoredTensor>();
  for (const name of file.names) tensors.set(name, await file.tensor(name));
  return tensors;
}

/** A file made by hand: the header's length, the header, the data. */
function fileOf(header: string, data: number, length = BigInt(new TextEncoder().encode(header).length)): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  bytes.set(text, 8);
  return bytes;
}

async function opening(bytes: Uint8Array): Promise<string> {
  const folder = memoryFolder();
  await folder.write("model.safetensors", bytes);
  const error: unknown = await openSafetensors(folder, "model.safetensors").then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  return (error as Error).message;
}

const tensorArbitrary = fc
  .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat(4), { maxLength: 4 }))
  .chain(([dtype, shape]) => {
    const bytes = shape.reduce((product, size) => product * size, 1) * DTYPE_BYTES[dtype];
    return fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((data) => tensorOf(dtype, shape, data));
  });
const name = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => text !== "__metadata__");
const tensorsArbitrary = fc.dictionary(name, tensorArbitrary, { maxKeys: 6 });
const metadataArbitrary = fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), {
  maxKeys: 3,
});

describe("safetensors", () => {
  it("reads what the reference wrote, every dtype", async () => {
    const file = await openSafetensors(golden, "reference.safetensors");
    expect([...file.names].sort()).toEqual(Object.keys(reference.tensors).sort());
    expect(file.metadata).toEqual({ note: "été" });
    for (const [tensorName, { shape, values }] of Object.entries(reference.tensors)) {
      const { dtype, shape: found, data } = await file.tensor(tensorName);
      expect(found).toEqual(shape);
      const floats = dtype === "F16" ? float16ToFloat32(data) : dtype === "BF16" ? bfloat16ToFloat32(data) : data;
      const read = (text: string): number | bigint =>
        text === "True"
          ? 1
          : text === "False"
            ? 0
            : dtype === "I64"
              ? BigInt(text)
              : Number(text.replace("inf", "Infinity"));
      expect(Array.from<number | bigint>(floats), tensorName).toEqual(values.map(read));
    }
  });

  it("writes the reference's bytes", async () => {
    const tensors = await all(golden, "reference.safetensors");
    const folder = memoryFolder();
    await writeSafetensors(folder, "ours", [...tensors].reverse(), { note: "été" });
    expect(await folder.read("ours")).toEqual(await golden.read("reference.safetensors"));
  });

  it("gives back any tensors to the bit, each aligned in the file", async () => {
    await fc.assert(
      fc.asyncProperty(tensorsArbitrary, metadataArbitrary, async (tensors, metadata) => {
        const folder = memoryFolder();
        const late = Object.entries(tensors).map(([key, tensor], i): [string, TensorToWrite] =>
          i % 2 === 0 ? [key, tensor] : [key, { ...tensor, data: () => Promise.resolve(tensor.data) } as TensorToWrite],
        );
        await writeSafetensors(folder, "x", late, metadata);
        const file = await openSafetensors(folder, "x");
        expect(file.metadata).toEqual(metadata);
        expect([...file.names].sort()).toEqual(Object.keys(tensors).sort());
        for (const [key, tensor] of Object.entries(tensors)) {
          expect(file.place(key).offset % DTYPE_BYTES[tensor.dtype]).toBe(0);
          const found = await file.tensor(key);
          expect([found.dtype, found.shape, bytesOf(found)]).toEqual([tensor.dtype, tensor.shape, bytesOf(tensor)]);
          expect(found.data.constructor).toBe(tensor.data.constructor);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("reads tensors that begin at odd bytes, one at a time and no more than it needs", async () => {
    const folder = memoryFolder();
    const json =
      '{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[2],"data_offsets":[3,11]}}  ';
    const bytes = fileOf(json, 11);
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, 1.5, true);
    await folder.write("x", bytes);
    const ranges: number[] = [];
    const counting = {
      ...{ describe: folder.describe.bind(folder), size: folder.size.bind(folder) },
      readRange: (path: string, offset: number, length: number) => {
        ranges.push(length);
        return folder.readRange(path, offset, length);
      },
    };
    const file = await openSafetensors(counting as unknown as Folder, "x");
    expect((await file.tensor("b")).data).toEqual(Float32Array.of(0, 1.5));
    expect(ranges).toEqual([8, json.length, 8]);
  });

  it("refuses every file with one bit changed in its header, or reads it without harm", async () => {
    const folder = memoryFolder();
    await writeSafetensors(folder, "x", [
      ["weight", tensorOf("F32", [2, 3], new Uint8Array(24))],
      ["ids", tensorOf("I64", [1], new Uint8Array(8))],
    ]);
    const whole = await folder.read("x");
    const header = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true));
    let read = 0;
    for (let bit = 0; bit < header * 8; bit++) {
      const bytes = whole.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      await folder.write("x", bytes);
      try {
        for (const { data } of (await all(folder, "x")).values()) expect(data.byteLength).toBeLessThanOrEqual(24);
        read++;
      } catch (error) {
        expect(error).toBeInstanceOf(CheckpointError);
      }
    }
    expect(read).toBeGreaterThan(0); // a letter of a name
    expect(read).toBeLessThan(header * 4);
  });

  it("never reads more than there is, nor by a size that a header claims, whatever the bytes", async () => {
    const size = fc.oneof(fc.nat(40), fc.maxSafeInteger(), fc.constantFrom(-1, 0.5, 2 ** 53, 1e300, null, "4"));
    const tensor = fc.record({
      dtype: fc.constantFrom("F32", "U8", "F64", "BF16", "F4", 1),
      shape: fc.oneof(fc.array(size, { maxLength: 3 }), size),
      data_offsets: fc.oneof(fc.tuple(size, size), fc.array(size, { maxLength: 3 })),
    });
    const header = fc.dictionary(fc.constantFrom("a", "b", "__metadata__", "__proto__"), fc.oneof(tensor, fc.json()));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(header, fc.nat(40)).map(([object, data]) => fileOf(JSON.stringify(object), data)),
      fc
        .tuple(fc.bigInt(0n, 2n ** 64n - 1n), header)
        .map(([length, object]) => fileOf(JSON.stringify(object), 8, length)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (content) => {
        const folder = memoryFolder();
        await folder.write("x", content);
        let asked = 0;
        const watched = {
          ...{ describe: folder.describe.bind(folder), size: folder.size.bind(folder) },
          readRange: (path: string, offset: number, length: number) => {
            expect(offset + length).toBeLessThanOrEqual(content.length);
            asked += length;
            return folder.readRange(path, offset, length);
          },
        } as unknown as Folder;
        try {
          const file = await openSafetensors(watched, "x");
          for (const key of file.names) await file.tensor(key);
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
        expect(asked).toBeLessThanOrEqual(content.length);
      }),
      { numRuns: 500 },
    );
  });

  it("refuses every file that is cut off, wherever", async () => {
    const whole = await golden.read("reference.safetensors");
    for (let length = 0; length < whole.length; length += 13) {
      expect(await opening(whole.slice(0, length))).toContain("model.safetensors is not a whole safetensors file");
    }
    expect(await opening(whole.slice(0, -1))).toContain("it ends 1 bytes too early");
  });

  it.each([
    ["8 exabytes of header", fileOf("{}", 0, 2n ** 63n), "it claims a header of 9223372036854775808 bytes"],
    ["a header beyond the file", fileOf("{}", 0, 3n), "it claims a header of 3 bytes, and only 2 follow"],
    ["no JSON", fileOf("{a}", 0), "its header is not JSON"],
    ["another value", fileOf("[]", 0), 'its header does not begin with "{"'],
    ["bytes that are not UTF-8", fileOf("{}", 0).map((byte, i) => (i === 9 ? 0xff : byte)), "its header is not UTF-8"],
    ["bytes of no tensor", fileOf("{}", 5), "5 bytes at its end belong to no tensor"],
    [
      "8 exabytes of tensor",
      entry("U8", "[8000000000000000000]", "[0,8000000000000000000]"),
      "no shape of whole numbers",
    ],
    ["8 petabytes of tensor", entry("U8", "[8000000000000000]", "[0,8000000000000000]"), "bytes too early"],
    ["an uncountable shape", entry("U8", "[4294967296,4294967296,0]", "[0,0]"), "too large to be counted"],
    ["a negative size", entry("U8", "[-1,-4]", "[0,4]"), "no shape of whole numbers"],
    ["a size that is not whole", entry("U8", "[0.5,8]", "[0,4]"), "no shape of whole numbers"],
    [
      "offsets that disagree with the shape",
      entry("F32", "[2]", "[0,4]"),
      "gives it 4 bytes, but F32 of shape [2] takes 8",
    ],
    ["offsets in reverse", entry("U8", "[4]", "[4,0]"), "gives it -4 bytes"],
    ["a gap", entry("U8", "[3]", "[1,4]"), 'tensor "t" leaves a gap of 1 bytes before it'],
    ["an unknown dtype", entry("F4", "[8]", "[0,4]"), 'has the dtype "F4", which Heed cannot read. It reads U64, I64'],
    ["no dtype", fileOf('{"t":{"shape":[4],"data_offsets":[0,4]}}', 4), "has no dtype"],
    ["no object", fileOf('{"t":null}', 4), 'the header of tensor "t" is not an object'],
    ["a metadata number", fileOf('{"__metadata__":{"a":1}}', 0), 'its __metadata__ has no text for "a"'],
    [
      "an overlap",
      fileOf(
        '{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
        4,
      ),
      'tensor "b" overlaps',
    ],
    [
      "a name twice",
      fileOf(
        '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\\u0061":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
        4,
      ),
      'its header names "\\u0061" twice',
    ],
  ])("refuses %s", async (_, bytes, message) => {
    expect(await opening(bytes)).toContain(message);
  });

  it("does not lose its head over a header of many megabytes", async () => {
    expect(await opening(fileOf(`{"a":${"[".repeat(3e6)}${"]".repeat(3e6)}}`, 0))).toContain('"a" is not an object');
    expect(await opening(fileOf(`{"a":"${"\\n".repeat(8e6)}"}`, 0))).toContain('"a" is not an object');
  });

  it("says which tensor is missing, and which name was probably meant", async () => {
    const file = await openSafetensors(golden, "reference.safetensors");
    await expect(file.tensor("scalr")).rejects.toThrow('has no tensor "scalr"; the nearest it has is "scalar"');
    expect(() => file.place("toString")).toThrow(CheckpointError);
    await expect(openSafetensors(golden, "none")).rejects.toThrow(CheckpointError);
  });

  it("does not write a tensor that does not fit its shape, and keeps the old file", async () => {
    const folder = memoryFolder();
    await folder.write("x", "old");
    const data = new Float32Array(3);
    const write = (tensor: TensorToWrite, key = "w"): Promise<void> => writeSafetensors(folder, "x", [[key, tensor]]);
    await expect(write({ dtype: "F32", shape: [2, 2], data })).rejects.toThrow(
      'memory:x: tensor "w" was given 3 elements in a Float32Array, but F32 of shape [2, 2] takes 4 in a Float32Array.',
    );
    const wrong = { dtype: "F16", shape: [3], data } as unknown as TensorToWrite;
    await expect(write(wrong)).rejects.toThrow("but F16 of shape [3] takes 3 in a Uint16Array");
    await expect(write({ dtype: "F32", shape: [3], data }, "__metadata__")).rejects.toThrow(CheckpointError);
    expect(new TextDecoder().decode(await folder.read("x"))).toBe("old");
  });

  it("writes to and reads from the disk", async () => {
    const path = mkdtempSync(join(tmpdir(), "heed-tensors-"));
    try {
      const tensor = tensorOf("F64", [1000], new Uint8Array(8000).fill(7));
      await writeSafetensors(diskFolder(path), "x", [["a", tensor]]);
      expect(await (await openSafetensors(diskFolder(path), "x")).tensor("a")).toEqual(tensor);
    } finally {
      rmSync(path, { recursive: true });
    }
  });
});

/** A file with one tensor "t" and four bytes of data. */
function entry(dtype: string, shape: string, offsets: string): Uint8Array {
  return fileOf(`{"t":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`, 4);
}
