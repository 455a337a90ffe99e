/** Golden files that are not as docs/goldens.md says, and comparisons of what cannot be compared. */
import { describe, expect, it } from "vitest";
import { writeSafetensors, type TensorToWrite } from "../../src/checkpoints/index.ts";
import { CheckpointError } from "../../src/errors/index.ts";
import { memoryFolder } from "../../src/files/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { compareIds, compareNorms, compareValues, compareZero } from "../../src/tasks/compare.ts";
import { readGolden, type Golden } from "../../src/tasks/golden-file.ts";
import { verify } from "../../src/tasks/verify.ts";
import { checkpoint, here } from "./checkpoints.ts";

const float: TensorToWrite = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) };
const ids: TensorToWrite = { dtype: "I64", shape: [1, 2], data: BigInt64Array.of(1n, 2n) };

async function read(tensors: Record<string, TensorToWrite>, metadata: Record<string, string> = {}): Promise<Golden> {
  const folder = memoryFolder();
  await writeSafetensors(folder, "golden.safetensors", Object.entries(tensors), metadata);
  return readGolden(folder, "golden.safetensors");
}

describe("a golden file", () => {
  it("holds tensors by kind, names in camelCase but for those of parameters", async () => {
    const golden = await read(
      {
        ...{ "inputs.input_ids": ids, "outputs.hidden_states.0": float, "grads.my_layer.weight": float },
        ...{ "then.inputs.input_ids": ids, "then.outputs.logits": float, "step.my_layer.weight": float },
        ...{ "generate.greedy.inputs.input_ids": ids, "generate.greedy.ids": ids, "generate.greedy.scores": float },
      },
      {
        ...{ model_class: "BertModel", library: "L", version: "1", seed: "7", "generate.greedy": '{"num_beams": 2}' },
        ...{ step: '{"lr": 1, "betas": [0.9, 0.99], "eps": 1e-4, "weight_decay": 0}', no_gradients: '["a"]' },
      },
    );
    expect(Object.keys(golden.inputs)).toEqual(["inputIds"]);
    expect([...golden.outputs.keys(), ...golden.next!.outputs.keys()]).toEqual(["hiddenStates.0", "logits"]);
    expect([...golden.gradients.keys(), ...golden.steps.keys()]).toEqual(["my_layer.weight", "my_layer.weight"]);
    expect(golden.generated.map(({ name, arguments: given }) => [name, given])).toEqual([["greedy", { num_beams: 2 }]]);
    expect([golden.source, [...golden.noGradients], golden.step!.lr]).toEqual(["L 1 seed 7", ["a"], 1]);
  });

  const wrong: readonly (readonly [string, Record<string, TensorToWrite>, Record<string, string>, string])[] = [
    [
      "a kind that is none",
      { "output.logits": float },
      {},
      'holds "output.logits"; docs/goldens.md knows no tensors of this kind.',
    ],
    ["a kind without a name", { outputs: float }, {}, 'holds "outputs"; docs/goldens.md knows no tensors'],
    ["a second segment of no known kind", { "then.logits": float }, {}, 'holds "then.logits"; docs/goldens.md'],
    [
      "a case of no known kind",
      { "generate.greedy.tokens": ids },
      {},
      'holds "generate.greedy.tokens"; docs/goldens.md',
    ],
    [
      "no ids",
      { "generate.greedy.inputs.input_ids": ids },
      {},
      "generate.greedy needs its ids, [rows, length]; got none.",
    ],
    [
      "ids of another shape",
      { "generate.greedy.ids": float },
      {},
      "generate.greedy needs its ids, [rows, length]; got [2].",
    ],
    [
      "metadata that is no JSON",
      { "outputs.logits": float },
      { zero_gradients: "[a" },
      'the metadata\'s "zero_gradients" is not JSON: [a',
    ],
    [
      "metadata of another form",
      { "outputs.logits": float },
      { no_gradients: '"a"' },
      'the metadata\'s "no_gradients" is "a"; expected a list of parameters.',
    ],
    [
      "arguments that are a list",
      { "generate.a.ids": ids },
      { "generate.a": "[1]" },
      '"generate.a" is [1]; expected the call\'s arguments by name.',
    ],
    [
      "a step without its rate",
      { "step.w": float },
      { step: '{"betas": [0.9, 0.99]}' },
      '"step" is {"betas": [0.9, 0.99]}; expected lr, betas, eps and weight_decay.',
    ],
    [
      "a step of which nothing is said",
      { "step.w": float },
      {},
      'holds parameters behind an update, but its metadata has no "step"',
    ],
    [
      "nothing to compare",
      { "inputs.input_ids": ids },
      {},
      "holds nothing to compare: no outputs, gradients or generated ids.",
    ],
    [
      "halves",
      { "outputs.logits": { dtype: "F16", shape: [1], data: Uint16Array.of(1) } },
      {},
      "outputs.logits is F16; goldens are compared in F32.",
    ],
  ];
  it.each(wrong)("is refused with %s", async (_, tensors, metadata, message) => {
    await expect(read(tensors, metadata)).rejects.toThrow(message);
    await expect(read(tensors, metadata)).rejects.toThrow(CheckpointError);
  });

  it("must be there", async () => {
    await expect(verify(await checkpoint("bert-model"), here)).rejects.toThrow(
      /^memory:golden\.safetensors does not exist/,
    );
  });
});

describe("comparisons", () => {
  const of = (...values: number[]): HostTensor => ({
    dtype: "float32",
    shape: [values.length],
    data: Float32Array.from(values),
  });

  it("never take what is not a number for equal, wherever it is", () => {
    for (const [ours, golden] of [
      [of(1, NaN, 3), of(1, 2, 3)],
      [of(1, 2, 3), of(1, NaN, 3)],
    ] as const) {
      const { ok, note } = compareValues("x", ours, golden, 1e-4);
      expect([ok, note]).toEqual([false, expect.stringMatching(/^at \[1\]: /)]);
      expect(compareNorms("x", ours, golden, 1e-4).ok).toBe(false);
    }
    expect(compareZero("x", of(0, NaN)).ok).toBe(false);
  });

  it("take infinities for equal only to themselves", () => {
    expect(compareValues("x", of(-Infinity, 1), of(-Infinity, 1), 1e-4).ok).toBe(true);
    expect(compareValues("x", of(-1e30, 1), of(-Infinity, 1), 1e-4).ok).toBe(false);
    expect(compareValues("x", of(Infinity, 1), of(-Infinity, 1), 1e-4).ok).toBe(false);
  });

  it("measure by the largest element, and leave out what does not count", () => {
    expect(compareValues("x", of(100.005, 1), of(100, 1), 1e-4).ok).toBe(true);
    expect(compareValues("x", of(100.02, 1), of(100, 1), 1e-4).ok).toBe(false);
    expect(compareValues("x", of(0.5, 1), of(100, 1), 1e-4, (i) => i === 1).ok).toBe(true);
    expect(compareValues("x", of(1), of(1, 2), 1e-4).note).toBe("the shape is [1], expected [2]");
    expect(compareIds("x", [[1, 2]], [[1, 3]]).note).toBe("row 0: 1 2; expected 1 3");
    expect(compareIds("x", [[1], [2]], [[1]]).ok).toBe(false);
  });
});
