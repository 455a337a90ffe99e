import { codePointOffsets } from "./offsets.ts";

/** What a text, or a pair of texts, becomes: one entry a token in each list. */
export interface Encoding {
  readonly ids: number[];
  readonly tokens: string[];
  /** Where each token came from, [start, end) in UTF-16 units of its own text; [0, 0] for tokens that were added. */
  readonly offsets: [number, number][];
  /** 0 for the first text, 1 for the second, unless a template says otherwise. */
  readonly typeIds: number[];
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: number[];
  /** 1 for tokens that were added to the text: those of a template, and padding. */
  readonly specialTokensMask: number[];
  /** Which word of its text a token belongs to, counted as the pre-tokenizer cuts it; undefined for added ones. */
  readonly wordIds: (number | undefined)[];
  /** Which text a token belongs to, 0 or 1; undefined for tokens that were added. */
  readonly sequenceIds: (number | undefined)[];
  /** What truncation cut off, in parts as long as this one that overlap by the stride. */
  readonly overflowing: Encoding[];
}

/** Tokens of one text, or added ones, before they are joined. */
export interface Part {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  readonly offsets: readonly (readonly [number, number])[];
  readonly wordIds: readonly (number | undefined)[];
  /** The type of all of them. */
  readonly typeId: number;
  /** Which text these are of; undefined for tokens that were added. */
  readonly sequence: number | undefined;
  /** The text that the offsets count in, or one for each token where the text was given as words. */
  readonly text: string | readonly string[];
}

/** Added tokens as a part. */
export function addedPart(ids: readonly number[], tokens: readonly string[], typeId: number): Part {
  const offsets = ids.map(() => [0, 0] as const);
  return { ids, tokens, offsets, wordIds: ids.map(() => undefined), typeId, sequence: undefined, text: "" };
}

/** The text that the offsets of token `at` count in. */
export function textAt({ text }: Part, at: number): string {
  return typeof text === "string" ? text : (text[at] ?? "");
}

/** The tokens from `start` up to `end`. */
export function slicePart(part: Part, start: number, end: number): Part {
  if (start === 0 && end === part.ids.length) return part;
  return {
    ids: part.ids.slice(start, end),
    tokens: part.tokens.slice(start, end),
    offsets: part.offsets.slice(start, end),
    wordIds: part.wordIds.slice(start, end),
    typeId: part.typeId,
    sequence: part.sequence,
    text: typeof part.text === "string" ? part.text : part.text.slice(start, end),
  };
}

/** Parts one after the other as one encoding. */
export function joinParts(parts: readonly Part[], unit: "utf-16" | "code points"): Encoding {
  const joined: Encoding = {
    ids: [],
    tokens: [],
    offsets: [],
    typeIds: [],
    attentionMask: [],
    specialTokensMask: [],
    wordIds: [],
    sequenceIds: [],
    overflowing: [],
  };
  for (const part of parts) {
    const { ids, tokens, wordIds, typeId, sequence } = part;
    const offsets = offsetsOf(part, unit);
    const special = sequence === undefined ? 1 : 0;
    for (let i = 0; i < ids.length; i++) {
      joined.ids.push(ids[i]!);
      joined.tokens.push(tokens[i]!);
      joined.offsets.push([offsets[i]![0], offsets[i]![1]]);
      joined.typeIds.push(typeId);
      joined.attentionMask.push(1);
      joined.specialTokensMask.push(special);
      joined.wordIds.push(wordIds[i]);
      joined.sequenceIds.push(sequence);
    }
  }
  return joined;
}

function offsetsOf(part: Part, unit: "utf-16" | "code points"): Part["offsets"] {
  if (unit === "utf-16") return part.offsets;
  if (typeof part.text === "string") return codePointOffsets(part.text, part.offsets);
  return part.offsets.map((offsets, i) => codePointOffsets(textAt(part, i), [offsets])[0]!);
}
