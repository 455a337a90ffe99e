/** A sentence pair of the bundled corpus, with the lexical pairs in it that the split looks at. */
export interface CorpusPair {
  readonly fr: string;
  readonly en: string;
  /** Links in the Pharaoh format, French first. */
  readonly align: string;
  readonly frWords: readonly string[];
  readonly enWords: readonly string[];
  readonly combinations: readonly string[];
}

export interface Corpus {
  readonly train: CorpusPair[];
  readonly valid: CorpusPair[];
  readonly test: CorpusPair[];
}

export const SEED: string;
export const SHOWN: string;
export function isHeldOut(combination: string, seed?: string): boolean;
export function bare(text: string): string;
export function makeCorpus(seed?: string): Corpus;
export function corpusFiles(corpus: Corpus): Map<string, string>;
