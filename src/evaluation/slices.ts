/** Scores of parts of a test set: short and long texts, single classes, texts with a certain word. */
import { InputError } from "../errors/index.ts";
import type { ExampleStatistics } from "./examples.ts";
import { bootstrap, type Interval, type ResamplingOptions } from "./resampling.ts";

/** Some examples, and what they have in common. */
export interface Slice {
  readonly name: string;
  /** Their places, from 0. */
  readonly examples: readonly number[];
}

/** A slice with its score; no interval where the metric is not defined for it, or it has a single example. */
export interface SliceScore {
  readonly name: string;
  readonly examples: number;
  /** NaN where the metric is not defined. */
  readonly score: number;
  readonly interval: Interval | undefined;
}

/** The same statistics over some of the examples. Throws InputError for a place that is none. */
export function statisticsOf(statistics: ExampleStatistics, examples: readonly number[]): ExampleStatistics {
  const { rows, width } = statistics;
  const chosen = new Float64Array(examples.length * width);
  for (const [i, example] of examples.entries()) {
    if (!(Number.isInteger(example) && example >= 0 && example < statistics.examples)) {
      throw new InputError(
        `There is no example ${example}; expected whole numbers from 0 to ${statistics.examples - 1}.`,
      );
    }
    chosen.set(rows.subarray(example * width, (example + 1) * width), i * width);
  }
  return { ...statistics, examples: examples.length, rows: chosen };
}

/** The score of each slice with its bootstrap interval. Empty slices are left out. */
export function sliceScores(
  statistics: ExampleStatistics,
  slices: readonly Slice[],
  options: ResamplingOptions = {},
): SliceScore[] {
  const filled = slices.filter(({ examples }) => examples.length > 0);
  return filled.map(({ name, examples }) => {
    const part = statisticsOf(statistics, examples);
    const score = part.score(part.rows);
    const known = examples.length > 1 && !Number.isNaN(score);
    return { name, examples: examples.length, score, interval: known ? bootstrap(part, options) : undefined };
  });
}

/**
 * Examples by their length, in parts of about the same size; examples of one length stay together. The names say from
 * which length to which.
 * @throws InputError where there is no part.
 */
export function lengthSlices(lengths: readonly number[], parts = 4, unit = "tokens"): Slice[] {
  if (!(Number.isInteger(parts) && parts > 0)) {
    throw new InputError(`parts is ${parts}; expected a whole number from 1 on.`);
  }
  const order = [...lengths.keys()].sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const slices: Slice[] = [];
  for (let part = 0, first = 0; part < parts && first < order.length; part++) {
    let end = Math.max(first + 1, Math.round((order.length * (part + 1)) / parts));
    while (end < order.length && lengths[order[end]!] === lengths[order[end - 1]!]) end++;
    const examples = order.slice(first, end).sort((a, b) => a - b);
    const [low, high] = [lengths[order[first]!]!, lengths[order[end - 1]!]!];
    slices.push({ name: low === high ? `${low} ${unit}` : `${low} to ${high} ${unit}`, examples });
    first = end;
  }
  return slices;
}

/** Examples by what they are: one slice for each value, sorted. */
export function valueSlices(values: readonly string[], nameOf = (value: string): string => value): Slice[] {
  return [...new Set(values)].sort().map((value) => ({
    name: nameOf(value),
    examples: [...values.keys()].filter((i) => values[i] === value),
  }));
}

/** Examples whose text has a word, whatever the case of its letters; a slice for each word. */
export function wordSlices(texts: readonly string[], words: readonly string[]): Slice[] {
  const found = texts.map((text) => new Set(text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu)));
  return words.map((word) => ({
    name: `with "${word}"`,
    examples: [...texts.keys()].filter((i) => found[i]!.has(word.toLowerCase())),
  }));
}
