import { afterAll, expect, test } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { memoryFolder } from "../../src/files/index.ts";
import { namesOf, withOutputs, type HostTensor } from "../../src/onnx/index.ts";
import { exportModel } from "../../src/tasks/export-model.ts";
import { readGolden } from "../../src/tasks/golden-file.ts";
import { OnnxFile } from "../../src/tasks/onnx-file.ts";
import { files, heed } from "../cli/heed.ts";

const bert = diskFolder("test/families/bert-masked-lm");
const golden = await readGolden(bert, "golden.safetensors");
const torchFile = "test/tasks/golden/torch-bert.onnx";
const opened: OnnxFile[] = [];
afterAll(async () => {
  for (const file of opened) await file.dispose();
});

async function open(...[folder, path]: [...Parameters<typeof OnnxFile.open>]): Promise<OnnxFile> {
  const file = await OnnxFile.open(folder, path, { worker: false, threads: 1 });
  opened.push(file);
  return file;
}

/** The golden's inputs under the names and in the types of a file. */
const fileNames = { inputIds: "input_ids", attentionMask: "attention_mask", tokenTypeIds: "token_type_ids" } as const;
const feeds: Record<string, HostTensor> = {};
for (const [ours, name] of Object.entries(fileNames)) {
  const { shape, data } = golden.inputs[ours]!;
  feeds[name] = { dtype: "int64", shape, data: BigInt64Array.from(data as Int32Array, BigInt) };
}

/** Rows of padding are whatever they are. */
function near(found: HostTensor, name: string): void {
  const expected = golden.outputs.get(name)!;
  expect(found.shape).toEqual(expected.shape);
  const mask = golden.inputs["attentionMask"]!.data;
  const width = expected.shape.at(-1)!;
  for (const [i, value] of (found.data as Float32Array).entries()) {
    if (Number(mask[Math.floor(i / width)]) === 0) continue;
    expect(Math.abs(value - Number(expected.data[i]))).toBeLessThan(1e-4);
  }
}

test("inner tensors of a file that PyTorch wrote, by name", async () => {
  const file = await open(diskFolder(), torchFile);
  const name = "/bert/encoder/layer.0/output/LayerNorm/LayerNormalization_output_0";
  const found = await file.run(feeds, [name, "logits"]);
  near(found.get(name)!, "hiddenStates.1");
  near(found.get("logits")!, "logits");
  const softmax = file.tensors().filter(({ op }) => op === "Softmax");
  expect(softmax).toHaveLength(2);
  const { shape } = (await file.run(feeds, [softmax[0]!.name])).get(softmax[0]!.name)!;
  expect(shape).toEqual([3, golden.outputs.get("attentions.0")!.shape[1], 7, 7]);
});

test("what a file says of its tensors is listed, and no more", async () => {
  const file = await open(diskFolder(), torchFile);
  const tensors = new Map(file.tensors().map((tensor) => [tensor.name, tensor]));
  expect(tensors.get("logits")).toEqual({
    name: "logits",
    op: "Add",
    dtype: "float32",
    shape: ["batch_size", "sequence_length", 53],
  });
  const to = memoryFolder();
  await exportModel(bert, to);
  const ours = await open(to, "onnx/model.onnx");
  expect(ours.tensors().every(({ name, shape }) => (shape !== undefined) === (name === "logits"))).toBe(true);
});

test("inner tensors of our own files, with the weights inside and beside", async () => {
  for (const insideLimit of [undefined, 0]) {
    const to = memoryFolder();
    await exportModel(bert, to, { insideLimit });
    const file = await open(to, "onnx/model.onnx");
    const norms = file.tensors().filter(({ op }) => op === "LayerNormalization");
    const second = (await file.run(feeds, [norms[2]!.name])).get(norms[2]!.name)!;
    near({ ...second, shape: golden.outputs.get("hiddenStates.1")!.shape }, "hiddenStates.1");
  }
});

test("ids alone are enough where an input's meaning is usual", async () => {
  const to = memoryFolder();
  await exportModel(diskFolder("test/families/gpt2-causal-lm"), to);
  const file = await open(to, "onnx/model.onnx");
  const found = await file.run(file.feedsFor([5, 6, 7]), ["logits", "present.1.value"]);
  expect([...found.values()].map(({ shape }) => shape)).toEqual([
    [1, 3, 53],
    [1, 3, 3, 7].map((d, i) => (i === 1 || i === 3 ? found.get("present.1.value")!.shape[i]! : d)),
  ]);
  const vit = memoryFolder();
  await exportModel(diskFolder("test/families/vit-model"), vit);
  const images = await open(vit, "onnx/model.onnx");
  expect(() => images.feedsFor([1])).toThrow(/also reads pixel_values float32\[batch_size, 3, 12, 12\]\. Give/);
});

test("a name that nothing computes is refused with the nearest, and outputs are not added twice", async () => {
  const file = await open(diskFolder(), torchFile);
  await expect(file.run(feeds, ["logit"])).rejects.toThrow(
    'No node of this graph computes "logit". Did you mean "logits"?',
  );
  const bytes = await diskFolder().read(torchFile);
  expect(namesOf(withOutputs(bytes, ["logits"])).outputs).toHaveLength(1);
});

test("heed inspect FILE.onnx lists, and computes from a file of inputs", async () => {
  const listed = await heed(["inspect", torchFile]);
  expect([listed.code, listed.err]).toEqual([0, ""]);
  expect(listed.out).toMatch(/^input +input_ids +int64\[batch_size, sequence_length\]$/m);
  expect(listed.out).toMatch(/^output +logits +Add +float32\[batch_size, sequence_length, 53\]$/m);
  const { writeSafetensors } = await import("../../src/checkpoints/index.ts");
  const place = (await files())("inputs.safetensors");
  const [name, parent] = [place.slice(place.lastIndexOf("/") + 1), place.slice(0, place.lastIndexOf("/"))];
  const tensors = Object.entries(feeds).map(([port, { shape, data }]) => {
    if (!(data instanceof BigInt64Array)) throw new Error(`${port} is int64`);
    return [port, { dtype: "I64" as const, shape, data }] as const;
  });
  await writeSafetensors(diskFolder(parent), name, new Map(tensors), {});
  const { code, out } = await heed(["inspect", torchFile, "--tensor", "logits", "--inputs", place, "--format", "json"]);
  expect(code).toBe(0);
  const { shape, values } = JSON.parse(out) as { shape: number[]; values: number[] };
  near({ dtype: "float32", shape, data: Float32Array.from(values) }, "logits");
  const nothing = await heed(["inspect", torchFile, "--tensor", "logits"]);
  expect([nothing.code, nothing.err]).toEqual([1, expect.stringContaining("There is nothing to compute from")]);
});
