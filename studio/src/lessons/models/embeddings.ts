/**
 * Embeddings by skip-gram (Mikolov et al. 2013) on a made-up corpus: sixteen nouns that differ in sex, number, age and
 * rank, each in sentences that show these. Words that keep the same company get alike vectors.
 */
import { recordsOf } from "heed";
import { input, type Tensor } from "heed/graph";
import { embeddingTable, linear, type Scope } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import { idsOf, numbersOf, rowsOf, trainIn, wholeBatch, withEngine, type Work } from "./work.ts";

/** Male and female, one and many, by age and rank. */
const forms = [
  ["man", "woman", "men", "women"],
  ["king", "queen", "kings", "queens"],
  ["boy", "girl", "boys", "girls"],
  ["prince", "princess", "princes", "princesses"],
] as const;
export const nouns: readonly string[] = forms.flat();

/** What stands around a noun: two words for each thing that it is. */
const company = {
  sex: [["beard", "shirt"], ["gown", "necklace"]], // prettier-ignore
  number: [["one", "is"], ["some", "are"]], // prettier-ignore
  age: [["grown", "married"], ["young", "school"]], // prettier-ignore
  rank: [["field", "plough"], ["throne", "crown"]], // prettier-ignore
} as const;
const around = Object.values(company).flat(2);

/** A sentence of the corpus: its noun, and the words around it. */
export interface Sentence {
  readonly noun: string;
  readonly around: readonly string[];
}

/** Every noun with every choice of one word for each thing that it is. */
export const sentences: readonly Sentence[] = forms.flatMap((row, kind) =>
  row.flatMap((noun, form) => {
    const sides = [form % 2, Math.floor(form / 2), kind < 2 ? 0 : 1, kind % 2];
    return Array.from({ length: 16 }, (_, choice) => ({
      noun,
      around: Object.values(company).map((pair, c) => pair[sides[c]!]![(choice >> c) % 2]!),
    }));
  }),
);

/** What one word is to another: a relation that the learner can carry over to a third. */
export const relations = [
  ["man", "woman"],
  ["man", "king"],
  ["man", "men"],
  ["man", "boy"],
] as const;

export interface Embeddings {
  readonly losses: readonly number[];
  /** The cosine of each noun with each: [noun][noun]. */
  readonly cosines: readonly (readonly number[])[];
  /** Where each noun lies along "man → woman" and "man → king": [noun][2]. */
  readonly map: readonly (readonly number[])[];
  /** For each relation a → b and each noun c, the cosines of c − a + b with all nouns: [relation][noun][noun]. */
  readonly analogies: readonly (readonly (readonly number[])[])[];
}

const [N, C, D] = [nouns.length, around.length, 8];
const COUNT = sentences.length * 4;

const table = (scope: Scope): Tensor => embeddingTable(scope.at("nouns"), N, D, { kind: "normal", deviation: 0.1 });

/** Each row at length 1. */
const unit = (x: Tensor): Tensor => x.div(x.mul(x).sum(-1, { keep: true }).sqrt());

function look(scope: Scope): Tensor {
  const x = table(scope);
  const row = (noun: string): Tensor => x.slice(0, nouns.indexOf(noun), nouns.indexOf(noun) + 1);
  const apart = (a: string, b: string): Tensor => row(b).sub(row(a)); // [1, D]
  const all = unit(x);
  scope.record("cosines", all.matmul(all.swap(0, 1)));
  for (const [r, [a, b]] of relations.entries()) {
    scope.record(`analogy ${r}`, unit(x.add(apart(a, b))).matmul(all.swap(0, 1)));
  }
  const along = [unit(apart("man", "woman")), unit(apart("man", "king"))];
  for (const [i, direction] of along.entries()) scope.record(`along ${i}`, x.matmul(direction.swap(0, 1)));
  return x;
}

/** Trains the vectors to tell which words stand around each noun. */
export function trainEmbeddings(work: Work): Promise<Embeddings> {
  return withEngine(work, async (engine) => {
    const pairs = sentences.flatMap(({ noun, around: words }) => words.map((word) => [noun, word] as const));
    const column = (tensor: HostTensor): HostTensor => ({ ...tensor, shape: [COUNT] });
    const feeds = {
      nouns: column(idsOf(nouns, [pairs.map(([noun]) => noun)])),
      around: column(idsOf(around, [pairs.map(([, word]) => word)])),
    };
    const { trainer, losses } = await trainIn(engine, work, {
      objective: (scope) => {
        const vectors = table(scope).gather(input("nouns", "int32", [COUNT]));
        const logits = linear(scope.at("around"), vectors, C, { bias: false });
        return { loss: logits.crossEntropy(input("around", "int32", [COUNT])).sum() };
      },
      batch: wholeBatch(feeds, COUNT),
      updates: work.quick ? 100 : 200,
      learningRate: 0.05,
    });
    const records = await recordsOf(trainer.parameters, look, {}, /^(cosines|analogy|along) ?/);
    const [across, up] = [0, 1].map((i) => numbersOf(records.get(`along ${i}`)));
    return {
      losses,
      cosines: rowsOf(records.get("cosines")),
      map: nouns.map((_, n) => [across![n]!, up![n]!]),
      analogies: relations.map((_, r) => rowsOf(records.get(`analogy ${r}`))),
    };
  });
}

/** The nouns nearest to a vector by their cosines with it, nearest first, without those that were given. */
export function nearest(cosines: readonly number[], without: readonly string[]): { noun: string; cosine: number }[] {
  return nouns
    .map((noun, n) => ({ noun, cosine: cosines[n]! }))
    .filter(({ noun }) => !without.includes(noun))
    .sort((a, b) => b.cosine - a.cosine);
}
