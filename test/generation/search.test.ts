/** Searches over tiny random Transformers: with and without cache, in any batch, against what is known to be right. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CachedModel,
  generate,
  startTokens,
  stepProgram,
  type Generated,
  type ModelFunction,
} from "../../src/generation/index.ts";
import { addDimensions, dimension, input } from "../../src/graph/index.ts";
import type { TransformerConfig } from "../../src/models/index.ts";
import { attention, causalMask, embeddingTable, feedForward, positions } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { smallConfig } from "../models/programs.ts";
import { forward, matrix, peaked, sentences, translator } from "./models.ts";

const [START, END] = [1, 2];
const options = { eosTokenId: END, maxNewTokens: 10, suppressTokens: [0, START] };

/** A decoder alone: one layer, positions and a growing input of its own name. */
const decoderAlone: ModelFunction = (scope) => {
  const tokens = input("tokens", "int32", [dimension("batch"), dimension("time")]);
  const table = embeddingTable(scope.at("shared"), 23, 16);
  const embedded = table.gather(tokens);
  const x = embedded.add(positions(scope.at("positions"), embedded, "learned", 16, scope.past));
  const mask = causalMask(addDimensions(tokens.dim(1), 0), scope.past);
  const attended = x.add(attention(scope.at("attention"), x, { heads: 2, mask }));
  const out = attended.add(feedForward(scope.at("feed"), attended, { hidden: 32, activation: "gelu", dropout: 0 }));
  return out.scale(2).linear(table);
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

const idsOf = (found: readonly (readonly Generated[])[]): number[][][] =>
  found.map((row) => row.map(({ ids, finished }) => (finished ? [...ids, END] : [...ids])));

function expectClose(a: readonly (readonly Generated[])[], b: readonly (readonly Generated[])[]): void {
  expect(idsOf(a)).toEqual(idsOf(b));
  for (const [at, row] of a.entries()) {
    for (const [rank, one] of row.entries()) expect(one.score).toBeCloseTo(b[at]![rank]!.score, 4);
  }
}

/** log softmax of the logits at one position. */
function logProbabilitiesAt({ data, shape }: HostTensor, row: number, time: number): number[] {
  const [, length, width] = shape as readonly [number, number, number];
  const first = (row * length + time) * width;
  const logits = Array.from((data as Float32Array).subarray(first, first + width));
  const whole = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
  return logits.map((value) => value - whole);
}

const varied = { normalization: "pre", positions: "learned", tiedEmbeddings: "none" } as const;
/** The seeds are of models whose sentences differ. */
const variants: readonly (readonly [string, Partial<TransformerConfig>, number])[] = [
  ["the paper's", {}, 10],
  ["a pre-norm", varied, 52],
];

describe.each(variants)("greedy search, %s Transformer", (_, settings, seed) => {
  it("takes the token that the whole forward program finds most probable, step by step", async () => {
    const model = translator(smallConfig(settings));
    const parameters = await peaked(engine, model, seed);
    const source = matrix(sentences(6, 23, 1));
    // Prompts of three tokens: the first program reads several positions at once.
    const prompt = matrix([4, 9, 7, 20, 11, 5].map((token) => [START, token, 3]));
    const cached = new CachedModel(parameters, model);
    const found = await generate(cached, { source, target: prompt }, options);
    const whole = found.map(([best], row) => [...prompt.data.slice(3 * row, 3 * row + 3), ...best!.ids].map(Number));
    const logits = await forward(parameters, model, { source, target: matrix(whole) });
    expect(new Set(found.flatMap(([best]) => [...best!.ids])).size).toBeGreaterThan(2);
    for (const [row, [best]] of found.entries()) {
      const { ids, finished, logProbabilities } = best!;
      const chosen = finished ? [...ids, END] : [...ids];
      expect(chosen.length === 10 || finished).toBe(true);
      expect(logProbabilities.length).toBe(chosen.length);
      for (const [step, id] of chosen.entries()) {
        const all = logProbabilitiesAt(logits, row, 2 + step);
        const allowed = all.map((value, token) => (options.suppressTokens.includes(token) ? -Infinity : value));
        expect(id).toBe(allowed.indexOf(Math.max(...allowed)));
        expect(logProbabilities[step]).toBeCloseTo(all[id]!, 4);
      }
      expect(best!.score).toBeCloseTo(logProbabilities.reduce((a, b) => a + b, 0) / chosen.length, 5);
    }
    await cached.dispose();
  });
});

describe("a translator", () => {
  const model = translator(smallConfig(varied));
  const rows = sentences(24, 23, 2);
  let cached: CachedModel;
  const feeds = (some: readonly (readonly number[])[]) => ({
    source: matrix(some),
    target: startTokens(some.length, START),
  });
  beforeAll(async () => {
    cached = new CachedModel(await peaked(engine, model, 52), model);
  });

  it("ends sentences at different lengths (else the tests below show nothing)", async () => {
    const found = await generate(cached, feeds(rows), options);
    const lengths = found.flatMap(([best]) => (best!.finished ? [best!.ids.length] : []));
    expect(new Set(lengths).size).toBeGreaterThan(6);
    expect(lengths.length).toBeLessThan(rows.length);
  });

  it("gives each sentence the same, alone, in any batch, in any order", async () => {
    const searches = [
      (some: readonly number[][], places: number[]) =>
        generate(cached, feeds(some), { ...options, maxNewTokens: places.map((p) => 6 + (p % 5)) }),
      (some: readonly number[][]) => generate(cached, feeds(some), { ...options, numBeams: 3, numReturnSequences: 3 }),
      (some: readonly number[][], places: number[]) =>
        generate(cached, feeds(some), { ...options, doSample: true, topK: 0, seed: 5, places }),
      (some: readonly number[][], places: number[]) =>
        generate(cached, feeds(some), { ...options, doSample: true, numReturnSequences: 2, seed: 5, places, topK: 6 }),
      (some: readonly number[][], places: number[]) =>
        generate(cached, feeds(some), { ...options, doSample: true, numBeams: 3, numReturnSequences: 2, places }),
    ];
    for (const search of searches) {
      const together = await search(rows, [...rows.keys()]);
      const backwards = await search(rows.toReversed(), [...rows.keys()].reverse());
      expectClose(backwards.toReversed(), together);
      for (const place of [0, 7, 19]) expectClose(await search([rows[place]!], [place]), [together[place]!]);
    }
  });

  it("gives n-best lists that are sorted, distinct and begin with the best", async () => {
    const best = await generate(cached, feeds(rows), { ...options, numBeams: 4 });
    const many = await generate(cached, feeds(rows), { ...options, numBeams: 4, numReturnSequences: 4 });
    expectClose(
      many.map((row) => row.slice(0, 1)),
      best,
    );
    for (const row of many) {
      expect(row.map(({ score }) => score)).toEqual(row.map(({ score }) => score).sort((a, b) => b - a));
      expect(new Set(idsOf([row])[0]!.map(String)).size).toBe(4);
    }
  });

  it("keeps to the shortest and the longest length, and never gives what is suppressed", async () => {
    const limits = rows.map((_, place) => 4 + (place % 4));
    const bounded = { ...options, minNewTokens: 3, maxNewTokens: limits, suppressTokens: [0, START, 5, 6, 7, 8] };
    const drawn = { ...bounded, doSample: true };
    const found = [
      await generate(cached, feeds(rows), bounded),
      await generate(cached, feeds(rows), { ...bounded, numBeams: 3 }),
      await generate(cached, feeds(rows), { ...drawn, topK: 0 }),
      await generate(cached, feeds(rows), { ...drawn, topK: 2, topP: 0.9 }),
      await generate(cached, feeds(rows), { ...drawn, numBeams: 2 }),
    ];
    for (const search of found) {
      for (const [place, [best]] of search.entries()) {
        expect(best!.ids.length).toBeGreaterThanOrEqual(3);
        expect(best!.logProbabilities.length).toBeLessThanOrEqual(limits[place]!);
        for (const id of best!.ids) expect(bounded.suppressTokens).not.toContain(id);
      }
    }
  });

  it("lets processors choose, in every search", async () => {
    const onlyNine = (scores: Float32Array): void => {
      for (const i of scores.keys()) if (i !== 9) scores[i] = -Infinity;
    };
    const processed = { ...options, maxNewTokens: 3, processors: [onlyNine] };
    const some = feeds(rows.slice(0, 2));
    const found = [
      ...(await generate(cached, some, processed)),
      ...(await generate(cached, some, { ...processed, numBeams: 2 })),
      ...(await generate(cached, some, { ...processed, doSample: true })),
    ];
    for (const [best] of found) expect([...best!.ids]).toEqual([9, 9, 9]);
  });
});

describe("a decoder alone", () => {
  it("has steps of exactly one position, without transpositions and masks of the future", () => {
    const selection = { kind: "top", count: 1 } as const;
    const any = stepProgram(decoderAlone, selection);
    const one = stepProgram(decoderAlone, selection, { growing: "tokens" });
    const textOf = ({ bytes }: { bytes: Uint8Array }): string => new TextDecoder("latin1").decode(bytes);
    expect(one.inputs.find(({ name }) => name === "tokens")?.shape[1]).toBe(1);
    expect(textOf(any)).toMatch(/Transpose_[\s\S]*Greater_|Greater_[\s\S]*Transpose_/);
    expect(textOf(one)).not.toMatch(/Greater_/);
    // The keys alone are turned.
    expect(textOf(one).match(/\/Transpose_\d+"?/g)?.length).toBe(1);
    // Where another input has as many positions, any number of them is served.
    const paired: ModelFunction = (scope) =>
      decoderAlone(scope).add(input("extra", "float32", [dimension("batch"), dimension("time"), 1]));
    const both = stepProgram(paired, selection, { growing: "tokens" });
    expect(both.inputs.find(({ name }) => name === "tokens")?.shape[1]).toEqual(dimension("time"));
  });

  it("goes on from a prompt of several tokens as the whole forward program does", async () => {
    const parameters = await peaked(engine, decoderAlone, 1);
    const cached = new CachedModel(parameters, decoderAlone, { growing: "tokens" });
    const prompt = matrix([
      [3, 9, 4],
      [8, 5, 17],
    ]);
    const beams = { ...options, maxNewTokens: 6, numBeams: 3, numReturnSequences: 2 };
    const found = await generate(cached, { tokens: prompt }, beams);
    for (const [row, list] of found.entries()) {
      for (const { ids, finished, logProbabilities } of list) {
        const whole = [...prompt.data.slice(3 * row, 3 * row + 3), ...ids, ...(finished ? [END] : [])].map(Number);
        const logits = await forward(parameters, decoderAlone, { tokens: matrix([whole]) });
        for (const [step, value] of logProbabilities.entries()) {
          expect(value).toBeCloseTo(logProbabilitiesAt(logits, 0, 2 + step)[whole[3 + step]!]!, 4);
        }
      }
    }
    await cached.dispose();
  });
});
