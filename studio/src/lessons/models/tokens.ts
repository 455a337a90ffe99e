/** A byte-pair encoding (Sennrich et al. 2016) learned on a small text: its merges, and how it cuts words. */
import { tokenizerSteps, trainBpe } from "heed";
import type { Tokenizer } from "heed/tokens";

export const text =
  "the lowest tower was lower than the new tower . the newest tower was the widest and the tallest . " +
  "slowly , slower , slowest : she walked slowly and talked low . he talked and she walked to the wider road . " +
  "the tall ones walked , the taller ones talked , and the tallest waited for the new road .";

/** How many merges the learner may choose. */
export const counts = [0, 5, 10, 20, 40] as const;

const UNKNOWN = "?";

/** One vocabulary. */
export interface Vocabulary {
  readonly merges: number;
  readonly tokenizer: Tokenizer;
  /** Tokens of the whole text. */
  readonly length: number;
}

/** Learns a vocabulary for each number of merges. `▁` stands for the blank before a word. */
export async function learnVocabularies(): Promise<Vocabulary[]> {
  const letters = new Set(text.replaceAll(" ", "▁")).size + 1;
  const all: Vocabulary[] = [];
  for (const merges of counts) {
    const tokenizer = await trainBpe([text], {
      kind: "metaspace",
      unknownToken: UNKNOWN,
      specialTokens: [UNKNOWN],
      size: letters + merges,
    });
    all.push({ merges, tokenizer, length: tokensOf(tokenizer, text).length });
  }
  return all;
}

/** The tokens of a text. */
export const tokensOf = (tokenizer: Tokenizer, given: string): readonly string[] => tokenizer.encode(given).tokens;

/** What a word is while its letters are joined. */
export interface MergeStep {
  /** The two that were joined; empty for the letters at the start. */
  readonly joined: string;
  /** The place of the pair among all merges, from 0. */
  readonly rank: number;
  readonly symbols: readonly string[];
}

/** The letters of a word, then what each merge leaves. */
export function mergesOf(tokenizer: Tokenizer, word: string): MergeStep[] {
  return tokenizerSteps(tokenizer, word).words.flatMap(({ steps }) => {
    if (steps.kind !== "merges") return [];
    const merges = steps.merges.map(({ left, right, rank, symbols }) => ({
      joined: `${left} + ${right}`,
      rank,
      symbols,
    }));
    return [{ joined: "", rank: -1, symbols: steps.symbols }, ...merges];
  });
}
