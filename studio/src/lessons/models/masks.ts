/**
 * One set of weights, two masks. Behind the causal mask a word is predicted from what stands before it; with a [mask] in
 * its place and no other mask, from both sides (Devlin et al. 2019). Trained on both at once.
 */
import { recordsOf } from "heed";
import { input, type Tensor } from "heed/graph";
import { attention, causalMask, embedding, feedForward, linear, positions, type Scope } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import { idsOf, numbersOf, rowsOf, trainIn, wholeBatch, withEngine, type Work } from "./work.ts";

const persons = ["Tom", "Ann", "Max", "Eve"];
const meals = [
  ["soup", "spoon"],
  ["steak", "knife"],
  ["rice", "chopsticks"],
  ["bread", "hands"],
] as const;
const words = ["[mask]", "<start>", "eats", "with", ...persons, ...meals.flat()];
/** The word at each place but the first is to be predicted. */
export const sentences = persons.flatMap((person) =>
  meals.map(([food, tool]) => ["<start>", person, "eats", food, "with", tool]),
);
const [B, T, D, V] = [sentences.length, 6, 24, words.length];
/** Words of a sentence that are predicted. */
export const PREDICTED = T - 1;

export interface TwoMasks {
  readonly losses: readonly number[];
  /** −log p of each predicted word of each sentence, in nats: [sentence][place − 1]. */
  readonly causal: readonly (readonly number[])[];
  readonly masked: readonly (readonly number[])[];
  /** e to the mean of these. */
  readonly causalPerplexity: number;
  readonly maskedPerplexity: number;
  /** Attention of the first sentence, [query][key]: behind the causal mask, and without a mask. */
  readonly seenCausally: readonly (readonly number[])[];
  readonly seenFreely: readonly (readonly number[])[];
}

/** One model function; only the mask is another. ids [rows, T] to logits [rows, T, V]. */
function model(scope: Scope, ids: Tensor, causal: boolean): Tensor {
  const tokens = embedding(scope.at("embedding"), ids, V, D, { initial: { kind: "normal", deviation: 0.5 } });
  const x = tokens.add(positions(scope, tokens, "learned", T, 0));
  const mask = causal ? causalMask(T) : undefined;
  const attended = x.add(attention(scope.at("attention"), x, { heads: 2, cached: false, mask }));
  const y = attended.add(feedForward(scope.at("ffn"), attended, { hidden: 2 * D, activation: "gelu", dropout: 0 }));
  return linear(scope.at("output"), y, V);
}

/** −log p of what is predicted, both ways: [B, PREDICTED] each. */
function surprises(scope: Scope): { causal: Tensor; masked: Tensor } {
  const ids = input("words", "int32", [B, T]);
  const targets = ids.slice(1, 1, T); // [B, PREDICTED]
  const next = model(scope, ids, true).slice(1, 0, PREDICTED); // what stands before the word
  const causal = next.reshape([B * PREDICTED, V]).crossEntropy(targets.reshape([B * PREDICTED]));
  const gaps = input("gaps", "int32", [B * PREDICTED, T]);
  const filled = model(scope, gaps, false)
    .mul(input("places", "float32", [B * PREDICTED, T]).unsqueeze(-1))
    .sum(1); // the logits at each row's own gap
  return { causal, masked: filled.crossEntropy(targets.reshape([B * PREDICTED])) };
}

function feedsOf(): Record<string, HostTensor> {
  const gaps = sentences.flatMap((sentence) =>
    Array.from({ length: PREDICTED }, (_, p) => sentence.map((word, t) => (t === p + 1 ? "[mask]" : word))),
  );
  const places = Float32Array.from(gaps.flat(), (word) => (word === "[mask]" ? 1 : 0));
  return {
    words: idsOf(words, sentences),
    gaps: idsOf(words, gaps),
    places: { dtype: "float32", shape: [gaps.length, T], data: places },
  };
}

/** Trains on both masks, and measures both. */
export function trainTwoMasks(work: Work): Promise<TwoMasks> {
  return withEngine(work, async (engine) => {
    const feeds = feedsOf();
    const { trainer, losses } = await trainIn(engine, work, {
      objective: (scope) => {
        const { causal, masked } = surprises(scope);
        return { loss: causal.sum().add(masked.sum()) };
      },
      batch: wholeBatch(feeds, B, 2 * B * PREDICTED),
      updates: work.quick ? 150 : 400,
      learningRate: 0.01,
    });
    const look = (scope: Scope): Tensor => {
      const { causal, masked } = surprises(scope);
      scope.record("causal", causal.reshape([B, PREDICTED]));
      return scope.record("masked", masked.reshape([B, PREDICTED]));
    };
    const { parameters } = trainer;
    const records = await recordsOf(parameters, look, feeds, ["causal", "masked"]);
    const seen = async (causal: boolean): Promise<number[][]> => {
      const attend = (scope: Scope): Tensor => model(scope, input("words", "int32", [B, T]), causal);
      const found = await recordsOf(parameters, attend, feeds, /attention$/);
      // The mean of the two heads, of the first sentence.
      const [one, two] = [0, 1].map((head) => numbersOf([...found.values()][0]).subarray(head * T * T));
      return Array.from({ length: T }, (_, q) =>
        Array.from({ length: T }, (_unused, k) => (one![q * T + k]! + two![q * T + k]!) / 2),
      );
    };
    const [causal, masked] = [rowsOf(records.get("causal")), rowsOf(records.get("masked"))];
    return {
      losses,
      causal,
      masked,
      causalPerplexity: perplexity(causal),
      maskedPerplexity: perplexity(masked),
      seenCausally: await seen(true),
      seenFreely: await seen(false),
    };
  });
}

const perplexity = (rows: readonly (readonly number[])[]): number => Math.exp(mean(rows.flat()));

/** The mean of numbers. */
export const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
