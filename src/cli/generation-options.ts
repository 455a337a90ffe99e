/** Options of the commands that write text, by the names of Hugging Face's `generate`. */
import type { Command } from "commander";
import type { GenerationOptions } from "../generation/index.ts";
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
  readonly samples?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
}

/** Adds the options of a search; those of the model's own settings hold where none is given. */
export function withGenerationOptions(command: Command): Command {
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
    .option("--samples <n>", "sequences for each text", wholeNumber(1))
    .option("--stop <texts...>", "end at one of these")
    .option("--seed <n>", "the same seed draws the same tokens", wholeNumber(0));
}

/** The options of a call; drawing is on where one of its settings is given. */
export function searchOf(flags: GenerationFlags): GenerationOptions {
  const { temperature, topK, topP, minP, typicalP, seed } = flags;
  const drawn = [topK, topP, minP, typicalP, seed].some((value) => value !== undefined) || temperature !== undefined;
  const doSample = temperature === 0 ? false : drawn ? true : undefined;
  return {
    doSample,
    ...(doSample === true && { temperature, topK, topP, minP, typicalP, seed }),
    maxNewTokens: flags.maxTokens,
    minNewTokens: flags.minTokens,
    repetitionPenalty: flags.repetitionPenalty,
    noRepeatNgramSize: flags.noRepeatNgram,
    numBeams: flags.beams,
    lengthPenalty: flags.lengthPenalty,
    numReturnSequences: flags.samples,
    stopStrings: flags.stop,
  };
}
