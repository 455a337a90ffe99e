/**
 * The toy attention task: who ordered what. Up to "the" the last word says all that can be said; after "the" a bigram
 * table is at a loss, and a head must look back at who ordered. One head, as in examples/01-toy-attention.ts.
 */
import { recordsOf } from "heed";
import { input, type Tensor } from "heed/graph";
import { causalMask, embedding, linear, positions, type Initializer, type Scope } from "heed/nn";
import { sgd, type Objective } from "heed/training";
import { idsOf, numbersOf, trainIn, wholeBatch, withEngine, type Work } from "./work.ts";

export const words = ["<start>", "the", "man", "chicken", "ordered", "woman", "beef"] as const;
export const sentences: readonly (readonly string[])[] = [
  ["<start>", "man", "ordered", "the", "chicken"],
  ["<start>", "woman", "ordered", "the", "beef"],
];
const [B, T, D, V] = [sentences.length, 4, 32, words.length];

/** What the lesson shows. */
export interface ToyAttention {
  readonly losses: readonly number[];
  /** [sentence][query][key]: where each word looks. */
  readonly weights: readonly (readonly (readonly number[])[])[];
  /** [sentence][position][word]: the chance of each next word. */
  readonly chances: readonly (readonly (readonly number[])[])[];
}

/** How often each word follows each other one in the sentences, as shares: [word][next word]; zeros where nothing follows. */
export function bigrams(): number[][] {
  const counts = words.map(() => words.map(() => 0));
  for (const sentence of sentences) {
    for (let i = 1; i < sentence.length; i++) {
      counts[words.indexOf(sentence[i - 1] as never)]![words.indexOf(sentence[i] as never)]! += 1;
    }
  }
  return counts.map((row) => {
    const sum = row.reduce((total, count) => total + count, 0);
    return row.map((count) => (sum === 0 ? 0 : count / sum));
  });
}

/** Queries, keys and values start close to zero, so that the head learns what the last word alone cannot say. */
const nearZero: Initializer = { kind: "normal", deviation: 0.002 };

function model(scope: Scope): Tensor {
  const ids = input("words", "int32", [B, T]);
  const tokens = embedding(scope.at("embedding"), ids, V, D, { initial: { kind: "normal", deviation: 0.5 } });
  const x = tokens.add(positions(scope, tokens, "interleaved", T, 0)); // [B, T, D]
  const project = (name: string): Tensor => linear(scope.at(name), x, D, { bias: false, initial: nearZero });
  const [query, key, value] = [project("query"), project("key"), project("value")];
  const scores = query.matmul(key.swap(-1, -2)).add(causalMask(T).reshape([T, T])); // [B, T, T]
  const attention = scope.record("attention", scores.softmax());
  const context = attention.matmul(value);
  const logits = linear(scope.at("output"), x.add(context), V, { initial: { kind: "normal", deviation: 0.1 } });
  scope.record("chances", logits.softmax());
  return logits; // [B, T, V]
}

const objective: Objective = (scope) => {
  const next = input("next", "int32", [B, T]);
  const loss = model(scope)
    .reshape([B * T, V])
    .crossEntropy(next.reshape([B * T]));
  return { loss: loss.sum() };
};

/** Trains the head on both sentences; its loss cannot fall below ln 2 / 4, since nobody can know who comes first. */
export function trainToyAttention(work: Work): Promise<ToyAttention> {
  return withEngine(work, async (engine) => {
    const feeds = {
      words: idsOf(
        words,
        sentences.map((sentence) => sentence.slice(0, T)),
      ),
      next: idsOf(
        words,
        sentences.map((sentence) => sentence.slice(1)),
      ),
    };
    const { trainer, losses } = await trainIn(engine, work, {
      objective,
      batch: wholeBatch(feeds, B, B * T),
      updates: 300,
      learningRate: 0.1,
      optimizer: sgd({ momentum: 0.9 }),
    });
    const records = await recordsOf(trainer.parameters, model, feeds, ["attention", "chances"]);
    const rows = (name: string, width: number): number[][][] =>
      sentences.map((_, s) =>
        Array.from({ length: T }, (_unused, t) =>
          Array.from(numbersOf(records.get(name)).subarray((s * T + t) * width, (s * T + t + 1) * width)),
        ),
      );
    return { losses, weights: rows("attention", T), chances: rows("chances", V) };
  });
}
