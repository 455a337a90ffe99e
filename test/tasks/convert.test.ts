/** Translations and summaries by encoder-decoders: prefixes, languages, two vocabularies, settings of config.json. */
import { afterEach, describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import type { Folder } from "../../src/files/index.ts";
import { readGolden } from "../../src/tasks/golden-file.ts";
import { open } from "../../src/tasks/open-task.ts";
import type { TextSummarizer, TextTranslator } from "../../src/tasks/convert.ts";
import { openTokenizerFiles } from "../../src/tokens/index.ts";
import {
  checkpoint,
  drawnFolder,
  endSpecial,
  here,
  olderFiles,
  rowsOf,
  t5Words,
  wordsOf,
  wordTokenizer,
  only,
} from "./checkpoints.ts";

const opened: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose();
});
async function translates(folder: Folder): Promise<TextTranslator> {
  const model = await open(folder, { task: "translate", ...here });
  opened.push(model);
  return model;
}
async function summarizes(folder: Folder): Promise<TextSummarizer> {
  const model = await open(folder, { task: "summarize", ...here });
  opened.push(model);
  return model;
}

/** The prefixes are words of the tokenizer. */
const t5Tasks = {
  task_specific_params: {
    summarization: { prefix: "w20 ", num_beams: 2, max_length: 6, min_length: 6 },
    translation_en_to_de: { prefix: "w21 ", max_length: 7, min_length: 7 },
    translation_en_to_fr: { prefix: "w22 ", max_length: 5, min_length: 5 },
  },
};
const t5 = (config: object = {}): Promise<Folder> =>
  checkpoint("t5-conditional-generation", t5Words, config as Record<string, unknown>);

describe("T5", () => {
  it("writes what Python's ids say, in a batch with padding, in the order of the texts", async () => {
    const golden = await readGolden(diskFolder("test/families/t5-conditional-generation"), "golden.safetensors");
    const one = golden.generated.find(({ name }) => name === "batched")!;
    const masks = rowsOf(one.inputs["attentionMask"]!);
    const sources = rowsOf(one.inputs["inputIds"]!).map((row, i) => row.filter((_, at) => masks[i]![at] === 1));
    // The tokenizer adds the end token; where the golden has none, its text is not one of a tokenizer's.
    const ended = sources.map((row) => (row.at(-1) === 1 ? row.slice(0, -1) : row));
    const model = await translates(await t5());
    const found = await model.translate(ended.map(wordsOf), { arguments: one.arguments, batch: 2 });
    const alone = await Promise.all(ended.map((row) => model.translate([wordsOf(row)], { arguments: one.arguments })));
    expect(found.map(([best]) => best!.text)).toEqual(alone.map((one) => only(one).text));
    const rows = rowsOf(one.ids);
    for (const [i, row] of sources.entries()) {
      if (row.at(-1) !== 1) continue;
      const end = rows[i]!.indexOf(1);
      expect([...found[i]![0]!.ids]).toEqual(rows[i]!.slice(1, end < 0 ? undefined : end));
    }
  });

  it("draws the same whatever is read together", async () => {
    const model = await translates(await t5());
    const options = { doSample: true, topK: 0, temperature: 5, seed: 2, maxNewTokens: 5 };
    const texts = ["w7 w8 w9", "w10", "w11 w12"];
    const ids = async (batch: number): Promise<unknown> =>
      (await model.translate(texts, { ...options, batch })).map(([one]) => [...one!.ids]);
    expect(await ids(1)).toEqual(await ids(3));
  });

  it("is told its task by the prefix and the settings of config.json", async () => {
    const [plain, told] = [await translates(await t5()), await translates(await t5(t5Tasks))];
    expect(told.pairs).toEqual([
      ["en", "de"],
      ["en", "fr"],
    ]);
    const text = "w7 w8 w9";
    for (const [to, prefix, length] of [
      ["de", "w21 ", 7],
      ["fr", "w22 ", 5],
    ] as const) {
      const found = only(await told.translate([text], { from: "en", to }));
      const same = only(
        await plain.translate([text], {
          prefix,
          arguments: { max_length: length, min_length: length },
        }),
      );
      expect(found.ids).toEqual(same.ids);
      expect(await told.translate([text], { to })).toEqual(await told.translate([text], { from: "en", to }));
    }
    const summarizer = await summarizes(await t5(t5Tasks));
    const given = { prefix: "w20 ", numBeams: 2, arguments: { max_length: 6, min_length: 6 } };
    expect(await summarizer.summarize([text])).toEqual(await (await summarizes(await t5())).summarize([text], given));
    // What a call says goes before.
    const short = only(await summarizer.summarize([text], { maxNewTokens: 2, minNewTokens: 0 }));
    expect(short.ids.length).toBeLessThanOrEqual(2);
  });

  it("refuses languages that it was not told of", async () => {
    const told = await translates(await t5(t5Tasks));
    await expect(told.translate(["w7"], { from: "de", to: "en" })).rejects.toThrow(
      "The model translates en to de, en to fr; got de and en. Give one of these pairs, or a prefix.",
    );
    await expect(told.translate(["w7"])).rejects.toThrow("got no from and no to");
    expect(await told.translate(["w7"], { prefix: "w30 ", maxNewTokens: 2 })).toHaveLength(1);
    const plain = await translates(await t5());
    await expect(plain.translate(["w7"], { to: "de" })).rejects.toThrow("The model's files name no languages");
  });

  it("takes the prefix of a whole config.json, and gives empty texts for empty ones", async () => {
    const model = await summarizes(await t5({ prefix: "w20 " }));
    const plain = await summarizes(await t5());
    const options = { maxNewTokens: 4 };
    const found = await model.summarize(["", "w7 w8", "  "], { ...options, numReturnSequences: 2, numBeams: 2 });
    expect(found.map((row) => row.map(({ text }) => text === ""))).toEqual([
      [true, true],
      [false, false],
      [true, true],
    ]);
    expect(await model.summarize(["w7 w8"], options)).toEqual(await plain.summarize(["w20 w7 w8"], options));
    expect(await model.summarize([""], options)).toHaveLength(1);
    expect(await model.summarize([])).toEqual([]);
  });
});

describe("BART", () => {
  it("refuses a text that is longer than its positions, and cuts it if asked to", async () => {
    const form = { single: "</s> A </s>", pair: "</s> A </s> B </s>" };
    const model = await summarizes(
      await checkpoint("bart-conditional-generation", wordTokenizer(53, endSpecial, form)),
    );
    const { longest } = model.model.architecture;
    const text = wordsOf(Array.from({ length: longest! }, (_, i) => 5 + (i % 40)));
    await expect(model.summarize(["w7", text])).rejects.toThrow(`Text 2 has ${longest! + 2} tokens`);
    const cut = text
      .split(" ")
      .slice(0, longest! - 2)
      .join(" ");
    const options = { maxNewTokens: 3 };
    expect(await model.summarize([text], { ...options, truncate: true })).toEqual(
      await model.summarize([cut], options),
    );
  });
});

/** A config for a tokenizer in the older form of a family. */
function sized(files: Record<string, Uint8Array>, config: Readonly<Record<string, unknown>>) {
  const texts = new Map(
    Object.entries(files).map(([name, bytes]) => [
      name,
      /\.(?:spm|model)$/.test(name) ? bytes : new TextDecoder().decode(bytes),
    ]),
  );
  const tokenizer = openTokenizerFiles(texts);
  const layers = { encoder_layers: 1, decoder_layers: 1, encoder_attention_heads: 2, decoder_attention_heads: 2 };
  const widths = { d_model: 8, encoder_ffn_dim: 8, decoder_ffn_dim: 8, max_position_embeddings: 32 };
  return { tokenizer, config: { ...layers, ...widths, vocab_size: tokenizer.size, ...config } };
}

describe("Marian", () => {
  it("reads with one vocabulary and writes with another", async () => {
    const files = olderFiles("marian-two");
    const { tokenizer, config } = sized(files, { model_type: "marian" });
    const special = { pad_token_id: tokenizer.tokenToId("<pad>"), eos_token_id: tokenizer.tokenToId("</s>") };
    const two = {
      decoder_vocab_size: tokenizer.target.size,
      share_encoder_decoder_embeddings: false,
      tie_word_embeddings: false,
    };
    const decoder = { decoder_start_token_id: tokenizer.target.tokenToId("<pad>") };
    const folder = await drawnFolder({ ...config, ...special, ...two, ...decoder }, "MarianMTModel", files);
    const model = await translates(folder);
    expect(model.tokenizer.size).not.toBe(model.tokenizer.target.size);
    const found = only(await model.translate(["the cat sees"], { maxNewTokens: 6, minNewTokens: 6 }));
    expect(found.ids).toHaveLength(6);
    expect(found.text).toBe(model.tokenizer.target.decode(found.ids));
    expect(found.text).not.toBe(model.tokenizer.decode(found.ids));
  });

  it("writes the language in front of the text, by its code with or without signs", async () => {
    const files = olderFiles("marian");
    const { tokenizer, config } = sized(files, { model_type: "marian" });
    const pad = tokenizer.tokenToId("<pad>");
    const special = { pad_token_id: pad, decoder_start_token_id: pad, eos_token_id: tokenizer.tokenToId("</s>") };
    const model = await translates(await drawnFolder({ ...config, ...special }, "MarianMTModel", files));
    expect(model.languages).toEqual([">>fr<<", ">>de<<"]);
    const options = { maxNewTokens: 5 };
    const french = await model.translate(["the old man"], { to: ">>fr<<", ...options });
    expect(await model.translate(["the old man"], { to: "fr", ...options })).toEqual(french);
    expect(await model.translate([">>fr<< the old man"], options)).toEqual(french);
    expect(await model.translate(["the old man"], { to: "de", ...options })).not.toEqual(french);
    await expect(model.translate(["the old man"], { to: "it", ...options })).rejects.toThrow(
      'The model has no language "it".',
    );
  });
});

describe("mBART", () => {
  const files = olderFiles("mbart");
  const { tokenizer, config } = sized(files, { model_type: "mbart", scale_embedding: true });
  const id = (token: string): number => tokenizer.tokenToId(token)!;
  const special = { pad_token_id: id("<pad>"), eos_token_id: id("</s>"), bos_token_id: id("<s>") };
  const options = { maxNewTokens: 5, minNewTokens: 5 };

  it("marks the language of a text, and its decoder starts with that of the translation", async () => {
    const settings = { decoder_start_token_id: id("ro_RO"), ...special };
    const model = await translates(
      await drawnFolder({ ...config, ...settings }, "MBartForConditionalGeneration", files),
    );
    expect(model.languages).toHaveLength(25);
    // Drawn weights write one token again and again; its probability tells the calls apart.
    const to = async (from?: string, language?: string, more: object = {}): Promise<number> =>
      (await model.translate(["the cat"], { from, to: language, ...options, ...more }))[0]![0]!.score;
    const romanian = await to();
    expect([await to("en_XX", "ro_RO"), await to("en", "ro")]).toEqual([romanian, romanian]);
    const french = await to(undefined, "fr_XX");
    expect(french).toBe(await to(undefined, undefined, { decoderStartTokenId: id("fr_XX") }));
    expect(new Set([romanian, french, await to("de_DE", "fr_XX")]).size).toBe(3);
    await expect(to("xx", undefined)).rejects.toThrow(/^The model has no language "xx"\. .*It knows ar_AR, cs_CZ/);
    await expect(to(undefined, "ro_RU")).rejects.toThrow('Did you mean "ro_RO"?');
  });

  it("of 50 languages writes the language behind the end token that its decoder starts with", async () => {
    const settings = { decoder_start_token_id: id("</s>"), ...special };
    const model = await translates(
      await drawnFolder({ ...config, ...settings }, "MBartForConditionalGeneration", files),
    );
    const found = only(await model.translate(["the cat"], { to: "fr", ...options }));
    expect(found.ids[0]).toBe(id("fr_XX"));
  });
});
