/** Preferences and prompts of files, as what is trained on and what is held out. */
import { parsePreferences, parsePrompts, type Preference, type Said } from "../data/index.ts";
import { readLines, type ReadableFolder } from "../files/index.ts";
import { rowBatches, type AnsweredRow, type RowBatchOptions } from "../objectives/index.ts";
import { hash32 } from "../random/index.ts";
import { answerIds, fitted, promptIds } from "../tasks/answers.ts";
import type { Tokenizer } from "../tokens/index.ts";
import type { Batch, Epoch } from "../training/index.ts";

/** The pairs of several files. Throws InputError that names file and line of what cannot be read. */
export async function readPreferences(files: ReadableFolder, paths: readonly string[]): Promise<Preference[]> {
  const all: Preference[] = [];
  for (const path of paths) all.push(...parsePreferences(await linesOf(files, path), files.describe(path)));
  return all;
}

/** The prompts of several files. Throws InputError that names file and line of what cannot be read. */
export async function readPrompts(files: ReadableFolder, paths: readonly string[]): Promise<Said[]> {
  const all: Said[] = [];
  for (const path of paths) all.push(...parsePrompts(await linesOf(files, path), files.describe(path)));
  return all;
}

async function linesOf(files: ReadableFolder, path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(files, path)) lines.push(line);
  return lines;
}

/** What is trained on, and what is not. */
export interface Split<T> {
  readonly kept: readonly T[];
  readonly held: readonly T[];
}

/**
 * Holds a share of the rows out by their prompts, so that no prompt is on both sides: the same seed holds out the same
 * prompts, whatever their order.
 */
export function splitByPrompt<T>(rows: readonly T[], prompt: (row: T) => Said, share: number, seed: number): Split<T> {
  const keys = rows.map((row) => JSON.stringify(prompt(row)));
  const drawn = [...new Set(keys)].map((key) => ({ key, draw: hash32(seed, "held out", key) }));
  drawn.sort((a, b) => a.draw - b.draw || (a.key < b.key ? -1 : 1));
  // At least one prompt stays on each side, if there is more than one and a share is asked for.
  const count = share === 0 ? 0 : Math.min(drawn.length - 1, Math.max(1, Math.round(share * drawn.length)));
  const held = new Set(drawn.slice(0, count).map(({ key }) => key));
  return { kept: rows.filter((_, i) => !held.has(keys[i]!)), held: rows.filter((_, i) => held.has(keys[i]!)) };
}

/** Each prompt once, in the order of their first places. */
export function distinct(prompts: readonly Said[]): Said[] {
  return [...new Map(prompts.map((prompt) => [JSON.stringify(prompt), prompt])).values()];
}

/** Both answers of a pair, each behind its prompt. */
export interface EncodedPair {
  readonly chosen: AnsweredRow;
  readonly rejected: AnsweredRow;
  /** Whether something of it was cut off. */
  readonly cut: boolean;
}

/** Pairs as ids of at most `limit` tokens. */
export function encodePairs(
  tokenizer: Tokenizer,
  rows: readonly Preference[],
  limit: number | undefined,
): EncodedPair[] {
  return rows.map(({ prompt, chosen, rejected }) => {
    const front = promptIds(tokenizer, prompt);
    const side = (answer: Said): ReturnType<typeof fitted> =>
      fitted(front, answerIds(tokenizer, { prompt, answer }), limit);
    const [better, worse] = [side(chosen), side(rejected)];
    return { chosen: better, rejected: worse, cut: better.cut || worse.cut };
  });
}

/** The rows of pairs: of pair i, 2i and 2i + 1. */
export const rowsOfPairs = (pairs: readonly EncodedPair[]): AnsweredRow[] =>
  pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);

/** The batches of each epoch: pairs of like length together, both answers of a pair in one batch. */
export function pairBatches(
  pairs: readonly EncodedPair[],
  options: RowBatchOptions,
  make: (pairs: readonly number[]) => Omit<Batch, "examples">,
): (epoch: number) => Epoch {
  const lengths = pairs.map((pair) => 2 * Math.max(...rowsOfPairs([pair]).map(lengthOf)));
  const epochs = rowBatches(lengths, options, make);
  return (number) => {
    const epoch = epochs(number);
    return {
      length: epoch.length,
      batch: (index) =>
        epoch.batch(index).map((part) => {
          return { ...part, examples: part.examples.flatMap((pair) => [2 * pair, 2 * pair + 1]) };
        }),
    };
  };
}

const lengthOf = ({ prompt, answer }: AnsweredRow): number => prompt.length + answer.length;

/** Numbers, lengths and shares of the pairs, a line each. */
export function pairSummary({ kept, held }: Split<Preference>, encoded: readonly EncodedPair[]): string[] {
  const prompts = distinct(kept.map(({ prompt }) => prompt)).length;
  const tokens = (of: (pair: EncodedPair) => readonly number[]): string => {
    const lengths = encoded.map((pair) => of(pair).length).sort((a, b) => a - b);
    return `${lengths[Math.floor(lengths.length / 2)]!} (longest ${lengths.at(-1)!})`;
  };
  const longer = encoded.filter(({ chosen, rejected }) => chosen.answer.length > rejected.answer.length).length;
  const equal = encoded.filter(({ chosen, rejected }) => chosen.answer.length === rejected.answer.length).length;
  const share = (count: number): string => `${((100 * count) / encoded.length).toFixed(1)} %`;
  const [cut, turned] = [encoded.filter((pair) => pair.cut).length, contradicted(kept)];
  return [
    `${kept.length} pairs over ${prompts} prompts to learn from, ${held.length} held out`,
    `median tokens: prompt ${tokens(({ chosen }) => chosen.prompt)}, chosen ${tokens(({ chosen }) => chosen.answer)}, ` +
      `rejected ${tokens(({ rejected }) => rejected.answer)}; the chosen answer is longer in ${share(longer)}, ` +
      `as long in ${share(equal)}`,
    ...(cut > 0 ? [`${cut} pairs are too long for the model and were cut`] : []),
    ...(turned > 0 ? [`${turned} pairs are contradicted by another that prefers the other answer`] : []),
  ];
}

function contradicted(rows: readonly Preference[]): number {
  const key = (prompt: Said, first: Said, second: Said): string => JSON.stringify([prompt, first, second]);
  const all = new Set(rows.map(({ prompt, chosen, rejected }) => key(prompt, chosen, rejected)));
  return rows.filter(({ prompt, chosen, rejected }) => all.has(key(prompt, rejected, chosen))).length;
}
