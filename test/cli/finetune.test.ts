/** `heed finetune`: options and config files, and the folders that other commands open. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { files, heed } from "./heed.ts";

const sizes = `{ model_type: bert, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 64,
  max_position_embeddings: 32, initializer_range: 0.2, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 }`;
const training = "training: { updates: 40, learningRate: 0.005, batchTokens: 256 }";

test("a tagger: what is learned is said first, scores come last, heed tag opens the folder", async () => {
  const at = await files({
    "train.conll": "Jane\tB-PER\nsings\tO\n.\tO\n\nin\tO\nNew\tB-LOC\nYork\tI-LOC\n\nPaul I-PER\n".replace(
      "Paul I-PER",
      "Paul\tI-PER",
    ),
    "c.yaml": `model: ${sizes}\ntokenizer: { family: bert, size: 60 }\n${training}\n`,
  });
  const out = join(at("train.conll"), "..", "run");
  const given = ["--task", "tag", "--data", at("train.conll"), "--test", at("train.conll"), "--threads", "1"];
  const learned = await heed(["finetune", "--config", at("c.yaml"), ...given, "--out", out]);
  expect(learned.err).toContain("3 sentences of 7 words, with LOC 1, PER 2");
  expect(learned.err).toContain("1 tags I- with nothing of their name before them begin a name: read as B-");
  expect(learned.out).toMatch(/The model is in .*run: F1 1\.0000, precision 1\.0000, recall 1\.0000/);
  const tagged = await heed(["tag", "--model", out, "--blanks", "--words", "--json", "in New York"]);
  expect((JSON.parse(tagged.out) as { label: string }[]).map(({ label }) => label)).toEqual(["O", "B-LOC", "I-LOC"]);
  const wrong = await heed(["finetune", "--config", at("c.yaml"), ...given, "--pieces", "last", "--out", `${out}2`]);
  expect(wrong.err).toMatch(/--pieces.*Allowed choices are first, all/s);
});

test("an answerer that may find no answer, and several tasks by a config", async () => {
  const context = "Jane lives in Rome.";
  const qas = [
    { id: 1, question: "Who?", answers: [{ text: "Jane", answer_start: 0 }] },
    { id: 2, question: "Where?", answers: [{ text: "Rome", answer_start: 14 }] },
    { id: 3, question: "When?", answers: [], is_impossible: true },
  ];
  const at = await files({
    "train.json": JSON.stringify({ data: [{ paragraphs: [{ context, qas }] }] }),
    "context.txt": context,
    "a.tsv": "text\tlabel\ngood\tpos\nbad\tneg\n",
    "c.yaml": `model: ${sizes}\ntokenizer: { family: bert, size: 60 }\n${training}\n`,
  });
  const out = join(at("train.json"), "..", "run");
  await heed(["finetune", "--config", at("c.yaml"), "--task", "answer", "--data", at("train.json"), "--out", out]);
  const asked = (...more: readonly string[]) =>
    heed(["answer", "--model", out, "--context", at("context.txt"), ...more]);
  expect((await asked("When?", "--unanswerable")).out).toMatch(/^\(no answer\)\t[01]\.\d{4}\n$/);
  expect((await asked("When?")).out).not.toContain("no answer");
  expect((await asked("Where?", "--unanswerable", "0")).out).toMatch(/^Rome\t/);
  const both = await files({
    "b.yaml": `model: ${sizes}\ntokenizer: { family: bert, size: 60 }\n${training}\ntasks:\n  mood: { kind: classify, data: [${at("a.tsv")}] }\n`,
  });
  const several = join(out, "..", "several");
  expect((await heed(["finetune", "--config", both("b.yaml"), "--out", several])).err).toContain(
    "mood: 2 examples, neg, pos",
  );
  expect((await heed(["classify", "--model", join(several, "mood"), "good"])).out).toMatch(/^pos\t/);
});
