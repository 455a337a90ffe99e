/** What commands that learn share: a config file with options over it, progress, and the last line. */
import { version as nodeVersion } from "node:process";
import { Option, type Command } from "commander";
import { diskFolder } from "../files/disk.ts";
import { formatCount, formatDuration } from "../figures/index.ts";
import {
  countOf,
  learn,
  MEASURED,
  secondsPerUpdate,
  wayConfig,
  type Learned,
  type Lesson,
  type Way,
  type WayConfig,
} from "../learning/index.ts";
import type { Group } from "../runtime/index.ts";
import type { RunStart } from "../server/index.ts";
import type { Step } from "../training/index.ts";
import { optimizers, scheduleKinds } from "../training/index.ts";
import { engineOf, realNumber, requireOption, wholeNumber, withEngineOptions, type EngineFlags } from "./command.ts";
import { readConfigFile } from "./config-file.ts";
import { inGroup } from "./group.ts";
import { jsonLine, type Io } from "./io.ts";
import { memoryLine } from "./memory.ts";
import { stopOnInterrupt } from "./stop.ts";
import { trainingStudio } from "./training-studio.ts";
import { trainingProgress, type TrainingProgress } from "./training-progress.ts";
import { version } from "./version.ts";

/** Options of every command that learns; those of the section `training` have its names. */
export interface LearningFlags extends EngineFlags {
  readonly out: string;
  readonly config?: string;
  readonly seed?: number;
  readonly updates?: number;
  readonly epochs?: number;
  readonly minutes?: number;
  readonly batchTokens?: number;
  readonly learningRate?: number;
  readonly warmUp?: number;
  readonly schedule?: string;
  readonly optimizer?: string;
  readonly patience?: number;
  readonly validateEvery?: number;
  readonly saveEvery?: number;
  readonly recompute?: true;
  readonly resume?: true;
  readonly dryRun?: true;
  readonly json?: true;
  readonly studio?: true;
}

const TRAINING = [
  "updates",
  "epochs",
  "minutes",
  "batchTokens",
  "learningRate",
  "warmUp",
  "schedule",
  "optimizer",
  "patience",
  "validateEvery",
  "saveEvery",
  "recompute",
] as const satisfies readonly (keyof LearningFlags)[];

/** Adds the options that all commands that learn have. */
export function withLearningOptions(command: Command): Command {
  requireOption(command, new Option("--out <folder>", "the folder of the run, which becomes the model's"));
  return withEngineOptions(command)
    .option("--config <file>", "a YAML or JSON file; the other options override it")
    .option("--seed <n>", "the same seed and threads give the same losses, to the bit", wholeNumber(0))
    .option("--updates <n>", "how many updates to train for", wholeNumber(1))
    .option("--epochs <n>", "how often to go through the data", realNumber(0))
    .option("--minutes <m>", "how many minutes to train for", realNumber(0))
    .option("--batch-tokens <n>", "the most tokens of a batch, padding included", wholeNumber(1))
    .option("--learning-rate <rate>", "the highest learning rate", realNumber(0))
    .option("--warm-up <n>", "updates until it is reached", wholeNumber(0))
    .addOption(new Option("--schedule <name>", "the curve of the learning rate").choices(scheduleKinds))
    .addOption(new Option("--optimizer <name>", "the update rule").choices(Object.keys(optimizers)))
    .option("--patience <n>", "stop after so many validations without a better score", wholeNumber(1))
    .option("--validate-every <n>", "updates between two validations", wholeNumber(1))
    .option("--save-every <n>", "updates between two checkpoints", wholeNumber(1))
    .option("--recompute", "compute the inside of layers twice instead of keeping it: less memory, more time")
    .option("--resume", "go on with the run in the folder")
    .option("--studio", "look into the run in the browser while it learns")
    .option("--dry-run", "look at data, model, memory and time, do a few updates, write nothing")
    .option("--json", "print the finished run's scores as JSON");
}

/**
 * Runs a way of learning with a command's options: `given` has the way's own keys of the config. Under mpirun all ranks
 * share the work.
 */
export function runLearning<C extends WayConfig>(
  way: Way<C>,
  flags: LearningFlags,
  given: Readonly<Record<string, unknown>>,
  io: Io,
): Promise<void> {
  return inGroup(io, (group, own) => learnInGroup(way, flags, given, own, group));
}

async function learnInGroup<C extends WayConfig>(
  way: Way<C>,
  flags: LearningFlags,
  given: Readonly<Record<string, unknown>>,
  io: Io,
  group: Group,
): Promise<void> {
  const file = flags.config === undefined ? {} : await readConfigFile(diskFolder(), flags.config);
  const training = { ...(file["training"] as object | undefined), ...defined(pick(flags, TRAINING)) };
  const config = wayConfig(
    way,
    { ...file, ...defined({ ...given, seed: flags.seed }), training },
    flags.config ?? "The options",
  );
  const signal = stopOnInterrupt();
  const warn = (message: string): void => void io.stderr.write(`${message}\n`);
  let progress: TrainingProgress | undefined;
  let total: number | undefined;
  const first: Step[] = [];
  const start = ({ path, resume, signal, changed }: RunStart): AsyncGenerator<Step, Learned> => {
    const own = path === flags.out;
    return learn(way, changedConfig(way, config, changed), {
      folder: diskFolder(path),
      files: diskFolder(),
      engine: engineOf(flags),
      machine: { heed: version, node: nodeVersion },
      resume,
      dryRun: flags.dryRun ?? false,
      ...{ signal, group, warn },
      memory: (memory, { parameters }) => {
        if (own) warn(memoryLine(memory, undefined, 4 * parameters.layout.size));
      },
      begin: (lesson, updates, resumedAt) => {
        if (!own) return;
        for (const line of [...lesson.summary, sizeLine(lesson)]) warn(line);
        warn(lesson.parameters.engine.description);
        if (resumedAt > 0) warn(`Going on from update ${resumedAt}.`);
        total = updates;
        progress?.close();
        if (flags.dryRun === true) return;
        progress = trainingProgress(io, updates, resumedAt);
        studio.opened();
      },
    });
  };
  const controlled = {
    ...{ path: flags.out, resume: flags.resume ?? false, start },
    check: (changed: RunStart["changed"]) => void changedConfig(way, config, changed),
    discard: () => Promise.resolve(),
  };
  const studio = await trainingStudio(controlled, flags.studio ?? false, { io, signal, group });
  const run = studio.steps;
  try {
    for (let next = await run.next(); ; next = await run.next()) {
      if (next.done !== true) {
        progress?.step(next.value);
        first.push(...(first.length < MEASURED ? [next.value] : []));
        if (first.at(-1) === next.value && first.length === MEASURED)
          progress?.log(paceLine(first, total, config.training));
        continue;
      }
      progress?.finish();
      if (flags.dryRun === true) {
        await io.stdout.write(`Dry run, nothing written: ${paceLine(first, total, config.training)}.\n`);
        return;
      }
      const { scores, updates } = next.value;
      if (flags.json === true) {
        await io.stdout.write(jsonLine({ model: flags.out, updates, scores }));
        await studio.ended();
        return;
      }
      const shown = Object.entries(scores).map(([name, value]) => `${name} ${value.toFixed(4)}`);
      const how = studio.stopped ? "Stopped; --resume goes on. " : "";
      await io.stdout.write(`${how}The model is in ${flags.out}${shown.length > 0 ? `: ${shown.join(", ")}` : ""}.\n`);
      await studio.ended();
      return;
    }
  } finally {
    progress?.close();
    await studio.close();
    signal.done();
  }
}

/** The config with other settings of the section `training`; throws ConfigError for those that cannot be used. */
function changedConfig<C extends WayConfig>(way: Way<C>, config: C, changed: RunStart["changed"]): C {
  if (Object.keys(changed).length === 0) return config;
  return wayConfig(way, { ...config, training: { ...config.training, ...changed } }, "The branch");
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Partial<Pick<T, K>>;
}

const defined = (values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** "4,385,920 parameters, all trained", or how many of them are. */
function sizeLine({ parameters }: Lesson): string {
  const { total, trained } = countOf(parameters);
  return `${formatCount(total)} parameters, ${trained === total ? "all" : formatCount(trained)} trained`;
}

/** How long a run takes, by its first updates: "0.21 s an update, about 3 min 20 s for the 950 that are left". */
function paceLine(first: readonly Step[], total: number | undefined, { minutes }: WayConfig["training"]): string {
  const seconds = secondsPerUpdate(first);
  if (seconds === undefined) return "too few updates to measure the time of one";
  const each = `${seconds.toPrecision(2)} s an update`;
  const left = total === undefined ? undefined : total - first.at(-1)!.update;
  const limit = minutes === undefined ? Infinity : 60 * minutes;
  if (left === undefined || left * seconds > limit) {
    return `${each}, about ${formatCount(limit / seconds)} in ${formatDuration(limit)}`;
  }
  return `${each}, about ${formatDuration(left * seconds)} for the ${formatCount(left)} that are left, without validation`;
}
