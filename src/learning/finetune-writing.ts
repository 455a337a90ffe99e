/** Fine-tuning for texts that are written from texts: translations, summaries, answers in words (Raffel et al. 2020). */
import { IGNORED, padRows } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { answerStatistics, bleuStatistics, chrfStatistics, rougeStatistics } from "../evaluation/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { ConfigJson } from "../models/index.ts";
import { writtenTokens } from "../objectives/index.ts";
import { sideTokenizers, TextSummarizer, TextTranslator } from "../tasks/convert.ts";
import type { Model } from "../tasks/model.ts";
import { readTokens, type TextModel } from "../tasks/text-model.ts";
import type { FinetuneConfig } from "./finetune.ts";
import { readQuestions } from "./finetune-answers.ts";
import { filled, linesOf, readRows, type Column } from "./finetune-rows.ts";
import { cutLine, lengthsLine, type FinetuneTask, type PreparedTask, type TaskOptions } from "./finetune-task.ts";

/** A text with what is to be written from it. */
export interface WrittenText {
  readonly source: string;
  /** The first is learned from; of the others any is right, too. */
  readonly targets: readonly string[];
  /** File and line, for messages. */
  readonly place: string;
}

const source: Column = {
  role: "source",
  names: ["source", "text", "document", "article", "dialogue", "input", "question", "sentence"],
};
const target: Column = {
  role: "target",
  names: ["target", "summary", "highlights", "translation", "output", "answer", "label"],
};

const writing: Omit<FinetuneTask<WrittenText>, "goal" | "prepare" | "judge"> = {
  head: { task: "conditional-generation" },
  read: readWritten,
  config: () => ({}),
  texts: (rows, { prefix = "" }) => [
    ...(prefix === "" ? [] : [prefix]),
    ...rows.flatMap((row) => [row.source, row.targets[0]!]),
  ],
};

/** Translations, judged by BLEU and chrF. */
export const translating: FinetuneTask<WrittenText> = {
  ...writing,
  goal: () => ({ score: "BLEU", better: "higher" }),
  prepare: (model, rows, config) => prepareWriting(model, rows, config, "translation"),
  judge: async (model, rows, options) => {
    const found = await writtenTexts(model, rows, options, "translation");
    const references = referencesOf(rows);
    return [
      { ...bleuStatistics(found, references), metric: "BLEU" },
      { ...chrfStatistics(found, references), metric: "chrF" },
    ];
  },
};

/** Summaries, judged by ROUGE. */
export const summarizing: FinetuneTask<WrittenText> = {
  ...writing,
  goal: () => ({ score: "rougeL", better: "higher" }),
  prepare: (model, rows, config) => prepareWriting(model, rows, config, "summarization"),
  judge: async (model, rows, options) =>
    rougeStatistics(await writtenTexts(model, rows, options, "summarization"), referencesOf(rows)),
};

/** Answers in words of the model's own, judged as SQuAD's are. */
export const responding: FinetuneTask<WrittenText> = {
  ...writing,
  read: readAsked,
  goal: () => ({ score: "exact match", better: "higher" }),
  prepare: (model, rows, config) => prepareWriting(model, rows, config, "summarization"),
  judge: async (model, rows, options) => {
    const found = await writtenTexts(model, rows, options, "summarization");
    const questions = rows.map(({ targets: answers }, id) => ({ id: String(id), answers }));
    return answerStatistics(questions, new Map(found.map((text, id) => [String(id), text])));
  },
};

/** Tables with two columns; or files of texts, a line each, by two: the sources and the targets. */
async function readWritten(
  files: ReadableFolder,
  paths: readonly string[],
  options: TaskOptions,
): Promise<WrittenText[]> {
  const tables = paths.filter((path) => /\.(tsv|csv|jsonl|ndjson)(\.gz)?$/i.test(path));
  const rows = (await readRows(files, tables, [source, target], options)).map(({ cells, place }): WrittenText => ({
    source: filled(cells["source"]![0]!, "source", place),
    targets: [filled(cells["target"]![0]!, "target", place)],
    place,
  }));
  const texts = paths.filter((path) => !tables.includes(path));
  if (texts.length % 2 === 1) {
    throw new InputError(
      `${files.describe(texts.at(-1))} has no partner. Give files of texts by two, sources and targets, or tables ` +
        "(.tsv, .csv, .jsonl) that have both.",
    );
  }
  for (let i = 0; i < texts.length; i += 2) rows.push(...(await readParallel(files, texts[i]!, texts[i + 1]!)));
  return rows;
}

async function readParallel(files: ReadableFolder, first: string, second: string): Promise<WrittenText[]> {
  const [sources, targets] = [await linesOf(files, first), await linesOf(files, second)];
  if (sources.length !== targets.length) {
    throw new InputError(
      `${files.describe(first)} has ${sources.length} lines and ${files.describe(second)} has ${targets.length}. ` +
        "Line by line they must belong together.",
    );
  }
  return sources.map((text, i) => ({
    source: filled(text, "source", `${files.describe(first)}, line ${i + 1}`),
    targets: [filled(targets[i]!, "target", `${files.describe(second)}, line ${i + 1}`)],
    place: `${files.describe(first)}, line ${i + 1}`,
  }));
}

/** Questions about texts as T5 reads them, `question: … context: …`; or tables and texts as of the other tasks. */
async function readAsked(
  files: ReadableFolder,
  paths: readonly string[],
  options: TaskOptions,
): Promise<WrittenText[]> {
  const squads = paths.filter((path) => /\.json$/i.test(path));
  const asked = await readQuestions(files, squads);
  const rows = asked.map(({ question, context, answers, place }) => {
    const text = `question: ${question} context: ${context}`;
    return { source: text, targets: answers.length === 0 ? ["unanswerable"] : answers, place };
  });
  const others = await readWritten(
    files,
    paths.filter((path) => !squads.includes(path)),
    options,
  );
  return [...rows, ...others];
}

/** One list of texts for each reference: that of a row with fewer is its last once more. */
function referencesOf(rows: readonly WrittenText[]): string[][] {
  const most = Math.max(...rows.map(({ targets }) => targets.length));
  return Array.from({ length: most }, (_, i) => rows.map(({ targets }) => targets[Math.min(i, targets.length - 1)]!));
}

/** As config.json names what a model is told for a task. */
type TaskSettings = "translation" | "summarization";

function prepareWriting(
  model: TextModel,
  rows: readonly WrittenText[],
  config: FinetuneConfig,
  told: TaskSettings,
): PreparedTask {
  const { maxLength, targetLength, prefix, labelSmoothing } = config;
  const { architecture, checkpoint } = model.model;
  const sides = sideTokenizers(model.tokenizer, config);
  const front = prefix ?? prefixOf(model, told);
  const sources = model.encodings(
    rows.map((row) => front + row.source),
    { truncate: true, maxLength, tokenizer: sides.source },
  );
  const targets = model.encodings(
    rows.map((row) => row.targets[0]!),
    { truncate: true, maxLength: targetLength, tokenizer: sides.target },
  );
  const given = Object.keys(model.feeds([sources[0]!]));
  const lengths = sources.map(({ ids }, i) => ({ source: ids.length, target: targets[i]!.ids.length }));
  const cut = (encodings: typeof sources): number =>
    encodings.filter(({ overflowing }) => overflowing.length > 0).length;
  const [read, written] = [sources.map(readTokens), targets.map(({ ids }) => Int32Array.from(ids))];
  const before = (checkpoint?.config.values["task_specific_params"] ?? {}) as Readonly<Record<string, ConfigJson>>;
  // The settings of other pairs of languages would stand in the way of this one's.
  const others = told === "translation" ? {} : before;
  return {
    lengths,
    objective: writtenTokens(architecture, given, { labelSmoothing }),
    batch: (examples) => {
      const ids = examples.map((index) => written[index]!);
      const labels = padRows(ids, IGNORED);
      return {
        feeds: { ...model.feeds(examples.map((index) => read[index]!)), labels: { dtype: "int32", ...labels } },
        targets: ids.reduce((sum, row) => sum + row.length, 0),
      };
    },
    summary: [
      `${rows.length} pairs of texts${front === "" ? "" : `, each source behind "${front}"`}`,
      lengthsLine(
        lengths.map((one) => one.source),
        "tokens a source",
      ),
      lengthsLine(
        lengths.map((one) => one.target),
        "tokens a target",
      ),
      ...cutLine(cut(sources), rows.length, "sources"),
      ...cutLine(cut(targets), rows.length, "targets"),
    ],
    settings:
      prefix === undefined ? undefined : { task_specific_params: { ...others, [told]: { ...before[told], prefix } } },
  };
}

/** What stands in front of a model's sources, by its config.json. */
function prefixOf({ model: { checkpoint } }: TextModel, told: TaskSettings): string {
  const { task_specific_params: params, prefix } = checkpoint?.config.values ?? {};
  const own = (params as Readonly<Record<string, ConfigJson>> | undefined)?.[told]?.["prefix"];
  return [own, prefix].find((one) => typeof one === "string") ?? "";
}

/** What the model writes from each row, by its own settings of generation but for `beams` and `targetLength`. */
export async function writtenTexts(
  model: TextModel,
  rows: readonly WrittenText[],
  { maxLength, targetLength, prefix, beams, from, to }: TaskOptions,
  told: TaskSettings,
): Promise<string[]> {
  const parts = [model.model as Model<"conditional-generation">, model.tokenizer] as const;
  const front = prefix ?? prefixOf(model, told);
  const options = {
    prefix: front,
    truncate: true,
    sourceLength: maxLength,
    maxNewTokens: targetLength,
    numBeams: beams,
  };
  const texts = rows.map((row) => row.source);
  const writer = told === "translation" ? new TextTranslator(...parts) : new TextSummarizer(...parts);
  try {
    const found =
      writer instanceof TextTranslator
        ? await writer.translate(texts, { ...options, from, to })
        : await writer.summarize(texts, options);
    return found.map(([best]) => best?.text ?? "");
  } finally {
    // The model goes on; only the programs of the search are of no use after the next update.
    await writer.cached.dispose();
  }
}
