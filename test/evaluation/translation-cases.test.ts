/** BLEU, chrF and perplexity beside sacreBLEU and PyTorch, in 1,000 random cases each. */
import { expect, it } from "vitest";
import {
  bleu,
  chrf,
  perplexity,
  sentenceBleu,
  type BleuOptions,
  type ChrfOptions,
} from "../../src/evaluation/index.ts";
import { expectSame, golden } from "./task-goldens.ts";

interface Goldens {
  readonly translation: readonly {
    readonly hypotheses: string[];
    readonly references: string[][];
    readonly bleuOptions: BleuOptions;
    readonly bleu: number;
    readonly sentence: number;
    readonly chrfOptions: ChrfOptions;
    readonly chrf: number;
  }[];
  readonly perplexity: readonly { readonly nats: number[][]; readonly perplexity: number }[];
}
const { translation, perplexity: surprises } = golden("translation") as Goldens;

it("translations are judged as sacreBLEU judges them", () => {
  expect(translation).toHaveLength(1000);
  for (const one of translation) {
    const what = (): string => JSON.stringify(one);
    expectSame(bleu(one.hypotheses, one.references, one.bleuOptions).score, one.bleu, what);
    const firsts = one.references.map(([first]) => first!);
    expectSame(sentenceBleu(one.hypotheses[0]!, firsts).score, one.sentence, what);
    expectSame(chrf(one.hypotheses, one.references, one.chrfOptions).score, one.chrf, what);
  }
});

it("perplexity is that of PyTorch's cross-entropy", () => {
  expect(surprises).toHaveLength(1000);
  for (const { nats, perplexity: expected } of surprises) {
    const losses = nats.map((row) => ({ nats: row.reduce((sum, x) => sum + x, 0) / row.length, tokens: row.length }));
    expectSame(perplexity(losses), expected, () => JSON.stringify(nats));
  }
});
