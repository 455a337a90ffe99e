/** `heed data preview`: real rows as an objective makes them: tokens, what became of them, and what is asked for. */
import type { Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { displayWidth, pad, paint, visibleToken, type ColorDepth, type Rgb } from "../../figures/index.ts";
import { diskFolder } from "../../files/disk.ts";
import {
  pretrain,
  pretrainObjectives,
  previewPretraining,
  wayConfig,
  type PretrainObjectiveName,
  type PreviewMark,
  type PreviewRow,
} from "../../learning/index.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import { readConfigFile } from "../config-file.ts";
import { jsonLine, type Io } from "../io.ts";
import { pretrainKeys, withPretrainOptions, type PretrainFlags } from "../pretrain-options.ts";
import { colorDepthOf, widthOf } from "../terminal/index.ts";

interface Flags extends PretrainFlags {
  readonly config?: string;
  readonly seed?: number;
  readonly epoch: number;
  readonly rows: number;
  readonly json?: true;
}

export function previewCommand(io: Io): Command {
  const made = describedCommand("preview", "Shows rows as a model sees them while it learns by an objective.", {
    run: "heed data preview --objective mlm --model bert-base --data train.txt --rows 1",
    expect: "a row in three lines: original, input with [MASK], target below each token that is asked for",
  });
  return withPretrainOptions(made)
    .option("--config <file>", "a YAML or JSON file of heed pretrain; the other options override it")
    .option("--rows <n>", "how many rows to show", wholeNumber(1), 3)
    .option("--epoch <n>", "of which epoch, counted from 0: each is drawn anew", wholeNumber(0), 0)
    .option("--seed <n>", "of what is drawn", wholeNumber(0))
    .option("--json", "print the rows as JSON")
    .action((flags: Flags) => preview(flags, io));
}

const bert = { model_type: "bert", hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 1 };
const onStack = (side: string): object => ({ [`${side}_layers`]: 1, [`${side}_attention_heads`]: 1 });
/** Small models for a preview that is given a tokenizer alone, by objective. */
const standIns: Readonly<Partial<Record<PretrainObjectiveName, Readonly<Record<string, unknown>>>>> = {
  mlm: bert,
  nsp: bert,
  sop: bert,
  contrastive: bert,
  rtd: { ...bert, model_type: "electra", embedding_size: 8 },
  clm: { model_type: "gpt2", n_embd: 8, n_layer: 1, n_head: 1 },
  denoise: { model_type: "bart", d_model: 8, ...onStack("encoder"), ...onStack("decoder") },
  span: { model_type: "t5", d_model: 8, num_layers: 1, num_heads: 1 },
};

async function preview(flags: Flags, io: Io): Promise<void> {
  const folder = diskFolder();
  const file = flags.config === undefined ? {} : await readConfigFile(folder, flags.config);
  const keys = { ...pretrainKeys(flags), seed: flags.seed };
  const given = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
  const merged: Record<string, unknown> = { ...file, ...given };
  const config = wayConfig(pretrain, { model: standInFor(merged), ...merged }, flags.config ?? "The options");
  const context = {
    ...{ files: folder, from: undefined, engine: {} },
    warn: (message: string): void => void io.stderr.write(`${message}\n`),
  };
  const { rows, summary } = await previewPretraining(config, context, { rows: flags.rows, epoch: flags.epoch });
  if (flags.json === true) {
    await io.stdout.write(jsonLine({ objective: config.objective, epoch: flags.epoch, summary, rows }));
    return;
  }
  const look = { depth: colorDepthOf(io.stdout, io.environment), width: widthOf(io.stdout) };
  const shown = rows.map((row, i) => shownRow(row, i + 1, look));
  await io.stdout.write(`${[summary.join("\n"), ...shown].join("\n\n")}\n`);
}

/** A model for `--tokenizer` alone. Throws InputError where there is none for the objective. */
function standInFor({ model, tokenizer, objective }: Readonly<Record<string, unknown>>): unknown {
  if (model !== undefined || typeof objective !== "string" || !(objective in pretrainObjectives)) return undefined;
  const standIn = standIns[objective as PretrainObjectiveName];
  if (tokenizer !== undefined && standIn !== undefined) return standIn;
  throw new InputError(
    standIn === undefined
      ? `--objective ${objective} is shown for a model. Give one (--model).`
      : "Neither --model nor --tokenizer is given; one of them says how texts become tokens.",
  );
}

interface Look {
  readonly depth: ColorDepth;
  readonly width: number;
}

/** What became of a token, by color and, where there is none, by a sign above it. */
const marks: Readonly<Record<PreviewMark, { readonly sign: string; readonly ink: Rgb }>> = {
  masked: { sign: "masked", ink: [214, 112, 0] },
  replaced: { sign: "replaced", ink: [204, 51, 68] },
  kept: { sign: "kept", ink: [34, 139, 87] },
  inserted: { sign: "inserted", ink: [204, 51, 68] },
  boundary: { sign: "begins", ink: [56, 110, 200] },
  padding: { sign: "padding", ink: [128, 128, 128] },
};

function shownRow(row: PreviewRow, number: number, look: Look): string {
  const title = `row ${number}${row.about === undefined ? "" : `: ${row.about}`}`;
  const { original, input, targets } = row;
  const same = original.length === input.length && input.length === targets.length;
  const body = same ? alignedLines(row, look) : listedLines(row, look);
  return [title, ...body].join("\n");
}

/** The columns that names of lines take. */
const NAMES = 10;

interface Cell {
  readonly text: string;
  readonly mark?: PreviewMark | undefined;
}

/** Lists of one length: each token stands above what is asked for in its place. */
function alignedLines({ original, input, targets, marks: done = [], inputs = {} }: PreviewRow, look: Look): string[] {
  const plain = (texts: readonly (string | number | undefined)[]): Cell[] =>
    texts.map((text) => ({ text: text === undefined ? "" : visibleToken(String(text)) }));
  const changed = original.some((token, i) => token !== input[i]);
  const lines: [string, Cell[]][] = [
    ...(changed ? ([["original", plain(original)]] as [string, Cell[]][]) : []),
    ["input", input.map((token, i) => ({ text: visibleToken(token), mark: done[i] }))],
    ...(done.some((mark) => mark !== undefined)
      ? ([["", done.map((mark) => ({ text: mark === undefined ? "" : marks[mark].sign, mark }))]] as [string, Cell[]][])
      : []),
    ["target", plain(targets)],
    ...Object.entries(inputs).map(([name, values]): [string, Cell[]] => [name, plain(values)]),
  ];
  const widths = input.map((_, i) => Math.max(...lines.map(([, cells]) => displayWidth(cells[i]!.text))));
  const groups = wrapped(widths, look.width - NAMES);
  return groups.flatMap(([start, end], group) => [
    ...(group === 0 ? [] : [""]),
    ...lines.map(([name, cells]) => {
      const written = cells
        .slice(start, end)
        .map((cell, i) => colored(pad(cell.text, widths[start + i]!), cell.mark, look));
      return `${pad(name, NAMES)}${written.join(" ")}`.trimEnd();
    }),
  ]);
}

const colored = (text: string, mark: PreviewMark | undefined, { depth }: Look): string =>
  mark === undefined ? text : paint(text, depth, { ink: marks[mark].ink, bold: true });

/** Ranges of columns that fit into a width, with a blank between them. */
function wrapped(widths: readonly number[], room: number): [number, number][] {
  const ranges: [number, number][] = [];
  let [start, used] = [0, 0];
  for (const [i, width] of widths.entries()) {
    if (i > start && used + width > room) {
      ranges.push([start, i]);
      [start, used] = [i, 0];
    }
    used += width + 1;
  }
  ranges.push([start, widths.length]);
  return ranges;
}

/** Lists of several lengths: one below the other, each as a text of tokens. */
function listedLines(row: PreviewRow, look: Look): string[] {
  const lists: [string, readonly Cell[]][] = [
    ["original", row.original.map((token) => ({ text: visibleToken(token) }))],
    ["input", row.input.map((token, i) => ({ text: visibleToken(token), mark: row.marks?.[i] }))],
    ["target", row.targets.map((token) => ({ text: token === undefined ? "·" : visibleToken(token) }))],
    ...Object.entries(row.inputs ?? {}).map(([name, values]): [string, Cell[]] => [
      name,
      values.map((value) => ({ text: String(value) })),
    ]),
  ];
  return lists.flatMap(([name, cells]) => {
    const widths = cells.map(({ text }) => displayWidth(text));
    return wrapped(widths, look.width - NAMES).map(([start, end], line) => {
      const written = cells.slice(start, end).map(({ text, mark }) => colored(text, mark, look));
      return `${pad(line === 0 ? name : "", NAMES)}${written.join(" ")}`.trimEnd();
    });
  });
}
