/** `heed search`: settings of a way of learning side by side, each over the same seeds. */
import { version as nodeVersion } from "node:process";
import { Option, type Command } from "commander";
import { stringify } from "yaml";
import { diskFolder } from "../../files/disk.ts";
import {
  runSearch,
  searchConfig,
  settingText,
  valueText,
  ways,
  type SearchResult,
  type SearchRow,
} from "../../learning/index.ts";
import { describedCommand, engineOf, requireOption, withEngineOptions, type EngineFlags } from "../command.ts";
import { readConfigFile } from "../config-file.ts";
import { jsonLine, type Io } from "../io.ts";
import { stopOnInterrupt } from "../stop.ts";
import { table } from "../terminal/index.ts";
import { version } from "../version.ts";

interface Flags extends EngineFlags {
  readonly config: string;
  readonly out: string;
  readonly json?: true;
}

export function command(io: Io): Command {
  const made = describedCommand(
    "search",
    "Tries settings of a way of learning side by side, each over the same seeds.",
    {
      run: "heed search --config sweep.yaml --out runs/sweep",
      expect:
        "a table of the settings, the best first, with mean and spread, and the best config; the same command again goes on\n" +
        "sweep.yaml: { way: finetune, config: { task: classify, model: runs/base, data: [train.tsv], validation: [dev.tsv] },\n" +
        "search: { training.learningRate: { from: 1e-5, to: 1e-3, scale: log }, lora.rank: [4, 8] },\n" +
        "method: random, trials: 8, seeds: [1, 2, 3] }",
    },
  );
  requireOption(made, new Option("--config <file>", "what is searched, as YAML or JSON: see the example"));
  requireOption(made, new Option("--out <folder>", "where the runs go, a folder each"));
  return withEngineOptions(made)
    .option("--json", "print the results as JSON")
    .action((flags: Flags) => search(flags, io));
}

async function search(flags: Flags, io: Io): Promise<void> {
  const config = searchConfig(await readConfigFile(diskFolder(), flags.config), flags.config);
  const signal = stopOnInterrupt();
  const log = (line: string): void => void io.stderr.write(`${line}\n`);
  try {
    const result = await runSearch(ways, config, {
      ...{ folder: diskFolder(flags.out), files: diskFolder(), engine: engineOf(flags) },
      ...{ machine: { heed: version, node: nodeVersion }, signal, warn: log },
      begin: ({ setting, seed }, number, of) => {
        log(`run ${number} of ${of}: ${settingText(setting)}, seed ${seed}`);
      },
      done: ({ scores, failed, folder }, { score }) => {
        log(
          failed === undefined
            ? `  ${score} ${(scores?.[score] ?? NaN).toFixed(4)} in ${folder}`
            : `  failed: ${failed}`,
        );
      },
    });
    await io.stdout.write(flags.json === true ? jsonLine(forJson(result)) : shown(result, config.seeds));
  } finally {
    signal.done();
  }
}

function shown({ goal, rows, best }: SearchResult, seeds: readonly number[]): string {
  const keys = Object.keys(rows[0]?.setting ?? {});
  const lines = rows.map(({ setting, mean, deviation, runs }) => [
    ...keys.map((key) => valueText(setting[key])),
    Number.isNaN(mean) ? "failed" : mean.toFixed(4),
    seeds.length > 1 && !Number.isNaN(mean) ? `±${deviation.toFixed(4)}` : "",
    runs.map(({ scores }) => (scores?.[goal.score] ?? NaN).toFixed(4)).join(" "),
    `${Math.round(runs.reduce((sum, { seconds = 0 }) => sum + seconds, 0))} s`,
    runs.map(({ folder }) => folder).join(" "),
  ]);
  const header = [...keys, goal.score, "spread", `seeds ${seeds.join(" ")}`, "time", "folders"];
  const align = [...keys.map(() => "right" as const), "right", "right", "left", "right", "left"] as const;
  const found = best === undefined ? "No setting has a score." : `The best config:\n\n${stringify(best).trimEnd()}`;
  return `${table(lines, { header, align })}\n\n${found}\n`;
}

/** JSON has no NaN: a row without a score has none there. */
const forJson = ({ goal, rows, best }: SearchResult): object => ({
  goal,
  best,
  rows: rows.map(({ mean, deviation, ...row }: SearchRow) => ({
    ...row,
    ...(Number.isNaN(mean) ? {} : { mean, deviation }),
  })),
});
