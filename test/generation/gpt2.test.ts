/** Ids and scores equal those of transformers' `generate` for a tiny random GPT-2 with prompts padded at the left. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CachedModel,
  encoderNoRepeatNgram,
  encoderRepetitionPenalty,
  epsilonCutoff,
  etaCutoff,
  exponentialDecay,
  finiteScores,
  generate,
  generationOptions,
  minP,
  noRepeatNgram,
  normalizedScores,
  repetitionPenalty,
  sequenceBias,
  sequencesOf,
  streamText,
  topH,
  topK,
  topP,
  typicalP,
  type GenerationOptions,
  type LogitsProcessor,
} from "../../src/generation/index.ts";
import { ModelParameters } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { Tokenizer } from "../../src/tokens/index.ts";
import { specsOf } from "./models.ts";
import { gpt2Golden, paddedGpt2, type Gpt2Run } from "./padded-gpt2.ts";

const golden = await gpt2Golden();
const { vocabulary, pad, end, length } = golden.settings;
const tokenizer = Tokenizer.fromJson(golden.tokenizer);
const model = paddedGpt2(vocabulary);

let engine: Engine;
let cached: CachedModel;
let parameters: ModelParameters;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
  parameters = await ModelParameters.fromValues(engine, specsOf(model), golden.values);
  cached = new CachedModel(parameters, model);
});
afterAll(() => engine.dispose());

const maskOf = ({ shape, data }: HostTensor): HostTensor => {
  return { dtype: "int32", shape, data: Int32Array.from(data as Int32Array, (id) => (id === pad ? 0 : 1)) };
};

function optionsOf({ prefix, ...given }: Gpt2Run["options"]): GenerationOptions {
  const file = { eos_token_id: end, pad_token_id: pad, bos_token_id: end };
  const options = generationOptions(file, { max_new_tokens: length, ...given });
  const allowed = (row: number, ids: readonly number[]): number[] =>
    Array.from({ length: vocabulary - 1 }, (_, i) => i + 1).filter((id) => (id + ids.at(-1)! + row) % prefix! === 0);
  return { ...options, tokenizer, maxPositions: 24, ...(prefix === undefined ? {} : { prefixAllowedTokens: allowed }) };
}

/** The golden's function is given rows as they are expanded for beams only, ours rows of the prompts: the same numbers. */
const rowsOf = ({ shape, data }: HostTensor): number[][] =>
  Array.from({ length: shape[0]! }, (_, i) => Array.from(data.slice(i * shape[1]!, (i + 1) * shape[1]!), Number));

const cases = [
  ...Object.entries(golden.runs).map(([name, run]) => [name, run, golden.prompts] as const),
  ...Object.entries(golden.shortRuns).map(([name, run]) => [name, run, golden.short] as const),
];

describe("transformers' generate of a GPT-2", () => {
  it.each(cases)("%s", async (_, run, prompts) => {
    const options = optionsOf(run.options);
    const feeds = { inputIds: prompts, attentionMask: maskOf(prompts) };
    const found = await generate(cached, feeds, options);
    expect(rowsOf(sequencesOf(cached, feeds, options, found))).toEqual(run.ids);
    for (const [i, one] of found.flat().entries()) {
      if (run.scores !== null)
        expect(Math.abs(one.score - run.scores[i]!)).toBeLessThan(2e-5 * Math.max(Math.abs(one.score), 1));
    }
  });

  it("hides padding without being told, where it is no end token", async () => {
    const feeds = { inputIds: golden.prompts };
    const options = { maxNewTokens: length, eosTokenId: end, padTokenId: pad };
    const found = await generate(cached, feeds, options);
    expect(rowsOf(sequencesOf(cached, feeds, options, found))).toEqual(golden.runs["greedy"]!.ids);
    const other = { ...options, eosTokenId: [end, pad] };
    expect(await generate(cached, feeds, other)).not.toEqual(found);
  });
});

describe("a batch with padding at the left", () => {
  const searches: readonly GenerationOptions[] = [
    {},
    { numBeams: 3, numReturnSequences: 3, repetitionPenalty: 1.3 },
    { numBeams: 2, stopStrings: ["c", "a"], tokenizer },
    { doSample: true, seed: 3, numReturnSequences: 2, alternatives: 4 },
    { doSample: true, seed: 3, topK: 0, outputScores: true },
  ];
  it.each(searches)("gives the same as one by one: %o", async (search) => {
    const options = { ...search, eosTokenId: end, maxNewTokens: length };
    const together = await generate(
      cached,
      { inputIds: golden.prompts, attentionMask: maskOf(golden.prompts) },
      options,
    );
    for (const [place, row] of rowsOf(golden.prompts).entries()) {
      const ids = row.filter((id) => id !== pad);
      const inputIds = { dtype: "int32" as const, shape: [1, ids.length], data: Int32Array.from(ids) };
      const [alone] = await generate(cached, { inputIds }, { ...options, places: [place] });
      for (const [rank, one] of alone!.entries()) {
        const other = together[place]![rank]!;
        expect([...one.ids, one.endId]).toEqual([...other.ids, other.endId]);
        expect(one.score).toBeCloseTo(other.score, 4);
        expect(one.scores?.length).toBe(other.scores?.length);
        expect(one.alternatives?.map((list) => list.map(({ id }) => id))).toEqual(
          other.alternatives?.map((list) => list.map(({ id }) => id)),
        );
      }
    }
  });

  it("is refused where it is padded at the right, or where the model reads no mask", async () => {
    const inputIds = { dtype: "int32" as const, shape: [1, 3], data: Int32Array.of(4, 5, pad) };
    await expect(generate(cached, { inputIds, attentionMask: maskOf(inputIds) })).rejects.toThrow(
      "Row 0 of the prompts ends with padding",
    );
    const wrong = { dtype: "int32" as const, shape: [1, 2], data: Int32Array.of(1, 1) };
    await expect(generate(cached, { inputIds, attentionMask: wrong })).rejects.toThrow("expected int32[1, 3]");
  });

  it("counts positions without the mask where the model does not ask for them", async () => {
    const counting = paddedGpt2(vocabulary, { positions: false });
    const other = new CachedModel(parameters, counting);
    const [plain] = await generate(cached, { inputIds: golden.short }, { maxNewTokens: length });
    expect((await generate(other, { inputIds: golden.short }, { maxNewTokens: length }))[0]![0]!.ids).toEqual(
      plain![0]!.ids,
    );
    await other.dispose();
  });
});

describe("what is told about each token", () => {
  it("are the best alternatives, whatever leaves the engine, and the scores as processed", async () => {
    const feeds = { inputIds: golden.short };
    const options = { maxNewTokens: 4, alternatives: 5, suppressTokens: [3] };
    for (const search of [{}, { numBeams: 2 }]) {
      const few = await generate(cached, feeds, { ...options, ...search });
      const all = await generate(cached, feeds, { ...options, ...search, outputScores: true });
      for (const [row, [one]] of few.entries()) {
        const [whole] = all[row]!;
        expect(one!.alternatives!.length).toBe(4);
        for (const [step, list] of one!.alternatives!.entries()) {
          const others = whole!.alternatives![step]!;
          expect(list.map(({ id }) => id)).toEqual(others.map(({ id }) => id));
          for (const [rank, { logProbability }] of list.entries()) {
            expect(logProbability).toBeCloseTo(others[rank]!.logProbability, 4);
          }
          expect(whole!.scores![step]!.length).toBe(vocabulary);
          expect(whole!.scores![step]![3]).toBe(-Infinity);
          const mine = list.find(({ id }) => id === one!.ids[step]);
          if (mine !== undefined) expect(one!.logProbabilities[step]).toBeCloseTo(mine.logProbability, 5);
        }
      }
    }
  });
});

describe("a stream of text", () => {
  const one = (row: number): { inputIds: HostTensor } => {
    const ids = rowsOf(golden.prompts)[row]!.filter((id) => id !== pad);
    return { inputIds: { dtype: "int32", shape: [1, ids.length], data: Int32Array.from(ids) } };
  };
  const drawn = { doSample: true, topK: 0, temperature: 3, maxNewTokens: 17, maxPositions: 24, tokenizer };
  const streamed = async (row: number, options: GenerationOptions): Promise<{ pieces: string[]; ids: Int32Array }> => {
    const pieces: string[] = [];
    const stream = streamText(cached, one(row), { ...options, tokenizer });
    for (;;) {
      const next = await stream.next();
      if (next.done === true) return { pieces, ids: next.value.ids };
      pieces.push(next.value);
    }
  };

  it("adds up to the decoded whole, and no piece ends within a character", async () => {
    let several = 0;
    for (let seed = 0; seed < 12; seed++) {
      const { pieces, ids } = await streamed(seed % 6, { ...drawn, seed });
      expect(pieces.join("")).toBe(tokenizer.decode(ids));
      for (const piece of pieces.slice(0, -1)) expect(piece.endsWith("\ufffd")).toBe(false);
      several += pieces.length;
    }
    expect(several).toBeGreaterThan(60);
  });

  it("ends in front of a stop string, and gives nothing of it before", async () => {
    let stopped = 0;
    for (let seed = 0; seed < 12; seed++) {
      const whole = await streamed(seed % 6, { ...drawn, seed });
      const text = whole.pieces.join("");
      const stops = ["c", "ha", "€"].filter((stop) => text.includes(stop));
      const { pieces } = await streamed(seed % 6, { ...drawn, seed, stopStrings: ["c", "ha", "€"] });
      const at = Math.min(text.length, ...stops.map((stop) => text.indexOf(stop)));
      expect(pieces.join("").replace(/\ufffd*$/, "")).toBe(text.slice(0, at).replace(/\ufffd*$/, ""));
      stopped += stops.length > 0 ? 1 : 0;
    }
    expect(stopped).toBeGreaterThan(6);
  });
});

describe("transformers' logits processors", () => {
  const { encoder, after, scores, history } = golden.processed;
  const ends = [end, 4];
  const processors: Readonly<Record<string, (row: number) => readonly LogitsProcessor[]>> = {
    "encoder repetition penalty": (row) => [encoderRepetitionPenalty(1.5, encoder[row]!)],
    "repetition penalty without padding": () => [repetitionPenalty(1.4, 2)],
    "no repeated pair": () => [noRepeatNgram(2)],
    "no repeated token": () => [noRepeatNgram(1)],
    "no pair of the encoder": (row) => [encoderNoRepeatNgram(2, encoder[row]!)],
    "no token of the encoder": (row) => [encoderNoRepeatNgram(1, encoder[row]!)],
    bias: () => [
      sequenceBias([
        [[5], 2.5],
        [[3, 5], 1.5],
        [[3, 8], -4],
        [[4, 3, 9], 7],
      ]),
    ],
    "bad words": () => [sequenceBias([[5], [3, 8], [7, 3, 9]].map((ids) => [ids, -Infinity] as const))],
    decay: () => [exponentialDecay(4, 1.3, ends)],
    finite: () => [sequenceBias([[[5], -Infinity]]), finiteScores],
    normalized: () => [normalizedScores],
    "top-h 0.4": () => [topH(0.4)],
    "top-k 2, at least 3": () => [topK(2, 3)],
    "top-p 0.6": () => [topP(0.6)],
    "top-p 0.1, at least 3": () => [topP(0.1, 3)],
    "min-p 0.9, at least 3": () => [minP(0.9, 3)],
    "typical 0.6": () => [typicalP(0.6)],
    "typical 0.05, at least 3": () => [typicalP(0.05, 3)],
    "epsilon 0.02": () => [epsilonCutoff(0.02)],
    "epsilon 0.5, at least 3": () => [epsilonCutoff(0.5, 3)],
    "eta 0.05": () => [etaCutoff(0.05)],
    "eta 0.6, at least 3": () => [etaCutoff(0.6, 3)],
  };
  it.each(Object.entries(after))("%s", (name, expected) => {
    for (const [row, values] of expected.entries()) {
      const changed = Float32Array.from(scores[row]!);
      for (const process of processors[name]!(row)) process(changed, history[row]!);
      for (const [i, value] of values.entries()) {
        if (value === null) expect(changed[i]).toBe(-Infinity);
        else if (Math.abs(value) > 1e30) expect(changed[i]! / value).toBeCloseTo(1, 4);
        else expect(changed[i]).toBeCloseTo(value, 4);
      }
    }
  });
});
