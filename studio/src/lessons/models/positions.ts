/** The same task with and without positions: who sees whom. Without them a sentence is a bag of words. */
import { recordsOf } from "heed";
import { input, type Tensor } from "heed/graph";
import { attention, embedding, linear, positions, type Scope } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import { hits, idsOf, numbersOf, rowsOf, trainIn, wholeBatch, withEngine, type Work } from "./work.ts";

export const names = ["Tom", "Ann", "Max", "Eve", "Sam"] as const;
const words = ["sees", "who", ...names];
/** All pairs in both orders; what is asked is who sees. */
export const sentences = names.flatMap((first, a) =>
  names.flatMap((second, b) => (a === b ? [] : [{ read: [first, "sees", second, "who"], answer: a }])),
);
const [B, T, D, V] = [sentences.length, 4, 16, words.length];

/** One of the two models. */
export interface Ordered {
  readonly losses: readonly number[];
  /** The share of sentences that it answers right. */
  readonly accuracy: number;
  /** The chance of each name: [sentence][name]. */
  readonly chances: readonly (readonly number[])[];
}

export interface WithAndWithout {
  readonly with: Ordered;
  readonly without: Ordered;
}

const modelOf =
  (placed: boolean) =>
  (scope: Scope): Tensor => {
    const ids = input("words", "int32", [B, T]);
    const tokens = embedding(scope.at("embedding"), ids, V, D, { initial: { kind: "normal", deviation: 0.5 } });
    const x = placed ? tokens.add(positions(scope, tokens, "interleaved", T, 0)) : tokens;
    const y = x.add(attention(scope.at("attention"), x, { heads: 2, cached: false }));
    return linear(scope.at("output"), y.slice(1, T - 1, T).reshape([B, D]), names.length);
  };

/** Trains the model twice, with the same seed and the same sentences. */
export function trainWithAndWithout(work: Work): Promise<WithAndWithout> {
  const feeds = {
    words: idsOf(
      words,
      sentences.map(({ read }) => read),
    ),
    answer: { dtype: "int32", shape: [B], data: Int32Array.from(sentences, ({ answer }) => answer) } as HostTensor,
  };
  return withEngine(work, async (engine) => {
    const train = async (placed: boolean): Promise<Ordered> => {
      const model = modelOf(placed);
      const answer = input("answer", "int32", [B]);
      const { trainer, losses } = await trainIn(engine, work, {
        objective: (scope) => ({ loss: model(scope).crossEntropy(answer).sum() }),
        batch: wholeBatch(feeds, B),
        updates: work.quick ? 60 : 300,
        learningRate: 0.02,
        what: placed ? "With positions" : "Without positions",
      });
      const look = (scope: Scope): Tensor => {
        const logits = model(scope);
        scope.record("chances", logits.softmax());
        return scope.record("accuracy", hits(logits, answer).scale(1 / B));
      };
      const records = await recordsOf(trainer.parameters, look, feeds, ["chances", "accuracy"]);
      return { losses, accuracy: numbersOf(records.get("accuracy"))[0]!, chances: rowsOf(records.get("chances")) };
    };
    return { with: await train(true), without: await train(false) };
  });
}
