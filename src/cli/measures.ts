/** Metrics of one system, or of two on the same examples: intervals, tests, and the table that shows them. */
import { Option, type Command } from "commander";
import { InputError } from "../errors/index.ts";
import {
  bootstrap,
  pairedBootstrap,
  pairedRandomization,
  scoreOf,
  type ExampleStatistics,
  type Interval,
  type PairedTest,
} from "../evaluation/index.ts";
import { wholeNumber } from "./command.ts";
import { table } from "./terminal/index.ts";

/** What `withMeasureOptions` adds to a command's flags. */
export interface MeasureFlags {
  readonly bootstrap?: number;
  readonly compare?: string;
  readonly seed: number;
  readonly json?: true;
}

/** A metric's score; `interval` where it was asked for, `compared` where there is another system. */
export interface Measured {
  readonly metric: string;
  /** NaN (in JSON null) where the metric is not defined for the examples. */
  readonly score: number;
  readonly interval?: Interval;
  readonly compared?: PairedTest & { readonly differenceInterval: Interval };
}

/** Resamples and exchanges for a comparison, unless told. */
const SAMPLES = 1000;

/** Adds the options for intervals, the other system and JSON. `other` says what its file is. */
export function withMeasureOptions(command: Command, other: string): Command {
  return command
    .option("--bootstrap <n>", "show 95 % intervals from so many resamples, 1000 as a rule", wholeNumber(1))
    .addOption(
      new Option(
        "--compare <file>",
        `${other} of another system for the same examples: paired differences, with the p-value of a permutation test`,
      ),
    )
    .option("--seed <n>", "seed of the resamples", wholeNumber(0), 1)
    .option("--json", "print all as JSON");
}

/** Measures a system, and compares it with another where there is one. */
export function measure(
  system: readonly ExampleStatistics[],
  other: readonly ExampleStatistics[] | undefined,
  { bootstrap: samples, seed }: MeasureFlags,
): Measured[] {
  return system.map((statistics, i) => {
    const { metric } = statistics;
    const score = scoreOf(statistics);
    const baseline = other?.[i];
    if (other !== undefined && baseline?.metric !== metric) {
      throw new InputError(`The other system cannot be judged by ${metric}: its file holds less. Give both alike.`);
    }
    if (Number.isNaN(score) || (baseline !== undefined && Number.isNaN(scoreOf(baseline)))) return { metric, score };
    const drawn = { samples: samples ?? SAMPLES, seed };
    return {
      ...{ metric, score },
      ...(samples !== undefined && { interval: bootstrap(statistics, drawn) }),
      ...(baseline !== undefined && { compared: compare(baseline, statistics, drawn) }),
    };
  });
}

function compare(
  baseline: ExampleStatistics,
  system: ExampleStatistics,
  options: { samples: number; seed: number },
): PairedTest & { readonly differenceInterval: Interval } {
  const { differenceInterval } = pairedBootstrap(baseline, system, options);
  return { ...pairedRandomization(baseline, system, options), differenceInterval };
}

/** The metrics as a table, scores with `digits` decimals. */
export function measureTable(measured: readonly Measured[], digits = 4): string {
  const intervals = measured.some(({ interval }) => interval !== undefined);
  const comparison = measured.some(({ compared }) => compared !== undefined);
  const fixed = (value: number): string => (Number.isNaN(value) ? "undefined" : value.toFixed(digits));
  const between = (interval: Interval | undefined): string =>
    interval === undefined ? "" : `${fixed(interval.low)} … ${fixed(interval.high)}`;
  const signed = (value: number): string => `${value > 0 ? "+" : ""}${fixed(value)}`;
  const rows = measured.map(({ metric, score, interval, compared }) => [
    metric,
    fixed(score),
    ...(intervals ? [between(interval)] : []),
    ...(comparison && compared === undefined ? ["", "", "", ""] : []),
    ...(compared === undefined
      ? []
      : [
          fixed(compared.baseline),
          signed(compared.difference),
          between(compared.differenceInterval),
          compared.pValue.toFixed(4),
        ]),
  ]);
  const header = [
    "metric",
    "score",
    ...(intervals ? ["95 %"] : []),
    ...(comparison ? ["other", "difference", "95 %", "p"] : []),
  ];
  return table(rows, { header, align: header.map((_, column) => (column === 0 ? "left" : "right")) });
}
