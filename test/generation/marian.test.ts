/** Ids and scores equal those of transformers' `generate` for a tiny random Marian. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CachedModel,
  generate,
  generationOptions,
  minP,
  repetitionPenalty,
  startTokens,
  temperature,
  topK,
  topP,
  type Generated,
  type LogitsProcessor,
} from "../../src/generation/index.ts";
import { ModelParameters } from "../../src/nn/index.ts";
import { createEngine, type Engine, type Values } from "../../src/runtime/index.ts";
import { smallConfig } from "../models/programs.ts";
import { marianGolden, specsOf, translator, type MarianRun } from "./models.ts";

const golden = await marianGolden();
const { vocabulary, pad, end, length } = golden.settings;

describe("transformers' generate", () => {
  let engine: Engine;
  let model: CachedModel;
  const feeds: Values = { source: golden.source, target: startTokens(golden.source.shape[0]!, pad) };
  beforeAll(async () => {
    engine = await createEngine({ worker: false, threads: 1 });
    const config = smallConfig({
      vocabulary,
      feedForward: 24,
      heads: 2,
      activation: "silu",
      positions: "halves",
      maxPositions: 32,
      paddingId: pad,
      startId: pad,
      endId: end,
    });
    const marian = translator(config);
    const parameters = await ModelParameters.fromValues(engine, specsOf(marian), golden.values);
    model = new CachedModel(parameters, marian);
  });
  afterAll(() => engine.dispose());

  function search({ options }: MarianRun): Promise<Generated[][]> {
    const shared = { eos_token_id: end, max_new_tokens: length, bad_words_ids: [[pad]] };
    return generate(model, feeds, generationOptions(shared, options));
  }

  it.each(Object.entries(golden.runs))("%s", async (_, run) => {
    const found = await search(run);
    const idsOf = ({ ids, finished }: Generated): number[] => (finished ? [...ids, end] : [...ids]);
    expect(found.map((row) => row.map(idsOf))).toEqual(run.rows.map((row) => row.map(({ ids }) => ids)));
    const penalty = (run.options["length_penalty"] as number | undefined) ?? 1;
    for (const [at, row] of found.entries()) {
      for (const [rank, { score, logProbabilities }] of row.entries()) {
        const sum = logProbabilities.reduce((a, b) => a + b, 0);
        // Of beams, the score adds up what the processors left.
        const processed = run.options["repetition_penalty"] !== undefined && run.options["num_beams"] !== undefined;
        const added = processed ? [] : [sum / logProbabilities.length ** penalty];
        for (const other of [run.rows[at]![rank]!.score, ...added]) {
          expect(Math.abs(score - other)).toBeLessThan(1e-5 * Math.max(Math.abs(other), 10));
        }
      }
    }
  });
});

describe("transformers' logits processors", () => {
  const processors: Readonly<Record<string, readonly LogitsProcessor[]>> = {
    "temperature 0.5": [temperature(0.5)],
    "top-k 5": [topK(5)],
    "top-p 0.8": [topP(0.8)],
    "min-p 0.1": [minP(0.1)],
    "repetition penalty 1.3": [repetitionPenalty(1.3)],
    all: [repetitionPenalty(1.3), temperature(1.4), topK(20), topP(0.9), minP(0.05)],
  };
  it.each(Object.entries(golden.processed.after))("%s", (name, after) => {
    for (const [row, expected] of after.entries()) {
      const scores = Float32Array.from(golden.processed.scores[row]!);
      for (const process of processors[name]!) process(scores, golden.processed.history[row]!);
      for (const [i, value] of expected.entries()) {
        if (value === null) expect(scores[i]).toBe(-Infinity);
        else expect(scores[i]).toBeCloseTo(value, 4);
      }
    }
  });
});
