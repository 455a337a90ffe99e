import { Bpe } from "./bpe.ts";
import { makeDecoder } from "./decoders.ts";
import {
  flagOf,
  form,
  mergesOfLines,
  template,
  textFile,
  vocabularyOfJson,
  vocabularyOfLines,
  type FamilyReader,
  type SpecialToken,
} from "./family-files.ts";
import { makeNormalizer } from "./normalizers.ts";
import { makePreTokenizer } from "./pre-tokenizers.ts";
import { Relabeled } from "./relabeled.ts";
import { unwritable, type StageJson } from "./stages.ts";
import { WordLevel } from "./word-level.ts";
import { WordPiece } from "./word-piece.ts";

// The tokenizers of the families that have a vocabulary of plain text, as their published code defines them.

const byteLevel = (add_prefix_space: boolean, trim_offsets: boolean): StageJson => {
  return { type: "ByteLevel", add_prefix_space, trim_offsets, use_regex: true };
};

/** BERT, and with it DistilBERT, ELECTRA and DNABERT: vocab.txt. */
export const bert: FamilyReader = (files, config) => {
  const unknownToken = config.special.unk?.content ?? "[UNK]";
  return {
    model: new WordPiece({ vocabulary: vocabularyOfLines(textFile(files, "vocab.txt")), unknownToken }),
    normalizer: makeNormalizer({
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: flagOf(config, "tokenize_chinese_chars", true),
      strip_accents: config.json["strip_accents"] ?? null,
      lowercase: flagOf(config, "do_lower_case", true),
    }),
    preTokenizer: makePreTokenizer({ type: "BertPreTokenizer" }),
    decoder: makeDecoder({ type: "WordPiece", prefix: "##", cleanup: true }),
    special: {
      unk: form("[UNK]"),
      sep: form("[SEP]"),
      pad: form("[PAD]"),
      cls: form("[CLS]"),
      mask: form("[MASK]"),
    },
    post: (special) => bertTemplate(special("cls"), special("sep")),
  };
};

/** `cls A sep B sep`, the second text with its mark of type 1. */
export function bertTemplate(cls: SpecialToken, sep: SpecialToken): StageJson {
  const single = [cls.token, "A", sep.token];
  return template(single, [...single, "B:1", `${sep.token}:1`], [cls, sep]);
}

/** RoBERTa and BART: vocab.json and merges.txt, over bytes. */
export const roberta: FamilyReader = (files, config) => {
  const prefixed = flagOf(config, "add_prefix_space", false);
  const trimmed = flagOf(config, "trim_offsets", true);
  return {
    model: new Bpe(vocabularyOfJson(files, "vocab.json"), mergesOfLines(textFile(files, "merges.txt"))),
    preTokenizer: makePreTokenizer(byteLevel(prefixed, true)),
    decoder: makeDecoder(byteLevel(true, true)),
    special: {
      bos: form("<s>"),
      eos: form("</s>"),
      unk: form("<unk>"),
      sep: form("</s>"),
      pad: form("<pad>"),
      cls: form("<s>"),
      mask: form("<mask>", { lstrip: true }),
    },
    post: (special) => ({
      type: "RobertaProcessing",
      sep: [special("sep").token, special("sep").id],
      cls: [special("cls").token, special("cls").id],
      trim_offsets: trimmed,
      add_prefix_space: prefixed,
    }),
  };
};

/** GPT-2: vocab.json and merges.txt, over bytes. */
export const gpt2: FamilyReader = (files, config) => ({
  model: new Bpe(vocabularyOfJson(files, "vocab.json"), mergesOfLines(textFile(files, "merges.txt"))),
  preTokenizer: makePreTokenizer(byteLevel(flagOf(config, "add_prefix_space", false), true)),
  decoder: makeDecoder(byteLevel(true, true)),
  special: { bos: form("<|endoftext|>"), eos: form("<|endoftext|>"), unk: form("<|endoftext|>") },
  post: (special) => {
    const trim = byteLevel(true, false);
    if (!flagOf(config, "add_bos_token", false)) return trim;
    const bos = special("bos");
    return {
      type: "Sequence",
      processors: [trim, template([bos.token, "A"], [bos.token, "A", `${bos.token}:1`, "B:1"], [bos])],
    };
  },
});

/** GPT: vocab.json and merges.txt, over lower-cased words that end in `</w>`. */
export const gpt: FamilyReader = (files, config) => ({
  model: new Bpe(vocabularyOfJson(files, "vocab.json"), mergesOfLines(textFile(files, "merges.txt")), {
    unknownToken: config.special.unk?.content ?? "<unk>",
    endOfWordSuffix: "</w>",
  }),
  normalizer: makeNormalizer({ type: "BertNormalizer", lowercase: true }),
  preTokenizer: makePreTokenizer({ type: "BertPreTokenizer" }),
  decoder: makeDecoder({ type: "BPEDecoder", suffix: "</w>" }),
  special: { unk: form("<unk>") },
});

const CLIP_WORDS = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
/** More than a text has. */
const ALL = 2 ** 31;

/** CLIP's text tower: vocab.json and merges.txt, over the bytes of lower-cased words that end in `</w>`. */
export const clip: FamilyReader = (files, config) => ({
  model: new Bpe(vocabularyOfJson(files, "vocab.json"), mergesOfLines(textFile(files, "merges.txt")), {
    unknownToken: config.special.unk?.content ?? "<|endoftext|>",
    endOfWordSuffix: "</w>",
    continuingSubwordPrefix: "",
  }),
  normalizer: makeNormalizer({
    type: "Sequence",
    normalizers: [
      { type: "NFC" },
      { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
      { type: "Lowercase" },
    ],
  }),
  preTokenizer: makePreTokenizer({
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: CLIP_WORDS }, behavior: "Removed", invert: true },
      byteLevel(false, true),
    ],
  }),
  decoder: makeDecoder({
    type: "Sequence",
    decoders: [
      byteLevel(true, true),
      { type: "Replace", pattern: { String: "</w>" }, content: " " },
      { type: "Strip", content: " ", start: ALL, stop: ALL },
    ],
  }),
  special: {
    bos: form("<|startoftext|>"),
    eos: form("<|endoftext|>"),
    unk: form("<|endoftext|>"),
    pad: form("<|endoftext|>"),
  },
  post: (special) => ({
    type: "RobertaProcessing",
    sep: [special("eos").token, special("eos").id],
    cls: [special("bos").token, special("bos").id],
    trim_offsets: false,
    add_prefix_space: false,
  }),
});

const CTRL_UNKNOWN = "\0unknown";

/**
 * CTRL: vocab.json and merges.txt, over words between white space. The merges know the end of a word as `</w>`; the
 * vocabulary marks what does not end one, with `@@`.
 */
export const ctrl: FamilyReader = (files, config) => {
  const vocabulary = vocabularyOfJson(files, "vocab.json");
  const merges = mergesOfLines(textFile(files, "merges.txt"));
  const symbols = new Set([CTRL_UNKNOWN]);
  for (const token of vocabulary.keys()) symbols.add(token.endsWith("@@") ? token.slice(0, -2) : `${token}</w>`);
  for (const [left, right] of merges)
    symbols
      .add(left)
      .add(right)
      .add(left + right);
  const model = new Bpe(new Map([...symbols].map((symbol, id) => [symbol, id])), merges, {
    unknownToken: CTRL_UNKNOWN,
    endOfWordSuffix: "</w>",
  });
  const name = (symbol: string): string => (symbol.endsWith("</w>") ? symbol.slice(0, -4) : `${symbol}@@`);
  const decode = (tokens: readonly string[]): string[] => [tokens.join(" ").replaceAll("@@ ", "").trim()];
  return {
    model: new Relabeled(model, vocabulary, config.special.unk?.content ?? "<unk>", name),
    preTokenizer: makePreTokenizer({
      type: "Split",
      pattern: { Regex: "\\S+\\n?" },
      behavior: "Removed",
      invert: true,
    }),
    decoder: { json: unwritable("CTRL"), decode },
    special: { unk: form("<unk>") },
  };
};

/** ESM: vocab.txt; each token is found where it stands, and what is between them is unknown. */
export const esm: FamilyReader = (files, config) => {
  const lines = vocabularyOfLines(textFile(files, "vocab.txt"));
  const vocabulary = new Map([...lines].map(([token, id]) => [token.trim(), id]));
  const tokens = [...vocabulary].filter(([token]) => token !== "");
  return {
    model: new WordLevel(vocabulary, config.special.unk?.content ?? "<unk>"),
    preTokenizer: makePreTokenizer({
      type: "Split",
      pattern: { Regex: "[\\s\\x1c-\\x1f]+" },
      behavior: "Removed",
      invert: false,
    }),
    special: {
      unk: form("<unk>"),
      cls: form("<cls>"),
      pad: form("<pad>"),
      mask: form("<mask>"),
      eos: form("<eos>"),
    },
    tokens: tokens.map(([content, id]) => ({ ...form(content, { special: false }), id })),
    post: (special) => {
      const [cls, eos] = [special("cls"), special("eos")];
      const single = [cls.token, "A", eos.token];
      return template(single, [...single, "B", eos.token], [cls, eos]);
    },
  };
};
