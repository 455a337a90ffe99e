/** Instruction tuning: which tokens are learned, token by token; and a run from files to a folder that answers. */
import { beforeAll, describe, expect, it } from "vitest";
import { instructionRow, type InstructionRow } from "../../src/data/index.ts";
import { memoryFolder, readJson, type Folder } from "../../src/files/index.ts";
import {
  instruct,
  instructionExamples,
  instructionPreview,
  instructionReader,
  instructionSummary,
  learn,
  readInstructions,
  wayConfig,
  writingHead,
  type InstructionReader,
} from "../../src/learning/index.ts";
import { open } from "../../src/tasks/open-task.ts";
import type { TextModel } from "../../src/tasks/text-model.ts";
import { chatTemplate, trainTokenizer, withChatTemplate, type Tokenizer } from "../../src/tokens/index.ts";
import { checkpoint, here, plainWords, t5Words } from "../tasks/checkpoints.ts";

const row = (values: object): InstructionRow => instructionRow(new Map(Object.entries(values)), "a row");
const talk = (...texts: string[]): InstructionRow =>
  row({ messages: texts.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content })) });

let tokenizer: Tokenizer;
let reader: InstructionReader;
beforeAll(async () => {
  const words = ["User: what is one and one Assistant: one and one is two"];
  const trained = await trainTokenizer(words, { family: "gpt2", size: 300 });
  tokenizer = withChatTemplate(trained, chatTemplate("plain", trained));
  reader = { tokenizer, pairs: false, limit: undefined, end: "<|endoftext|>" };
});
const example = (of: InstructionRow, more: Partial<InstructionReader> = {}) =>
  instructionExamples([of], { ...reader, ...more }).examples[0]!;
const learned = (of: InstructionRow, more: Partial<InstructionReader> = {}): string => {
  const { ids, counts } = example(of, more);
  return tokenizer.decode(
    ids.filter((_, t) => counts[t]),
    { skipSpecialTokens: false },
  );
};

describe("what is learned of a row", () => {
  it("is each answer with its end token, and nothing else", () => {
    expect(learned(talk("one", "two", "and", "is one"))).toBe(" two<|endoftext|> is one<|endoftext|>");
    expect(learned(row({ prompt: "what is", completion: " one" }))).toBe(" one<|endoftext|>");
    expect(learned(row({ instruction: "what", input: "one", output: "two" }))).toBe(" two<|endoftext|>");
  });

  it("is so token by token, by the places of the tokens in the text", () => {
    const of = talk("what é is", "ο one €", "and one", "two");
    const text = "User: what é is\nAssistant: ο one €<|endoftext|>\nUser: and one\nAssistant: two<|endoftext|>";
    const { ids, counts } = example(of);
    const { ids: whole, offsets } = tokenizer.encode(text, { addSpecialTokens: false });
    expect(ids).toEqual(whole);
    const inside = [" ο one €<|endoftext|>", " two<|endoftext|>"].map((answer) => {
      const start = text.indexOf(answer);
      return [start, start + answer.length] as const;
    });
    for (const [t, [start, end]] of offsets.entries()) {
      expect(counts[t], `${t}: ${text.slice(start, end)}`).toBe(inside.some(([a, b]) => start >= a && end <= b));
    }
  });

  it("ends with the last token that counts", () => {
    const { counts, ids } = example(talk("one", "two", "what"));
    expect([counts.at(-1), tokenizer.idToToken(ids.at(-1)!)]).toEqual([true, "<|endoftext|>"]);
  });

  it("has something in front of it, if a completion begins a text", () => {
    const { ids, counts } = example(row({ prompt: "", completion: "one two" }));
    expect([ids[0], counts[0], counts.slice(1).every(Boolean)]).toEqual([0, false, true]);
  });

  it("is shown by the preview", () => {
    const { input, targets } = instructionPreview(example(talk("one", "two")), tokenizer);
    expect(input.join("")).toBe("User:ĠoneĊAssistant:Ġtwo<|endoftext|>");
    expect(targets.map((token, i) => (token === undefined ? "" : input[i])).join("")).toBe("Ġtwo<|endoftext|>");
    expect(targets.every((token, i) => token === undefined || token === input[i])).toBe(true);
  });

  it("is cut off at the limit, left out where nothing is left, and said so", () => {
    const rows = [
      talk("one", "two and one and one"),
      talk("what is one and one and one and one", "two"),
      talk("a", "b"),
    ];
    const limit = example(talk("a", "b")).ids.length;
    const read = instructionExamples(rows, { ...reader, limit });
    expect(read.examples.map(({ ids }) => ids.length <= limit)).toEqual(read.examples.map(() => true));
    expect([read.cut, read.leftOut, read.examples.length]).toEqual([1, 1, 2]);
    const lines = instructionSummary(read).join("\n");
    expect(lines).toContain("1 rows are cut off at the end.");
    expect(lines).toContain("1 rows are left out: nothing of their answers fits.");
    expect(instructionSummary(instructionExamples(rows, reader)).join()).not.toContain("cut");
  });

  it("begins inside a token of the prompt, where it does, and that is said", () => {
    const { joined } = instructionExamples([row({ prompt: "what is ", completion: "one" })], reader);
    expect(joined).toBe(1);
    expect(
      instructionSummary(instructionExamples([row({ prompt: "is ", completion: "one" })], reader)).join(),
    ).toContain("1 answers begin inside a token of the prompt.");
    expect(instructionExamples([row({ prompt: "what is", completion: " one" })], reader).joined).toBe(0);
  });

  it("is a pair for each answer, for an encoder with a decoder", () => {
    const bare = withChatTemplate(tokenizer, chatTemplate("bare", tokenizer));
    const { examples } = instructionExamples([talk("one", "two", "and", "is")], {
      ...reader,
      tokenizer: bare,
      pairs: true,
    });
    const text = (ids: readonly number[] = []): string => bare.decode(ids, { skipSpecialTokens: false });
    expect(examples.map(({ source, ids }) => [text(source), text(ids)])).toEqual([
      ["one", "two"],
      ["one\ntwo<|endoftext|>\nand", "is"],
    ]);
  });

  it("is refused by the number of the row", () => {
    const refusing = withChatTemplate(tokenizer, "{{ raise_exception('no') }}");
    expect(() => instructionExamples([talk("a", "b")], { ...reader, tokenizer: refusing })).toThrow(
      "Row 1: The chat template refuses this conversation: no",
    );
  });
});

describe("files of rows", () => {
  it("are JSON lines, lists in JSON, or tables; an error names the line", async () => {
    const files = memoryFolder();
    await files.write("a.jsonl", '{"prompt": "a", "completion": "b"}\n\n{"instruction": "c", "output": "d"}\n');
    await files.write("b.json", JSON.stringify([{ instruction: "c", input: "", output: "d" }]));
    await files.write("c.tsv", "instruction\toutput\nc\td\n");
    const rows = await readInstructions(files, ["a.jsonl", "b.json", "c.tsv"]);
    expect(rows.map(({ kind }) => kind)).toEqual(["completion", "conversation", "conversation", "conversation"]);
    await files.write("bad.jsonl", '{"prompt": "a", "completion": "b"}\n{"text": "c"}\n');
    await expect(readInstructions(files, ["bad.jsonl"])).rejects.toThrow("bad.jsonl, line 2 has the keys text");
    await files.write("bad.json", "{}");
    await expect(readInstructions(files, ["bad.json"])).rejects.toThrow("holds no list of rows");
  });
});

describe("the reader of a model", () => {
  const text = async (name: string, files: Record<string, string>): Promise<TextModel> =>
    open(await checkpoint(name, files), { task: "read", ...here });

  it("takes the template that the model has, else the one that fits the rows", async () => {
    const model = await text("gpt2-causal-lm", plainWords);
    const of = async (rows: InstructionRow[]) => (await instructionReader(model, rows)).template;
    expect(await of([talk("a", "b")])).toBe("plain");
    expect(await of([row({ instruction: "a", output: "b" })])).toBe("alpaca");
    expect(await of([row({ prompt: "a", completion: "b" })])).toBeUndefined();
    const own = withChatTemplate(model.tokenizer, "{{ messages }}");
    expect((await instructionReader({ model: model.model, tokenizer: own }, [talk("a", "b")])).template).toBe(
      "the model's own",
    );
    const files = memoryFolder();
    await files.write("mine.jinja", "{{ messages[0].content }}");
    const mine = await instructionReader(model, [talk("a", "b")], { template: "mine.jinja", files });
    expect(mine.tokenizer.chat([{ role: "user", content: "w7" }])).toBe("w7");
    await expect(instructionReader(model, [], { template: "chatty" })).rejects.toThrow('no template "chatty"');
    await model.dispose();
    const t5 = await text("t5-conditional-generation", t5Words);
    const pairs = await instructionReader(t5, [talk("a", "b")]);
    expect([pairs.template, pairs.pairs]).toEqual(["bare", true]);
    await t5.dispose();
  });

  it("needs a token that ends texts, and a family that writes", async () => {
    const { "tokenizer.json": json } = plainWords;
    const model = await text("gpt2-causal-lm", { "tokenizer.json": json!, "tokenizer_config.json": "{}" });
    await expect(
      instructionReader({ model: { architecture: model.model.architecture } as never, tokenizer: model.tokenizer }, []),
    ).rejects.toThrow("names no token that ends a text");
    await model.dispose();
    const files = memoryFolder();
    await expect(writingHead({ model_type: "bert" }, { files, from: undefined })).rejects.toThrow(
      "bert does not write",
    );
    expect(await writingHead("gpt2", { files, from: undefined })).toEqual({ task: "causal-lm" });
    expect(await writingHead({ model_type: "t5" }, { files, from: undefined })).toEqual({
      task: "conditional-generation",
    });
  });
});

/** Runs a config to its end. */
async function run(
  files: Folder,
  out: string,
  config: object,
): Promise<{ scores: Readonly<Record<string, number>>; losses: number[] }> {
  const losses: number[] = [];
  const warn = (): void => undefined;
  const made = learn(instruct, wayConfig(instruct, config, "test"), {
    folder: files.at(out),
    files,
    engine: here,
    warn,
  });
  for (;;) {
    const next = await made.next();
    if (next.done === true) return { scores: next.value.scores, losses };
    losses.push(next.value.loss);
  }
}

const words = ["cat", "dog", "sun", "cup"];
const repeat = words.map((a) => ({ messages: [{ role: "user", content: `say ${a}` }, { role: "assistant", content: a }] })); // prettier-ignore
const lines = (rows: readonly object[]): string => rows.map((one) => JSON.stringify(one)).join("\n");
const training = {
  batchTokens: 400,
  learningRate: 0.01,
  schedule: "constant",
  warmUp: 5,
  validateEvery: 30,
  saveEvery: 1000,
};

describe("a run", () => {
  const sizes = { n_embd: 32, n_layer: 1, n_head: 2, n_positions: 24, resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 };

  it.each([false, true])("of a decoder, packed %s, ends in a folder that answers in conversations", async (pack) => {
    const files = memoryFolder();
    await files.write("rows.jsonl", lines(repeat));
    const config = {
      ...{ model: { model_type: "gpt2", ...sizes }, tokenizer: { size: 290 }, pack, seed: 2 },
      ...{ data: ["rows.jsonl"], validation: ["rows.jsonl"], test: ["rows.jsonl"], judged: 4 },
      training: { ...training, updates: 120 },
    };
    const { scores, losses } = await run(files, "out", config);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 4);
    expect(scores["loss"]).toBeLessThan(0.2);
    expect(scores["exact match"]).toBeGreaterThan(0.9);
    const model = await open(files.at("out"), { task: "generate", ...here });
    const [[answer]] = (await model.generate([[{ role: "user", content: "say sun" }]])) as unknown as [
      [{ text: string; finished: boolean }],
    ];
    expect([answer.text.trim(), answer.finished]).toEqual(["sun", true]);
    expect(await readJson(files.at("out"), "generation_config.json")).toMatchObject({ eos_token_id: 0 });
    await model.dispose();
    // And it goes on from there, by the template that it has.
    const again = await run(files, "more", { ...config, model: "out", training: { ...training, updates: 1 } });
    expect(again.losses[0]).toBeLessThan(0.3);
  });

  it("of an encoder-decoder learns the targets", async () => {
    const files = memoryFolder();
    await files.write("rows.jsonl", lines(repeat));
    const t5 = { model_type: "t5", d_model: 32, d_kv: 16, d_ff: 64, num_layers: 1, num_heads: 2, dropout_rate: 0 };
    const { losses, scores } = await run(files, "out", {
      ...{ model: t5, tokenizer: { family: "gpt2", size: 290 }, data: ["rows.jsonl"], test: ["rows.jsonl"], seed: 2 },
      training: { ...training, updates: 120 },
    });
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 3);
    expect(scores["loss"]).toBeLessThan(0.5);
    const config = { model: t5, tokenizer: { size: 290 }, data: ["rows.jsonl"], pack: true };
    await expect(run(files, "no", config)).rejects.toThrow("T5ForConditionalGeneration has an encoder");
  });
});
