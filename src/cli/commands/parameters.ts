/** `heed parameters`: counts by part. */
import { Option, type Command } from "commander";
import { InputError, nearest } from "../../errors/index.ts";
import { formatCount } from "../../figures/index.ts";
import { findModel } from "../../files/hub.ts";
import { diskFolder } from "../../files/disk.ts";
import {
  families,
  modelTasks,
  transformerConfig,
  transformerParts,
  transformerPresets,
  type ModelTask,
  type ParameterParts,
  type TransformerPreset,
} from "../../models/index.ts";
import { countsOfFolder, countsOfPreset, type ModelCounts } from "../../tasks/count-parameters.ts";
import { isTranslatorFolder, openTranslatorFolder } from "../../tasks/translator-folder.ts";
import { formatBytes } from "../bytes.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { table } from "../terminal/index.ts";

interface Flags {
  readonly vocabulary?: number;
  readonly task?: ModelTask;
  readonly class?: string;
  readonly json?: true;
}

/** Sizes of Heed's translator, with their formulas, and published sizes of the families. */
const own = Object.keys(transformerPresets) as TransformerPreset[];
const published = families.flatMap(({ presets }) => presets);

export function command(io: Io): Command {
  return describedCommand("parameters", "Counts a model's parameters by part. No weights are needed.", {
    run: "heed parameters gpt2",
    expect: "a table of the parts, and 124,439,808 parameters, 497.8 MB in float32",
  })
    .argument(
      "<model>",
      `a folder or a pulled model; a preset of Heed's translator (post-norm, as in the paper): ${own.join(", ")}; ` +
        `or a published size: ${published.join(", ")}`,
    )
    .option("--vocabulary <n>", "tokens, for a preset of the translator", wholeNumber(1))
    .addOption(new Option("--task <name>", "the head, by what it is for").choices(modelTasks))
    .option("--class <name>", "the head, by Hugging Face's name: BertForMaskedLM")
    .option("--json", "print the counts as JSON")
    .action(async (model: string, flags: Flags) => {
      const counts = await countsIn(model, flags);
      await io.stdout.write(flags.json === true ? jsonLine({ ...counts, bytes: bytesOf(counts) }) : show(counts));
    });
}

async function countsIn(model: string, flags: Flags): Promise<ParameterParts | ModelCounts> {
  const wanted = { task: flags.task, className: flags.class };
  const preset = own.find((name) => name === model);
  if ((await diskFolder(model).kind("")) === undefined) {
    if (preset !== undefined) return presetParts(preset, flags.vocabulary);
    if (published.includes(model)) return countsOfPreset(model, wanted);
  }
  const folder = await findModel(model).catch((error: unknown) => {
    const near = nearest(model, [...own, ...published]);
    if (near === undefined) throw error;
    throw new InputError(`${model} is neither a folder, a pulled model nor a preset. Did you mean ${near}?`);
  });
  if (!(await isTranslatorFolder(folder))) return countsOfFolder(folder, wanted);
  return transformerParts((await openTranslatorFolder(folder)).config);
}

function presetParts(preset: TransformerPreset, vocabulary: number | undefined): ParameterParts {
  if (vocabulary !== undefined) {
    return transformerParts(transformerConfig.parse({ ...transformerPresets[preset], vocabulary }));
  }
  throw new InputError(`The preset ${preset} has no vocabulary of its own. Add --vocabulary with a number of tokens.`);
}

/** What the parameters take, by their format. */
function bytesOf({ total }: Pick<ModelCounts, "total">): Readonly<Record<string, number>> {
  return { float32: 4 * total, float16: 2 * total, int8: total };
}

function show(counts: ParameterParts | ModelCounts): string {
  const { total } = counts;
  const formulas = "letters" in counts;
  const rows = counts.parts.map((row) => [
    row.part,
    row.times,
    ...("formula" in row ? [row.formula] : []),
    formatCount(row.each),
    formatCount(row.count),
    `${((100 * row.count) / total).toFixed(1)} %`,
  ]);
  const optional = <T>(value: T): T[] => (formulas ? [value] : []);
  const header = ["part", "times", ...optional("formula"), "each", "parameters", "share"];
  const align = ["left", "right", ...optional("left" as const), "right", "right", "right"] as const;
  const last = ["total", "", ...optional(""), "", formatCount(total), ""];
  const meanings = formulas
    ? Object.entries(counts.letters).map(([letter, { meaning, value }]) => `${letter} ${meaning} ${formatCount(value)}`)
    : [`${counts.className}; what is used twice, such as a tied output layer, counts once`];
  const sizes = Object.entries(bytesOf(counts)).map(([name, bytes]) => `${formatBytes(bytes)} in ${name}`);
  return (
    `${table([...rows, last], { header, align })}\n\n` +
    `${meanings.join(", ")}\n${formatCount(total)} parameters, ${sizes.join(", ")}\n`
  );
}
