/** The examples that a model is judged on: given with the question, or read from a file beside the model. */
import { z } from "zod";
import { textPairs } from "../data/index.ts";
import { InputError, nearest } from "../errors/index.ts";
import { joinPaths, readLines, type ReadableFolder } from "../files/index.ts";
import { classification, pairClassification } from "../learning/finetune-classes.ts";
import type { QueryContext } from "./query.ts";
import type { Subject } from "./subject.ts";

const place = z.object({
  /** A folder of data by its name; the model's own where it is left out. */
  folder: z.string().optional(),
});

/** A sentence, its translation, and what a system made of it, where that is known. */
const pair = z.object({ source: z.string().default(""), target: z.string(), hypothesis: z.string().optional() });
export type ExamplePair = z.output<typeof pair>;

/** Where pairs come from: `pairs`, or two parallel files. */
export const pairsInput = z.object({
  pairs: z.array(pair).max(10_000).optional(),
  files: place.extend({ source: z.string(), target: z.string() }).optional(),
  /** So many of them, from the first. */
  first: z.int().positive().max(10_000).default(50),
});

/** A text, or two, with its class. */
const labeled = z.object({ text: z.string(), pair: z.string().optional(), label: z.string() });
export type LabeledExample = z.output<typeof labeled>;

/** Where texts with classes come from: `rows`, or a table (TSV, CSV, JSON lines) as `heed finetune` reads it. */
export const rowsInput = z.object({
  rows: z.array(labeled).max(10_000).optional(),
  file: place.extend({ path: z.string(), pairs: z.boolean().default(false) }).optional(),
  first: z.int().positive().max(10_000).default(1000),
});

/** The pairs of a question. Throws InputError for none, and for files that are not there. */
export async function pairsOf(
  subject: Subject,
  { pairs, files, first }: z.output<typeof pairsInput>,
  context: QueryContext,
): Promise<ExamplePair[]> {
  if (pairs !== undefined && pairs.length > 0) return pairs.slice(0, first);
  if (files === undefined) throw new InputError("There is nothing to judge. Give pairs, or the names of two files.");
  const folder = folderOf(subject, files.folder, context);
  const [source, target] = [inside(files.source), inside(files.target)];
  const names = { sourceName: source, targetName: target };
  const found = await textPairs(readLines(folder, source), readLines(folder, target), names);
  return found.pairs.slice(0, first);
}

/** The texts with classes of a question. Throws InputError for none, and for a file that is not there. */
export async function rowsOf(
  subject: Subject,
  { rows, file, first }: z.output<typeof rowsInput>,
  context: QueryContext,
): Promise<LabeledExample[]> {
  if (rows !== undefined && rows.length > 0) return rows.slice(0, first);
  if (file === undefined) throw new InputError("There is nothing to judge. Give rows, or the name of a file.");
  const folder = folderOf(subject, file.folder, context);
  const { read } = file.pairs ? pairClassification : classification;
  const found = await read(folder, [inside(file.path)], {});
  return found.slice(0, first).map(({ input, labels }) => ({
    text: typeof input === "string" ? input : input[0],
    pair: typeof input === "string" ? undefined : input[1],
    label: labels[0]!,
  }));
}

const inside = (path: string): string => joinPaths("", path);

function folderOf({ folder: own }: Subject, name: string | undefined, { data = {} }: QueryContext): ReadableFolder {
  const found = name === undefined ? own : data[name];
  if (found !== undefined) return found;
  const names = Object.keys(data);
  const near = name === undefined ? undefined : nearest(name, names);
  const known = names.length === 0 ? "No folder of data is open." : `The folders of data are ${names.join(", ")}.`;
  throw new InputError(
    name === undefined
      ? `This model did not come from a folder, so it has no files beside it. ${known}`
      : `There is no folder of data "${name}". ${near === undefined ? "" : `Did you mean "${near}"? `}${known}`,
  );
}
