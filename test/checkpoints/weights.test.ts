import { describe, expect, it } from "vitest";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  openSafetensors,
  openWeights,
  readAllWeights,
  readWeights,
  WEIGHTS,
  WEIGHTS_INDEX,
  writeSafetensors,
  writeWeights,
  type StoredWeights,
  type TensorToWrite,
} from "../../src/checkpoints/index.ts";
import { CheckpointError } from "../../src/errors/index.ts";
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { initialValues, matchWeights, Trace, type NameRules } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { random } from "../../src/random/index.ts";

const values = Float32Array.of(1, -2.5, 0, 1e-3, 3, 4);
const f32 = (data = values, shape: readonly number[] = [data.length]): TensorToWrite => ({ dtype: "F32", shape, data });

async function folderOf(tensors: Readonly<Record<string, TensorToWrite>>, shardBytes?: number): Promise<Folder> {
  const folder = memoryFolder();
  await writeWeights(folder, Object.entries(tensors), { shardBytes });
  return folder;
}

async function opened(tensors: Readonly<Record<string, TensorToWrite>>): Promise<StoredWeights> {
  return openWeights(await folderOf(tensors));
}

async function names(folder: Folder): Promise<string[]> {
  return (await folder.list()).map(({ name }) => name);
}

/** All that reading a match gives. */
async function read(weights: StoredWeights, model: readonly string[], rules: NameRules = {}): Promise<string[]> {
  const specs = model.map((name) => ({ name, shape: [6] }));
  const found: string[] = [];
  for await (const [name] of readWeights(weights, matchWeights(specs, weights.tensors, rules))) found.push(name);
  return found;
}

describe("weights", () => {
  it("are read as float32, whatever floating-point numbers are stored", async () => {
    const halves = Uint16Array.of(0x3c00, 0xc100, 0x0001);
    const weights = await opened({
      a: f32(),
      half: { dtype: "F16", shape: [3, 1], data: halves },
      brain: { dtype: "BF16", shape: [3], data: halves },
      double: { dtype: "F64", shape: [2], data: Float64Array.of(0.1, 1e-50) },
      ids: { dtype: "I64", shape: [1, 2], data: BigInt64Array.of(0n, 1n) },
      mask: { dtype: "BOOL", shape: [1], data: Uint8Array.of(1) },
    });
    expect(weights.shown).toBe("memory:model.safetensors");
    expect(weights.metadata).toEqual({ format: "pt" });
    expect(await weights.tensor("a")).toEqual({ dtype: "float32", shape: [6], data: values });
    expect(await weights.tensor("half")).toEqual({ dtype: "float32", shape: [3, 1], data: float16ToFloat32(halves) });
    expect((await weights.tensor("brain")).data).toEqual(bfloat16ToFloat32(halves));
    expect((await weights.tensor("double")).data).toEqual(Float32Array.of(0.1, 0));
    expect(weights.tensors.get("brain")).toEqual({ dtype: "float32", shape: [3], stored: "BF16" });
    expect(["ids", "mask"].map((name) => weights.tensors.get(name)!.dtype)).toEqual(["int64", "bool"]);
    await expect(weights.tensor("ids")).rejects.toThrow('the tensor "ids" is I64: whole numbers, not weights');
    await expect(weights.tensor("brian")).rejects.toThrow('has no tensor "brian"; the nearest it has is "brain"');
  });

  it("are read one tensor at a time, each once and with no more than its bytes", async () => {
    const folder = await folderOf({ a: f32(), b: f32(values, [2, 3]), rest: f32(new Float32Array(1000)) });
    const ranges: number[] = [];
    const counting = { ...folder };
    Object.assign(counting, {
      ...{ describe: folder.describe.bind(folder), size: folder.size.bind(folder), kind: folder.kind.bind(folder) },
      readRange: (path: string, offset: number, length: number) => {
        ranges.push(length);
        return folder.readRange(path, offset, length);
      },
      read: () => expect.fail("the whole file was read"),
    });
    const weights = await openWeights(counting);
    expect(ranges).toHaveLength(2);
    expect(await read(weights, ["b", "a"])).toHaveLength(1); // b has another shape
    expect(ranges.slice(2)).toEqual([24]);
  });

  it("spread over files are one thing", async () => {
    const tensors = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`t${i}`, f32(values.map((x) => x + i))]));
    const folder = await folderOf(tensors, 50);
    expect(await names(folder)).toEqual([
      ...["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors"],
      WEIGHTS_INDEX,
    ]);
    expect(JSON.parse(new TextDecoder().decode(await folder.read(WEIGHTS_INDEX)))).toEqual({
      metadata: { total_size: 120 },
      weight_map: Object.fromEntries(
        Object.keys(tensors).map((name, i) => [name, `model-0000${Math.floor(i / 2) + 1}-of-00003.safetensors`]),
      ),
    });
    const weights = await openWeights(folder);
    expect([...(await readAllWeights(weights))].map(([name, { data }]) => [name, data])).toEqual(
      Object.entries(tensors).map(([name, { data }]) => [name, data]),
    );
    expect((await openSafetensors(folder, "model-00001-of-00003.safetensors")).metadata).toEqual({ format: "pt" });
    // A tensor that is larger than the limit has a file of its own.
    await writeWeights(
      folder,
      [
        ["big", f32(new Float32Array(40))],
        ["small", f32()],
      ],
      { shardBytes: 50 },
    );
    expect(await names(folder)).toEqual([
      ...["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
      WEIGHTS_INDEX,
    ]);
    await writeWeights(folder, Object.entries(tensors));
    expect(await names(folder)).toEqual([WEIGHTS]);
  });

  it("spread over files are refused where the index and the files disagree", async () => {
    const folder = await folderOf({ a: f32(), b: f32(), c: f32() }, 30);
    const index = JSON.parse(new TextDecoder().decode(await folder.read(WEIGHTS_INDEX))) as {
      weight_map: Record<string, string>;
    };
    const [one, two] = ["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"];
    const refused = async (map: unknown, message: string): Promise<void> => {
      await folder.write(WEIGHTS_INDEX, JSON.stringify(map === undefined ? {} : { weight_map: map }));
      const opening = openWeights(folder);
      await expect(opening).rejects.toThrow(CheckpointError);
      await expect(opening).rejects.toThrow(message);
    };
    const map = index.weight_map;
    await refused({ ...map, d: one }, `says that the tensor "d" is in ${one}, which does not hold it`);
    await refused({ ...map, a: two }, `says that the tensor "a" is in ${two}, which does not hold it`);
    await refused(
      { ...map, b: map["c"], d: two },
      `${two} holds the tensor "b", and memory:${WEIGHTS_INDEX} says that it is in model-00003-of-00003.safetensors`,
    );
    await refused(
      { b: map["b"], c: map["c"], a2: one },
      `holds the tensor "a", and memory:${WEIGHTS_INDEX} lists it nowhere`,
    );
    await refused({ ...map, a: "../secret.safetensors" }, 'gives the tensor "a" the file "../secret.safetensors"');
    await refused({ ...map, a: "/etc/passwd" }, "The name of a .safetensors file in the same folder was expected");
    await refused({ ...map, a: 1 }, 'gives the tensor "a" the file 1');
    await refused(undefined, "has no weight_map");
    await refused([], "has no weight_map");
    await folder.remove(two);
    await refused(map, `the file ${two}, which the index of its weights lists, is missing`);
    await folder.write(`${two}.part`, "half");
    await refused(map, `is half a download: ${two}.part is not whole. Download it again with heed pull`);
  });

  it("that are not numbers are refused by name", async () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const weights = await opened({ good: f32(), bad: f32(values.with(5, bad)), later: f32() });
      await expect(read(weights, ["good", "bad", "later"])).rejects.toThrow(
        "memory:model.safetensors: bad holds a value that is not a finite number",
      );
      expect(await read(weights, ["good", "later"])).toEqual(["good", "later"]);
    }
  });

  it("that are tied must be the same, to the bit", async () => {
    const rules: NameRules = { tied: { "lm_head.weight": "wte.weight" } };
    const same = await opened({ "lm_head.weight": f32(), "wte.weight": f32() });
    expect(await read(same, ["wte.weight"], rules)).toEqual(["wte.weight"]);
    const copyAlone = await opened({ "lm_head.weight": f32() });
    expect(await read(copyAlone, ["wte.weight"], rules)).toEqual(["wte.weight"]);
    for (const other of [f32(values.with(3, 1)), f32(values, [2, 3]), f32(new Float32Array(5))]) {
      const differ = await opened({ "lm_head.weight": other, "wte.weight": f32() });
      expect(await differ.equal("lm_head.weight", "wte.weight")).toBe(false);
      await expect(read(differ, ["wte.weight"], rules)).rejects.toThrow(
        '"lm_head.weight" and "wte.weight" must be the same',
      );
    }
  });

  it("of a fresh head follow, the same for a seed", async () => {
    const { parameters } = ((): Trace => {
      const trace = new Trace("forward");
      trace.scope.at("a").parameter("weight", [6], { kind: "ones" });
      trace.scope.at("head").parameter("weight", [4, 6], { kind: "normal", deviation: 0.02 });
      return trace;
    })();
    const specs = [...parameters.values()];
    const weights = await opened({ "a.weight": f32() });
    const match = matchWeights(specs, weights.tensors, { base: "a" });
    const all = new Map<string, HostTensor>();
    for await (const [name, tensor] of readWeights(weights, match, { parameters: specs, seed: 7 }))
      all.set(name, tensor);
    expect(all.get("a.weight")!.data).toEqual(values);
    expect(all.get("head.weight")).toEqual({
      ...{ dtype: "float32", shape: [4, 6] },
      data: initialValues(specs[1]!, random(7, "parameters", "head.weight")),
    });
  });

  it("need not be in memory together to be written", async () => {
    let held = 0;
    let most = 0;
    const late = (i: number): TensorToWrite => ({
      ...{ dtype: "F32", shape: [6] },
      data: () => {
        most = Math.max(most, ++held);
        queueMicrotask(() => held--);
        return Promise.resolve(values.map((x) => x + i));
      },
    });
    const folder = memoryFolder();
    await writeWeights(
      folder,
      Array.from({ length: 8 }, (_, i) => [`t${i}`, late(i)] as const),
      { shardBytes: 72 },
    );
    expect(most).toBe(1);
    expect((await readAllWeights(await openWeights(folder))).get("t7")!.data).toEqual(values.map((x) => x + 7));
  });
});

describe("what is no weights", () => {
  const opening = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<unknown> => {
    const folder = memoryFolder();
    for (const [name, content] of Object.entries(files)) await folder.write(`m/${name}`, content);
    await folder.makeFolder("m");
    return openWeights(folder.at("m"));
  };

  it.each([
    ["a pickle", { "pytorch_model.bin": "x" }, "memory:m/pytorch_model.bin is a pickle: opening it runs whatever code"],
    ["a pickle in shards", { "pytorch_model.bin.index.json": "{}", "pytorch_model-00001-of-2.bin": "x" }, "AutoModel"],
    ["an old pickle", { "model.ckpt": "x" }, "heed pull REPO --only safetensors"],
    ["another library's", { "tf_model.h5": "x" }, "Heed does not read tf_model.h5"],
    ["nothing", {}, "memory:m has no weights: neither model.safetensors nor model.safetensors.index.json is in it"],
    ["half a download", { "model.safetensors.part": "x", "pytorch_model.bin": "x" }, "is half a download"],
    [
      "a Git LFS pointer",
      { [WEIGHTS]: "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 548105171\n" },
      "holds no tensors: it is a Git LFS pointer",
    ],
    [
      "a zipped pickle under another name",
      { [WEIGHTS]: "PK\u0003\u0004archive/data.pkl" },
      "it is a pickle under another name",
    ],
    [
      "an old pickle under another name",
      { [WEIGHTS]: Uint8Array.of(0x80, 2, 0x8a, 10, 108, 252, 156, 70, 249) },
      "pickle",
    ],
    ["a web page", { [WEIGHTS]: "<!DOCTYPE html><html>not found</html>" }, "it is a web page"],
    ["a text", { [WEIGHTS]: "hello, world" }, "is not a whole safetensors file: it claims a header of"],
    ["an empty file", { [WEIGHTS]: "" }, "it has 0 bytes"],
  ])("%s is refused with the way out", async (_, files, message) => {
    const refusal = opening(files);
    await expect(refusal).rejects.toThrow(CheckpointError);
    await expect(refusal).rejects.toThrow(message);
  });

  it("a header of 0x0280 bytes is not taken for a pickle", async () => {
    const folder = memoryFolder();
    const name = "n".repeat(0x280 - 60);
    await writeSafetensors(folder, WEIGHTS, [[name, f32(new Float32Array(1))]]);
    expect([...(await folder.read(WEIGHTS)).subarray(0, 2)]).toEqual([0x80, 2]);
    expect((await openWeights(folder)).tensors.has(name)).toBe(true);
  });
});
