import { readFileSync } from "node:fs";
import type { StageJson } from "../../src/tokens/index.ts";

/** What `tools/goldens/tokenizer_pipelines.py` wrote under this name. */
function golden(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./golden/${name}.json`, import.meta.url), "utf8"));
}

/** Texts that are hard to cut: emoji, marks, scripts, control characters, blanks, long words. */
export const nasty = (golden("texts") as { texts: string[] }).texts;

export const pipelineGolden = (name: string): PipelineGolden => golden(`pipeline-${name}`) as PipelineGolden;
export const stagesGolden = (): StagesGolden => golden("stages") as StagesGolden;
export const trainingGolden = (): TrainingGolden => golden("training") as TrainingGolden;
/** What `tools/goldens/tokenizer_training.py` wrote. */
export const trainersGolden = (): TrainersGolden => golden("trainers") as TrainersGolden;

interface PipelineGolden {
  readonly tokenizer: string;
  /** For each text: ids, offsets in code points (flat), the decoded text. */
  readonly encodings: readonly (readonly [number[], number[], string])[];
  readonly pair: { ids: number[]; tokens: string[]; offsets: [number, number][]; typeIds: number[] };
  readonly bare: number[];
  readonly withSpecials: string;
}

interface StagesGolden {
  readonly texts: string[];
  readonly tokens: string[];
  readonly normalizers: readonly (readonly [StageJson, string[]])[];
  readonly preTokenizers: readonly (readonly [StageJson, string[][]])[];
  readonly decoders: readonly (readonly [StageJson, string])[];
}

interface TrainingGolden {
  readonly lines: string[];
  readonly letters: string[];
  readonly bpe: readonly {
    readonly name: string;
    readonly kind: "byte-level" | "metaspace";
    readonly settings: {
      vocab_size: number;
      min_frequency?: number;
      initial_alphabet?: string[];
      limit_alphabet?: number;
    };
    readonly merges: [string, string][];
    readonly tokens: string[];
  }[];
  readonly words: readonly { settings: { vocab_size: number; min_frequency?: number }; tokens: string[] }[];
}

interface TrainersGolden {
  readonly merges: readonly {
    readonly name: string;
    readonly kind: "bpe" | "wordpiece";
    readonly text: "made" | "bundled";
    readonly settings: {
      vocab_size: number;
      min_frequency?: number;
      max_token_length?: number;
      limit_alphabet?: number;
      initial_alphabet?: string[];
      continuing_subword_prefix?: string;
      end_of_word_suffix?: string;
    };
    readonly special: string[];
    readonly tokens: string[];
    readonly merges?: [string, string][];
  }[];
  readonly wordpiece: { readonly lines: number; readonly size: number; readonly tokens: string[] };
  readonly unigram: readonly {
    readonly name: string;
    readonly lines: number;
    readonly settings: {
      vocab_size: number;
      shrinking_factor?: number;
      n_sub_iterations?: number;
      max_piece_length?: number;
      initial_alphabet?: string[];
    };
    readonly pieces: [string, number][];
  }[];
}
