import { CheckpointError } from "../errors/index.ts";
import { specialToken } from "./added-tokens.ts";
import { makeDecoder } from "./decoders.ts";
import { bertTemplate } from "./families.ts";
import {
  binaryFile,
  flagOf,
  form,
  template,
  vocabularyOfJson,
  type FamilyReader,
  type TokenizerFiles,
} from "./family-files.ts";
import { languageTemplate, mbartLanguages } from "./languages.ts";
import { makeNormalizer, type Normalizer } from "./normalizers.ts";
import { Relabeled } from "./relabeled.ts";
import { readSentencePiece, type SentencePieceFile } from "./sentencepiece.ts";
import {
  sentencePieceDecoder,
  sentencePieceInput,
  sentencePieceModel,
  sentencePieceTokens,
} from "./sentencepiece-stages.ts";
import type { TokenizerConfig } from "./tokenizer-config.ts";
import { isStarter } from "./unicode-forms.ts";

// The tokenizers of the families whose vocabulary is a SentencePiece file. Texts are treated as SentencePiece itself
// treats them, which is what the models were trained with.

function open(files: TokenizerFiles, names: readonly string[]): { file: SentencePieceFile; name: string } {
  const { name, bytes } = binaryFile(files, names);
  return { name, file: readSentencePiece(bytes, name) };
}

/** T5: spiece.model, and after its pieces the sentinels, the last one first. */
export const t5: FamilyReader = (files, config) => {
  const { file, name } = open(files, ["spiece.model", "tokenizer.model"]);
  const count = typeof config.json["extra_ids"] === "number" ? config.json["extra_ids"] : 100;
  const sentinels = Array.from({ length: count }, (_, i) => `<extra_id_${count - 1 - i}>`);
  const pieces = file.pieces.map(({ piece, score }) => [piece, score] as const);
  return {
    ...sentencePieceInput(file),
    model: sentencePieceModel(file, name, [...pieces, ...sentinels.map((token) => [token, 0] as const)]),
    decoder: sentencePieceDecoder(file),
    special: { eos: form("</s>"), unk: form("<unk>"), pad: form("<pad>") },
    tokens: [...sentencePieceTokens(file), ...sentinels.map((token, i) => specialToken(file.pieces.length + i, token))],
    post: (special) => {
      const eos = special("eos");
      return template(["A", eos.token], ["A", eos.token, "B", eos.token], [eos]);
    },
  };
};

/** Without the marks that a character carries; those that stand beside it stay, unlike in Hugging Face's stage. */
const withoutMarks: Normalizer = {
  json: { type: "StripAccents" },
  normalize: (piece) => {
    const matches: number[] = [];
    let at = 0;
    for (const character of piece.text) {
      matches.push(at, at + character.length, isStarter(character) ? 0 : 1);
      at += character.length;
    }
    return piece.replace(matches, "");
  },
};

/** ALBERT: spiece.model; quotes, accents and capitals are changed before. */
export const albert: FamilyReader = (files, config) => {
  const { file, name } = open(files, ["spiece.model"]);
  const replace = (pattern: Readonly<Record<string, string>>, content: string): Normalizer =>
    makeNormalizer({ type: "Replace", pattern, content });
  const before = [
    replace({ Regex: "[\\s\\x1c-\\x1f]+" }, " "),
    replace({ String: "``" }, '"'),
    replace({ String: "''" }, '"'),
    ...(flagOf(config, "keep_accents", false) ? [] : [makeNormalizer({ type: "NFKD" }), withoutMarks]),
    ...(flagOf(config, "do_lower_case", true) ? [makeNormalizer({ type: "Lowercase" })] : []),
  ];
  // The published tokenizer cuts the comma off a piece that ends in a digit and a comma: here such pieces never win.
  const pieces = file.pieces.map(({ piece, score }) => [piece, /\p{Nd},$/u.test(piece) ? score - 100 : score] as const);
  return {
    ...sentencePieceInput(file, before),
    model: sentencePieceModel(file, name, pieces),
    decoder: sentencePieceDecoder(file),
    special: {
      bos: form("[CLS]"),
      eos: form("[SEP]"),
      unk: form("<unk>"),
      sep: form("[SEP]"),
      pad: form("<pad>"),
      cls: form("[CLS]"),
      mask: form("[MASK]", { lstrip: true }),
    },
    tokens: sentencePieceTokens(file),
    post: (special) => bertTemplate(special("cls"), special("sep")),
  };
};

/** mBART: sentencepiece.bpe.model; its first pieces in fairseq's order, after its pieces the languages and the mask. */
export const mbart: FamilyReader = (files, config) => {
  const { file, name } = open(files, ["sentencepiece.bpe.model"]);
  const languages = mbartLanguages(config);
  const first = ["<s>", "<pad>", "</s>", "<unk>"];
  const last = [...languages, "<mask>"];
  const pieces = file.pieces.slice(3).map(({ piece, score }) => [piece, score] as const);
  const zero = (token: string): readonly [string, number] => [token, 0];
  const offset = first.length + pieces.length;
  const source = config.json["src_lang"];
  return {
    ...sentencePieceInput(file),
    model: sentencePieceModel(file, name, [...first.map(zero), ...pieces, ...last.map(zero)], 3),
    decoder: sentencePieceDecoder(file),
    special: {
      bos: form("<s>"),
      eos: form("</s>"),
      unk: form("<unk>"),
      sep: form("</s>"),
      pad: form("<pad>"),
      cls: form("<s>"),
      mask: form("<mask>", { lstrip: true }),
    },
    tokens: languages.map((token, i) => specialToken(offset + i, token)),
    post: (special) => {
      const code = typeof source === "string" ? source : "en_XX";
      const id = offset + languages.indexOf(code);
      if (id < offset)
        throw new CheckpointError(`tokenizer_config.json: "src_lang" is "${code}", which is none of mBART's.`);
      return languageTemplate({ token: code, id }, special("eos"), config);
    },
  };
};

/**
 * LLaMA: tokenizer.model, byte-pair encoding with bytes for what it lacks. Files that are not "legacy" put the blank
 * before the text only, and not after every special token.
 */
export const llama: FamilyReader = (files, config) => {
  const { file, name } = open(files, ["tokenizer.model"]);
  return {
    ...sentencePieceInput(file, [], !flagOf(config, "legacy", true)),
    model: sentencePieceModel(file, name),
    decoder: sentencePieceDecoder(file),
    special: { bos: form("<s>"), eos: form("</s>"), unk: form("<unk>") },
    tokens: sentencePieceTokens(file),
    post: (special) => {
      const bos = flagOf(config, "add_bos_token", true) ? [special("bos")] : [];
      const eos = flagOf(config, "add_eos_token", false) ? [special("eos")] : [];
      const around = (text: string, type: string): string[] => {
        return [...bos.map(({ token }) => token + type), text + type, ...eos.map(({ token }) => token + type)];
      };
      return template(around("A", ""), [...around("A", ""), ...around("B", ":1")], [...bos, ...eos]);
    },
  };
};

/** Marian: source.spm and target.spm cut, vocab.json numbers. */
export const marian: FamilyReader = (files, config) => marianSide(files, config, "source.spm", "vocab.json");

/** The tokenizer of the language that Marian translates into. */
export const marianTarget: FamilyReader = (files, config) => {
  const own = flagOf(config, "separate_vocabs", false) || files.has("target_vocab.json");
  return marianSide(files, config, "target.spm", own ? "target_vocab.json" : "vocab.json");
};

function marianSide(
  files: TokenizerFiles,
  config: TokenizerConfig,
  pieces: string,
  ids: string,
): ReturnType<FamilyReader> {
  const { file, name } = open(files, [pieces]);
  const vocabulary = vocabularyOfJson(files, ids);
  const unknown = config.special.unk?.content ?? "<unk>";
  const codes = [...vocabulary].filter(([token]) => /^>>.+<<$/.test(token));
  return {
    ...sentencePieceInput(file),
    model: new Relabeled(sentencePieceModel(file, name), vocabulary, unknown),
    decoder: makeDecoder({
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 2 ** 31, stop: 2 ** 31 },
      ],
    }),
    special: { eos: form("</s>"), unk: form(unknown), pad: form("<pad>") },
    tokens: codes.map(([token, id]) => ({ ...form(token, { special: false }), id })),
    post: (special) => {
      const eos = special("eos");
      return template(["A", eos.token], ["A", "B", eos.token], [eos]);
    },
  };
}
