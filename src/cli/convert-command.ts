/** What `heed summarize` and `heed translate` share: texts in, texts out, a line each, in the same order. */
import type { Command } from "commander";
import type { Generated } from "../generation/index.ts";
import type { ConvertOptions } from "../tasks/convert.ts";
import { open } from "../tasks/open-task.ts";
import { engineOf, wholeNumber, type Example } from "./command.ts";
import { forJson, searchOf, withGenerationOptions, type GenerationFlags } from "./generation-options.ts";
import { inputLines, jsonLine, lineWriter, type Io } from "./io.ts";
import { modelCommand, type ModelFlags } from "./model-command.ts";

/** Flags of a conversion. */
export interface ConvertFlags extends ModelFlags, GenerationFlags {
  readonly prefix?: string;
  readonly scores?: true;
  readonly batch?: number;
}

/** What a command converts with. */
export interface Converter {
  /** What each text becomes, best first. */
  convert(texts: readonly string[]): Promise<readonly (readonly Converted[])[]>;
  /** Frees the model. */
  dispose(): Promise<void>;
}
/** What a text has become. */
export type Converted = Pick<Generated, "ids" | "score" | "finished"> & { readonly text: string };

/** Texts that are read before the first result is written: enough to sort by length. */
const CHUNK = 1024;

/** A command that makes texts of texts. */
export function converterCommand(name: string, description: string, example: Example): Command {
  const several = ["--n-best <n>", "results for each text, a line each, best first"] as const;
  return withGenerationOptions(modelCommand(name, description, example), several)
    .argument("[texts...]", "texts; default: the lines of standard input")
    .option("--prefix <text>", "written in front of each text; default: as config.json says for this task")
    .option("--scores", "write the score before each result, and a tab")
    .option("--batch <n>", "texts that go through the model together", wholeNumber(1));
}

/** Converts the arguments, or the lines of standard input. */
export async function convertTexts(
  opening: Promise<Converter>,
  given: readonly string[],
  flags: ConvertFlags,
  io: Io,
): Promise<void> {
  const converter = await opening;
  const output = lineWriter(io);
  const convert = async (texts: readonly string[]): Promise<void> => {
    for (const found of await converter.convert(texts)) {
      if (flags.json === true) await io.stdout.write(jsonLine(found.map(forJson)));
      else for (const one of found) await output.line(lineOf(one, flags));
    }
  };
  try {
    let chunk: string[] = [];
    for await (const text of given.length > 0 ? given : inputLines(io)) {
      chunk.push(text);
      if (chunk.length < CHUNK) continue;
      await convert(chunk);
      chunk = [];
    }
    if (chunk.length > 0) await convert(chunk);
    await output.end();
  } finally {
    await converter.dispose();
  }
}

/** A result stays on its line. */
const lineOf = ({ text, score }: Converted, { scores }: ConvertFlags): string =>
  `${scores === true ? `${score.toFixed(4)}\t` : ""}${text.replaceAll(/\s*\n\s*/g, " ")}`;

/** What summarizes, by the flags. */
export async function summarizer(flags: ConvertFlags): Promise<Converter> {
  const { adapter, quantize } = flags;
  const model = await open(flags.model, { task: "summarize", adapter, quantize, ...engineOf(flags) });
  return {
    convert: (texts) => model.summarize(texts, conversionOf(flags)),
    dispose: () => model.dispose(),
  };
}

/** The options of a conversion. */
export function conversionOf(flags: ConvertFlags): ConvertOptions {
  const { prefix, batch, truncate } = flags;
  return { ...searchOf(flags), prefix, batch, truncate };
}
