/** The golden values of sacreBLEU, read once; tools/goldens/sacrebleu-scores.py writes them. */
import { readFileSync } from "node:fs";
import type { BleuOptions, ChrfOptions } from "../../src/evaluation/index.ts";
import { VERSION } from "../../src/evaluation/version.ts";

interface Corpus {
  readonly hypotheses: readonly string[];
  readonly references: readonly (readonly string[])[];
}

interface Case<Options> {
  readonly corpus: string;
  readonly references: number;
  readonly options: Options;
  readonly score: number;
  readonly line: string;
}

interface BleuCase extends Case<BleuOptions> {
  readonly counts: readonly number[];
  readonly totals: readonly number[];
  readonly coarse: string;
}

interface Goldens {
  readonly reference: string;
  readonly corpora: Readonly<Record<string, Corpus>>;
  readonly bleu: readonly BleuCase[];
  readonly sentenceBleu: readonly { corpus: string; index: number; score: number; line: string }[];
  readonly chrf: readonly Case<ChrfOptions>[];
  readonly tokens: Readonly<Record<"lines" | "13a" | "none" | "char" | "intl" | "lowercase", readonly string[]>>;
  readonly resampling: {
    readonly samples: number;
    readonly seed: number;
    readonly drawn: readonly string[];
    readonly exchanged: readonly string[];
    readonly results: readonly {
      metric: "bleu" | "chrf";
      line: string;
      system: number;
      systemMean: number;
      systemHalfWidth: number;
      bootstrapP: number;
      randomizationP: number;
      randomizationPWithTies: number;
    }[];
  };
}

export const goldens = JSON.parse(readFileSync(new URL("./golden/sacrebleu.json", import.meta.url), "utf8")) as Goldens;

export function corpusOf(name: string): Corpus {
  const corpus = goldens.corpora[name];
  if (corpus === undefined) throw new Error(`no corpus ${name} in the goldens`);
  return corpus;
}

/** sacreBLEU's line with our name and version for its own: the only field in which the signatures differ. */
export function asOurs(line: string): string {
  return line.replace(/version:2\.[0-9.]+[0-9]/, `version:heed-${VERSION}`);
}

/** The options of a case as a short name. */
export function titleOf({ corpus, references, options }: Case<object>): string {
  return `${corpus}, ${references} references, ${JSON.stringify(options)}`;
}
