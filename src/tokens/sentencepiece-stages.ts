import { CheckpointError } from "../errors/index.ts";
import { specialToken, type AddedToken } from "./added-tokens.ts";
import { Bpe } from "./bpe.ts";
import { readCharsmap } from "./charsmap.ts";
import { compareCodePoints } from "./characters.ts";
import { makeDecoder, type Decoder } from "./decoders.ts";
import type { Model } from "./model.ts";
import { makeNormalizer, type Normalizer } from "./normalizers.ts";
import { makePreTokenizer, type PreTokenizer } from "./pre-tokenizers.ts";
import type { SentencePieceFile } from "./sentencepiece.ts";
import type { StageJson } from "./stages.ts";
import { Unigram } from "./unigram.ts";

const BLANK = "▁";

/**
 * The stages before the model that do what SentencePiece does with a text.
 * @param before Stages of the family that come first.
 * @param firstOnly Whether the blank is put before the beginning of the text only, not after every special token.
 */
export function sentencePieceInput(
  file: SentencePieceFile,
  before: readonly Normalizer[] = [],
  firstOnly = false,
): { normalizer: Normalizer; preTokenizer: PreTokenizer | undefined } {
  const stages = [...before];
  if (file.charsmap.length > 0) stages.push(charsmapStage(file.charsmap));
  if (file.collapsesBlanks) {
    stages.push(makeNormalizer(replace({ Regex: "\\A +|[ ▁]+\\z" }, "")));
    stages.push(makeNormalizer(replace({ Regex: " {2,}" }, " ")));
  }
  if (file.addsBlank) {
    const prepend = makeNormalizer({ type: "Prepend", prepend: BLANK });
    stages.push({
      json: prepend.json,
      normalize: (piece) => (firstOnly && piece.start > 0 ? piece : prepend.normalize(piece)),
    });
  }
  stages.push(makeNormalizer(replace({ String: " " }, BLANK)));
  return {
    normalizer: inTurn(stages),
    preTokenizer: wordsApart(file)
      ? makePreTokenizer({ type: "Metaspace", replacement: BLANK, prepend_scheme: "never", split: true })
      : undefined,
  };
}

function inTurn(stages: readonly Normalizer[]): Normalizer {
  return {
    json: { type: "Sequence", normalizers: stages.map((stage) => stage.json) },
    normalize: (piece) => stages.reduce((text, stage) => stage.normalize(text), piece),
  };
}

/** tokenizer.json has a stage for the rules, which takes a few combined characters otherwise than SentencePiece. */
function charsmapStage(charsmap: Uint8Array): Normalizer {
  const precompiled_charsmap = toBase64(charsmap);
  const rules = readCharsmap(precompiled_charsmap, "normalizer");
  return {
    json: { type: "Precompiled", precompiled_charsmap },
    normalize: (piece) => rules.normalizeLongest(piece),
  };
}

/**
 * Whether no piece crosses the border between two words, so that words can be looked at one by one. Where two ways to
 * cut a word are equally likely, as "ff f" and "f ff", SentencePiece chooses by how the sum over the whole sentence
 * was rounded; here it is the sum over the word.
 */
function wordsApart({ pieces, algorithm }: SentencePieceFile): boolean {
  return (
    algorithm !== "char" &&
    pieces.some(({ piece }) => piece === BLANK) &&
    pieces.every(({ piece, kind }) => kind !== "normal" || piece.lastIndexOf(BLANK) <= 0)
  );
}

/** The way back: blanks for their signs, without the one that was put before the text. */
export function sentencePieceDecoder({ byteFallback, addsBlank }: SentencePieceFile): Decoder {
  const stages: StageJson[] = [replace({ String: BLANK }, " ")];
  if (byteFallback) stages.push({ type: "ByteFallback" });
  stages.push({ type: "Fuse" });
  if (addsBlank) stages.push({ type: "Strip", content: " ", start: 1, stop: 0 });
  return makeDecoder({ type: "Sequence", decoders: stages });
}

/**
 * The model of a SentencePiece file over a vocabulary that may differ from the file's.
 * @param pieces The vocabulary in the order of the ids; the file's own unless told otherwise.
 */
export function sentencePieceModel(
  file: SentencePieceFile,
  name: string,
  pieces: readonly (readonly [string, number])[] = file.pieces.map(({ piece, score }) => [piece, score]),
  unknownId: number = file.unknownId,
): Model {
  const { algorithm, byteFallback } = file;
  if (algorithm === "unigram") {
    const inert = new Set(
      file.pieces.filter(({ kind }) => kind !== "normal" && kind !== "user-defined").map(({ piece }) => piece),
    );
    const hidden = pieces.flatMap(([piece], id) => (inert.has(piece) ? [id] : []));
    return new Unigram({ pieces, unknownId, byteFallback, singlePrecision: true, hidden });
  }
  if (algorithm === "bpe") {
    const vocabulary = new Map(pieces.map(([piece], id) => [piece, id]));
    const unknownToken = pieces[unknownId]?.[0];
    return new Bpe(vocabulary, mergesOf(file, vocabulary), { unknownToken, byteFallback, fuseUnknown: true });
  }
  throw new CheckpointError(
    `${name} holds SentencePiece's "${algorithm}" model; unigram and bpe are known here. Convert it to tokenizer.json.`,
  );
}

/**
 * The merges of a SentencePiece byte-pair encoding, which keeps only scores: each piece can be made of any two that
 * the vocabulary has, and the better piece is made first.
 */
function mergesOf(file: SentencePieceFile, vocabulary: ReadonlyMap<string, number>): [string, string][] {
  const merges: { left: string; right: string; score: number; ids: [number, number] }[] = [];
  for (const { piece, score, kind } of file.pieces) {
    if (kind !== "normal" && kind !== "user-defined") continue;
    for (let at = 1; at < piece.length; at++) {
      const [left, right] = [piece.slice(0, at), piece.slice(at)];
      const ids: [number | undefined, number | undefined] = [vocabulary.get(left), vocabulary.get(right)];
      if (ids[0] !== undefined && ids[1] !== undefined) {
        merges.push({ left, right, score, ids: [ids[0], ids[1]] });
      }
    }
  }
  return merges
    .sort(
      (a, b) => b.score - a.score || a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1] || compareCodePoints(a.left, b.left),
    )
    .map(({ left, right }) => [left, right]);
}

/** Control and user-defined pieces, which are found in the text as they are. */
export function sentencePieceTokens({ pieces }: SentencePieceFile): AddedToken[] {
  return pieces.flatMap(({ piece, kind }, id) => {
    if (kind !== "control" && kind !== "user-defined") return [];
    return [{ ...specialToken(id, piece), special: kind === "control" }];
  });
}

function replace(pattern: Readonly<Record<string, string>>, content: string): StageJson {
  return { type: "Replace", pattern, content };
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
