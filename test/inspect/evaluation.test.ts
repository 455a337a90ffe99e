/** How a model is judged, as queries: the numbers are those of src/evaluation on what the library's own tasks give. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accuracy, bleu, confusionMatrix, sentenceBleu } from "../../src/evaluation/index.ts";
import { memoryFolder } from "../../src/files/index.ts";
import { ask, openSubject, queries, translatorSubject, type Subject } from "../../src/inspect/index.ts";
import { TextClassifier } from "../../src/tasks/classify.ts";
import { TokenJudge } from "../../src/tasks/likelihood.ts";
import type { Model } from "../../src/tasks/model.ts";
import type { Translator } from "../../src/tasks/translator.ts";
import { bertWords, checkpoint, here, plainWords } from "../tasks/checkpoints.ts";
import { toyPairs, toyTranslator } from "../tasks/toy.ts";

let translator: Translator;
let subject: Subject;
const pairs = toyPairs(12, 9).map(({ source, target }) => ({ source, target }));
beforeAll(async () => {
  translator = await toyTranslator(25, here);
  subject = translatorSubject(translator);
});
afterAll(() => subject.dispose());

describe("BLEU taken apart", () => {
  it("of a translator is the BLEU of its translations, with sentences that add up to it", async () => {
    const told: number[] = [];
    const progress = (done: number): void => void told.push(done);
    const found = await ask(queries.bleu, subject, { pairs, beams: 2, words: ["chat"], samples: 50 }, { progress });
    const hypotheses = (
      await translator.translate(
        pairs.map(({ source }) => source),
        { beams: 2, batch: 16 },
      )
    ).map((one) => one.text);
    const whole = bleu(hypotheses, [pairs.map(({ target }) => target)]);
    expect(found.score).toBe(whole.score);
    expect(found.sentences.map(({ hypothesis }) => hypothesis)).toEqual(hypotheses);
    for (const [order, { matched, total }] of found.precisions.entries()) {
      expect(found.sentences.reduce((sum, { counts }) => sum + counts[order]!, 0)).toBe(matched);
      expect(found.sentences.reduce((sum, { totals }) => sum + totals[order]!, 0)).toBe(total);
      const clipped = found.sentences.flatMap(({ orders }) => orders![order]!.ngrams.map((ngram) => ngram.clipped));
      expect(clipped.reduce((sum, one) => sum + one, 0)).toBe(matched);
    }
    expect(found.sentences[3]!.score).toBe(sentenceBleu(hypotheses[3]!, [pairs[3]!.target]).score);
    expect(found.interval!.low).toBeLessThanOrEqual(found.interval!.high);
    const withWord = pairs.filter(({ source }) => source.split(" ").includes("chat")).length;
    expect(found.slices.find(({ name }) => name === 'with "chat"')?.examples).toBe(withWord);
    expect(told.at(-1)).toBe(pairs.length);
  });

  it("takes hypotheses as they are, and files of a folder of data", async () => {
    const given = { source: "", target: "the cat sat on the mat", hypothesis: "the the cat mat" };
    const found = await ask(queries.bleu, subject, { pairs: [given] });
    // "the" stands twice in both; Papineni's clipping would cut a third one.
    expect(found.sentences[0]!.orders![0]!.ngrams.find(({ ngram }) => ngram === "the")).toMatchObject({
      ...{ count: 2, most: 2, clipped: 2 },
    });
    expect(found.brevityPenalty).toBeCloseTo(Math.exp(1 - 6 / 4), 10);
    const folder = memoryFolder();
    await folder.write("test.fr", pairs.map(({ source }) => `${source}\n`).join(""));
    await folder.write("test.en", pairs.map(({ target }) => `${target}\n`).join(""));
    const data = { toy: folder };
    const files = { folder: "toy", source: "test.fr", target: "test.en" };
    expect((await ask(queries.bleu, subject, { files, first: 5, beams: 1 }, { data })).segments).toBe(5);
    expect(await ask(queries.data, subject, {}, { data })).toEqual({
      folders: [{ folder: "toy", files: ["test.en", "test.fr"] }],
    });
    const asked = (path: object) => ask(queries.bleu, subject, { files: { ...files, ...path } }, { data });
    await expect(asked({ source: "../secret.fr" })).rejects.toThrow("leaves its folder");
    await expect(asked({ folder: "toi" })).rejects.toThrow('There is no folder of data "toi". Did you mean "toy"?');
    await expect(ask(queries.bleu, subject, {})).rejects.toThrow("There is nothing to judge");
  });
});

describe("classes", () => {
  const labels = { id2label: { "0": "bad", "1": "fine", "2": "good" } };
  const texts = ["w7 w8", "w9", "w10 w11 w12", "w13 w14", "w15", "w16 w17 w18 w19"];
  const rows = texts.map((text, i) => ({ text, label: ["bad", "fine", "good"][i % 3]! }));

  it("are counted, measured and sorted by what the classifier says", async () => {
    const one = await openSubject(await checkpoint("bert-sequence-classification", bertWords, labels), here);
    const classifier = new TextClassifier(one.model as Model<"sequence-classification">, one.tokenizer!);
    const scores = await classifier.classify(texts);
    const predicted = scores.map(([best]) => best!.label);
    const due = rows.map(({ label }) => label);
    const found = await ask(queries.classes, one, { rows, words: ["w9"], bins: 4, samples: 50 });
    const matrix = confusionMatrix(due, predicted, ["bad", "fine", "good"]);
    expect(found.counts.flat()).toEqual([...matrix.counts]);
    expect(found.measures.find(({ name }) => name === "accuracy")!.score).toBe(accuracy(matrix));
    expect(found.errors.map(({ loss }) => loss)).toEqual(found.errors.map(({ loss }) => loss).sort((a, b) => b - a));
    for (const { example, loss, probability, predicted: said, right, confidence } of found.errors) {
      const own = scores[example]!;
      expect(probability).toBeCloseTo(own.find(({ label }) => label === due[example])!.score, 5);
      expect(loss).toBeCloseTo(-Math.log(probability), 6);
      expect(said).toBe(own[0]!.label);
      expect(confidence).toBeCloseTo(own[0]!.score, 5);
      expect(right).toBe(said === due[example]);
    }
    const { bins, error } = found.calibration;
    expect(bins.reduce((sum, { examples }) => sum + examples, 0)).toBe(rows.length);
    const gap = bins.reduce((sum, bin) => sum + (bin.examples === 0 ? 0 : bin.examples * Math.abs(bin.accuracy! - bin.confidence!)), 0); // prettier-ignore
    expect(error).toBeCloseTo(gap / rows.length, 10);
    expect(found.slices.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["class bad", "class fine", "class good", 'with "w9"']),
    );
    await expect(ask(queries.classes, one, { rows: [{ text: "w7", label: "goood" }] })).rejects.toThrow(
      'Did you mean "good"?',
    );
    const folder = memoryFolder();
    await folder.write("test.tsv", `text\tlabel\n${rows.map(({ text, label }) => `${text}\t${label}\n`).join("")}`);
    const file = { folder: "made", path: "test.tsv" };
    const read = await ask(queries.classes, one, { file, samples: 50 }, { data: { made: folder } });
    expect(read.counts).toEqual(found.counts);
    await one.dispose();
  });

  it("are not those of a translator", async () => {
    await expect(ask(queries.classes, subject, { rows })).rejects.toThrow("does not classify texts");
  });
});

describe("perplexity", () => {
  it("of a decoder is what TokenJudge says of the same tokens", async () => {
    const one = await openSubject(await checkpoint("gpt2-causal-lm", plainWords), here);
    const found = await ask(queries.perplexity, one, { text: "w7 w9 w9 w12", hardest: 2 });
    const judge = new TokenJudge(one.model);
    const [judged] = await judge.judge([{ ids: [7, 9, 9, 12], places: [1, 2, 3] }]);
    expect(found.tokens.map(({ place, id }) => [place, id])).toEqual([[1, 9], [2, 9], [3, 12]]); // prettier-ignore
    for (const [i, { loss }] of found.tokens.entries()) expect(loss).toBeCloseTo(-judged!.logProbabilities[i]!, 4);
    expect(found.perplexity).toBeCloseTo(Math.exp(found.nats), 6);
    const [hardest] = [...found.tokens].sort((a, b) => b.loss - a.loss);
    expect(found.hardest[0]).toBe(hardest!.place);
    expect(found.hardest).toHaveLength(2);
    await judge.dispose();
    await one.dispose();
  });

  it("of a translation is that of every token, the end included; a wrong word is the hardest", async () => {
    const trained = await toyTranslator(120, here);
    const own = translatorSubject(trained);
    const found = await ask(queries.perplexity, own, { text: "chat noir lapin", target: "cat white rabbit" });
    expect(found.tokens.map(({ text }) => text).slice(0, 3)).toEqual(["cat", "white", "rabbit"]);
    expect(found.hardest[0]).toBe(1);
    expect(found.tokens[1]!.expected.text).toBe("black");
    await own.dispose();
  });

  it("of an encoder judges each word behind a mask, not the marks around the text", async () => {
    const one = await openSubject(await checkpoint("bert-masked-lm", bertWords), here);
    const found = await ask(queries.perplexity, one, { text: "w7 w8 w9" });
    expect(found.tokens.map(({ id }) => id)).toEqual([7, 8, 9]);
    const masked = await ask(queries.distribution, one, { text: "w7 w8 w9", position: 2, top: 50 });
    expect(found.tokens[1]!.probability).toBeCloseTo(masked.tokens.find(({ id }) => id === 8)!.probabilities[0]!, 5);
    await one.dispose();
  });
});
