/** The models of the lessons reach in Node, from the same seeds, what the lessons say of them. */
import { readFileSync } from "node:fs";
import { createEngine, Stopped } from "heed";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bigrams, sentences, trainToyAttention, words } from "../../studio/src/lessons/models/attention.ts";
import { trainAndSearch } from "../../studio/src/lessons/models/beams.ts";
import { compareStacks } from "../../studio/src/lessons/models/blocks.ts";
import { nearest, nouns, relations, trainEmbeddings } from "../../studio/src/lessons/models/embeddings.ts";
import { trainTwoHeads } from "../../studio/src/lessons/models/heads.ts";
import { mean, trainTwoMasks } from "../../studio/src/lessons/models/masks.ts";
import { countsOf, formulas, ofOneLayer } from "../../studio/src/lessons/models/parameters.ts";
import { trainPerceptrons } from "../../studio/src/lessons/models/perceptron.ts";
import { trainWithAndWithout } from "../../studio/src/lessons/models/positions.ts";
import { firstVectors, openCalculator, type Calculator } from "../../studio/src/lessons/models/query-key.ts";
import { learnVocabularies, mergesOf, text, tokensOf } from "../../studio/src/lessons/models/tokens.ts";
import { askSubject, best, gold, headsOf, trainVisits } from "../../studio/src/lessons/models/translation.ts";
import { visits } from "../../studio/src/lessons/models/visits.ts";
import { largest, type Work } from "../../studio/src/lessons/models/work.ts";

const options = { engine: "onnxruntime", threads: 1 } as const;
const work = (more: Partial<Work> = {}): Work => ({
  engine: () => createEngine(options),
  quick: true,
  seed: 1,
  stop: { aborted: false },
  progress: () => undefined,
  ...more,
});

describe("the models of the lessons", () => {
  it("perceptrons separate what a line separates; hidden units bend it", async () => {
    const { lines, hidden } = await trainPerceptrons(work());
    expect(lines.map(({ right, of }) => right === of)).toEqual([true, true, false]);
    expect(lines[2]!.right).toBeLessThanOrEqual(30);
    expect(hidden.right).toBe(hidden.of);
  });

  it("merges shorten the text, and a word is what its merges leave", async () => {
    const all = await learnVocabularies();
    expect(all[0]!.length).toBe(text.length + 1);
    for (const [i, { length }] of all.entries()) if (i > 0) expect(length).toBeLessThan(all[i - 1]!.length);
    const { tokenizer } = all.at(-1)!;
    expect(mergesOf(tokenizer, "slowest").at(-1)!.symbols).toEqual(tokensOf(tokenizer, "slowest"));
  });

  it("embeddings carry relations over", async () => {
    const { analogies, cosines } = await trainEmbeddings(work());
    const answer = (relation: number, noun: string): string =>
      nearest(analogies[relation]![nouns.indexOf(noun)]!, [...relations[relation]!, noun])[0]!.noun;
    expect(answer(0, "king")).toBe("queen");
    expect(answer(1, "woman")).toBe("queen");
    expect(answer(2, "king")).toBe("kings");
    expect(cosines[0]![0]).toBeCloseTo(1, 5);
  });

  it("one head gets right by looking back what a bigram table cannot know", async () => {
    expect(Math.max(...bigrams()[words.indexOf("the")]!)).toBe(0.5);
    const { losses, weights, chances } = await trainToyAttention(work());
    expect(losses.at(-1)).toBeCloseTo(Math.LN2 / 4, 2);
    for (const [s, sentence] of sentences.entries()) {
      expect(words[largest(chances[s]![3]!)]).toBe(sentence[4]);
      expect(largest(weights[s]![3]!)).toBe(1);
    }
  });

  it("two heads share the work, and each is missed for its own part", async () => {
    const { ablated, onDay, onPerson } = await trainTwoHeads(work());
    expect(ablated[0]!.dish).toBe(1);
    expect(onDay[0]).toBeGreaterThan(0.9);
    expect(onPerson[1]).toBeGreaterThan(0.6);
    expect(ablated[1]).toMatchObject({ person: 1, day: expect.closeTo(1 / 3, 1) as number });
    expect(ablated[2]).toMatchObject({ day: 1, person: expect.closeTo(1 / 3, 1) as number });
  });

  it("without positions a sentence is a bag of words", async () => {
    const { with: placed, without } = await trainWithAndWithout(work());
    expect(placed.accuracy).toBe(1);
    expect(without.accuracy).toBeCloseTo(0.5, 5);
  });

  it("without residuals and norms the gradient fades on its way down", async () => {
    const stacks = await compareStacks(work());
    const ratios = stacks.map(({ gradientNorms }) => gradientNorms[0]! / gradientNorms.at(-1)!);
    expect(ratios[0]).toBeGreaterThan(0.5);
    expect(ratios[3]).toBeLessThan(0.5);
    expect(Math.min(...ratios)).toBe(ratios[3]);
  });

  it("what follows helps where a mask lets it be seen", async () => {
    const { causal, masked, seenCausally, seenFreely, causalPerplexity, maskedPerplexity } =
      await trainTwoMasks(work());
    const at = (rows: typeof causal, place: number): number => mean(rows.map((row) => row[place]!));
    expect(at(causal, 2)).toBeCloseTo(Math.log(4), 1);
    expect(at(masked, 2)).toBeLessThan(0.1);
    expect(maskedPerplexity).toBeLessThan(causalPerplexity);
    expect(seenCausally.map((row) => row.filter((weight) => weight > 0).length)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(Math.min(...seenFreely.flat())).toBeGreaterThan(0);
  });

  it("beams find what greedy search passes by", async () => {
    const { all } = await trainAndSearch(work());
    expect(all.map(({ text: found }) => found.split(" ")[1])).toEqual(["cook", "guest", "guest"]);
    expect(all[1]!.chance).toBeCloseTo(0.35, 1);
    const ends = all[1]!.nodes.filter(({ state, best: won }) => state === "finished" && won);
    expect(ends.map(({ chance }) => chance)).toEqual([expect.closeTo(all[1]!.chance, 4) as number]);
  });

  it("formulas and counts of parameters agree", () => {
    for (const layers of [1, 3]) {
      const sizes = { layers, width: 32 * layers, vocabulary: 500, positions: 128 };
      expect(formulas(sizes).reduce((sum, { count }) => sum + count, 0)).toBe(countsOf(sizes).total);
      expect(ofOneLayer(sizes)).toBe(12 * sizes.width ** 2 + 13 * sizes.width);
    }
  });

  it("a translator trained on the spot is judged by the corpus's gold alignments", async () => {
    const subject = await trainVisits(work(), options);
    try {
      const { heads, read, written } = await headsOf(askSubject(subject), "small", work());
      expect(read).toEqual(["Jane", "visite", "l'", "Afrique", "en", "septembre", "</s>"]);
      expect(written).toEqual(["Jane", "visits", "Africa", "in", "September", "</s>"]);
      for (const { weights, correct, total: counted } of heads) {
        expect(correct).toBeLessThanOrEqual(counted);
        // A blank may be a token of its own: what looks at it looks at no word.
        for (const row of weights) {
          const sum = row.reduce((total, weight) => total + weight, 0);
          expect(sum).toBeGreaterThan(0.8);
          expect(sum).toBeLessThan(1.0001);
        }
      }
      expect(best(heads)[0]!.correct).toBe(Math.max(...heads.map(({ correct }) => correct)));
    } finally {
      await subject.dispose();
    }
  });

  it("sentences and alignments are the corpus's", () => {
    const [fr, en, align] = ["fr", "en", "align"].map((name) =>
      readFileSync(new URL(`../../corpus/french-english/train.${name}`, import.meta.url), "utf8").split("\n"),
    );
    const rows = new Set(fr!.map((line, i) => `${line}|${en![i]!}|${align![i]!}`));
    for (const { source, target, alignment } of visits) {
      expect(rows).toContain(`${source}|${target}|${alignment.map((link) => link.join("-")).join(" ")}`);
    }
    const alike = visits.find(({ source }) => source === "Sophie visite l'Afrique en avril")!;
    expect(gold).toEqual(alike.alignment);
  });

  it("stops when the learner says so", async () => {
    const stop = { aborted: false };
    const progress = (): void => void (stop.aborted = true);
    await expect(trainToyAttention(work({ stop, progress }))).rejects.toBeInstanceOf(Stopped);
  });
});

describe("attention by hand", () => {
  let calculator: Calculator;
  beforeAll(async () => {
    calculator = await openCalculator(work());
  });
  afterAll(() => calculator.dispose());

  it("is softmax(q · k / √d) over the values", async () => {
    const query = [1, 2];
    const { scores, weights, output } = await calculator.attend({ ...firstVectors, query });
    const raw = firstVectors.keys.map((key) => (key[0]! * query[0]! + key[1]! * query[1]!) / Math.SQRT2);
    const sum = raw.reduce((total, score) => total + Math.exp(score), 0);
    for (const [i, score] of raw.entries()) {
      expect(scores[i]).toBeCloseTo(score, 4);
      expect(weights[i]).toBeCloseTo(Math.exp(score) / sum, 4);
    }
    for (const d of [0, 1]) {
      const value = weights.reduce((total, weight, i) => total + weight * firstVectors.values[i]![d]!, 0);
      expect(output[d]).toBeCloseTo(value, 4);
    }
  });
});
