/** `heed data preview`: real rows as a model learns from them: tokens, what became of them, and what is asked for. */
import type { Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import {
  instruct,
  pretrain,
  pretrainObjectives,
  previewInstructions,
  previewPretraining,
  wayConfig,
  type PretrainObjectiveName,
} from "../../learning/index.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import { readConfigFile } from "../config-file.ts";
import { jsonLine, type Io } from "../io.ts";
import { pretrainKeys, withPretrainOptions, type PretrainFlags } from "../pretrain-options.ts";
import { previewText } from "../preview-text.ts";
import { colorDepthOf, widthOf } from "../terminal/index.ts";

interface Flags extends PretrainFlags {
  readonly instructions?: true;
  readonly template?: string;
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
    .option("--instructions", "rows of heed instruct, and which of their tokens are learned; no --objective")
    .option("--template <name>", "of --instructions: plain, alpaca, bare or a Jinja file")
    .option("--config <file>", "a YAML or JSON file of heed pretrain or instruct; the other options override it")
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
  const keys = { ...pretrainKeys(flags), template: flags.template, seed: flags.seed };
  const given = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
  const merged: Record<string, unknown> = { ...file, ...given };
  const config = { model: standInFor(merged, flags.instructions), ...merged };
  const context = {
    ...{ files: folder, from: undefined, engine: {} },
    warn: (message: string): void => void io.stderr.write(`${message}\n`),
  };
  const name = flags.config ?? "The options";
  const { rows, summary } =
    flags.instructions === true
      ? await previewInstructions(wayConfig(instruct, config, name), context, flags)
      : await previewPretraining(wayConfig(pretrain, config, name), context, flags);
  if (flags.json === true) {
    const { objective } = merged;
    await io.stdout.write(jsonLine({ objective, epoch: flags.epoch, summary, rows }));
    return;
  }
  const look = { depth: colorDepthOf(io.stdout, io.environment), width: widthOf(io.stdout) };
  const shown = rows.map((row, i) => previewText(row, i + 1, look));
  await io.stdout.write(`${[summary.join("\n"), ...shown].join("\n\n")}\n`);
}

/** A model for `--tokenizer` alone. Throws InputError where there is none for the objective. */
function standInFor({ model, tokenizer, objective }: Readonly<Record<string, unknown>>, instructions = false): unknown {
  const name = instructions ? "clm" : objective;
  if (model !== undefined || typeof name !== "string" || !(name in pretrainObjectives)) return undefined;
  const standIn = standIns[name as PretrainObjectiveName];
  if (tokenizer !== undefined && standIn !== undefined) return standIn;
  throw new InputError(
    standIn === undefined
      ? `--objective ${name} is shown for a model. Give one (--model).`
      : "Neither --model nor --tokenizer is given; one of them says how texts become tokens.",
  );
}
