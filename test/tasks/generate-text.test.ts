/** Writing text with decoders: what comes back as text is what Python's ids say. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { memoryFolder } from "../../src/files/index.ts";
import type { GenerateCase } from "../../src/tasks/golden-file.ts";
import { readGolden } from "../../src/tasks/golden-file.ts";
import type { TextGenerator } from "../../src/tasks/generate-text.ts";
import { open } from "../../src/tasks/open-task.ts";
import { trainTokenizer } from "../../src/tokens/index.ts";
import {
  checkpoint,
  drawnFolder,
  endSpecial,
  filesOf,
  here,
  plainWords,
  rowsOf,
  wordsOf,
  wordTokenizer,
} from "./checkpoints.ts";

const chatTemplate =
  "{% for message in messages %}w5 {{ message.content }} {% endfor %}{% if add_generation_prompt %}w6{% endif %}";

let generator: TextGenerator;
let cases: ReadonlyMap<string, GenerateCase>;
beforeAll(async () => {
  const config = JSON.parse(plainWords["tokenizer_config.json"]!) as object;
  const files = { ...plainWords, "tokenizer_config.json": JSON.stringify({ ...config, chat_template: chatTemplate }) };
  generator = await open(await checkpoint("gpt2-causal-lm", files), { task: "generate", ...here });
  const golden = await readGolden(diskFolder("test/families/gpt2-causal-lm"), "golden.safetensors");
  cases = new Map(golden.generated.map((one) => [one.name, one]));
});
afterAll(() => generator.dispose());

/** The prompts of a case as texts, and the texts that Python's ids are behind them; an end token ends a text. */
function textsOf(name: string): { prompts: string[]; continued: string[]; arguments: GenerateCase["arguments"] } {
  const one = cases.get(name)!;
  const inputs = rowsOf(one.inputs["inputIds"]!);
  const masks = one.inputs["attentionMask"];
  const prompts = inputs.map((row, i) => row.filter((_, at) => masks === undefined || rowsOf(masks)[i]![at] === 1));
  const ends = new Set([one.arguments["eos_token_id"] ?? 1].flat() as number[]);
  const continued = rowsOf(one.ids).map((row) => {
    const after = row.slice(inputs[0]!.length);
    const end = after.findIndex((id) => ends.has(id));
    return after.slice(0, end < 0 ? undefined : end);
  });
  return { prompts: prompts.map(wordsOf), continued: continued.map(wordsOf), arguments: one.arguments };
}

/** The text behind a prompt begins with a blank here. */
const join = (prompt: string, text: string): string => prompt + text;
const expected = (prompt: string, continued: string): string =>
  [prompt, continued].filter((part) => part !== "").join(" ");

describe("generate", () => {
  it.each(["greedy", "batched", "ends", "minimum", "no_repeat", "repetition", "beams_batched"])(
    "%s: equal to Python's ids, with prompts of several lengths in a batch",
    async (name) => {
      const { prompts, continued, arguments: given } = textsOf(name);
      const found = await generator.generate(prompts, { arguments: given });
      expect(found.map(([one], i) => join(prompts[i]!, one!.text))).toEqual(
        prompts.map((prompt, i) => expected(prompt, continued[i]!)),
      );
    },
  );

  it("several beams come back as several texts, best first", async () => {
    const { prompts, continued, arguments: given } = textsOf("beams");
    const [found] = await generator.generate(prompts, { arguments: given });
    expect(found!.map(({ text }) => join(prompts[0]!, text))).toEqual(
      continued.map((text) => expected(prompts[0]!, text)),
    );
    const scores = found!.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });

  it("single options go before arguments, and those before the model's settings", async () => {
    const { prompts, arguments: given } = textsOf("greedy");
    const length = async (options: object): Promise<number> =>
      (await generator.generate(prompts, { minNewTokens: 3, ...options }))[0]![0]!.ids.length;
    expect(await length({ arguments: given, maxNewTokens: 3 })).toBe(3);
    expect(await length({ arguments: { max_new_tokens: 4 }, maxNewTokens: undefined })).toBe(4);
    // 16 positions less the prompt's 4.
    expect(await length({ minNewTokens: 12 })).toBe(12);
    const folder = await checkpoint("gpt2-causal-lm", { ...plainWords, "generation_config.json": '{"max_length": 7}' });
    const other = await open(folder, { task: "generate", ...here });
    expect((await other.generate(prompts))[0]![0]!.ids.length).toBe(3);
    await other.dispose();
  });

  it("draws the same with the same seed, whatever the batch, and otherwise with another", async () => {
    const options = { doSample: true, temperature: 5, topK: 0, seed: 3, numReturnSequences: 3, maxNewTokens: 6 };
    const texts = async (prompts: string[], more: object = {}): Promise<string[]> =>
      (await generator.generate(prompts, { ...options, ...more })).flat().map(({ text }) => text);
    const together = await texts(["w7 w8", "w9 w10 w11"]);
    expect(new Set(together).size).toBe(6);
    expect(await texts(["w7 w8", "w9 w10 w11"])).toEqual(together);
    expect(await texts(["w7 w8"])).toEqual(together.slice(0, 3));
    expect(await texts(["w9 w10 w11"], { places: [1] })).toEqual(together.slice(3));
    expect(await texts(["w7 w8"], { seed: 4 })).not.toEqual(together.slice(0, 3));
  });

  it("ends in front of a stop string", async () => {
    const { prompts, continued } = textsOf("greedy");
    const words = continued[0]!.split(" ");
    const [[one]] = (await generator.generate(prompts, { stopStrings: words[2]!, maxNewTokens: 8 })) as unknown as [
      [{ text: string; finished: boolean }],
    ];
    const at = words.indexOf(words[2]!);
    expect([one.text.trim(), one.finished]).toEqual([words.slice(0, at).join(" "), true]);
  });

  it("answers conversations in the model's form, and refuses them where it has none", async () => {
    const [[one]] = (await generator.generate([[{ role: "user", content: "w7 w8" }]], {
      maxNewTokens: 4,
    })) as unknown as [[{ text: string }]];
    const [[same]] = (await generator.generate(["w5 w7 w8 w6"], { maxNewTokens: 4 })) as unknown as [
      [{ text: string }],
    ];
    expect(one.text).toBe(same.text);
    const plain = await open(await checkpoint("gpt2-causal-lm", plainWords), { task: "generate", ...here });
    await expect(plain.generate([[{ role: "user", content: "w7" }]])).rejects.toThrow(
      "This model has no chat template",
    );
    await plain.dispose();
  });

  it("begins from nothing with the token that begins texts", async () => {
    const [[one]] = (await generator.generate([""], { maxNewTokens: 3, minNewTokens: 3 })) as unknown as [
      [{ ids: Int32Array }],
    ];
    expect(one.ids).toHaveLength(3);
    const { "tokenizer.json": json } = wordTokenizer(53, { pad: ["<pad>", 0] });
    const bare = await open(await checkpoint("gpt2-causal-lm", { "tokenizer.json": json! }), {
      task: "generate",
      ...here,
    });
    await expect(bare.generate([""])).rejects.toThrow(
      "The prompt is empty, and this tokenizer has no token to begin with.",
    );
    await expect(bare.generate([])).rejects.toThrow("There is no prompt.");
    await bare.dispose();
  });

  it("refuses a prompt that is too long; truncated, it keeps its end and has room to go on", async () => {
    const long = wordsOf(Array.from({ length: 20 }, (_, i) => 7 + i));
    await expect(generator.generate([long])).rejects.toThrow("Text 1 has 20 tokens; this model reads at most 16.");
    const [[one]] = (await generator.generate([long], { truncate: true, maxNewTokens: 4 })) as unknown as [
      [{ ids: Int32Array }],
    ];
    const end = wordsOf(Array.from({ length: 12 }, (_, i) => 15 + i));
    const [[same]] = (await generator.generate([end], { maxNewTokens: 4 })) as unknown as [[{ ids: Int32Array }]];
    expect(one.ids).toEqual(same.ids);
  });
});

describe("stream", () => {
  async function streamed(of: TextGenerator, prompt: string, options: object = {}): Promise<string[]> {
    const pieces: string[] = [];
    for await (const piece of of.stream(prompt, options)) pieces.push(piece);
    return pieces;
  }

  it("gives the whole text in pieces", async () => {
    const { prompts, continued } = textsOf("greedy");
    const pieces = await streamed(generator, prompts[0]!, { maxNewTokens: 8 });
    expect(pieces.length).toBeGreaterThan(3);
    expect(join(prompts[0]!, pieces.join(""))).toBe(expected(prompts[0]!, continued[0]!));
    await expect(streamed(generator, "w7", { numBeams: 2 })).rejects.toThrow("A stream is one sequence");
  });

  it("keeps the blank between the prompt and what follows, as SentencePiece drops it at the front", async () => {
    const text = "the cat sees the dog and the dog sees the cat";
    const tokenizer = await trainTokenizer([text], { family: "llama", size: 300 });
    const config = {
      ...{ model_type: "llama", vocab_size: tokenizer.size, hidden_size: 8, intermediate_size: 8, eos_token_id: 2 },
      ...{ num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 32 },
    };
    const model = await open(await drawnFolder(config, "LlamaForCausalLM", filesOf(tokenizer)), {
      task: "generate",
      ...here,
    });
    const words = ["▁the", "▁cat", "▁dog"].map((word) => tokenizer.tokenToId(word)!);
    expect(words.every((id) => id >= 0)).toBe(true);
    const options = { maxNewTokens: 5, prefixAllowedTokens: () => words };
    const [[one]] = (await model.generate(["the cat"], options)) as unknown as [[{ text: string; ids: Int32Array }]];
    expect(one.text).toMatch(/^( (the|cat|dog)){5}$/);
    expect((await streamed(model, "the cat", options)).join("")).toBe(one.text);
    await model.dispose();
  });

  it("is the same of a folder that was saved", async () => {
    const folder = memoryFolder();
    await generator.save(folder);
    const again = await open(folder, { task: "generate", ...here });
    expect(await streamed(again, "w7 w8", { maxNewTokens: 5 })).toEqual(
      await streamed(generator, "w7 w8", { maxNewTokens: 5 }),
    );
    await again.dispose();
    expect(endSpecial["eos"]).toEqual(["</s>", 1]);
  });
});
