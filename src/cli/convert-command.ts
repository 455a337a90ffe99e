/** What `heed summarize` and `heed translate` share for encoder-decoders of the hub. */
import type { Command } from "commander";
import { wholeNumber, type Example } from "./command.ts";
import { forJson, known } from "./commands/generate.ts";
import { searchOf, withGenerationOptions, type GenerationFlags } from "./generation-options.ts";
import { jsonLine, type Io } from "./io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "./model-command.ts";

/** Flags of a conversion. */
export interface ConvertFlags extends ModelFlags, GenerationFlags {
  readonly prefix?: string;
  readonly from?: string;
  readonly to?: string;
  readonly batch: number;
}

/** A command that makes texts of texts. */
export function converterCommand(name: string, description: string, example: Example): Command {
  return withGenerationOptions(modelCommand(name, description, example))
    .argument("[texts...]", "texts; default: the lines of standard input")
    .option("--prefix <text>", 'written in front of each text, as T5 was trained with: "summarize: "')
    .option("--from <language>", "the language of the texts, by the model's code")
    .option("--to <language>", "the language to write, by the model's code")
    .option("--batch <n>", "texts that go through the model together", wholeNumber(1), 32);
}

/** Converts the arguments, or the lines of standard input. */
export async function convertTexts(
  given: readonly string[],
  flags: ConvertFlags,
  task: "summarize" | "translate",
  io: Io,
): Promise<void> {
  await withModel(flags, task, async (model) => {
    const { prefix, from, to, batch, truncate } = flags;
    const texts = await textsOf(given, io);
    const options = { ...known(searchOf(flags)), ...known({ prefix, from, to, batch, truncate }) };
    for (const found of await model.convert(texts, options)) {
      const shown = found.map(({ text }) => `${text}\n`).join("");
      await io.stdout.write(flags.json === true ? jsonLine(found.map(forJson)) : shown);
    }
  });
}
