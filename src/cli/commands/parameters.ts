/** `heed parameters`: counts by part, with the formula of each. */
import type { Command } from "commander";
import { InputError, nearest } from "../../errors/index.ts";
import { formatCount } from "../../figures/index.ts";
import { diskFolder } from "../../files/disk.ts";
import {
  transformerConfig,
  transformerParts,
  transformerPresets,
  type ParameterParts,
  type TransformerConfig,
  type TransformerPreset,
} from "../../models/index.ts";
import { openTranslatorFolder } from "../../tasks/translator-folder.ts";
import { formatBytes } from "../bytes.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { table } from "../terminal/index.ts";

interface Flags {
  readonly vocabulary?: number;
  readonly json?: true;
}

const presets = Object.keys(transformerPresets) as TransformerPreset[];

export function command(io: Io): Command {
  return describedCommand("parameters", "Counts a model's parameters by part, with the formula of each.", {
    run: "heed parameters base --vocabulary 37000",
    expect: "a table of the parts, and 63,082,496 parameters, 252.3 MB in float32",
  })
    .argument(
      "<model>",
      `a folder that a training wrote, or a preset (post-norm, as in the paper): ${presets.join(", ")}`,
    )
    .option("--vocabulary <n>", "tokens, for a preset", wholeNumber(1))
    .option("--json", "print the counts as JSON")
    .action(async (model: string, flags: Flags) => {
      const parts = transformerParts(await configOf(model, flags.vocabulary));
      await io.stdout.write(flags.json === true ? jsonLine(parts) : show(parts));
    });
}

async function configOf(model: string, vocabulary: number | undefined): Promise<TransformerConfig> {
  const folder = diskFolder();
  const preset = presets.find((name) => name === model);
  if ((await folder.kind(model)) === "folder") return (await openTranslatorFolder(folder.at(model))).config;
  if (preset !== undefined) {
    if (vocabulary !== undefined) return transformerConfig.parse({ ...transformerPresets[preset], vocabulary });
    throw new InputError(
      `The preset ${preset} has no vocabulary of its own. Add --vocabulary with a number of tokens.`,
    );
  }
  const near = nearest(model, presets);
  throw new InputError(
    `${model} is neither a folder nor a preset (${presets.join(", ")}).` +
      (near === undefined ? "" : ` Did you mean ${near}?`),
  );
}

function show({ parts, total, letters }: ParameterParts): string {
  const rows = parts.map(({ part, times, formula, each, count }) => [
    part,
    times,
    formula,
    formatCount(each),
    formatCount(count),
  ]);
  const align = ["left", "right", "left", "right", "right"] as const;
  const header = ["part", "times", "formula", "each", "parameters"];
  const meanings = Object.entries(letters).map(
    ([letter, { meaning, value }]) => `${letter} ${meaning} ${formatCount(value)}`,
  );
  return (
    `${table([...rows, ["total", "", "", "", formatCount(total)]], { header, align })}\n\n` +
    `${meanings.join(", ")}\n${formatCount(total)} parameters, ${formatBytes(4 * total)} in float32\n`
  );
}
