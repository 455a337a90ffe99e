import { z } from "zod";
import type { Aligned } from "./aligned.ts";
import { bertSchema, cleanAsBert, cleanAsNmt, lowercase } from "./cleaning.ts";
import { bytesOfPiece } from "./byte-level.ts";
import { classBody, leadingSpace, trailingSpace } from "./characters.ts";
import { readCharsmap } from "./charsmap.ts";
import { matchesOf, patternMatches, patternSchema } from "./pattern.ts";
import { makeStage, readSettings, type StageJson, type StageMaker } from "./stages.ts";
import { MARK } from "./unicode-classes.ts";
import { toUnicodeForm, type UnicodeForm } from "./unicode-forms.ts";

/** The first stage: changes the text itself, for example to lower case, before it is cut. */
export interface Normalizer {
  readonly json: StageJson;
  normalize(piece: Aligned): Aligned;
}

const unicode =
  (form: UnicodeForm): StageMaker<Normalizer> =>
  () => ({ json: { type: form }, normalize: (piece) => toUnicodeForm(piece, form) });

const stripSchema = z.object({ strip_left: z.boolean(), strip_right: z.boolean() });
const replaceSchema = z.object({ pattern: patternSchema, content: z.string() });
const prependSchema = z.object({ prepend: z.string() });
const sequenceSchema = z.object({ normalizers: z.array(z.unknown()) });
const marks = matchesOf(new RegExp(`[${classBody(MARK)}]`, "gu"));
const charsmapSchema = z.object({ precompiled_charsmap: z.string() });

const makers: Readonly<Record<string, StageMaker<Normalizer>>> = {
  NFC: unicode("NFC"),
  NFD: unicode("NFD"),
  NFKC: unicode("NFKC"),
  NFKD: unicode("NFKD"),
  Lowercase: () => ({ json: { type: "Lowercase" }, normalize: lowercase }),
  StripAccents: () => ({
    json: { type: "StripAccents" },
    normalize: (piece) => piece.replace(marks(piece.text), ""),
  }),
  BertNormalizer: (json, where) => {
    const settings = { type: "BertNormalizer", ...readSettings(bertSchema, json, where) };
    return { json: settings, normalize: (piece) => cleanAsBert(piece, settings) };
  },
  Nmt: () => ({ json: { type: "Nmt" }, normalize: cleanAsNmt }),
  ByteLevel: () => ({ json: { type: "ByteLevel" }, normalize: bytesOfPiece }),
  Precompiled: (json, where) => {
    const { precompiled_charsmap } = readSettings(charsmapSchema, json, where);
    const charsmap = readCharsmap(precompiled_charsmap, where);
    return {
      json: { type: "Precompiled", precompiled_charsmap },
      normalize: (piece) => charsmap.normalize(piece),
    };
  },
  Strip: (json, where) => {
    const { strip_left, strip_right } = readSettings(stripSchema, json, where);
    return {
      json: { type: "Strip", strip_left, strip_right },
      normalize: (piece) => {
        const from = strip_left ? leadingSpace(piece.text) : 0;
        const to = strip_right ? piece.text.length - trailingSpace(piece.text) : piece.text.length;
        return piece.slice(from, Math.max(from, to));
      },
    };
  },
  Replace: (json, where) => {
    const { pattern, content } = readSettings(replaceSchema, json, where);
    const find = patternMatches(pattern, where);
    return {
      json: { type: "Replace", pattern, content },
      normalize: (piece) => (piece.text === "" ? piece : piece.replace(find(piece.text), content)),
    };
  },
  Prepend: (json, where) => {
    const { prepend } = readSettings(prependSchema, json, where);
    return { json: { type: "Prepend", prepend }, normalize: (piece) => piece.prepend(prepend) };
  },
  Sequence: (json, where) => {
    const { normalizers } = readSettings(sequenceSchema, json, where);
    const stages = normalizers.map((stage, i) => makeNormalizer(stage, `${where}.normalizers.${String(i)}`));
    return {
      json: { type: "Sequence", normalizers: stages.map((stage) => stage.json) },
      normalize: (piece) => stages.reduce((text, stage) => stage.normalize(text), piece),
    };
  },
};

/** The normalizer that `json` describes, as in `tokenizer.json`. Throws CheckpointError for one that is not known. */
export function makeNormalizer(json: unknown, where = "normalizer"): Normalizer {
  return makeStage(json, where, makers);
}
