/** Fine-tuning for names: words to pieces, repaired tags, a folder that tags. */
import { afterEach, describe, expect, it } from "vitest";
import { finetuneTasks, type FinetuneConfig } from "../../src/learning/index.ts";
import { createModel } from "../../src/tasks/open.ts";
import { open } from "../../src/tasks/open-task.ts";
import { TextModel } from "../../src/tasks/text-model.ts";
import { architectureOf } from "../../src/models/index.ts";
import { trainTokenizer } from "../../src/tokens/index.ts";
import { here, rowsOf } from "../tasks/checkpoints.ts";
import { filesWith, finetuned, tinyBert } from "./runs.ts";

const opened: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose();
});

const sentence = (text: string): string =>
  text
    .split(" ")
    .map((word) => word.replace(/\/|$/, "\t").replace(/\t$/, word.includes("/") ? "" : "\tO"))
    .join("\n");
const conll = [
  "Jane/B-PER Doe/I-PER lives in Paris/B-LOC .",
  "Paul/B-PER visits New/B-LOC York/I-LOC .",
  "in Rome/B-LOC nobody sings .",
  "Jane/B-PER sings in New/B-LOC York/I-LOC .",
]
  .map(sentence)
  .join("\n\n");

describe("tags", () => {
  it("are learned, and the folder opens as a tagger", async () => {
    const files = await filesWith({ "train.conll": conll });
    const given = { task: "tag", data: ["train.conll"], validation: ["train.conll"], test: ["train.conll"] };
    const { folder, scores, summary } = await finetuned(given, files);
    expect(scores).toMatchObject({ F1: 1, precision: 1, recall: 1, "repaired tags": 0 });
    expect(summary[0]).toBe("4 sentences of 22 words, with LOC 4, PER 3");
    const tagger = await open(folder, { task: "tag", ...here });
    opened.push(tagger);
    expect(tagger.labels).toEqual(["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]);
    const spans = await tagger.spans("Jane Doe lives in Paris.");
    expect(spans.map(({ text, label }) => `${label} ${text}`)).toEqual(["PER Jane Doe", "LOC Paris"]);
    expect(
      await tagger.tagWords([
        ["Jane", "Doe", "lives"],
        ["in", "Rome"],
      ]),
    ).toEqual([
      ["B-PER", "I-PER", "O"],
      ["O", "B-LOC"],
    ]);
    const blanks = await tagger.tag("Jane sings in New York .", { blanks: true });
    expect(blanks.map(({ text, label }) => `${text} ${label}`)).toEqual([
      "Jane B-PER",
      "sings O",
      "in O",
      "New B-LOC",
      "York I-LOC",
      ". O",
    ]);
  });

  it("come from JSON lines as from CoNLL's columns", async () => {
    const tags = finetuneTasks.tag;
    const lines = ['{"words":["Jane","sings"],"tags":["B-PER","O"]}', '{"tokens":["hi"],"ner_tags":["O"]}'];
    const files = await filesWith({
      "a.jsonl": lines.join("\n"),
      "a.conll": "Jane B-PER\nsings O\n\nhi O\n",
      "ids.jsonl": '{"words":["Jane"],"tags":[1]}',
      "odd.jsonl": '{"words":["Jane","sings"],"tags":["B-PER"]}',
      "pos.conll": "Jane NNP\n",
    });
    const bare = (rows: Awaited<ReturnType<typeof tags.read>>) => rows.map(({ words, tags: own }) => ({ words, own }));
    expect(bare(await tags.read(files, ["a.jsonl"], {}))).toEqual(bare(await tags.read(files, ["a.conll"], {})));
    await expect(tags.read(files, ["ids.jsonl"], {})).rejects.toThrow("with tags as texts, not as numbers");
    await expect(tags.read(files, ["odd.jsonl"], {})).rejects.toThrow("line 1: there are 2 words and 1 tags.");
    await expect(tags.read(files, ["pos.conll"], {})).rejects.toThrow(
      /pos\.conll, line 1: Tag 1 of a sentence is "NNP"/,
    );
  });

  it("that begin a name with I- are repaired, and said to be", async () => {
    const files = await filesWith({ "train.conll": "Jane I-PER\nDoe I-PER\nRome I-LOC\nis O\nbig O\n" });
    const rows = await finetuneTasks.tag.read(files, ["train.conll"], {});
    expect(rows[0]!.tags).toEqual(["B-PER", "I-PER", "B-LOC", "O", "O"]);
    const { summary } = await finetuned({ task: "tag", data: ["train.conll"], training: { updates: 1 } }, files);
    expect(summary).toContain("2 tags I- with nothing of their name before them begin a name: read as B-");
  });

  it("of a name that the model does not learn are named with file and line", async () => {
    const files = await filesWith({ "train.conll": conll, "test.conll": "x O\n\nAcme B-ORG\n" });
    await expect(finetuned({ task: "tag", data: ["train.conll"], test: ["test.conll"] }, files)).rejects.toThrow(
      /test\.conll, line 3 has a "ORG", which the model does not learn/,
    );
  });

  it("stand at the first piece of a word, or at all of them", async () => {
    const words = ["Jane", "unbelievable", "sings"];
    const tokenizer = await trainTokenizer([words.join(" ")], { family: "bert", size: 30 });
    const rows = [{ words, tags: ["B-PER", "I-PER", "O"], repaired: 0, place: "line 1" }];
    const json = { ...tinyBert, vocab_size: tokenizer.size, ...finetuneTasks.tag.config(rows, {}) };
    const model = await createModel(architectureOf(json, "json", { task: "token-classification" }), here);
    opened.push(model);
    const reader = new TextModel(model, tokenizer);
    const labels = (pieces: "first" | "all"): number[] => {
      const made = finetuneTasks.tag.prepare(reader, rows, { pieces, labelSmoothing: 0 } as FinetuneConfig);
      return rowsOf(made.batch([0]).feeds["labels"]!)[0]!;
    };
    const { wordIds } = tokenizer.encode(words.join(" "));
    const first = wordIds.map((word, at) => (word === undefined || wordIds[at - 1] === word ? -100 : [1, 2, 0][word]!));
    expect(labels("first")).toEqual(first);
    // B- stands at the first piece of all, and I- at the others.
    const all = wordIds.map((word, at) => {
      if (word === undefined) return -100;
      return word === 0 ? (wordIds[at - 1] === 0 ? 2 : 1) : word === 1 ? 2 : 0;
    });
    expect(labels("all")).toEqual(all);
    expect(all.filter((id) => id >= 0).length).toBeGreaterThan(first.filter((id) => id >= 0).length);
  });

  it("that are cut off are counted, and count as O", async () => {
    const files = await filesWith({ "train.conll": conll });
    const given = { task: "tag", data: ["train.conll"], test: ["train.conll"], maxLength: 6 };
    const { scores, summary } = await finetuned(given, files);
    expect(summary.at(-1)).toMatch(/^\d+ words are not learned from: they are cut off/);
    expect(scores["words cut off"]).toBeGreaterThan(0);
    expect(scores["recall"]).toBeLessThan(1);
  });
});
