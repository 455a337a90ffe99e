/** A toy language for the tests of translators: every word has one translation, so little training shows. */
import { random } from "../../src/random/index.ts";
import { Translator, type TranslatorOptions } from "../../src/tasks/translator.ts";
import { train, type TrainOptions } from "../../src/tasks/train-translator.ts";
import type { AlignedPair } from "../../src/tasks/translate.ts";

export const words = {
  ...{ chat: "cat", chien: "dog", lapin: "rabbit", canard: "duck", cheval: "horse", mouton: "sheep" },
  ...{ rouge: "red", noir: "black", blanc: "white", brun: "brown" },
} as const;
const all = Object.keys(words) as (keyof typeof words)[];

/** Sentences of two to five words, translated word by word in their order. */
export function toyPairs(count: number, seed = 1): (AlignedPair & { readonly line: number })[] {
  const generator = random(seed, "toy");
  return Array.from({ length: count }, (_, i) => {
    const source = Array.from({ length: 2 + generator.below(4) }, () => all[generator.below(all.length)]!);
    const target = source.map((word) => words[word]);
    const alignment = source.map((_, place): [number, number] => [place, place]);
    return { source: source.join(" "), target: target.join(" "), alignment, line: i + 1 };
  });
}

export const sizes = {
  ...{ layers: 1, width: 32, heads: 2, feedForward: 64, vocabulary: 500, seed: 3, threads: 1 },
  model: { dropout: 0 },
} satisfies TranslatorOptions;
export const training = { learningRate: 0.01, warmUp: 20, batchTokens: 512, schedule: "linear" } satisfies TrainOptions;

/** A translator of the toy language, trained for some updates. */
export async function toyTranslator(updates: number, options: TranslatorOptions = {}): Promise<Translator> {
  const pairs = toyPairs(400);
  const model = await Translator.create(pairs, { ...sizes, ...options });
  const steps = train(model, pairs, { ...training, updates });
  while ((await steps.next()).done !== true);
  return model;
}
