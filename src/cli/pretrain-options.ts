/** What the commands share that make rows of raw text: an objective, a model, files, and how rows are cut and masked. */
import { Option, type Command } from "commander";
import { pretrainObjectives, textUnits, type PretrainConfig } from "../learning/index.ts";
import { maskingUnits } from "../objectives/index.ts";
import { wholeNumber } from "./command.ts";

/** The flags of `withPretrainOptions`. */
export interface PretrainFlags {
  readonly objective?: string;
  readonly model?: string;
  readonly tokenizer?: string;
  readonly data?: readonly string[];
  readonly maxLength?: number;
  readonly unit?: string;
  readonly masking?: PretrainConfig["masking"]["unit"];
}

/** Adds the options of the section above `training` of a pre-training's config. */
export function withPretrainOptions(command: Command): Command {
  return command
    .addOption(new Option("--objective <name>", "what to learn by").choices(Object.keys(pretrainObjectives)))
    .option("--model <folder>", "a checkpoint's folder, or the name of a published size for fresh weights")
    .option("--tokenizer <folder>", "where the tokenizer lies, if not with the model; else it is trained on the data")
    .option(
      "--data <files...>",
      "text, plain or .gz: lines, with empty lines between documents; or .tsv, .csv, .jsonl, .parquet",
    )
    .option("--max-length <n>", "the most tokens of a row, the context of a language model", wholeNumber(1))
    .addOption(new Option("--unit <name>", "what of a file is one text").choices(textUnits))
    .addOption(new Option("--masking <unit>", "what is masked together").choices(maskingUnits));
}

/** The keys of the config that the flags give. */
export function pretrainKeys({ masking, ...flags }: PretrainFlags): Record<string, unknown> {
  const { objective, model, tokenizer, data, maxLength, unit } = flags;
  return { objective, model, tokenizer, data, maxLength, unit, masking: masking && { unit: masking } };
}
