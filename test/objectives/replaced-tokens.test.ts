import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSafetensors } from "../../src/checkpoints/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { architectureOf, parametersOf, type Architecture } from "../../src/models/index.ts";
import { Trace } from "../../src/nn/index.ts";
import { generatorOf, generatorParameter, replacedTokens } from "../../src/objectives/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { random } from "../../src/random/index.ts";
import { createEngine, type Engine, type Values } from "../../src/runtime/index.ts";
import { distance, floats, norm } from "../models/programs.ts";
import { differentiated, drawn, evaluated, matrix, numbers, vector } from "./running.ts";

const GIVEN = ["inputIds", "attentionMask", "tokenTypeIds"];

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

/** What transformers computes, by tools/goldens/replaced_tokens.py. */
async function golden() {
  const file = await openSafetensors(diskFolder("test/objectives/golden"), "replaced-tokens.safetensors");
  const tensors = new Map<string, HostTensor>();
  for (const name of file.names) {
    const { dtype, shape, data } = await file.tensor(name);
    tensors.set(name, { dtype: dtype === "I32" ? "int32" : "float32", shape, data: data as Float32Array });
  }
  const under = (prefix: string): Map<string, HostTensor> =>
    new Map([...tensors].flatMap(([name, x]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), x]] : [])));
  const hidden = [...tensors.get("hidden")!.data].map(Number);
  const places = hidden.flatMap((flag, place) => (flag === 1 ? [place] : []));
  const feeds: Values = {
    ...Object.fromEntries(under("inputs.")),
    hiddenAt: vector(...places),
    hiddenNumber: {
      ...tensors.get("hidden")!,
      data: Int32Array.from(hidden, (flag, place) => (flag === 1 ? places.indexOf(place) : -1)),
    },
  };
  const discriminator = architectureOf(JSON.parse(file.metadata["config"]!) as Record<string, unknown>, "golden");
  const scalar = (name: string): number => Number(tensors.get(name)!.data[0]);
  const plain = (name: string): number[] => Array.from(tensors.get(name)!.data, Number);
  return { discriminator, feeds, scalar, plain, values: under("parameters."), gradients: under("gradients.") };
}

describe("replaced-token detection beside transformers' two models", () => {
  it("has the same losses for the same guesses", async () => {
    const { discriminator, feeds, scalar, values, plain } = await golden();
    const generator = generatorOf(discriminator, 0.5);
    const found = await evaluated(engine, replacedTokens(generator, discriminator, GIVEN), values, feeds);
    const tokens = plain("inputs.attentionMask").reduce((sum, bit) => sum + bit, 0);
    expect(found["loss"]! / tokens).toBeCloseTo(scalar("loss"), 3);
    expect(found["generator"]! / tokens).toBeCloseTo(scalar("generator"), 5);
    expect(found["discriminator"]! / tokens).toBeCloseTo(scalar("discriminator"), 5);
    const [shown, original] = ["shown", "inputs.originalIds"].map(plain);
    const real = plain("inputs.attentionMask");
    const kept = [...real.keys()].filter((i) => real[i] === 1 && shown![i] === original![i]);
    expect(found["original"]).toBe(kept.length);
    const logits = plain("logits");
    const right = [...real.keys()].filter((i) => real[i] === 1 && logits[i]! > 0 === (shown![i] !== original![i]));
    expect(found["right"]).toBe(right.length);
    expect(found["guessed"]! / tokens).toBeCloseTo((kept.length - (tokens - 6)) / 6, 5);
  });

  it("has the same gradients, those of the shared embeddings added up", async () => {
    const { discriminator, feeds, values, gradients, plain } = await golden();
    const objective = replacedTokens(generatorOf(discriminator, 0.5), discriminator, GIVEN);
    const results = await differentiated(engine, objective, values, feeds);
    const tokens = plain("inputs.attentionMask").reduce((sum, bit) => sum + bit, 0);
    const trained = Object.keys(results).filter((name) => name.startsWith("gradient."));
    expect(trained.map((name) => name.slice(9)).sort()).toEqual([...gradients.keys()].sort());
    // A bias of keys changes nothing, so its gradient is what rounding leaves: all are measured by the whole.
    const whole = norm([...gradients.values()].flatMap((one) => [...floats(one)]));
    for (const [name, expected] of gradients) {
      const got = floats(results[`gradient.${name}`]).map((value) => value / tokens);
      expect(distance(got, floats(expected)), name).toBeLessThan(1e-5 * whole);
    }
  });
});

const tiny = (): Architecture =>
  architectureOf(
    {
      ...{ model_type: "electra", vocab_size: 20, embedding_size: 8, hidden_size: 8, num_hidden_layers: 1 },
      ...{ num_attention_heads: 2, intermediate_size: 12, max_position_embeddings: 8 },
      ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, architectures: ["ElectraForPreTraining"] },
    },
    "a test",
  );

describe("the generator", () => {
  it("is a part as wide, with the discriminator's embeddings and names of its own for the rest", () => {
    const discriminator = tiny();
    const generator = generatorOf(discriminator, 0.5);
    expect(generator.className).toBe("ElectraForMaskedLM");
    expect(generator.config).toMatchObject({ width: 4, heads: 1, feedForward: 6, embeddingWidth: 8, layers: 1 });
    const trace = new Trace("training");
    trace.run(replacedTokens(generator, discriminator, GIVEN));
    const expected = [
      ...parametersOf(discriminator).map(({ name }) => name),
      ...parametersOf(generator).map(({ name }) => generatorParameter(name)),
    ];
    expect([...trace.parameters.keys()].sort()).toEqual([...new Set(expected)].sort());
    expect(expected.filter((name) => name.startsWith("generator.electra.embeddings."))).toEqual([]);
    expect(trace.parameters.has("generator.electra.embeddings_project.weight")).toBe(true);
  });

  it("draws tokens as often as its softmax says, and only at the hidden places", async () => {
    const discriminator = tiny();
    const generator = generatorOf(discriminator, 0.5);
    const objective = replacedTokens(generator, discriminator, GIVEN);
    const values = drawn(objective, 4);
    const rows = 400;
    const draws = random("draws");
    const row = [2, 5, 1, 9];
    const same = (ids: readonly number[]): HostTensor => matrix(...Array.from({ length: rows }, () => ids));
    const feeds: Values = {
      ...{ inputIds: same(row), attentionMask: same([1, 1, 1, 1]), tokenTypeIds: same([0, 0, 0, 0]) },
      originalIds: same([2, 5, 7, 9]),
      hiddenAt: vector(...Array.from({ length: rows }, (_, i) => 4 * i + 2)),
      hiddenNumber: matrix(...Array.from({ length: rows }, (_, i) => [-1, -1, i, -1])),
      draws: numbers(...Array.from({ length: rows }, () => draws.uniform())),
    };
    const found = await evaluated(engine, objective, values, feeds);
    // The share of right guesses is the probability of the right word, which the loss tells.
    const probability = Math.exp(-found["generator"]! / (4 * rows));
    const share = found["guessed"]! / (4 * rows);
    expect(Math.abs(share - probability)).toBeLessThan(4 * Math.sqrt((probability * (1 - probability)) / rows));
    expect(found["original"]).toBeCloseTo(3 * rows + share * rows, 3);
  });
});
