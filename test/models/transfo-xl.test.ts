/** Words by frequency: probabilities, losses and their order. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { constant } from "../../src/graph/index.ts";
import {
  adaptiveEmbedding,
  byCluster,
  clusterLogits,
  wordLogProbabilities,
  wordLosses,
  type WordsConfig,
} from "../../src/models/adaptive-words.ts";
import { architectureOf } from "../../src/models/index.ts";
import { Trace } from "../../src/nn/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { compute, drawnParameters, floats } from "./programs.ts";

const plain: WordsConfig = {
  ...{ vocabulary: 13, width: 8, wordWidth: 8, cutoffs: [4, 9], divisor: 2 },
  ...{ tied: true, tiedProjections: [false, true, true] },
};
const initial = { weight: { kind: "ones" }, projection: { kind: "ones" } } as const;
const LABELS = [12, 3, -100, 8, 0, 4, 9, 2, -100, 5];
const labels = constant(LABELS, [LABELS.length], "int32");
const hidden = constant(
  Float32Array.from({ length: LABELS.length * 8 }, (_, i) => Math.sin(7 * i)),
  [LABELS.length, 8],
);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

describe.each([
  plain,
  { ...plain, divisor: 1 },
  { ...plain, divisor: 1, wordWidth: 6 },
  { ...plain, cutoffs: [], tiedProjections: [true] },
  { ...plain, tied: false, tiedProjections: [] },
])("adaptive words %o", (config) => {
  it("have probabilities that sum to 1, and losses by them, in the text's order or the library's", async () => {
    const trace = new Trace("forward");
    const [body, output] = [trace.scope.at("body"), trace.scope.at("crit")];
    const words = adaptiveEmbedding(body, labels.maximum(0), config, initial);
    const logits = clusterLogits(body, output, hidden, config, initial);
    const losses = wordLosses(logits, labels, config);
    const outputs = {
      words,
      probabilities: wordLogProbabilities(logits).exp(),
      losses,
      sorted: byCluster(losses, labels, config),
    };
    const parameters = Object.fromEntries(drawnParameters(trace));
    const results = await compute(engine, outputs, parameters);
    const { vocabulary, cutoffs } = config;
    const probabilities = floats(results["probabilities"]);
    const found = [...floats(results["losses"])];
    for (const [row, label] of LABELS.entries()) {
      const own = probabilities.subarray(row * vocabulary, (row + 1) * vocabulary);
      expect(own.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      expect(found[row]).toBeCloseTo(label < 0 ? 0 : -Math.log(own[label]!), 4);
    }
    const clusterOf = (label: number): number =>
      label < 0 ? Infinity : [...cutoffs, vocabulary].findIndex((end) => label < end);
    const order = LABELS.map((label, i) => [clusterOf(label), i] as const);
    const expected = cutoffs.length === 0 ? order : order.sort(([a, i], [b, j]) => (a === b ? i - j : a - b));
    for (const [i, [, place]] of expected.entries()) {
      expect(floats(results["sorted"])[i]).toBeCloseTo(found[place]!, 6);
    }
    expect(floats(results["words"]).every((value) => Number.isFinite(value))).toBe(true);
  });
});

describe("a Transformer-XL's config", () => {
  it("needs clusters that grow", () => {
    const json = { model_type: "transfo-xl", vocab_size: 30, cutoffs: [20, 10] };
    expect(() => architectureOf(json, "config.json", { className: "TransfoXLModel" })).toThrow("[20,10]");
  });
});
