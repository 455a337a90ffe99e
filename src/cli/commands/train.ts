/** `heed train translation`: a translator from two text files. */
import { Command, Option } from "commander";
import { ConfigError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { formatCount } from "../../figures/index.ts";
import { transformerParts, transformerPresets } from "../../models/index.ts";
import type { Group } from "../../runtime/index.ts";
import type { RunStart } from "../../server/index.ts";
import { scheduleKinds, type Step } from "../../training/index.ts";
import type { Translator } from "../../tasks/translator.ts";
import { runTranslation, translatorRunConfig, type TranslatorRunConfig } from "../../tasks/translator-run.ts";
import {
  describedCommand,
  engineOf,
  realNumber,
  requireOption,
  wholeNumber,
  withEngineOptions,
  type EngineFlags,
} from "../command.ts";
import { readConfigFile } from "../config-file.ts";
import { inGroup } from "../group.ts";
import { memoryLine } from "../memory.ts";
import type { Io } from "../io.ts";
import { stopOnInterrupt } from "../stop.ts";
import { trainingStudio } from "../training-studio.ts";
import { trainingProgress, type TrainingProgress } from "../training-progress.ts";
import { pairsFrom } from "../translation-files.ts";

interface Flags extends EngineFlags {
  readonly source: string;
  readonly target: string;
  readonly validSource?: string;
  readonly validTarget?: string;
  readonly out: string;
  readonly config?: string;
  readonly preset?: string;
  readonly layers?: number;
  readonly width?: number;
  readonly heads?: number;
  readonly feedForward?: number;
  readonly vocabulary?: number;
  readonly dropout?: number;
  readonly updates?: number;
  readonly minutes?: number;
  readonly learningRate?: number;
  readonly schedule?: string;
  readonly saveEvery?: number;
  readonly seed?: number;
  readonly recompute?: true;
  readonly resume?: true;
  readonly studio?: true;
}

export function command(io: Io): Command {
  return new Command("train").description("Trains a model from text files.").addCommand(translation(io));
}

function translation(io: Io): Command {
  const made = describedCommand(
    "translation",
    "Trains a Transformer to translate, from two files with a sentence a line.",
    {
      run: "heed train translation --source train.fr --target train.en --valid-source val.fr --valid-target val.en --out runs/fr-en",
      expect:
        "a folder with config.json, model.safetensors, tokenizer.json, log.jsonl and checkpoints/;\nthe last line says where it is and the validation loss, such as 0.05 nats a token",
    },
  );
  requireOption(made, new Option("--source <file>", "sentences to translate, plain or .gz"));
  requireOption(made, new Option("--target <file>", "their translations, line by line"));
  requireOption(made, new Option("--out <folder>", "the folder of the run"));
  return withEngineOptions(
    made
      .option("--valid-source <file>", "sentences to validate on")
      .option("--valid-target <file>", "their translations")
      .option("--config <file>", "a YAML or JSON file; the options below override it")
      .addOption(new Option("--preset <name>", "the size of the model").choices(Object.keys(transformerPresets)))
      .option("--layers <n>", "layers of the encoder and of the decoder", wholeNumber(1))
      .option("--width <n>", "width of the model", wholeNumber(1))
      .option("--heads <n>", "attention heads", wholeNumber(1))
      .option("--feed-forward <n>", "width of the feed-forward layers", wholeNumber(1))
      .option("--vocabulary <n>", "tokens that both languages share", wholeNumber(261))
      .option("--dropout <rate>", "dropout rate", realNumber(0, 1))
      .option("--updates <n>", "how many updates to train for", wholeNumber(1))
      .option("--minutes <m>", "how many minutes to train for", realNumber(0))
      .option("--learning-rate <rate>", "the highest learning rate", realNumber(0))
      .addOption(new Option("--schedule <name>", "the curve of the learning rate").choices(scheduleKinds))
      .option("--save-every <n>", "updates between two checkpoints", wholeNumber(1))
      .option("--seed <n>", "the same seed and threads give the same losses, to the bit", wholeNumber(0))
      .option("--recompute", "compute the inside of layers twice instead of keeping it: less memory, more time")
      .option("--resume", "go on with the run in the folder")
      .option("--studio", "look into the run in the browser while it learns")
      .action((flags: Flags) => inGroup(io, (group, own) => trainTranslation(flags, own, group))),
  );
}

async function trainTranslation(flags: Flags, io: Io, group: Group): Promise<void> {
  const config = await configOf(flags);
  if ((flags.validSource === undefined) !== (flags.validTarget === undefined)) {
    throw new ConfigError("Give both --valid-source and --valid-target, or neither.");
  }
  const pairs = await pairsFrom(flags.source, flags.target, io);
  const validation =
    flags.validSource === undefined ? undefined : await pairsFrom(flags.validSource, flags.validTarget!, io);
  const warn = (message: string): void => void io.stderr.write(`${message}\n`);
  const signal = stopOnInterrupt();
  let progress: TrainingProgress | undefined;
  const start = ({ path, resume, signal, changed }: RunStart): AsyncGenerator<Step, Translator> => {
    const own = path === flags.out;
    const settings = changedConfig(config, changed);
    return runTranslation({
      folder: diskFolder(path),
      config: settings,
      pairs,
      validation,
      resume,
      ...engineOf(flags),
      signal,
      group,
      warn,
      memory: (memory) => {
        if (own) warn(memoryLine(memory));
      },
      begin: (model, resumedAt) => {
        if (!own) return;
        warn(`${formatCount(pairs.length)} pairs, ${sizesOf(model, settings)}; ${model.engine.description}`);
        if (resumedAt > 0) warn(`Going on from update ${resumedAt}.`);
        const { updates, minutes } = settings.training;
        progress?.close();
        progress = trainingProgress(io, minutes === undefined ? updates : undefined, resumedAt);
        studio.opened();
      },
    });
  };
  const controlled = {
    ...{ path: flags.out, resume: flags.resume ?? false, start },
    check: (changed: RunStart["changed"]) => void changedConfig(config, changed),
    discard: (model: Translator) => model.dispose(),
  };
  const studio = await trainingStudio(controlled, flags.studio ?? false, { io, signal, group });
  const run = studio.steps;
  try {
    let last: number | undefined;
    let updates = 0;
    for (let next = await run.next(); ; next = await run.next()) {
      if (next.done === true) {
        progress?.finish();
        const how = studio.stopped
          ? "Stopped; --resume goes on. "
          : updates === 0
            ? "The run was complete already. "
            : "";
        const loss = last === undefined ? "" : `, validation ${last.toFixed(3)} nats a token`;
        await io.stdout.write(`${how}The model is in ${flags.out}${loss}.\n`);
        await next.value.dispose();
        await studio.ended();
        return;
      }
      updates++;
      last = next.value.validation?.["nats"] ?? last;
      progress?.step(next.value);
    }
  } finally {
    progress?.close();
    await studio.close();
    signal.done();
  }
}

/** "1,500 tokens, 855,040 parameters"; a text too small for the vocabulary that was asked for is named. */
function sizesOf({ config: { vocabulary }, config }: Translator, { vocabulary: asked }: TranslatorRunConfig): string {
  const all = vocabulary < asked ? ` (the text gives no more; ${formatCount(asked)} were asked for)` : "";
  return `${formatCount(vocabulary)} tokens${all}, ${formatCount(transformerParts(config).total)} parameters`;
}

/** The config with other settings of the section `training`; throws ConfigError for those that cannot be used. */
function changedConfig(config: TranslatorRunConfig, changed: RunStart["changed"]): TranslatorRunConfig {
  if (Object.keys(changed).length === 0) return config;
  return translatorRunConfig({ ...config, training: { ...config.training, ...changed } }, "The branch");
}

async function configOf(flags: Flags): Promise<TranslatorRunConfig> {
  const file = flags.config === undefined ? {} : await readConfigFile(diskFolder(), flags.config);
  const { preset, layers, width, heads, feedForward, vocabulary, dropout, seed } = flags;
  const { updates, minutes, learningRate, schedule, saveEvery, recompute } = flags;
  const model = { encoderLayers: layers, decoderLayers: layers, width, heads, feedForward, dropout };
  return translatorRunConfig(
    {
      ...file,
      ...defined({ preset, vocabulary, seed }),
      model: section(file["model"], model),
      training: section(file["training"], { updates, minutes, learningRate, schedule, saveEvery, recompute }),
    },
    flags.config ?? "The options",
  );
}

/** A section of the file with the options over it; what is no section stays as it is, to be refused. */
function section(given: unknown, options: Readonly<Record<string, unknown>>): unknown {
  if (given === undefined || given === null) return defined(options);
  return typeof given === "object" && !Array.isArray(given) ? { ...given, ...defined(options) } : given;
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
