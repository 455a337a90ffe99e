/** `heed profile`: where the time of a training step goes. */
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { ConfigError } from "../../errors/index.ts";
import {
  barChartSvg,
  barChartText,
  formatCount,
  formatNumber,
  stackedSvg,
  type BarChart,
} from "../../figures/index.ts";
import { diskFolder } from "../../files/disk.ts";
import type { NodeGroup } from "../../insight/index.ts";
import { profileTranslator, type StepProfile } from "../../tasks/profile-translator.ts";
import type { SentencePair } from "../../tasks/train-translator.ts";
import { Translator } from "../../tasks/translator.ts";
import { describedCommand, engineOf, wholeNumber, withEngineOptions, type EngineFlags } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { colorDepthOf, table, widthOf } from "../terminal/index.ts";
import { pairsFrom } from "../translation-files.ts";

interface Flags extends EngineFlags {
  readonly source?: string;
  readonly target?: string;
  readonly steps: number;
  readonly tokens: number;
  readonly svg?: string;
  readonly json?: true;
}

export function command(io: Io): Command {
  const made = describedCommand(
    "profile",
    "Trains a translator for a few steps, saves nothing, and shows where their time goes: by op, by layer, by room.",
    {
      run: "heed profile runs/french-english --steps 10",
      expect: "milliseconds a step, tokens a second, and bars: forward, backward, optimizer, …; MatMul, Softmax, …",
    },
  )
    .argument("<model>", "a trained translator, or the folder of its run")
    .option("--source <file>", "sentences to train on, plain or .gz; without them, the bundled corpus if it fits")
    .option("--target <file>", "their translations, line by line")
    .option("--steps <n>", "how many steps to measure, after two that warm up", wholeNumber(1), 10)
    .option("--tokens <n>", "tokens of a batch, padding included", wholeNumber(1), 4096)
    .option("--svg <file>", "write the bars as a picture, too")
    .option("--json", "print everything as JSON, with each node")
    .action((model: string, flags: Flags) => profile(model, flags, io));
  return withEngineOptions(made);
}

async function profile(path: string, flags: Flags, io: Io): Promise<void> {
  const { steps, tokens: batchTokens, source, target } = flags;
  if ((source === undefined) !== (target === undefined)) {
    throw new ConfigError("Give both --source and --target, or neither.");
  }
  const model = await Translator.open(diskFolder(path), { ...engineOf(flags), profile: true });
  try {
    const { name, pairs } =
      source === undefined ? await bundled(model, io) : { name: source, pairs: await pairsFrom(source, target!, io) };
    const found = await profileTranslator(model, { steps, batchTokens, pairs });
    const title = titleOf(found, flags, name);
    if (flags.svg !== undefined) await diskFolder().write(flags.svg, `${pictureOf(found)}\n`);
    await io.stdout.write(flags.json === true ? jsonLine({ data: name, ...found }) : shown(found, title, io));
  } finally {
    await model.dispose();
  }
}

/** The bundled corpus for those who learned its words; random sentences for others. */
async function bundled(model: Translator, io: Io): Promise<{ name: string; pairs: SentencePair[] | undefined }> {
  const corpus = fileURLToPath(new URL("../../../corpus/french-english/", import.meta.url));
  const pairs = await pairsFrom(`${corpus}train.fr`, `${corpus}train.en`, io);
  const known = model.seenWords !== undefined && pairs.every(({ source }) => model.unseenWords(source).length === 0);
  return known ? { name: "the bundled corpus", pairs } : { name: "random ids, 8 to 24 a sentence", pairs: undefined };
}

function titleOf(found: StepProfile, { tokens }: Flags, data: string): string {
  const { engine, steps, counted, tokensPerSecond, nodes } = found;
  const products = nodes.filter(({ operations }) => operations > 0);
  const operations = products.reduce((sum, node) => sum + node.operations, 0);
  const lines = [
    `${engine}; batches of ${formatCount(tokens)} tokens from ${data}`,
    `${milliseconds(found.milliseconds)} a step, ${formatCount(tokensPerSecond)} target tokens a second: the mean of the ` +
      `${counted} quicker of ${steps.length} steps (all: ${milliseconds(Math.min(...steps))} to ${milliseconds(Math.max(...steps))})`,
    `matrix products: ${perCent(total(products), found.milliseconds)} of the time, ${speedOf(operations, total(products))}`,
  ];
  return (operations === 0 ? lines.slice(0, 2) : lines).join("\n");
}

const speedOf = (operations: number, time: number): string => `${formatNumber(operations / time / 1e6)} GFLOP/s`;
const milliseconds = (value: number): string => `${value >= 100 ? formatCount(value) : formatNumber(value, 2)} ms`;
const perCent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

function total(items: readonly { readonly milliseconds: number }[]): number {
  return items.reduce((sum, item) => sum + item.milliseconds, 0);
}

/** How many bars there are room for. */
const BARS = 16;

function roomBars({ rooms }: StepProfile): BarChart {
  const bars = rooms.map(({ name, milliseconds: value }) => ({ name, value, note: perCent(value, total(rooms)) }));
  return { title: "By room", bars, format: milliseconds };
}

function opBars({ ops, rooms }: StepProfile): BarChart {
  const speed = ({ operations, milliseconds: value }: NodeGroup): string =>
    operations === 0 ? "" : `, ${speedOf(operations, value)}`;
  return { title: "By op, as executed", bars: bars(ops, total(rooms), speed), format: milliseconds };
}

function partBars({ parts, rooms }: StepProfile): BarChart {
  return { title: "By sublayer of all layers", bars: bars(parts, total(rooms), () => ""), format: milliseconds };
}

/** The longest groups, with their shares, runs a step and passes; the others as one. */
function bars(groups: readonly NodeGroup[], whole: number, more: (group: NodeGroup) => string): BarChart["bars"] {
  const shownBars = groups.slice(0, BARS).map((group) => {
    const { name, milliseconds: value, runs, phases } = group;
    const passes = phases.backward > 0 && phases.forward > 0 ? `, ${perCent(phases.backward, value)} backward` : "";
    return { name, value, note: `${perCent(value, whole)}, ${formatNumber(runs)}×${passes}${more(group)}` };
  });
  const rest = groups.slice(BARS);
  if (rest.length === 0) return shownBars;
  return [...shownBars, { name: `${rest.length} more`, value: total(rest), note: perCent(total(rest), whole) }];
}

function shown(found: StepProfile, title: string, io: Io): string {
  const look = { colorDepth: colorDepthOf(io.stdout, io.environment), width: widthOf(io.stdout) };
  const whole = total(found.rooms);
  // The names of sublayers are too long for bars in a terminal.
  const texts = [roomBars(found), opBars(found)].map((chart) => barChartText({ ...chart, ...look }));
  const tables = [
    passTable("By layer", found.layers, whole),
    passTable("By sublayer of all layers", found.parts, whole),
    costTable(found.costs.slice(0, BARS), whole),
  ];
  return `${[title, ...texts, ...tables].join("\n\n")}\n`;
}

/** Each group's time by pass. */
function passTable(name: string, groups: readonly NodeGroup[], whole: number): string {
  const rows = groups.map(({ name: row, phases, milliseconds: value }) => {
    const passes = [phases.forward, phases.backward, phases.optimizer];
    const cells = passes.map((part) => (part === 0 ? "" : milliseconds(part)));
    return [row, ...cells, milliseconds(value), perCent(value, whole)];
  });
  const header = [name, "forward", "backward", "optimizer", "all", "share"];
  const align = header.map((_, i) => (i === 0 ? ("left" as const) : ("right" as const)));
  return table(rows, { header, align });
}

/** What is worth a look first. */
function costTable(costs: readonly NodeGroup[], whole: number): string {
  const rows = costs.map(({ name, milliseconds: value, runs, operations }) => {
    const speed = operations === 0 ? "" : speedOf(operations, value);
    return [name, `${formatNumber(runs)}×`, milliseconds(value), perCent(value, whole), speed];
  });
  const header = ["Largest costs", "runs", "time", "share", "products"];
  return table(rows, { header, align: ["left", "right", "right", "right", "right"] });
}

function pictureOf(found: StepProfile): string {
  return stackedSvg(
    `Where ${milliseconds(found.milliseconds)} of a training step go`,
    [roomBars(found), opBars(found), partBars(found)].map((chart) => barChartSvg(chart)),
  );
}
