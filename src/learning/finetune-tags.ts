/** Fine-tuning for named spans: a tag for each word, from CoNLL's columns or JSON lines (Devlin et al. 2019, section 5.3). */
import { IGNORED, parseConll, parseTable, tableFormatOf } from "../data/index.ts";
import { InputError, nearest } from "../errors/index.ts";
import { readTags, spanStatistics, summedStatistics, type ExampleStatistics } from "../evaluation/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { ConfigJson } from "../models/index.ts";
import { tokenClasses } from "../objectives/index.ts";
import type { Model } from "../tasks/model.ts";
import { joinedWords, piecesOf, TokenTagger } from "../tasks/tag.ts";
import { readTokens, type TextModel } from "../tasks/text-model.ts";
import type { FinetuneConfig } from "./finetune.ts";
import { labelConfig, weightsOf } from "./finetune-classes.ts";
import { linesOf } from "./finetune-rows.ts";
import { lengthsLine, type FinetuneTask, type PreparedTask, type TaskOptions } from "./finetune-task.ts";

/** A sentence with a tag for each word: B-NAME begins a name, I-NAME goes on with it, O is none. */
export interface TaggedWords {
  readonly words: readonly string[];
  /** Repaired: every name begins with B-. */
  readonly tags: readonly string[];
  /** How many tags had to be. */
  readonly repaired: number;
  /** File and line, for messages. */
  readonly place: string;
}

/** Names and other spans of words. */
export const tagging: FinetuneTask<TaggedWords> = {
  head: { task: "token-classification" },
  goal: () => ({ score: "F1", better: "higher" }),
  read: readTagged,
  config: tagConfig,
  texts: (rows) => rows.map(({ words }) => words.join(" ")),
  prepare: prepareTags,
  check: checkTypes,
  judge: judgeTags,
};

const WORDS = ["words", "tokens"];
const TAGS = ["tags", "ner_tags", "labels"];

async function readTagged(
  files: ReadableFolder,
  paths: readonly string[],
  { columns = {} }: TaskOptions,
): Promise<TaggedWords[]> {
  const rows: TaggedWords[] = [];
  for (const path of paths) {
    const [lines, name] = [await linesOf(files, path), files.describe(path)];
    const jsonl = tableFormatOf(path) === "jsonl";
    const sentences = jsonl ? jsonSentences(lines, name, columns) : conllSentences(lines, name);
    for (const { words, tags, place } of sentences) rows.push({ words, place, ...repairedTags(tags, place) });
  }
  return rows;
}

type Sentence = Pick<TaggedWords, "words" | "tags" | "place">;

function conllSentences(lines: readonly string[], name: string): Sentence[] {
  return parseConll(lines, name).map(({ tokens, tags, line }) => {
    const place = `${name}, line ${line}`;
    if (tokens.length === tags.length) return { words: tokens, tags, place };
    throw new InputError(
      `${place}: there is one column. A word and its tag were expected, with a tab or a blank between.`,
    );
  });
}

function jsonSentences(
  lines: readonly string[],
  name: string,
  columns: NonNullable<TaskOptions["columns"]>,
): Sentence[] {
  const table = parseTable(lines, "jsonl", name, []);
  const list = (values: ReadonlyMap<string, unknown>, names: readonly string[], place: string): string[] => {
    const found = names.map((one) => values.get(one)).find((value) => value !== undefined);
    if (Array.isArray(found) && found.every((one) => typeof one === "string")) return found;
    throw new InputError(
      `${place}: there is no list of texts under ${names.map((one) => `"${one}"`).join(" or ")}. Expected ` +
        `{"words": ["Jane", "sings"], "tags": ["B-PER", "O"]}, with tags as texts, not as numbers.`,
    );
  };
  return table.rows.map(({ line, values }) => {
    const place = `${name}, line ${line}`;
    const words = list(values, [columns["words"] ?? WORDS].flat(), place);
    const tags = list(values, [columns["tags"] ?? TAGS].flat(), place);
    if (words.length === tags.length && words.length > 0) return { words, tags, place };
    throw new InputError(
      `${place}: there are ${words.length} words and ${tags.length} tags. Give one tag for each word.`,
    );
  });
}

/**
 * Tags of which I-NAME begins a name only behind B-NAME or I-NAME; elsewhere it becomes B-NAME, as conlleval reads it.
 * Throws InputError for what is no tag of a span.
 */
function repairedTags(tags: readonly string[], place: string): Pick<TaggedWords, "tags" | "repaired"> {
  try {
    readTags(tags);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`The sentence at ${place}: ${error.message}`, { cause: error });
  }
  const inside = (tag: string | undefined, name: string): boolean => tag === `B-${name}` || tag === `I-${name}`;
  let repaired = 0;
  const whole = tags.map((tag, i) => {
    if (!tag.startsWith("I-") || inside(tags[i - 1], tag.slice(2))) return tag;
    repaired++;
    return `B-${tag.slice(2)}`;
  });
  return { tags: whole, repaired };
}

/** O, then the tags of each name; with I- for every name that has B-, so that names of several words can be written. */
function tagConfig(rows: readonly TaggedWords[]): ConfigJson {
  const found = new Set(rows.flatMap(({ tags }) => tags));
  for (const tag of [...found]) if (tag.startsWith("B-")) found.add(`I-${tag.slice(2)}`);
  found.delete("O");
  if (found.size === 0) throw new InputError("No word has a tag but O. To learn spans, some words must have one.");
  const sorted = [...found].sort((a, b) =>
    a.slice(2) === b.slice(2) ? (a < b ? -1 : 1) : a.slice(2) < b.slice(2) ? -1 : 1,
  );
  return labelConfig(["O", ...sorted]);
}

const labelsOf = ({ model }: TextModel): readonly string[] => model.architecture.config["labels"] as readonly string[];

const typesOf = (tags: readonly string[]): string[] => [
  ...new Set(tags.flatMap((tag) => (tag === "O" ? [] : [tag.replace(/^[BIES]-?/, "") || "_"]))),
];

function checkTypes(model: TextModel, rows: readonly TaggedWords[]): void {
  const known = typesOf(labelsOf(model));
  for (const { tags, place } of rows) {
    const unknown = typesOf(tags).find((type) => !known.includes(type));
    if (unknown === undefined) continue;
    const near = nearest(unknown, known);
    const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
    throw new InputError(
      `The sentence at ${place} has a "${unknown}", which the model does not learn.${hint} It learns ${known.join(", ")}.`,
    );
  }
}

function prepareTags(model: TextModel, rows: readonly TaggedWords[], config: FinetuneConfig): PreparedTask {
  const { maxLength, pieces = "first", labelSmoothing } = config;
  const labels = labelsOf(model);
  checkTypes(model, rows);
  const texts = rows.map(({ words }) => joinedWords(words));
  const encodings = model.encodings(
    texts.map(({ text }) => text),
    { truncate: true, maxLength },
  );
  const idOf = new Map(labels.map((label, id) => [label, id]));
  let lost = 0;
  const targets = rows.map(({ tags, place }, row) => {
    const ids = new Int32Array(encodings[row]!.ids.length).fill(IGNORED);
    piecesOf(texts[row]!.words, encodings[row]!).forEach(([first, end], word) => {
      const id = idOf.get(tags[word]!);
      if (id === undefined) {
        throw new InputError(`The sentence at ${place} has the tag "${tags[word]!}", which the model does not learn.`);
      }
      if (first === end) lost++;
      else if (pieces === "first") ids[first] = id;
      else ids.fill(idOf.get(tags[word]!.replace(/^B-/, "I-")) ?? id, first, end).fill(id, first, first + 1);
    });
    return ids;
  });
  const given = Object.keys(model.feeds([encodings[0]!]));
  const kept = encodings.map(readTokens);
  const lengths = kept.map(({ ids }) => ids.length);
  const counts = labels.map((label) =>
    rows.reduce((sum, { tags }) => sum + tags.filter((tag) => tag === label).length, 0),
  );
  const classWeights = weightsOf(config, labels, counts);
  return {
    lengths,
    objective: tokenClasses(model.model.architecture, given, { classWeights, labelSmoothing }),
    batch: (examples) => {
      const feeds = model.feeds(examples.map((index) => kept[index]!));
      const shape = feeds["inputIds"]!.shape as readonly [number, number];
      const data = new Int32Array(shape[0] * shape[1]).fill(IGNORED);
      examples.forEach((index, row) => {
        data.set(targets[index]!, row * shape[1]);
      });
      const count = data.reduce((sum, id) => sum + (id >= 0 ? 1 : 0), 0);
      return { feeds: { ...feeds, labels: { dtype: "int32", shape, data } }, targets: count };
    },
    summary: summaryOf(rows, lost, lengths),
  };
}

function summaryOf(rows: readonly TaggedWords[], lost: number, lengths: readonly number[]): string[] {
  const spans = new Map<string, number>();
  for (const { tags } of rows) {
    for (const { type } of readTags(tags).spans) spans.set(type, (spans.get(type) ?? 0) + 1);
  }
  const words = rows.reduce((sum, row) => sum + row.words.length, 0);
  const repaired = rows.reduce((sum, row) => sum + row.repaired, 0);
  const shown = [...spans].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, count]) => `${type} ${count}`);
  return [
    `${rows.length} sentences of ${words} words, with ${shown.join(", ")}`,
    lengthsLine(lengths, "tokens a sentence"),
    ...(repaired === 0 ? [] : [`${repaired} tags I- with nothing of their name before them begin a name: read as B-`]),
    ...(lost === 0 ? [] : [`${lost} words are not learned from: they are cut off (maxLength), or have no token`]),
  ];
}

async function judgeTags(
  model: TextModel,
  rows: readonly TaggedWords[],
  { maxLength }: TaskOptions,
): Promise<ExampleStatistics[]> {
  const predicted = await predictedTags(model, rows, { maxLength });
  const whole = predicted.map((tags) => tags.map((tag) => tag ?? "O"));
  const types = typesOf(labelsOf(model));
  const gold = rows.map(({ tags }) => tags);
  const cut = Float64Array.from(predicted, (tags) => tags.filter((tag) => tag === undefined).length);
  const faults = Float64Array.from(whole, (tags) => readTags(tags).faults);
  const count = (metric: string, counts: Float64Array): ExampleStatistics =>
    summedStatistics(metric, 1, counts, (sums) => sums[0]!);
  return [
    ...spanStatistics(gold, whole, { types }),
    count("repaired tags", faults),
    ...(cut.some((words) => words > 0) ? [count("words cut off", cut)] : []),
  ];
}

/** The tag of each word; undefined for words that are cut off or have no token. */
export async function predictedTags(
  model: TextModel,
  rows: readonly Pick<TaggedWords, "words">[],
  { maxLength }: TaskOptions,
): Promise<(string | undefined)[][]> {
  const tagger = new TokenTagger(model.model as Model<"token-classification">, model.tokenizer);
  return tagger.tagWords(
    rows.map(({ words }) => words),
    { truncate: true, maxLength },
  );
}
