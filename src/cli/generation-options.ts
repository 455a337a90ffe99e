/** Options of the commands that write text, by the names of Hugging Face's `generate`. */
import type { Command } from "commander";
import type { Generated, GenerationOptions } from "../generation/index.ts";
import { realNumber, wholeNumber } from "./command.ts";

/** The flags of a search. */
export interface GenerationFlags {
  readonly maxTokens?: number;
  readonly minTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typicalP?: number;
  readonly repetitionPenalty?: number;
  readonly noRepeatNgram?: number;
  readonly beams?: number;
  readonly lengthPenalty?: number;
  /** How many sequences for each text: `--samples`, or `--n-best`. */
  readonly samples?: number;
  readonly nBest?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
}

/**
 * Adds the options of a search; those of the model's own settings hold where none is given.
 * @param several How the option for several sequences of a text is called, and what it says.
 */
export function withGenerationOptions(
  command: Command,
  [several, meaning]: readonly [string, string] = ["--samples <n>", "sequences for each text"],
): Command {
  return command
    .option("--max-tokens <n>", "the most new tokens", wholeNumber(1))
    .option("--min-tokens <n>", "the fewest new tokens", wholeNumber(0))
    .option("--temperature <x>", "draw tokens: below 1 sharpens, above 1 flattens", realNumber(0))
    .option("--top-k <n>", "draw from so many of the most probable", wholeNumber(1))
    .option("--top-p <x>", "draw from the fewest that have this probability together", realNumber(0, 1.000001))
    .option("--min-p <x>", "draw from those with this share of the best one's probability", realNumber(0, 1.000001))
    .option("--typical-p <x>", "draw from those nearest to the entropy", realNumber(0, 1.000001))
    .option("--repetition-penalty <x>", "above 1 makes what is there less probable", realNumber(0))
    .option("--no-repeat-ngram <n>", "no run of so many tokens comes twice", wholeNumber(1))
    .option("--beams <n>", "sequences followed at once; 1 is greedy", wholeNumber(1))
    .option("--length-penalty <x>", "above 0 favors long sequences", realNumber())
    .option(several, meaning, wholeNumber(1))
    .option("--stop <texts...>", "end at one of these")
    .option("--seed <n>", "the same seed draws the same tokens", wholeNumber(0));
}

/**
 * The options of a call. Tokens are drawn where one of the settings of drawing is given, but for a temperature of 0.
 * Several sequences without a draw are those of as many beams.
 */
export function searchOf(flags: GenerationFlags): GenerationOptions {
  const { temperature, topK, topP, minP, typicalP, seed, samples, nBest = samples } = flags;
  const drawn = [temperature, topK, topP, minP, typicalP, seed].some((value) => value !== undefined);
  const doSample = temperature === 0 ? false : drawn ? true : undefined;
  const beams = doSample !== true && (nBest ?? 1) > 1 ? Math.max(flags.beams ?? 1, nBest!) : flags.beams;
  return {
    doSample,
    ...(doSample === true && { temperature, topK, topP, minP, typicalP, seed }),
    maxNewTokens: flags.maxTokens,
    minNewTokens: flags.minTokens,
    repetitionPenalty: flags.repetitionPenalty,
    noRepeatNgramSize: flags.noRepeatNgram,
    numBeams: beams,
    lengthPenalty: flags.lengthPenalty,
    numReturnSequences: nBest,
    stopStrings: flags.stop,
  };
}

/** A generated text with its numbers as plain lists. */
export function forJson(found: Pick<Generated, "ids" | "score" | "finished"> & { readonly text: string }): object {
  const { text, score, ids, finished } = found;
  return { text, score, finished, ids: Array.from(ids) };
}
