/** Models in code: any tensor by name, groups of tensors, what is refused, what is saved. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { memoryFolder } from "../../src/files/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import type { Values } from "../../src/runtime/index.ts";
import type { Model } from "../../src/tasks/model.ts";
import { inspectCheckpoint, openModel, saveModel } from "../../src/tasks/open.ts";
import { readGolden } from "../../src/tasks/golden-file.ts";
import { here } from "./checkpoints.ts";

const family = (name: string) => diskFolder(`test/families/${name}`);
const ids = (...rows: readonly (readonly number[])[]): HostTensor => {
  return { dtype: "int32", shape: [rows.length, rows[0]?.length ?? 0], data: Int32Array.from(rows.flat()) };
};

let model: Model<"masked-lm">;
beforeAll(async () => {
  model = await openModel(family("bert-masked-lm"), { task: "masked-lm", ...here });
});
afterAll(() => model.dispose());

const inputs = {
  inputIds: ids([2, 7, 8, 9, 3], [2, 10, 3, 0, 0]),
  attentionMask: ids([1, 1, 1, 1, 1], [1, 1, 1, 0, 0]),
};

describe("run", () => {
  it("gives the head's outputs, single tensors, groups of all layers, or what a pattern matches", async () => {
    const names = async (outputs?: readonly string[] | RegExp): Promise<string[]> => [
      ...(await model.run(inputs, { outputs })).keys(),
    ];
    expect(await names()).toEqual(["logits"]);
    expect(await names(["attentions.1", "logits"])).toEqual(["attentions.1", "logits"]);
    expect(await names(["hiddenStates", "attentions"])).toEqual([
      ...["hiddenStates.0", "hiddenStates.1", "hiddenStates.2"],
      ...["attentions.0", "attentions.1"],
    ]);
    expect(await names(/^attentions/)).toEqual(["attentions.0", "attentions.1"]);
    expect(await names([])).toEqual([]);
    expect(model.outputNames()).toEqual(expect.arrayContaining(["hiddenStates.2", "logits"]));
    await expect(names(["atentions"])).rejects.toThrow(
      /computes nothing named "atentions" from .*inputIds.* Did you mean "/,
    );
    await expect(names(/nothing/)).rejects.toThrow("computes nothing whose name matches /nothing/");
  });

  it("takes whole numbers of any dtype, and other inputs in another program", async () => {
    const { shape, data } = inputs.inputIds;
    const wide = { dtype: "int64" as const, shape, data: BigInt64Array.from(data as Int32Array, BigInt) };
    const [one, other] = [await model.run(inputs), await model.run({ ...inputs, inputIds: wide })];
    expect(other.get("logits")).toEqual(one.get("logits"));
    expect((await model.run({ inputIds: wide })).get("logits")!.data).not.toEqual(one.get("logits")!.data);
  });
});

describe("forward", () => {
  it("gives outputs and layers by name, those that were not asked for empty", async () => {
    const plain = await model.forward(inputs);
    expect([plain.logits.shape, plain.loss, plain.hiddenStates, plain.attentions]).toEqual([
      [2, 5, 53],
      undefined,
      [],
      [],
    ]);
    const { hiddenStates, attentions, crossAttentions } = await model.forward(inputs, {
      ...{ hiddenStates: true, attentions: true },
    });
    expect(hiddenStates.map(({ shape }) => shape)).toEqual(Array(3).fill([2, 5, 15]));
    expect(attentions.map(({ shape }) => shape)).toEqual(Array(2).fill([2, 3, 5, 5]));
    expect(crossAttentions).toEqual([]);
    const run = await model.run(inputs, { outputs: ["attentions.1"] });
    // Another program: an engine may order its sums otherwise.
    const alone = run.get("attentions.1")!;
    expect(attentions[1]!.shape).toEqual(alone.shape);
    attentions[1]!.data.forEach((value, i) => {
      expect(value).toBeCloseTo(Number(alone.data[i]), 6);
    });
  });

  it("tells the layers of encoder and decoder apart", async () => {
    const bart = await openModel(family("bart-model"), here);
    const found = await bart.forward({ inputIds: ids([0, 7, 8, 2]) }, { attentions: true, hiddenStates: true });
    expect(
      Object.entries(found).flatMap(([name, value]) => (Array.isArray(value) ? [[name, value.length]] : [])),
    ).toEqual([
      ...[
        ["hiddenStates", 0],
        ["encoderHiddenStates", 3],
        ["decoderHiddenStates", 3],
      ],
      ...[
        ["attentions", 0],
        ["encoderAttentions", 2],
        ["decoderAttentions", 2],
        ["crossAttentions", 2],
      ],
    ]);
    await bart.dispose();
  });
});

describe("inputs that cannot be", () => {
  const refused: readonly (readonly [string, Values, string | RegExp])[] = [
    [
      "an id beyond the vocabulary",
      { inputIds: ids([2, 3], [2, 53]) },
      '"inputIds" holds 53 at [1, 1]; expected whole numbers from 0 to 52.',
    ],
    ["a negative id", { inputIds: ids([-1, 3]) }, '"inputIds" holds -1 at [0, 0]'],
    [
      "a segment that is none",
      { inputIds: ids([2, 3]), tokenTypeIds: ids([0, 2]) },
      '"tokenTypeIds" holds 2 at [0, 1]; expected whole numbers from 0 to 1.',
    ],
    [
      "a place beyond the positions",
      { inputIds: ids([2, 3]), positionIds: ids([0, 11]) },
      '"positionIds" holds 11 at [0, 1]',
    ],
    ["a label beyond the classes", { inputIds: ids([2, 3]), labels: ids([5, 60]) }, '"labels" holds 60 at [0, 1]'],
    [
      "more tokens than positions",
      { inputIds: ids(Array<number>(12).fill(7)) },
      '"inputIds" has 12 tokens; the model has 11 positions. Cut the text, or split it.',
    ],
    [
      "sizes that differ",
      { inputIds: ids([2, 3, 4]), attentionMask: ids([1, 1]) },
      '"inputIds" has the time 3 and "attentionMask" has 2.',
    ],
    [
      "numbers of rows that differ",
      { inputIds: ids([2], [3]), attentionMask: ids([1]) },
      '"inputIds" has the batch 2 and "attentionMask" has 1.',
    ],
    [
      "a batch of none",
      { inputIds: { dtype: "int32", shape: [0, 5], data: new Int32Array(0) } },
      '"inputIds" holds a batch of none, so there is nothing to compute.',
    ],
    [
      "no tokens",
      { inputIds: { dtype: "int32", shape: [1, 0], data: new Int32Array(0) } },
      '"inputIds" holds no tokens, so there is nothing to compute.',
    ],
    [
      "another number of axes",
      { inputIds: { dtype: "int32", shape: [3], data: Int32Array.of(2, 7, 3) } },
      '"inputIds" has the shape [3]; expected [batch, time].',
    ],
    [
      "a name that is none",
      { inputIds: ids([2]), atentionMask: ids([1]) },
      'does not read an input "atentionMask". Did you mean "attentionMask"?',
    ],
  ];
  it.each(refused)("%s", async (_, values, message) => {
    await expect(model.run(values)).rejects.toThrow(message);
    await expect(model.run(values)).rejects.toThrow(InputError);
  });

  it("labels of -100 count for nothing, and are no mistake", async () => {
    const { loss } = await model.forward({ inputIds: ids([2, 3]), labels: ids([5, -100]) });
    expect(loss!.data[0]).toBeGreaterThan(0);
  });

  it("each family knows the ids of its tables, the decoders' too", async () => {
    for (const [name, name2] of [
      ["transfo-xl-causal-lm", "inputIds"],
      ["bart-conditional-generation", "decoderInputIds"],
      ["gpt2-causal-lm", "inputIds"],
    ] as const) {
      const other = await openModel(family(name), here);
      const values =
        name2 === "inputIds" ? { inputIds: ids([7, 53]) } : { inputIds: ids([7, 8]), decoderInputIds: ids([2, 99]) };
      await expect(other.run(values)).rejects.toThrow(
        new RegExp(`"${name2}" holds \\d+ at \\[0, 1\\]; expected whole numbers from 0 to 52`),
      );
      await other.dispose();
    }
  });
});

it("a mask of zeros attends to all tokens alike, as the library does, and nothing is not a number", async () => {
  const { attentions, logits } = await model.forward(
    { inputIds: ids([2, 7, 8, 3]), attentionMask: ids([0, 0, 0, 0]) },
    { attentions: true },
  );
  for (const layer of attentions) for (const weight of layer.data) expect(weight).toBeCloseTo(0.25, 5);
  expect((logits.data as Float32Array).every(Number.isFinite)).toBe(true);
});

describe("saving", () => {
  it("says float32 of weights that were read from halves, in the key's spelling", async () => {
    for (const [name, key] of [
      ["roberta-model-float16", "dtype"],
      ["llama-causal-lm-bfloat16", "dtype"],
    ] as const) {
      const half = await openModel(family(name), here);
      const folder = memoryFolder();
      await saveModel(half, folder);
      const config = JSON.parse(new TextDecoder().decode(await folder.read("config.json"))) as Record<string, unknown>;
      expect(half.checkpoint!.config.values[key]).toMatch(/^b?float16$/);
      expect(config[key]).toBe("float32");
      const { weights } = await inspectCheckpoint(folder);
      expect([...weights.tensors.values()].every(({ stored }) => stored === "F32")).toBe(true);
      const old = memoryFolder();
      for (const { name: file } of await family(name).list()) await old.write(file, await family(name).read(file));
      const { dtype, ...others } = half.checkpoint!.config.values;
      await old.write("config.json", JSON.stringify({ ...others, torch_dtype: dtype }));
      const spelled = await openModel(old, here);
      await saveModel(spelled, folder);
      const again = JSON.parse(new TextDecoder().decode(await folder.read("config.json"))) as Record<string, unknown>;
      expect([again["torch_dtype"], "dtype" in again]).toEqual(["float32", false]);
      await spelled.dispose();
      await half.dispose();
    }
  });

  it("keeps what it computes", async () => {
    const folder = memoryFolder();
    await saveModel(model, folder);
    const again = await openModel(folder, here);
    const golden = await readGolden(family("bert-masked-lm"), "golden.safetensors");
    expect(await again.forward(golden.inputs)).toEqual(await model.forward(golden.inputs));
    await again.dispose();
  });
});
