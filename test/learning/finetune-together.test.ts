/** Several tasks on one body: GPT's inputs with their marks, heads in one program, a folder for each. */
import { afterEach, describe, expect, it } from "vitest";
import { finetuneTogether } from "../../src/learning/index.ts";
import { memoryFolder } from "../../src/files/index.ts";
import { open } from "../../src/tasks/open-task.ts";
import { readTensors } from "../../src/checkpoints/index.ts";
import { openFolderTokenizer } from "../../src/checkpoints/index.ts";
import { markedTokenizer, trainTokenizer } from "../../src/tokens/index.ts";
import { here } from "../tasks/checkpoints.ts";
import { filesWith, ran, tinyBert, tinyGpt } from "./runs.ts";

const opened: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose();
});

const animals = ["cat", "dog", "hen"];
const table = (header: string, rows: readonly string[]): string => [header, ...rows, ""].join("\n");
const files = await filesWith({
  "mood.tsv": table("text\tlabel", ["good cat\tpos", "bad cat\tneg", "good dog\tpos", "bad dog\tneg", "bad hen\tneg"]),
  "first.tsv": table("text1\ttext2\tlabel", ["good\tbad\tdown", "bad\tgood\tup", "good\tgood\tsame", "bad\tbad\tsame"]),
  "same.tsv": table(
    "text1\ttext2\tlabel",
    animals.flatMap((a) => animals.map((b) => `${a}\t${b}\t${a === b ? "yes" : "no"}`)),
  ),
  "choice.jsonl": animals.map((a, label) => JSON.stringify({ context: a, choices: animals, label })).join("\n"),
});
const task = (kind: string, file: string): object => ({ kind, data: [file], validation: [file], test: [file] });
const tasks = {
  mood: task("classify", "mood.tsv"),
  order: task("pairs", "first.tsv"),
  same: task("similarity", "same.tsv"),
  pick: task("choice", "choice.jsonl"),
};
const training = { updates: 100, learningRate: 0.005, batchTokens: 256, validateEvery: 50 };

describe("several tasks on one body", () => {
  it("are learned by a decoder from marked texts, each a folder of its own", async () => {
    const given = { model: { ...tinyGpt, n_layer: 1 }, tokenizer: { family: "gpt2", size: 280 }, tasks, training };
    const { folder, scores, summary, steps } = await ran(finetuneTogether, given, files);
    expect(summary.slice(0, 4)).toEqual([
      "mood: 5 examples, neg, pos",
      "order: 4 examples, down, same, up",
      "same: 9 examples, no, yes",
      "pick: 3 examples, of choices",
    ]);
    expect(scores["accuracy"]).toBeGreaterThan(0.8);
    expect(scores["mood: accuracy"]).toBe(1);
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss);
    const mood = await open(folder.at("mood"), { task: "classify", ...here });
    opened.push(mood);
    expect(mood.labels).toEqual(["neg", "pos"]);
    expect((await mood.classify(["good hen"]))[0]![0]!.label).toBe("pos");
    expect(mood.tokenizer.encode(["a", "b"]).tokens.filter((token) => token.startsWith("<"))).toEqual([
      "<start>",
      "<delimiter>",
      "<extract>",
    ]);
    const order = await open(folder.at("order"), { task: "classify", ...here });
    opened.push(order);
    expect((await order.classify([["bad", "good"] as const]))[0]![0]!.label).toBe("up");
    // One body: the same numbers in every folder; a head of its own in each.
    const [a, b] = [
      await readTensors(folder.at("mood"), "model.safetensors"),
      await readTensors(folder.at("same"), "model.safetensors"),
    ];
    expect(a.get("transformer.h.0.attn.c_attn.weight")!.data).toEqual(
      b.get("transformer.h.0.attn.c_attn.weight")!.data,
    );
    expect(a.get("score.weight")!.data).not.toEqual(b.get("score.weight")!.data);
    expect([...a.keys()].some((name) => name.startsWith("heads."))).toBe(false);
  });

  it("are learned by an encoder, without a language model beside", async () => {
    const given = { model: tinyBert, tokenizer: { family: "bert", size: 60 }, tasks, training };
    const { folder, scores } = await ran(finetuneTogether, given, files);
    expect(scores["accuracy"]).toBeGreaterThan(0.8);
    const mood = await open(folder.at("mood"), { task: "classify", ...here });
    opened.push(mood);
    expect(mood.tokenizer.encode("good").tokens[0]).toBe("[CLS]");
  });

  it("begin from a folder, whose table of embeddings gets rows for the marks", async () => {
    const one = { mood: tasks.mood };
    const { folder } = await ran(
      finetuneTogether,
      { model: tinyGpt, tokenizer: { family: "gpt2", size: 280 }, tasks: one, training: { ...training, updates: 2 } },
      files,
    );
    const tokenizer = await trainTokenizer(["good bad cat"], { family: "gpt2", size: 270 });
    const start = memoryFolder();
    const from = folder.at("mood");
    for (const { name } of await from.list()) await start.write(`base/${name}`, await from.read(name));
    const before = await openFolderTokenizer(from, "gpt2");
    expect(before.tokenToId("<extract>")).toBe(before.size - 1);
    expect(markedTokenizer(tokenizer).size).toBe(tokenizer.size + 3);
    for (const name of ["mood.tsv"]) await start.write(name, await files.read(name));
    const again = await ran(
      finetuneTogether,
      { model: "base", tasks: one, training: { ...training, updates: 2 } },
      start,
    );
    expect(again.scores["mood: accuracy"]).toBeDefined();
  });

  it("go on where a run was stopped, to the bit", async () => {
    const given = {
      model: tinyGpt,
      tokenizer: { family: "gpt2", size: 280 },
      tasks,
      training: { ...training, updates: 6, schedule: "constant", saveEvery: 3 },
    };
    const whole = await ran(finetuneTogether, given, files);
    const folder = memoryFolder();
    await ran(finetuneTogether, { ...given, training: { ...given.training, updates: 3 } }, files, folder);
    const resumed = await ran(finetuneTogether, given, files, folder, true);
    expect(resumed.steps.map(({ loss }) => loss)).toEqual(whole.steps.slice(3).map(({ loss }) => loss));
  });
});
