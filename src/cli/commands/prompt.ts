/** `heed prompt`: what a model can do on a task that it meets only in its prompt. */
import { dirname } from "node:path";
import { Option, type Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { lineChartSvg, lineChartText, type LineChart } from "../../figures/index.ts";
import { diskFolder } from "../../files/disk.ts";
import {
  normalizations,
  openPromptTask,
  promptModel,
  promptTaskConfig,
  type PromptReport,
} from "../../learning/index.ts";
import type { Normalization } from "../../learning/index.ts";
import { requireOption, wholeNumber } from "../command.ts";
import { readConfigFile } from "../config-file.ts";
import { jsonLine, type Io } from "../io.ts";
import { modelCommand, withModel, type ModelFlags } from "../model-command.ts";
import { table } from "../terminal/index.ts";

interface Flags extends ModelFlags {
  readonly task: string;
  readonly shots: readonly number[];
  readonly seeds: number;
  readonly orders: number;
  readonly balance?: true;
  readonly calibrate?: true;
  readonly normalize: Normalization;
  readonly limit?: number;
  readonly bootstrap: number;
  readonly svg?: string;
}

export function command(io: Io): Command {
  const made = modelCommand("prompt", "Scores a model on a task that it meets only in its prompt. No weight changes.", {
    run: "heed prompt --model runs/base --task mood.yaml --shots 0,1,4,8 --seeds 5 --balance",
    expect:
      "a table: accuracy for each number of shots, with an interval and the spread over the draws; a curve; the sum\n" +
      "over the parameters before and after\n" +
      'mood.yaml: template: "Review: {text}\\nMood: {answer}", answer: label, choices: { pos: good, neg: bad },\n' +
      "queries: [test.tsv], shots: [train.tsv]",
  });
  requireOption(made, new Option("--task <file>", "YAML or JSON: template, choices, files of shots and of queries"));
  return made
    .option("--shots <list>", "numbers of solved rows that are shown, as 0,1,4,8", shotList, [0, 1, 4, 8])
    .option("--seeds <n>", "draws of shots", wholeNumber(1), 3)
    .option("--orders <n>", "orders in which each draw is shown", wholeNumber(1), 1)
    .option("--balance", "show each answer as often as any other")
    .option("--calibrate", "divide by what the model answers to prompts without content")
    .addOption(
      new Option("--normalize <how>", "what the likelihood of a choice is put in relation to")
        .choices(normalizations)
        .default("none"),
    )
    .option("--limit <n>", "ask only the first questions", wholeNumber(1))
    .option("--bootstrap <n>", "resamples for the intervals", wholeNumber(1), 1000)
    .option("--svg <file>", "draw accuracy against shots")
    .action((flags: Flags) =>
      withModel(flags, "read", async (model) => {
        const config = promptTaskConfig(await readConfigFile(diskFolder(), flags.task), flags.task);
        const task = await openPromptTask(config, diskFolder(dirname(flags.task)));
        const report = await promptModel(model, task, {
          ...{ shots: flags.shots, seeds: Array.from({ length: flags.seeds }, (_, i) => i + 1), orders: flags.orders },
          ...{ balance: flags.balance, calibrate: flags.calibrate, normalize: flags.normalize, limit: flags.limit },
          samples: flags.bootstrap,
          progress: (done, of) => void io.stderr.write(`run ${done} of ${of}\n`),
        });
        if (flags.svg !== undefined) await diskFolder().write(flags.svg, lineChartSvg(chartOf(report)));
        await io.stdout.write(flags.json === true ? jsonLine(report) : `${promptText(report)}\n`);
      }),
    );
}

function shotList(text: string): number[] {
  const list = text.split(",").map((part) => part.trim());
  const wrong = list.find((part) => !/^\d+$/.test(part));
  if (wrong === undefined) return [...new Set(list.map(Number))].sort((a, b) => a - b);
  throw new InputError(`--shots is "${text}"; whole numbers with commas between them were expected, as 0,1,4,8.`);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function promptText(report: PromptReport): string {
  const { results, queries, majority, chance, parameters } = report;
  const rows = results.map(({ shots, accuracy, runs, deviation }) => [
    shots,
    percent(accuracy.score),
    `${percent(accuracy.low)} … ${percent(accuracy.high)}`,
    runs.length,
    runs.length < 2 ? "" : percent(deviation),
    runs.length < 2
      ? ""
      : `${percent(Math.min(...runs.map((run) => run.accuracy)))} … ${percent(Math.max(...runs.map((run) => run.accuracy)))}`,
  ]);
  const header = ["shots", "accuracy", "95 % interval", "draws", "deviation", "lowest … highest"];
  const shortened = results.reduce((sum, result) => sum + result.shortened, 0);
  const same = parameters.before === parameters.after;
  return [
    table(rows, { header }),
    `${queries} questions. The most frequent answer: ${percent(majority)}` +
      (chance === undefined ? "." : `; guessing: ${percent(chance)}.`),
    ...(shortened === 0
      ? []
      : [`In ${shortened} prompts shots were left out, the first ones, because they were too long.`]),
    ...(results.length < 2 ? [] : ["", lineChartText(chartOf(report))]),
    "",
    `Parameters: SHA-256 ${parameters.before.slice(0, 16)} before and ${parameters.after.slice(0, 16)} after: ` +
      (same ? "no weight has changed." : "they have CHANGED."),
  ].join("\n");
}

/** Accuracy against shots, with its interval and what guessing gives. */
function chartOf({ results, chance, majority }: PromptReport): LineChart & { readonly title: string } {
  const x = results.map(({ shots }) => shots);
  const line = (name: string, of: (result: PromptReport["results"][number]) => number) => ({
    name,
    x,
    y: results.map(of),
  });
  return {
    title: "accuracy against shots",
    xTitle: "shots",
    yTitle: "accuracy",
    series: [
      line("accuracy", ({ accuracy }) => accuracy.score),
      line("low", ({ accuracy }) => accuracy.low),
      line("high", ({ accuracy }) => accuracy.high),
      line(chance === undefined ? "most frequent" : "guessing", () => chance ?? majority),
    ],
  };
}
