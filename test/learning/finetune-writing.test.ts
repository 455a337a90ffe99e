/** Fine-tuning for texts that are written: teacher forcing, prefixes, scores by generation, folders that write. */
import { afterEach, describe, expect, it } from "vitest";
import { finetuneTasks, type FinetuneConfig } from "../../src/learning/index.ts";
import { lossOf } from "../../src/objectives/index.ts";
import { createModel, openModel } from "../../src/tasks/open.ts";
import { open } from "../../src/tasks/open-task.ts";
import { TextModel } from "../../src/tasks/text-model.ts";
import { architectureOf } from "../../src/models/index.ts";
import { adam, Trainer } from "../../src/training/index.ts";
import { openFolderTokenizer } from "../../src/checkpoints/index.ts";
import { checkpoint, here, rowsOf, t5Words } from "../tasks/checkpoints.ts";
import { filesWith, finetuned, tinyBert } from "./runs.ts";

const opened: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose();
});

const words: Readonly<Record<string, string>> = { chat: "cat", chien: "dog", rouge: "red", noir: "black" };
const names = Object.keys(words);
const pairs = names.flatMap((a) => names.map((b) => [`${a} ${b}`, `${words[a]!} ${words[b]!}`] as const));
const tsv = ["source\ttarget", ...pairs.map((pair) => pair.join("\t")), ""].join("\n");
const column = (side: 0 | 1): string => `${pairs.map((pair) => pair[side]).join("\n")}\n`;

const sizes = {
  t5: { model_type: "t5", d_model: 32, d_kv: 16, d_ff: 64, num_layers: 1, num_heads: 2, dropout_rate: 0 },
  bart: {
    ...{ model_type: "bart", d_model: 32, encoder_layers: 1, decoder_layers: 1, encoder_attention_heads: 2 },
    ...{ decoder_attention_heads: 2, encoder_ffn_dim: 64, decoder_ffn_dim: 64, max_position_embeddings: 32 },
    ...{ dropout: 0, attention_dropout: 0, activation_dropout: 0 },
  },
  marian: {
    ...{ model_type: "marian", d_model: 32, encoder_layers: 1, decoder_layers: 1, encoder_attention_heads: 2 },
    ...{ decoder_attention_heads: 2, encoder_ffn_dim: 64, decoder_ffn_dim: 64, max_position_embeddings: 32 },
    ...{ dropout: 0, attention_dropout: 0, activation_dropout: 0 },
  },
};

describe("texts that are written", () => {
  it.each(["t5", "bart", "marian"] as const)("are learned by a fresh %s, and the folder translates", async (family) => {
    const files = await filesWith({ "train.tsv": tsv });
    const { folder, scores } = await finetuned(
      {
        ...{ task: "translate", data: ["train.tsv"], test: ["train.tsv"], model: sizes[family] },
        tokenizer: { family, size: { bart: 300, marian: 60, t5: 160 }[family] },
        training: { updates: 150, learningRate: 0.01 },
      },
      files,
    );
    expect(scores["chrF"]).toBeGreaterThan(90);
    const translator = await open(folder, { task: "translate", ...here });
    opened.push(translator);
    const found = await translator.translate(["chat noir", "chien rouge"]);
    expect(found.map(([best]) => best!.text)).toEqual(["cat black", "dog red"]);
  });

  it("come from tables, or from two files of texts line by line", async () => {
    const files = await filesWith({
      "a.tsv": tsv,
      "a.fr": column(0),
      "a.en": column(1),
      "b.en": "one\n",
      "c.en": column(1)
        .replace("cat", " ")
        .replace(/^ cat$/m, " "),
    });
    const { read } = finetuneTasks.translate;
    const bare = (rows: Awaited<ReturnType<typeof read>>) => rows.map(({ source, targets }) => [source, targets[0]]);
    expect(bare(await read(files, ["a.fr", "a.en"], {}))).toEqual(bare(await read(files, ["a.tsv"], {})));
    await expect(read(files, ["a.fr"], {})).rejects.toThrow("a.fr has no partner");
    await expect(read(files, ["a.fr", "b.en"], {})).rejects.toThrow(/a\.fr has 16 lines and .*b\.en has 1/);
  });

  it("have the head's own loss, whatever is padding", async () => {
    const architecture = architectureOf({ ...sizes.t5, vocab_size: 53 }, "json", { task: "conditional-generation" });
    const model = await createModel(architecture, here);
    opened.push(model);
    const tokenizer = await openFolderTokenizer(await checkpoint("t5-conditional-generation", t5Words));
    const rows = [
      { source: "w7 w8 w9", targets: ["w10"], place: "1" },
      { source: "w11", targets: ["w12 w13 w14"], place: "2" },
    ];
    const made = finetuneTasks.translate.prepare(new TextModel(model, tokenizer), rows, {
      labelSmoothing: 0,
    } as FinetuneConfig);
    const { feeds, targets } = made.batch([0, 1]);
    expect(rowsOf(feeds["labels"]!)).toEqual([
      [10, 1, -100, -100],
      [12, 13, 14, 1],
    ]);
    expect(targets).toBe(6);
    const how = { optimizer: adam(), seed: 1 };
    const batch = { feeds, targets, examples: [0, 1] };
    const trainer = await Trainer.create(model.engine, made.objective, how, model.parameters);
    const { loss } = await trainer.evaluate([batch]);
    const own = await Trainer.create(model.engine, lossOf(architecture, Object.keys(feeds)), how, model.parameters);
    expect(loss).toBeCloseTo((await own.evaluate([{ ...batch, targets: 1 }]))["loss"]!, 4);
  });

  it("stand behind a prefix, which the folder remembers", async () => {
    const files = await filesWith({
      "train.csv": `text,summary\n${names.map((a) => `${a} ${a},${words[a]!}`).join("\n")}\n`,
    });
    const given = {
      task: "summarize",
      data: ["train.csv"],
      test: ["train.csv"],
      model: sizes.t5,
      prefix: "summarize: ",
    };
    const { folder, scores, summary } = await finetuned(
      { ...given, tokenizer: { family: "t5", size: 160 }, training: { updates: 80 } },
      files,
    );
    expect(summary[0]).toBe('4 pairs of texts, each source behind "summarize: "');
    expect(scores["rougeL"]).toBe(1);
    const summarizer = await open(folder, { task: "summarize", ...here });
    opened.push(summarizer);
    expect((await summarizer.summarize(["noir noir"]))[0]![0]!.text).toBe("black");
    const json = JSON.parse(new TextDecoder().decode(await folder.read("config.json"))) as Record<string, unknown>;
    expect(json["task_specific_params"]).toEqual({ summarization: { prefix: "summarize: " } });
    const again = await openModel(folder, here);
    opened.push(again);
  });

  it("answer questions in words", async () => {
    const paragraphs = [
      {
        context: "the cat is red",
        qas: [
          { id: 1, question: "what is red?", answers: [{ text: "the cat", answer_start: 0 }] },
          { id: 2, question: "what color?", answers: [{ text: "red", answer_start: 11 }] },
        ],
      },
    ];
    const files = await filesWith({ "train.json": JSON.stringify({ data: [{ title: "", paragraphs }] }) });
    const rows = await finetuneTasks.respond.read(files, ["train.json"], {});
    expect(rows[0]).toMatchObject({ source: "question: what is red? context: the cat is red", targets: ["the cat"] });
    const given = { task: "respond", data: ["train.json"], test: ["train.json"], model: sizes.t5 };
    const { scores } = await finetuned(
      { ...given, tokenizer: { family: "t5", size: 180 }, training: { updates: 40, learningRate: 0.01 } },
      files,
    );
    expect(scores["exact match"]).toBe(100);
  });
});

it("one of several texts is chosen, and rows without as many choices are named", async () => {
  const rows = names.map((a, i) => JSON.stringify({ context: a, choices: names.map((b) => words[b]), label: i }));
  const lettered = ["question,A,B,answer", "one and one,two,three,A", "one and two,two,three,B", ""].join("\n");
  const files = await filesWith({
    "train.jsonl": rows.join("\n"),
    "abc.csv": lettered,
    "odd.jsonl": `${rows[0]!}\n{"context":"x","choices":["a","b"],"label":0}`,
    "wrong.jsonl": '{"context":"x","choices":["a","b"],"label":2}',
  });
  const model = { ...tinyBert, num_hidden_layers: 2 };
  const training = { updates: 40, learningRate: 0.003 };
  const given = { task: "choice", model, data: ["train.jsonl"], test: ["train.jsonl"], training };
  expect((await finetuned(given, files)).scores["accuracy"]).toBe(1);
  const read = await finetuneTasks.choice.read(files, ["abc.csv"], {});
  expect(read.map(({ choices, label }) => choices[label])).toEqual(["two", "three"]);
  await expect(finetuned({ ...given, data: ["odd.jsonl"] }, files)).rejects.toThrow(
    "odd.jsonl, line 2: there are 2 choices, but the first row has 4.",
  );
  await expect(finetuned({ ...given, data: ["wrong.jsonl"] }, files)).rejects.toThrow(
    'the right choice is "2"; expected a number from 0 to 1',
  );
});
