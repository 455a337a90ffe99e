/** Models whose every sequence can be counted out: beam search against the best of all, sampling against its odds. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CachedModel,
  generate,
  startTokens,
  type Generated,
  type GenerationOptions,
} from "../../src/generation/index.ts";
import { ModelParameters } from "../../src/nn/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { smallConfig } from "../models/programs.ts";
import { forward, matrix, peaked, tableModel, translator } from "./models.ts";

const [START, END, A, B, C] = [0, 1, 2, 3, 4];
const probabilities = [
  [0, 0.02, 0.5, 0.4, 0.08],
  [0, 1, 0, 0, 0],
  [0, 0.3, 0.25, 0.25, 0.2],
  [0, 0.9, 0.05, 0.03, 0.02],
  [0, 0.1, 0.1, 0.1, 0.7],
];
const table = tableModel(probabilities.map((row) => row.map((p) => Math.log(Math.max(p, 1e-9)))));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

interface Scored {
  readonly ids: readonly number[];
  readonly score: number;
}

/** Every sequence up to a length, best first: those that end, and those that were cut off. */
function allSequences(longest: number, lengthPenalty: number): Scored[] {
  const found: Scored[] = [];
  const extend = (ids: readonly number[], sum: number): void => {
    for (const id of [END, A, B, C]) {
      const total = sum + Math.log(probabilities[ids.at(-1) ?? START]![id]!);
      const whole = [...ids, id];
      if (id === END || whole.length === longest)
        found.push({ ids: whole, score: total / whole.length ** lengthPenalty });
      else extend(whole, total);
    }
  };
  extend([], 0);
  return found.sort((a, b) => b.score - a.score);
}

describe("a table of what follows what", () => {
  let model: CachedModel;
  beforeAll(async () => {
    model = new CachedModel(await ModelParameters.fromValues(engine, [], new Map()), table);
  });
  const feeds = (rows: number) => ({ target: startTokens(rows, START) });
  const search = async (options: GenerationOptions): Promise<Scored[]> => {
    const defaults = { eosTokenId: END, maxNewTokens: 4, suppressTokens: [START], numBeams: 2 };
    const [row] = await generate(model, feeds(1), { ...defaults, ...options });
    return row!.map(({ ids, score, finished }) => ({ ids: finished ? [...ids, END] : [...ids], score }));
  };

  it("leads greedy search astray and beam search not", async () => {
    const first = (await generate(model, feeds(1), { eosTokenId: END, maxNewTokens: 4 }))[0]![0]!;
    expect(first.ids[0]).toBe(A);
    const [best] = allSequences(4, 0);
    expect(best!.ids).toEqual([B, END]); // 0.4 · 0.9 against 0.5 · 0.3
    const [found] = await search({ lengthPenalty: 0 });
    expect(found!.ids).toEqual(best!.ids);
    expect(found!.score).toBeCloseTo(Math.log(0.36), 5);
  });

  it.each([0, 0.6, 1, 2])(
    "with many beams finds the best of all sequences, length penalty %s",
    async (lengthPenalty) => {
      const expected = allSequences(4, lengthPenalty).slice(0, 10);
      const found = await search({ numBeams: 200, numReturnSequences: 10, lengthPenalty });
      for (const [rank, { score }] of found.entries()) expect(score).toBeCloseTo(expected[rank]!.score, 5);
      expect(found[0]!.ids).toEqual(expected[0]!.ids);
      expect(new Set(found.map(({ ids }) => ids.join())).size).toBe(10);
    },
  );

  it("looks far enough to go on where several end tokens are the most probable ones", async () => {
    const row = [0, 0.18, 0.18, 0.18, 0.18, 0.18, 0.1].map((p) => Math.log(Math.max(p, 1e-9)));
    const ending = tableModel(row.map(() => row));
    const other = new CachedModel(await ModelParameters.fromValues(engine, [], new Map()), ending);
    const beams = { numBeams: 2, lengthPenalty: 8, earlyStopping: "never" } as const;
    const options = { ...beams, eosTokenId: [1, 2, 3, 4, 5], maxNewTokens: 3 };
    const [[best]] = (await generate(other, feeds(1), options)) as [[Generated]];
    expect([...best.ids]).toEqual([6, 6]);
    expect(best.endId).toBe(1);
    await other.dispose();
  });

  it("does not begin with a suppressed token, counted behind a forced first one", async () => {
    const options = { eosTokenId: END, maxNewTokens: 2, suppressTokens: [START], beginSuppressTokens: [END] };
    const second = async (more: object): Promise<number> => {
      const [[one]] = (await generate(model, feeds(1), { ...options, ...more })) as [[Generated]];
      return [...one.ids, one.endId!][1]!;
    };
    expect(await second({})).toBe(END); // after A, the most probable first token
    expect(await second({ forcedBosTokenId: A })).toBe(A);
    expect(await second({ forcedBosTokenId: A, numBeams: 2 })).not.toBe(END);
  });

  it("draws tokens as often as they are probable", async () => {
    const rows = 4000;
    const shares = async (options: object, start = C): Promise<number[]> => {
      const target = startTokens(rows, start);
      const defaults = { doSample: true, eosTokenId: END, maxNewTokens: 1, seed: 3 };
      const found = await generate(model, { target }, { ...defaults, ...options });
      const counts = [0, 0, 0, 0, 0];
      for (const [one] of found) {
        const { ids, finished } = one!;
        counts[finished ? END : ids[0]!]! += 1 / rows;
      }
      return counts;
    };
    const near = (found: readonly number[], expected: readonly number[]): void => {
      for (const [id, share] of expected.entries()) expect(Math.abs(found[id]! - share)).toBeLessThan(0.03);
    };
    near(await shares({}), [0, 0.1, 0.1, 0.1, 0.7]);
    const flat = [0, 0.1, 0.1, 0.1, 0.7].map(Math.sqrt);
    const sum = flat.reduce((a, b) => a + b);
    near(
      await shares({ temperature: 2 }),
      flat.map((p) => p / sum),
    );
    near(await shares({ topK: 2 }, START), [0, 0, 0.5 / 0.9, 0.4 / 0.9, 0]);
    near(await shares({ topK: 2, repetitionPenalty: 1 }, START), [0, 0, 0.5 / 0.9, 0.4 / 0.9, 0]);
    near(await shares({ topP: 0.6 }, START), [0, 0, 0.5 / 0.9, 0.4 / 0.9, 0]);
    near(await shares({ minP: 0.1 }, START), [0, 0, 0.5 / 0.98, 0.4 / 0.98, 0.08 / 0.98]);
    near(await shares({ suppressTokens: [A, B] }, START), [0, 0.2, 0, 0, 0.8]);
    expect(await shares({ seed: 4 })).not.toEqual(await shares({ seed: 3 }));
    expect(await shares({ seed: 4 })).toEqual(await shares({ seed: 4 }));
  });
});

describe("a tiny Transformer", () => {
  it("with many beams finds the best of all sequences", async () => {
    const model = translator(smallConfig({ vocabulary: 6 }));
    const parameters = await peaked(engine, model, 2);
    const [longest, free, end] = [3, [3, 4, 5], 2];
    const candidates: number[][] = [];
    const extend = (ids: readonly number[]): void => {
      for (const id of [end, ...free]) {
        if (id === end || ids.length + 1 === longest) candidates.push([...ids, id]);
        else extend([...ids, id]);
      }
    };
    extend([]);
    const source = [3, 5, 4, 2];
    const logits = await forward(parameters, model, {
      source: matrix(candidates.map(() => source)),
      target: matrix(candidates.map((ids) => [1, ...ids.slice(0, -1)])),
    });
    const [, time, width] = logits.shape as [number, number, number];
    const scores = candidates.map((ids, row) => {
      const sum = ids.reduce((total, id, t) => {
        const at = (row * time + t) * width;
        const row_ = Array.from((logits.data as Float32Array).subarray(at, at + width));
        return total + row_[id]! - Math.log(row_.reduce((a, b) => a + Math.exp(b), 0));
      }, 0);
      return sum / ids.length;
    });
    const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!);
    const cached = new CachedModel(parameters, model);
    const limits = { eosTokenId: end, maxNewTokens: longest, suppressTokens: [0, 1] };
    const options = { ...limits, numBeams: 60, numReturnSequences: 8 };
    const [found] = await generate(cached, { source: matrix([source]), target: startTokens(1, 1) }, options);
    for (const [rank, { ids, finished, score }] of found!.entries()) {
      expect(finished ? [...ids, end] : [...ids]).toEqual(candidates[order[rank]!]);
      expect(score).toBeCloseTo(scores[order[rank]!]!, 4);
    }
    await cached.dispose();
  });
});
