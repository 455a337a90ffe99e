import { z } from "zod";
import type { Aligned } from "./aligned.ts";
import { bytesOfPiece, cutWords } from "./byte-level.ts";
import { classBody, classOf, PUNCTUATION, SPACE, WORD_CLASS } from "./characters.ts";
import { matchesOf, patternMatches, patternSchema, type FindMatches } from "./pattern.ts";
import { cutScripts } from "./scripts.ts";
import { makeStage, readSettings, type StageJson, type StageMaker } from "./stages.ts";
import { PUNCTUATION as PUNCTUATION_RANGES } from "./unicode-classes.ts";

/** The second stage: cuts the text into words, which no token crosses. */
export interface PreTokenizer {
  readonly json: StageJson;
  /** Whether it must know where a piece starts in the original text. */
  readonly needsPlaces?: boolean;
  /** Cuts one piece and hands on its parts. Empty parts are dropped by the caller. */
  split(piece: Aligned, emit: (part: Aligned) => void): void;
}

const behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;
/** What becomes of a match that cuts: dropped, a piece of its own, or joined to a neighbor. */
export type SplitBehavior = (typeof behaviors)[number];

const behaviorSchema = z.enum(behaviors);
const byteLevelSchema = z.object({
  add_prefix_space: z.boolean(),
  trim_offsets: z.boolean(),
  use_regex: z.boolean().default(true),
});
const metaspaceSchema = z.object({
  replacement: z.string().length(1),
  add_prefix_space: z.boolean().optional(),
  prepend_scheme: z.enum(["first", "never", "always"]).optional(),
  split: z.boolean().default(true),
});
const splitSchema = z.object({ pattern: patternSchema, behavior: behaviorSchema, invert: z.boolean() });
const punctuationSchema = z.object({ behavior: behaviorSchema.default("Isolated") });
const digitsSchema = z.object({ individual_digits: z.boolean() });
const delimiterSchema = z.object({
  delimiter: z.string().refine((text) => Array.from(text).length === 1, "expected one character"),
});
const fixedLengthSchema = z.object({ length: z.number().int().positive().default(5) });
const sequenceSchema = z.object({ pretokenizers: z.array(z.unknown()) });

/** The settings of the stage ByteLevel, which is a pre-tokenizer, a post-processor and a decoder. */
export function readByteLevel(
  json: unknown,
  where: string,
): { type: string; add_prefix_space: boolean; trim_offsets: boolean; use_regex: boolean } {
  return { type: "ByteLevel", ...readSettings(byteLevelSchema, json, where) };
}

/** The settings of the stage Metaspace, which is a pre-tokenizer and a decoder. */
export function readMetaspace(
  json: unknown,
  where: string,
): { type: string; replacement: string; prepend_scheme: "first" | "never" | "always"; split: boolean } {
  const { replacement, add_prefix_space, prepend_scheme, split } = readSettings(metaspaceSchema, json, where);
  const fallback = add_prefix_space === false ? "never" : "always";
  return { type: "Metaspace", replacement, prepend_scheme: prepend_scheme ?? fallback, split };
}

/** Matches that are cut on, as a stage. */
function cutOn(json: StageJson, find: FindMatches, behavior: SplitBehavior, invert = false): PreTokenizer {
  return {
    json,
    split: (piece, emit) => {
      const matches = find(piece.text);
      if (invert) for (let m = 2; m < matches.length; m += 3) matches[m] = 1 - matches[m]!;
      const parts = cutAt(matches, behavior);
      for (let p = 0; p < parts.length; p += 2) emit(piece.slice(parts[p]!, parts[p + 1]!));
    },
  };
}

/** The parts, as flat pairs (start, end), that a behavior makes of matches and what lies between them. */
function cutAt(matches: readonly number[], behavior: SplitBehavior): number[] {
  const parts: number[] = [];
  const count = matches.length / 3;
  let before = false;
  for (let k = 0; k < count; k++) {
    const at = 3 * (behavior === "MergedWithNext" ? count - 1 - k : k);
    const [start, end, match] = [matches[at]!, matches[at + 1]!, matches[at + 2] === 1];
    if (behavior === "Removed" && match) continue;
    const joins =
      behavior === "Contiguous"
        ? match === before
        : (behavior === "MergedWithPrevious" || behavior === "MergedWithNext") && match && !before;
    before = match;
    if (!joins || parts.length === 0) parts.push(start, end);
    else if (behavior === "MergedWithNext") parts[parts.length - 2] = start;
    else parts[parts.length - 1] = end;
  }
  if (behavior !== "MergedWithNext") return parts;
  const forward: number[] = [];
  for (let p = parts.length - 2; p >= 0; p -= 2) forward.push(parts[p]!, parts[p + 1]!);
  return forward;
}

function byteLevel(json: unknown, where: string): PreTokenizer {
  const settings = readByteLevel(json, where);
  return {
    json: settings,
    split: (whole, emit) => {
      const piece = settings.add_prefix_space && !whole.text.startsWith(" ") ? whole.prepend(" ") : whole;
      if (!settings.use_regex) emit(bytesOfPiece(piece));
      else
        cutWords(piece.text, (from, to) => {
          emit(bytesOfPiece(piece.slice(from, to)));
        });
    },
  };
}

function metaspace(json: unknown, where: string): PreTokenizer {
  const settings = readMetaspace(json, where);
  const { replacement, prepend_scheme, split } = settings;
  return {
    json: settings,
    needsPlaces: prepend_scheme === "first",
    split: (whole, emit) => {
      let piece = whole.relabel(whole.text.replaceAll(" ", replacement));
      const wanted = prepend_scheme === "always" || (prepend_scheme === "first" && whole.start === 0);
      if (wanted && !piece.text.startsWith(replacement)) piece = piece.prepend(replacement);
      if (!split) {
        emit(piece);
        return;
      }
      let from = 0;
      for (let to = piece.text.indexOf(replacement, 1); to > 0; to = piece.text.indexOf(replacement, to + 1)) {
        emit(piece.slice(from, to));
        from = to;
      }
      emit(piece.slice(from, piece.text.length));
    },
  };
}

function inTurn(json: StageJson, stages: readonly PreTokenizer[]): PreTokenizer {
  const from = (index: number, piece: Aligned, emit: (part: Aligned) => void): void => {
    if (piece.text === "") return;
    const stage = stages[index];
    if (stage === undefined) emit(piece);
    else
      stage.split(piece, (part) => {
        from(index + 1, part, emit);
      });
  };
  return {
    json,
    needsPlaces: stages.some((stage) => stage.needsPlaces),
    split: (piece, emit) => {
      from(0, piece, emit);
    },
  };
}

/** Words between white space, and each punctuation mark by itself: cutting as BERT does, in one pass. */
function splitWordsAndPunctuation(piece: Aligned, emit: (part: Aligned) => void): void {
  const { text } = piece;
  let from = 0;
  for (let at = 0, size = 1; at < text.length; at += size) {
    const code = text.codePointAt(at)!;
    size = code > 0xffff ? 2 : 1;
    const kind = classOf(code) & (SPACE | PUNCTUATION);
    if (kind === 0) continue;
    if (from < at) emit(piece.slice(from, at));
    if (kind === PUNCTUATION) emit(piece.slice(at, at + size));
    from = at + size;
  }
  if (from < text.length) emit(piece.slice(from, text.length));
}

/** Parts of `length` code points, the last one shorter. */
function cutEvery(piece: Aligned, length: number, emit: (part: Aligned) => void): void {
  let from = 0;
  let count = 0;
  for (let at = 0; at < piece.text.length;) {
    at += piece.text.codePointAt(at)! > 0xffff ? 2 : 1;
    if (++count % length !== 0 && at < piece.text.length) continue;
    emit(piece.slice(from, at));
    from = at;
  }
}

const words = matchesOf(new RegExp(`[${WORD_CLASS}]+|[^${WORD_CLASS}\\p{White_Space}]+`, "gu"));
const spaces = matchesOf(/\p{White_Space}/gu);
const numbers = matchesOf(/\p{N}/gu);
const punctuation = matchesOf(new RegExp(`[${classBody(PUNCTUATION_RANGES)}]`, "gu"));

const makers: Readonly<Record<string, StageMaker<PreTokenizer>>> = {
  ByteLevel: byteLevel,
  Metaspace: metaspace,
  Whitespace: () => cutOn({ type: "Whitespace" }, words, "Removed", true),
  WhitespaceSplit: () => cutOn({ type: "WhitespaceSplit" }, spaces, "Removed"),
  BertPreTokenizer: () => ({ json: { type: "BertPreTokenizer" }, split: splitWordsAndPunctuation }),
  CharDelimiterSplit: (json, where) => {
    const { delimiter } = readSettings(delimiterSchema, json, where);
    return cutOn({ type: "CharDelimiterSplit", delimiter }, patternMatches({ String: delimiter }, where), "Removed");
  },
  UnicodeScripts: () => ({
    json: { type: "UnicodeScripts" },
    split: (piece, emit) => {
      cutScripts(piece.text, (from, to) => {
        emit(piece.slice(from, to));
      });
    },
  }),
  FixedLength: (json, where) => {
    const { length } = readSettings(fixedLengthSchema, json, where);
    return {
      json: { type: "FixedLength", length },
      split: (piece, emit) => {
        cutEvery(piece, length, emit);
      },
    };
  },
  Punctuation: (json, where) => {
    const { behavior } = readSettings(punctuationSchema, json, where);
    return cutOn({ type: "Punctuation", behavior }, punctuation, behavior);
  },
  Digits: (json, where) => {
    const { individual_digits } = readSettings(digitsSchema, json, where);
    return cutOn({ type: "Digits", individual_digits }, numbers, individual_digits ? "Isolated" : "Contiguous");
  },
  Split: (json, where) => {
    const { pattern, behavior, invert } = readSettings(splitSchema, json, where);
    return cutOn({ type: "Split", pattern, behavior, invert }, patternMatches(pattern, where), behavior, invert);
  },
  Sequence: (json, where) => {
    const { pretokenizers } = readSettings(sequenceSchema, json, where);
    const stages = pretokenizers.map((stage, i) => makePreTokenizer(stage, `${where}.pretokenizers.${String(i)}`));
    return inTurn({ type: "Sequence", pretokenizers: stages.map((stage) => stage.json) }, stages);
  },
};

/** The pre-tokenizer that `json` describes, as in `tokenizer.json`. Throws CheckpointError for an unknown one. */
export function makePreTokenizer(json: unknown, where = "pre_tokenizer"): PreTokenizer {
  return makeStage(json, where, makers);
}
