/**
 * Masked words (Devlin et al. 2019, section 3.1): some tokens of a row are chosen to be told, most of those are hidden,
 * some replaced, some left as they are. Which ones is drawn from a generator, so a row may be masked anew each epoch
 * (Liu et al. 2019, section 4.1).
 */
import { shuffle, type Random } from "../random/index.ts";

/** What is chosen together. */
export const maskingUnits = ["tokens", "words", "spans"] as const;
/** The name of what is chosen together. */
export type MaskingUnit = (typeof maskingUnits)[number];

/** How tokens are chosen, and what becomes of them. */
export interface MaskingOptions {
  /** The share of tokens that are chosen, special ones aside. Default: 0.15. */
  readonly share?: number | undefined;
  /** Of those, the share that becomes the mask token. Default: 0.8. */
  readonly mask?: number | undefined;
  /** Of those, the share that becomes any other token. Default: 0.1; the rest stays as it is. */
  readonly random?: number | undefined;
  /**
   * Single tokens (the default); whole words, all of whose tokens are chosen or none; or spans of neighbors, for tokens
   * that overlap, as k-mers do: one alone could be read off the two beside it (Ji et al. 2021, "DNABERT").
   */
  readonly unit?: MaskingUnit | undefined;
  /** Tokens of a span. Default: 6. */
  readonly span?: number | undefined;
}

/** A row of tokens, as masking sees it. */
export interface MaskableRow {
  readonly ids: Int32Array;
  /** The word that each token belongs to; below 0 for tokens that are never chosen. */
  readonly words: Int32Array;
}

/** The tokens that masking puts in. */
export interface MaskingVocabulary {
  readonly mask: number;
  /** All that may stand in place of another. */
  readonly ordinary: Int32Array;
}

/** What became of a token that was chosen. */
export type Fate = "masked" | "replaced" | "kept";

/** A row with masks. */
export interface MaskedRow {
  readonly ids: Int32Array;
  /** The chosen places, in order, with what became of each. */
  readonly places: readonly number[];
  readonly fates: readonly Fate[];
}

/**
 * Masks a row. So many tokens are chosen that over many draws their share is the wanted one; whole words that are longer
 * than what is left to choose are passed over.
 * @param least At least so many tokens are chosen, if the row has them.
 */
export function maskTokens(
  row: MaskableRow,
  vocabulary: MaskingVocabulary,
  { share = 0.15, mask = 0.8, random: other = 0.1, unit = "tokens", span = 6 }: MaskingOptions,
  generator: Random,
  least = 0,
): MaskedRow {
  const candidates = [...row.words.keys()].filter((place) => row.words[place]! >= 0);
  const wanted = Math.max(least, rounded(candidates.length * share, generator));
  const chosen =
    unit === "tokens"
      ? shuffle(candidates, generator).slice(0, wanted)
      : unit === "words"
        ? chooseWords(wordsOf(row.words), wanted, generator, least)
        : chooseSpans(
            runsOf(candidates),
            Math.max(least, rounded((candidates.length * share) / span, generator)),
            span,
            generator,
          );
  const places = chosen.sort((a, b) => a - b);
  const ids = row.ids.slice();
  const fates = places.map((place): Fate => {
    const draw = generator.uniform();
    if (draw < mask) {
      ids[place] = vocabulary.mask;
      return "masked";
    }
    if (draw >= mask + other) return "kept";
    ids[place] = vocabulary.ordinary[generator.below(vocabulary.ordinary.length)]!;
    return "replaced";
  });
  return { ids, places, fates };
}

/** One of the two whole numbers around a value, so that the mean over many draws is the value. */
function rounded(value: number, generator: Random): number {
  return Math.floor(value) + (generator.uniform() < value % 1 ? 1 : 0);
}

/** The places of each word. */
function wordsOf(words: Int32Array): number[][] {
  const found: number[][] = [];
  for (const [place, word] of words.entries()) {
    if (word < 0) continue;
    if (place > 0 && words[place - 1] === word) found.at(-1)!.push(place);
    else found.push([place]);
  }
  return found;
}

function chooseWords(words: readonly number[][], wanted: number, generator: Random, least: number): number[] {
  const chosen: number[] = [];
  for (const places of shuffle([...words], generator)) {
    const fits = chosen.length + places.length <= wanted || chosen.length < least;
    if (fits) chosen.push(...places);
  }
  return chosen;
}

/** Neighboring places, as lists. */
function runsOf(places: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const place of places) {
    if (runs.at(-1)?.at(-1) === place - 1) runs.at(-1)!.push(place);
    else runs.push([place]);
  }
  return runs;
}

/** So many spans that do not overlap, as far as there is room; where a run is shorter than a span, all of it. */
function chooseSpans(runs: readonly number[][], count: number, span: number, generator: Random): number[] {
  const starts = runs.flatMap((run) => run.slice(0, Math.max(1, run.length - span + 1)));
  const ends = new Map(runs.flatMap((run) => run.map((place) => [place, run.at(-1)! + 1] as const)));
  const chosen = new Set<number>();
  let left = count;
  for (const start of shuffle(starts, generator)) {
    if (left === 0) break;
    const end = Math.min(start + span, ends.get(start)!);
    if (chosen.has(start) || chosen.has(end - 1)) continue;
    for (let place = start; place < end; place++) chosen.add(place);
    left--;
  }
  return [...chosen];
}
