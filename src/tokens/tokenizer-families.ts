import type { StageJson } from "./stages.ts";
import { templateOf } from "./template.ts";
import type { Role } from "./tokenizer-config.ts";

/** What a tokenizer can be trained as. */
export const tokenizerKinds = ["bpe", "byte-level-bpe", "wordpiece", "unigram", "words", "characters"] as const;
export type TokenizerKind = (typeof tokenizerKinds)[number];

/** The usual pipeline of a family of models: what stands around the vocabulary. */
export interface FamilyPipeline {
  readonly kind: TokenizerKind;
  /** Get the first ids. */
  readonly specialTokens: readonly string[];
  /** Get the last ids. */
  readonly lastTokens?: readonly string[];
  /** The parts that special tokens play. */
  readonly roles: Readonly<Partial<Record<Role, string>>>;
  /** Whether the mask takes the blank before it with it. */
  readonly maskTakesBlank?: true;
  readonly normalizer?: StageJson;
  readonly preTokenizer: StageJson;
  readonly postProcessor?: StageJson;
  /** The trainer's own where there is none. */
  readonly decoder?: StageJson;
  readonly byteFallback?: boolean;
  readonly endOfWordSuffix?: string;
}

const sequence = (stages: string, ...list: StageJson[]): StageJson => ({ type: "Sequence", [stages]: list });
const replace = (pattern: object, content: string): StageJson => ({ type: "Replace", pattern, content });
const oneBlank = replace({ Regex: " {2,}" }, " ");
const byteLevel = (prefix: boolean, trim: boolean): StageJson => {
  return { type: "ByteLevel", add_prefix_space: prefix, trim_offsets: trim, use_regex: true };
};
const metaspace = (scheme: "always" | "first"): StageJson => {
  return { type: "Metaspace", replacement: "▁", prepend_scheme: scheme, split: true };
};
const bertNormalizer = {
  type: "BertNormalizer",
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase: true,
};

const bertTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const bert: FamilyPipeline = {
  kind: "wordpiece",
  specialTokens: bertTokens,
  roles: { pad: "[PAD]", unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", mask: "[MASK]" },
  normalizer: bertNormalizer,
  preTokenizer: { type: "BertPreTokenizer" },
  postProcessor: templateOf("[CLS] A [SEP]", "[CLS] A [SEP] B:1 [SEP]:1", bertTokens),
};

const robertaTokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];
const roberta: FamilyPipeline = {
  kind: "byte-level-bpe",
  specialTokens: robertaTokens,
  roles: { bos: "<s>", eos: "</s>", unk: "<unk>", sep: "</s>", pad: "<pad>", cls: "<s>", mask: "<mask>" },
  maskTakesBlank: true,
  preTokenizer: byteLevel(false, true),
  postProcessor: {
    type: "RobertaProcessing",
    sep: ["</s>", robertaTokens.indexOf("</s>")],
    cls: ["<s>", robertaTokens.indexOf("<s>")],
    trim_offsets: true,
    add_prefix_space: false,
  },
  decoder: byteLevel(true, true),
};

const albertTokens = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"];
const albert: FamilyPipeline = {
  kind: "unigram",
  specialTokens: albertTokens,
  roles: { bos: "[CLS]", eos: "[SEP]", unk: "<unk>", sep: "[SEP]", pad: "<pad>", cls: "[CLS]", mask: "[MASK]" },
  maskTakesBlank: true,
  normalizer: sequence(
    "normalizers",
    replace({ String: "``" }, '"'),
    replace({ String: "''" }, '"'),
    { type: "NFKD" },
    { type: "StripAccents" },
    { type: "Lowercase" },
    oneBlank,
  ),
  preTokenizer: metaspace("always"),
  postProcessor: templateOf("[CLS] A [SEP]", "[CLS] A [SEP] B:1 [SEP]:1", albertTokens),
  decoder: metaspace("always"),
};

const t5Tokens = ["<pad>", "</s>", "<unk>"];
const t5: FamilyPipeline = {
  kind: "unigram",
  specialTokens: t5Tokens,
  lastTokens: Array.from({ length: 100 }, (_, i) => `<extra_id_${99 - i}>`),
  roles: { eos: "</s>", unk: "<unk>", pad: "<pad>" },
  normalizer: sequence("normalizers", { type: "Nmt" }, { type: "NFKC" }, oneBlank),
  preTokenizer: metaspace("always"),
  postProcessor: templateOf("A </s>", "A </s> B </s>", t5Tokens),
  decoder: metaspace("always"),
};

const marianTokens = ["</s>", "<unk>"];
const marian: FamilyPipeline = {
  ...t5,
  specialTokens: marianTokens,
  lastTokens: ["<pad>"],
  postProcessor: templateOf("A </s>", "A B </s>", marianTokens),
};

const llamaTokens = ["<unk>", "<s>", "</s>"];
const llama: FamilyPipeline = {
  kind: "bpe",
  specialTokens: llamaTokens,
  roles: { bos: "<s>", eos: "</s>", unk: "<unk>" },
  byteFallback: true,
  preTokenizer: metaspace("first"),
  postProcessor: templateOf("<s> A", "<s> A <s>:1 B:1", llamaTokens),
  decoder: sequence(
    "decoders",
    replace({ String: "▁" }, " "),
    { type: "ByteFallback" },
    { type: "Fuse" },
    { type: "Strip", content: " ", start: 1, stop: 0 },
  ),
};

const gpt: FamilyPipeline = {
  kind: "bpe",
  specialTokens: ["<unk>"],
  roles: { unk: "<unk>" },
  endOfWordSuffix: "</w>",
  normalizer: bertNormalizer,
  preTokenizer: { type: "BertPreTokenizer" },
};

const gpt2: FamilyPipeline = {
  kind: "byte-level-bpe",
  specialTokens: ["<|endoftext|>"],
  roles: { bos: "<|endoftext|>", eos: "<|endoftext|>", unk: "<|endoftext|>" },
  preTokenizer: byteLevel(false, true),
  postProcessor: byteLevel(true, false),
  decoder: byteLevel(true, true),
};

/** The families of models whose usual pipeline is known. */
export const tokenizerFamilies = {
  albert,
  bart: roberta,
  bert,
  distilbert: bert,
  electra: bert,
  gpt,
  gpt2,
  llama,
  marian,
  roberta,
  t5,
} as const satisfies Readonly<Record<string, FamilyPipeline>>;
export type TokenizerFamily = keyof typeof tokenizerFamilies;

/** The family that a kind of tokenizer is best known from. */
export const familyOfKind: Readonly<Record<TokenizerKind, TokenizerFamily>> = {
  bpe: "llama",
  "byte-level-bpe": "gpt2",
  wordpiece: "bert",
  unigram: "marian",
  words: "bert",
  characters: "gpt2",
};

/** The kinds whose tokens are whole: what a text is cut into is the vocabulary. Any family's special tokens go with them. */
const wholeStages = {
  /** What stands between white space: words, or the k-mers of a sequence. */
  words: { preTokenizer: { type: "WhitespaceSplit" } },
  /** Every character, white space too, so that texts come back to the letter. */
  characters: {
    preTokenizer: { type: "Split", pattern: { Regex: "[\\s\\S]" }, behavior: "Isolated", invert: false },
    decoder: { type: "Fuse" },
  },
} as const satisfies Readonly<Partial<Record<TokenizerKind, Pick<FamilyPipeline, "preTokenizer" | "decoder">>>>;

/** The pipeline of a kind with a family's special tokens; undefined for a kind that is not the family's. */
export function pipelineOf(kind: TokenizerKind, family: TokenizerFamily): FamilyPipeline | undefined {
  const own: FamilyPipeline = tokenizerFamilies[family];
  if (kind !== "words" && kind !== "characters") return kind === own.kind ? own : undefined;
  const { specialTokens, roles, lastTokens, postProcessor } = own;
  return {
    ...{ kind, specialTokens, roles, ...wholeStages[kind] },
    ...(lastTokens !== undefined && { lastTokens }),
    // That of bytes only moves places, by how bytes are written.
    ...(postProcessor !== undefined && postProcessor.type !== "ByteLevel" && { postProcessor }),
  };
}
