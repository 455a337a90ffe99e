/** Losses of tokens equal the heads' own on full logits; packed documents equal documents alone. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gradients, input, showShape, type Tensor } from "../../src/graph/index.ts";
import { architectureOf, families, type Architecture, type ConfigJson } from "../../src/models/index.ts";
import { Trace } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import {
  chosenTokens,
  chosenTokensAndRows,
  packedBatch,
  packedRows,
  packedTokens,
} from "../../src/objectives/index.ts";
import { engines } from "../engines.ts";
import { createEngine, type Engine, type Values } from "../../src/runtime/index.ts";
import { adamW, Trainer, type Objective } from "../../src/training/index.ts";
import { compute, distance, drawnParameters, floats, ids, norm } from "../models/programs.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

const encoder = {
  ...{ num_hidden_layers: 2, num_attention_heads: 2, hidden_size: 8, intermediate_size: 12, embedding_size: 6 },
  ...{ n_layers: 2, n_heads: 2, dim: 8, hidden_dim: 12, vocab_size: 23, pad_token_id: 1, mask_token_id: 4 },
};
const decoder = {
  ...{ n_layer: 2, n_head: 2, n_embd: 8, num_hidden_layers: 2, num_attention_heads: 2, hidden_size: 8 },
  ...{ intermediate_size: 12, dff: 12, vocab_size: 23, max_position_embeddings: 32, n_positions: 32 },
};
const headsFor = (task: string): [string, string][] =>
  families.flatMap(({ modelType, heads }) =>
    Object.entries(heads).flatMap(([name, own]): [string, string][] => (own === task ? [[name, modelType]] : [])),
  );
const made = (json: ConfigJson, className: string): Architecture => architectureOf(json, "config.json", { className });

/** Values that matter: weights of norms around 1, all others from N(0, 0.4²). */
function valuesOf(trace: Trace): Map<string, HostTensor> {
  const values = new Map<string, HostTensor>();
  for (const [name, { shape, data }] of drawnParameters(trace)) {
    const norm = shape.length === 1 && name.endsWith("weight") ? 1 : 0;
    values.set(name, {
      dtype: "float32",
      shape,
      data: floats({ dtype: "float32", shape, data }).map((x) => norm + 2 * x),
    });
  }
  return values;
}

/** The loss, what else is computed, and the gradients by all parameters, without dropout. */
async function results(objective: Objective, feeds: Values): Promise<{ all: Values; names: string[] }> {
  const trace = new Trace("forward");
  const outputs = trace.run(objective);
  const specs = [...trace.parameters.values()].filter(({ trained }) => trained);
  const slopes = gradients(
    outputs["loss"],
    specs.map(({ tensor }) => tensor),
  );
  const named: Record<string, Tensor> = { ...outputs };
  for (const [i, { name }] of specs.entries()) named[`gradient ${name}`] = slopes[i]!;
  const all = await compute(engine, named, { ...Object.fromEntries(valuesOf(trace)), ...feeds });
  return { all, names: Object.keys(named) };
}

async function expectSame(one: Objective, oneFeeds: Values, other: Objective, otherFeeds: Values): Promise<Values> {
  const [found, expected] = [await results(one, oneFeeds), await results(other, otherFeeds)];
  const gradientNames = expected.names.filter((name) => name.startsWith("gradient "));
  expect(gradientNames.length).toBeGreaterThan(10);
  for (const name of ["loss", ...gradientNames]) {
    const [a, b] = [floats(found.all[name]), floats(expected.all[name])];
    expect(distance(a, b), name).toBeLessThan(1e-5 * Math.max(1, norm(b)));
  }
  return found.all;
}

const vector = (...values: number[]): HostTensor => {
  return { dtype: "int32", shape: [values.length], data: Int32Array.from(values) };
};
const number = (tensor: HostTensor | undefined): number => floats(tensor)[0]!;

const inputIds = ids([2, 5, 4, 7, 8, 3], [2, 9, 10, 3, 1, 1]);
const attentionMask = ids([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]);
const given = ["inputIds", "attentionMask"];
const labels = ids([-100, 5, 6, -100, -100, -100], [-100, -100, 11, -100, -100, -100]);
const chosen = { places: vector(1, 2, 8), labels: vector(5, 6, 11) };

describe("masked words", () => {
  const heads = headsFor("masked-lm");
  it("are there in all encoders", () => {
    expect(heads.map(([, type]) => type).sort()).toEqual(["albert", "bert", "distilbert", "electra", "esm", "roberta"]);
  });

  it.each(heads)("%s: loss and gradients are those of the head's own loss on all logits", async (name, type) => {
    const architecture = made({ ...encoder, model_type: type }, name);
    const own: Objective = (scope) => {
      // The head's loss is a mean over the three places.
      return { loss: architecture.compute(scope, [...given, "labels"])["loss"]!.scale(3) };
    };
    const here = chosenTokens(architecture, given);
    const feeds = { inputIds, attentionMask };
    const found = await expectSame(here, { ...feeds, ...chosen }, own, { ...feeds, labels });
    expect([0, 1, 2, 3]).toContain(number(found["right"]));
  });

  it("logits are made for the chosen places alone, and a place without label counts for nothing", async () => {
    const architecture = made({ ...encoder, model_type: "bert" }, "BertForMaskedLM");
    const objective = chosenTokens(architecture, given);
    const feeds = { inputIds, attentionMask };
    const [all, none] = [await results(objective, { ...feeds, ...chosen }), await results(objective, { ...feeds, places: vector(0), labels: vector(-100) })]; // prettier-ignore
    expect(number(all.all["loss"])).toBeGreaterThan(1);
    expect(number(none.all["loss"])).toBe(0);
    expect(number(none.all["right"])).toBe(0);
    const trace = new Trace("training");
    const { loss } = trace.run(objective);
    const shapes: string[] = [];
    const visit = (tensor: Tensor, seen = new Set<Tensor>()): void => {
      if (seen.has(tensor)) return;
      seen.add(tensor);
      shapes.push(showShape(tensor.shape));
      for (const before of tensor.node.inputs) visit(before, seen);
    };
    visit(loss);
    expect(shapes.filter((shape) => shape.endsWith(", 23]"))).toEqual(["[chosen, 23]"]);
  });

  it.each(engines)(
    "a single place of a large vocabulary trains, though it is computed in parts: $engine",
    async ({ engine: name }) => {
      const architecture = made({ ...encoder, vocab_size: 2100, model_type: "bert" }, "BertForMaskedLM");
      const own = await createEngine({ engine: name, worker: false, threads: 1 });
      try {
        const trainer = await Trainer.create(own, chosenTokens(architecture, given), { optimizer: adamW(), seed: 1 });
        const feeds = { inputIds, attentionMask, places: vector(1), labels: vector(5) };
        const step = (update: number) => trainer.step(update, [{ feeds, targets: 1, examples: [0, 1] }], 0.01);
        const { loss } = await step(1);
        expect(loss).toBeGreaterThan(6);
        expect((await step(2)).loss).toBeLessThan(loss);
        const none = { ...feeds, places: vector(0), labels: vector(-100) };
        expect((await trainer.step(3, [{ feeds: none, targets: 0, examples: [0, 1] }], 0.05)).loss).toBe(0);
      } finally {
        await own.dispose();
      }
    },
  );
});

describe("masked words and pairs", () => {
  it.each([
    ["BertForPreTraining", "bert", "nextSentenceLabel"],
    ["AlbertForPreTraining", "albert", "sentenceOrderLabel"],
  ])("%s: loss and gradients are those of the head's own loss", async (name, type, rowLabel) => {
    const architecture = made({ ...encoder, model_type: type, classifier_dropout_prob: 0 }, name);
    const own: Objective = (scope) => {
      return { loss: architecture.compute(scope, [...given, "labels", rowLabel])["loss"]!.scale(2) };
    };
    const feeds = { inputIds, attentionMask };
    const classes = vector(0, 1);
    const here = chosenTokensAndRows(architecture, given);
    const found = await expectSame(here, { ...feeds, ...chosen, rowLabels: classes }, own, { ...feeds, labels, [rowLabel]: classes }); // prettier-ignore
    const whole = number(found["tokens"]) / 3 + number(found["rows"]) / 2;
    expect(number(found["loss"])).toBeCloseTo(2 * whole, 4);
  });
});

describe("documents packed into rows", () => {
  // A boundary, tokens, and the boundary that ends them.
  const documents = [[0, 5, 6, 7, 0], [0, 8, 9, 0], [0, 10, 0], [0, 11, 12, 13, 14, 15, 0]]; // prettier-ignore
  const packed = packedBatch(packedRows(documents.map((one) => Int32Array.from(one)), 7)); // prettier-ignore

  it("fill rows, with places that start again", () => {
    const rows = (name: string): number[][] => {
      const { data, shape } = packed.feeds[name]!;
      return Array.from({ length: shape[0]! }, (_, i) => Array.from(data.slice(i * 7, i * 7 + 7), Number));
    };
    expect(rows("inputIds")).toEqual([[0, 11, 12, 13, 14, 15, 0], [0, 5, 6, 7, 0, 8, 9], [0, 10, 0, 0, 0, 0, 0]]); // prettier-ignore
    expect(rows("labels")).toEqual([
      [11, 12, 13, 14, 15, 0, -100],
      [5, 6, 7, 0, 8, 9, 0],
      [10, 0, -100, -100, -100, -100, -100],
    ]);
    expect(rows("texts")).toEqual([[1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 2, 2, 2], [1, 1, 0, 0, 0, 0, 0]]); // prettier-ignore
    expect(rows("positionIds")).toEqual([[0, 1, 2, 3, 4, 5, 0], [0, 1, 2, 3, 0, 1, 2], [0, 1, 0, 0, 0, 0, 0]]); // prettier-ignore
    expect(packed.targets).toBe(6 + 4 + 3 + 2);
  });

  const heads = headsFor("causal-lm").filter(([, type]) => ["gpt2", "llama", "openai-gpt", "ctrl"].includes(type));
  it.each(heads)("%s: loss and gradients are those of each document alone", async (name, type) => {
    const architecture = made({ ...decoder, model_type: type }, name);
    const alone: Objective = (scope) => {
      const losses = documents.map((document, i) => {
        const tokens = input(`document.${String(i)}`, "int32", [1, document.length]);
        const { loss } = architecture.compute(scope.with({ given: () => tokens }), ["inputIds", "labels"]);
        return loss!.scale(document.length - 1);
      });
      return { loss: losses.reduce((sum, loss) => sum.add(loss)) };
    };
    const feeds = Object.fromEntries(documents.map((document, i) => [`document.${i}`, ids(document)]));
    await expectSame(packedTokens(architecture), packed.feeds, alone, feeds);
  });

  it("a row's documents would see each other without the mask", async () => {
    const architecture = made({ ...decoder, model_type: "gpt2" }, "GPT2LMHeadModel");
    const one = { ...packed.feeds, texts: ids([1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0, 0]) };
    const [apart, together] = [await results(packedTokens(architecture), packed.feeds), await results(packedTokens(architecture), one)]; // prettier-ignore
    expect(Math.abs(number(apart.all["loss"]) - number(together.all["loss"]))).toBeGreaterThan(1e-3);
  });
});
