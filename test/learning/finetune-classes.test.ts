/** Fine-tuning for classes and numbers, from tables to a folder that opens. */
import { afterEach, describe, expect, it } from "vitest";
import { scoreOf } from "../../src/evaluation/index.ts";
import { finetuneTasks, type FinetuneConfig } from "../../src/learning/index.ts";
import { open } from "../../src/tasks/open-task.ts";
import { TextModel } from "../../src/tasks/text-model.ts";
import { drawnFolder, here, plainWords, rowsOf } from "../tasks/checkpoints.ts";
import { openModel } from "../../src/tasks/open.ts";
import { openFolderTokenizer } from "../../src/checkpoints/index.ts";
import { filesWith, finetuned, tinyGpt } from "./runs.ts";

const opened: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose();
});

const good = ["good", "fine", "great", "lovely"];
const bad = ["bad", "poor", "awful", "dull"];
/** Sentences that say what they are. */
const reviews = (words: readonly string[], label: string): string[] =>
  words.flatMap((word) => [`a ${word} film\t${label}`, `the story is ${word}\t${label}`]);
const table = (rows: readonly string[]): string => ["text\tlabel", ...rows, ""].join("\n");
const sentiment = table([...reviews(good, "pos"), ...reviews(bad, "neg")]);

describe("classes", () => {
  it("are learned, and the folder opens as a classifier", async () => {
    const files = await filesWith({
      "train.tsv": sentiment,
      "test.tsv": table(["a lovely story\tpos", "the film is dull\tneg"]),
    });
    const { folder, scores, summary } = await finetuned(
      { task: "classify", data: ["train.tsv"], test: ["test.tsv"] },
      files,
    );
    expect(scores["accuracy"]).toBe(1);
    expect(scores["loss"]).toBeLessThan(0.2);
    expect(summary[0]).toBe("16 rows: neg 50.0 %, pos 50.0 %");
    const classifier = await open(folder, { task: "classify", ...here });
    opened.push(classifier);
    expect((await classifier.classify(["a great film"]))[0]![0]!.label).toBe("pos");
  });

  it("are those of a decoder without a padding token, too, whatever the lengths of texts", async () => {
    const files = await filesWith({ "train.tsv": sentiment });
    const given = { task: "classify", data: ["train.tsv"], test: ["train.tsv"], model: tinyGpt };
    const { scores } = await finetuned({ ...given, tokenizer: { family: "gpt2", size: 300 } }, files);
    expect(scores["accuracy"]).toBe(1);
  });

  it("of rows in a batch are scored as each row alone", async () => {
    const config = { ...tinyGpt, vocab_size: 53, id2label: { "0": "a", "1": "b" } };
    const folder = await drawnFolder(config, "GPT2ForSequenceClassification", plainWords);
    const model = await openModel(folder, here);
    opened.push(model);
    const reader = new TextModel(model, await openFolderTokenizer(folder));
    const rows = ["w7 w8 w9 w10", "w11"].map((input, i) => ({ input, labels: ["ab"[i]!], place: `line ${i}` }));
    const made = finetuneTasks.classify.prepare(reader, rows, { labelSmoothing: 0 } as FinetuneConfig);
    const logits = async (examples: readonly number[]): Promise<number[][]> => {
      const feeds = Object.fromEntries(
        Object.entries(made.batch(examples).feeds).filter(([name]) => name !== "labels"),
      );
      return rowsOf((await model.run(feeds, { outputs: ["logits"] })).get("logits")!);
    };
    const together = await logits([0, 1]);
    for (const [i, row] of together.entries()) {
      const [alone] = await logits([i]);
      for (const [k, value] of row.entries()) expect(value).toBeCloseTo(alone![k]!, 4);
    }
  });

  it("may be several for a text: a|b in a cell, or a column for each", async () => {
    const rows = ["good and long\tgood|long", "good\tgood", "long\tlong", "neither\t", "long and good\tlong|good"];
    const files = await filesWith({
      "cells.tsv": table(rows),
      "columns.csv": "text,good,long\ngood and long,1,1\ngood,1,0\nlong,0,1\nneither,0,0\nlong and good,1,1\n",
    });
    const given = { task: "classify", multiLabel: true, training: { updates: 40 } };
    const cells = await finetuned({ ...given, data: ["cells.tsv"], test: ["cells.tsv"] }, files);
    expect(cells.scores["F1, micro"]).toBe(1);
    expect(cells.scores["accuracy of whole sets"]).toBe(1);
    const columns = { label: ["good", "long"] };
    const split = await finetuned({ ...given, columns, data: ["columns.csv"], test: ["columns.csv"] }, files);
    expect(split.scores).toEqual(cells.scores);
    const json = JSON.parse(new TextDecoder().decode(await cells.folder.read("config.json"))) as Record<
      string,
      unknown
    >;
    expect(json["problem_type"]).toBe("multi_label_classification");
  });

  it("are of pairs, by columns of any name", async () => {
    const same = (a: string, b: string): string => `${a},${b},${a === b ? "same" : "other"}`;
    const words = ["cat", "dog", "hen"];
    const csv = ["one,two,what", ...words.flatMap((a) => words.map((b) => same(a, b))), ""].join("\n");
    const files = await filesWith({ "pairs.csv": csv });
    const columns = { first: "one", second: "two", label: "what" };
    const given = { task: "pairs", columns, data: ["pairs.csv"], test: ["pairs.csv"], training: { updates: 60 } };
    expect((await finetuned(given, files)).scores["accuracy"]).toBeGreaterThan(0.85);
    await expect(finetuned({ ...given, columns: { ...columns, first: "on" } }, files)).rejects.toThrow(
      'has no column "on". Did you mean "one"? Its columns are one, two, what.',
    );
    await expect(finetuned({ ...given, columns: { left: "one" } }, files)).rejects.toThrow(
      'columns: this task reads no "left". It reads first, second, label.',
    );
  });

  it("that are unknown, missing or alone are named with file and line", async () => {
    const files = await filesWith({
      "train.tsv": sentiment,
      "wrong.tsv": table(["fine\tpos", "dull\tnegg"]),
      "one.tsv": table(reviews(good, "pos")),
      "empty.tsv": "",
      "header.tsv": "text\tlabel\n",
      "blank.tsv": table(["\tpos"]),
    });
    const of = (given: object): Promise<unknown> =>
      finetuned({ task: "classify", data: ["train.tsv"], ...given }, files);
    await expect(of({ test: ["wrong.tsv"] })).rejects.toThrow(
      'wrong.tsv, line 3: the label "negg" is none that the model learns. Did you mean "neg"? They are neg, pos.',
    );
    await expect(of({ data: ["one.tsv"] })).rejects.toThrow('All rows have the label "pos".');
    await expect(of({ data: ["empty.tsv"] })).rejects.toThrow("empty.tsv has no rows.");
    await expect(of({ data: ["header.tsv"] })).rejects.toThrow("header.tsv has no rows.");
    await expect(of({ data: ["blank.tsv"] })).rejects.toThrow("blank.tsv, line 2: the text is empty.");
  });

  it("of texts that are cut off are counted", async () => {
    const files = await filesWith({ "train.tsv": sentiment });
    const { summary } = await finetuned(
      { task: "classify", data: ["train.tsv"], maxLength: 5, training: { updates: 1 } },
      files,
    );
    expect(summary.at(-1)).toMatch(/^\d+ of 16 texts are longer than the model may read: their ends are cut off/);
  });
});

describe("numbers", () => {
  it("are learned, and what is none is named", async () => {
    const rows = ["none\t0", "one\t1", "two\t2", "three\t3", "one and two\t3", "one and one\t2"];
    const files = await filesWith({ "train.tsv": table(rows), "wrong.tsv": table(["one\t1", "two\ttwo"]) });
    const given = { task: "regress", data: ["train.tsv"], training: { updates: 60 } };
    const { scores } = await finetuned({ ...given, test: ["train.tsv"] }, files);
    expect(scores["Pearson correlation"]).toBeGreaterThan(0.95);
    await expect(finetuned({ ...given, test: ["wrong.tsv"] }, files)).rejects.toThrow(
      'wrong.tsv, line 3: the label is "two"; to learn numbers, a number was expected.',
    );
  });
});

it("judges a model that was trained elsewhere, without training rows", async () => {
  const files = await filesWith({ "train.tsv": sentiment });
  const { folder } = await finetuned({ task: "classify", data: ["train.tsv"] }, files);
  const classifier = await open(folder, { task: "classify", ...here });
  opened.push(classifier);
  const rows = await finetuneTasks.classify.read(files, ["train.tsv"], {});
  const judged = await finetuneTasks.classify.judge(classifier, rows, {});
  expect(judged[0]!.metric).toBe("accuracy");
  expect(scoreOf(judged[0]!)).toBe(1);
  expect(judged[0]!.examples).toBe(16);
});
