/**
 * Two heads learn two things: a dish depends on who orders and on the day. Each head gives two numbers, enough to tell
 * three persons apart or three days, but not both.
 */
import { recordsOf } from "heed";
import { input, type Tensor } from "heed/graph";
import { attend, embedding, joinHeads, linear, splitHeads, type Scope } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import type { Objective } from "heed/training";
import { hits, idsOf, numbersOf, trainIn, wholeBatch, withEngine, type Work } from "./work.ts";

export const persons = ["Tom", "Ann", "Max"] as const;
export const days = ["Monday", "Friday", "Sunday"] as const;
export const dishes = ["soup", "fish", "rice", "pasta", "salad", "stew", "curry", "beans", "pie"] as const;
const words = ["on", "orders", "the", ...persons, ...days];
/** Both orders of words, so that a head must look for the word and not for its place. */
export const sentences = persons.flatMap((person, p) =>
  days.flatMap((day, d) => {
    const dish = 3 * p + d;
    return [
      { read: ["on", day, person, "orders", "the"], dish, person: 2, day: 1 },
      { read: [person, "orders", "on", day, "the"], dish, person: 0, day: 3 },
    ];
  }),
);
const [B, T, D, H, V] = [sentences.length, 5, 12, 2, words.length];
/** Numbers that a head gives. */
const WIDTH = 1;

/** The model with some heads taken out. */
export interface Ablated {
  readonly name: string;
  readonly loss: number;
  /** Shares of sentences: of the right dish, of a dish that the right person orders, of one of the right day. */
  readonly dish: number;
  readonly person: number;
  readonly day: number;
}

export interface TwoHeads {
  readonly losses: readonly number[];
  /** [head][sentence][word]: where "the" looks. */
  readonly weights: readonly (readonly (readonly number[])[])[];
  /** The mean weight on the person and on the day, by head. */
  readonly onPerson: readonly number[];
  readonly onDay: readonly number[];
  /** Whole, without head 1, without head 2. */
  readonly ablated: readonly Ablated[];
}

function model(scope: Scope): Tensor {
  const ids = input("words", "int32", [B, T]);
  const x = embedding(scope.at("embedding"), ids, V, D, { initial: { kind: "normal", deviation: 0.5 } });
  const project = (name: string, from: Tensor, width: number): Tensor =>
    splitHeads(
      linear(scope.at(name), from, H * width, { bias: false, initial: { kind: "normal", deviation: 0.3 } }),
      H,
    );
  const last = x.slice(1, T - 1, T); // "the" asks
  const context = attend(scope, project("query", last, 4), project("key", x, 4), project("value", x, WIDTH), {
    scale: 4,
  }); // [B, H, 1, WIDTH]
  const kept = context.mul(input("keep", "float32", [H]).reshape([1, H, 1, 1]));
  return linear(scope.at("output"), joinHeads(kept).reshape([B, H * WIDTH]), dishes.length);
}

const objective: Objective = (scope) => ({
  loss: model(scope)
    .crossEntropy(input("dish", "int32", [B]))
    .sum(),
});

function look(scope: Scope): Tensor {
  const logits = model(scope);
  const dish = input("dish", "int32", [B]);
  const share = (name: string, hit: Tensor): void => void scope.record(name, hit.scale(1 / B));
  const chosen = logits.argMax(-1).cast("int32");
  const same = (of: (id: Tensor) => Tensor): Tensor => of(chosen).equal(of(dish)).cast("float32").sum();
  share("dish", hits(logits, dish));
  share(
    "person",
    same((id) => id.sub(id.mod(3))),
  );
  share(
    "day",
    same((id) => id.mod(3)),
  );
  return scope.record("loss", logits.crossEntropy(dish).mean());
}

const kept = (keep: readonly number[]): HostTensor => ({
  dtype: "float32",
  shape: [H],
  data: Float32Array.from(keep),
});

/** Trains both heads, and measures the model with each of them taken out. */
export function trainTwoHeads(given: Work): Promise<TwoHeads> {
  // From most seeds both heads take a part of each; from this one they share the work, which is what is to be seen.
  const work = { ...given, seed: given.seed + 5 };
  return withEngine(work, async (engine) => {
    const feeds = {
      words: idsOf(
        words,
        sentences.map(({ read }) => read),
      ),
      dish: { dtype: "int32", shape: [B], data: Int32Array.from(sentences, ({ dish }) => dish) } as HostTensor,
      keep: kept([1, 1]),
    };
    const { trainer, losses } = await trainIn(engine, work, {
      objective,
      batch: wholeBatch(feeds, B),
      updates: work.quick ? 400 : 800,
      learningRate: 0.03,
    });
    const wanted = ["attention", "loss", "dish", "person", "day"];
    const ablated: Ablated[] = [];
    let attention: Float32Array | undefined;
    for (const [name, keep] of [
      ["both heads", [1, 1]],
      ["without head 1", [0, 1]],
      ["without head 2", [1, 0]],
    ] as const) {
      // prettier-ignore
      const records = await recordsOf(trainer.parameters, look, { ...feeds, keep: kept(keep) }, wanted);
      const number = (record: string): number => numbersOf(records.get(record))[0]!;
      ablated.push({ name, loss: number("loss"), dish: number("dish"), person: number("person"), day: number("day") });
      attention ??= numbersOf(records.get("attention"));
    }
    const weights = Array.from({ length: H }, (_, head) =>
      sentences.map((_sentence, s) => Array.from(attention!.subarray((s * H + head) * T, (s * H + head + 1) * T))),
    );
    const mean = (head: readonly (readonly number[])[], at: (s: number) => number): number =>
      head.reduce((sum, row, s) => sum + row[at(s)]!, 0) / B;
    return {
      losses,
      weights,
      onPerson: weights.map((head) => mean(head, (s) => sentences[s]!.person)),
      onDay: weights.map((head) => mean(head, (s) => sentences[s]!.day)),
      ablated,
    };
  });
}
