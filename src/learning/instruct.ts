/**
 * Instruction tuning: a language model learns to answer (Wei et al. 2022, "Finetuned language models are zero-shot
 * learners"; Taori et al. 2023, "Stanford Alpaca"). The loss is that of the answers alone (`heed instruct`).
 */
import { z } from "zod";
import { readSettings, writeSettings } from "../checkpoints/index.ts";
import type { InstructionRow } from "../data/index.ts";
import { ConfigError, InputError } from "../errors/index.ts";
import { meanStatistics, scoreOf, type ExampleStatistics } from "../evaluation/index.ts";
import { readText, type Folder, type ReadableFolder } from "../files/index.ts";
import { architectureOfPreset, familyOf, type WantedHead } from "../models/index.ts";
import {
  answerBatch,
  answerTokens,
  countedOf,
  packedAnswers,
  PACKED_INPUTS,
  rowBatches,
  type AnswerRow,
} from "../objectives/index.ts";
import { cachedModel } from "../tasks/generation.ts";
import { greedyAnswers } from "../tasks/greedy-answers.ts";
import { TokenJudge } from "../tasks/likelihood.ts";
import type { Model } from "../tasks/model.ts";
import { TextModel } from "../tasks/text-model.ts";
import {
  chatTemplate,
  chatTemplateNames,
  withChatTemplate,
  type ChatTemplateName,
  type Tokenizer,
} from "../tokens/index.ts";
import type { Scores } from "../training/index.ts";
import { fitSection, type FitDefaults } from "./fit-config.ts";
import {
  instructionExamples,
  instructionPreview,
  instructionSummary,
  instructionTexts,
  readInstructions,
  type InstructionExample,
  type InstructionReader,
  type ReadInstructions,
} from "./instruction-examples.ts";
import { modelFrom, modelKey, queriesLikeKeysKey, tokenizerKey, type ModelSource } from "./model-source.ts";
import type { PreviewRow } from "./pretrain-objective.ts";
import type { Lesson, Way, WayContext } from "./way.ts";

const defaults: FitDefaults = { learningRate: 2e-4, batchTokens: 2048, warmUp: 20 };
const shape = {
  model: modelKey,
  tokenizer: tokenizerKey,
  queriesLikeKeys: queriesLikeKeysKey,
  /** Files of rows: Alpaca's form, conversations, or prompts with completions. */
  data: z.array(z.string()).min(1),
  validation: z.array(z.string()).default([]),
  test: z.array(z.string()).default([]),
  seed: z.int().min(0).default(1),
  /**
   * `plain`, `alpaca`, `bare`, or a file in Jinja's language. Default: the model's own; where it has none, Alpaca's for
   * Alpaca's rows, plain for others, and bare for an encoder-decoder.
   */
  template: z.string().optional(),
  /** The most tokens of a row; what is beyond is cut off. Default: what the model reads. */
  maxLength: z.int().min(2).optional(),
  /** Whether short rows share one row, in which they do not see each other, as long as the longest allowed. */
  pack: z.boolean().default(false),
  /** How many held-out questions are answered at each validation; all of them at the end. */
  judged: z.int().positive().default(200),
  training: fitSection(defaults),
};
const schema = z.strictObject(shape);
/** The config of a run of instruction tuning. */
export type InstructConfig = z.infer<typeof schema>;

const named = (template: string): template is ChatTemplateName =>
  (chatTemplateNames as readonly string[]).includes(template);

/** Instruction tuning as a way of learning. */
export const instruct: Way<InstructConfig> = {
  name: "instruct",
  schema,
  keys: { "": Object.keys(shape), training: Object.keys(shape.training.unwrap().shape) },
  jsonSchema: () => z.toJSONSchema(schema, { io: "input" }),
  files: ({ data, validation, test, template }) => {
    return [...data, ...validation, ...test, ...(template === undefined || named(template) ? [] : [template])];
  },
  goal: ({ validation }) =>
    validation.length === 0 ? { score: "loss", better: "lower" } : { score: "exact match", better: "higher" },
  updates: 1000,
  prepare,
};

/** The model of a config, and how it reads rows. */
async function opened(
  config: InstructConfig,
  rows: readonly InstructionRow[],
  context: WayContext,
): Promise<{ readonly model: Model; readonly reader: NamedReader }> {
  const head = await writingHead(config.model, context);
  const { model, tokenizer } = await modelFrom({ ...config, head, texts: () => instructionTexts(rows) }, context);
  return { model, reader: await instructionReader({ model, tokenizer }, rows, { ...config, files: context.files }) };
}

const summaryOf = ({ template }: NamedReader, read: ReadInstructions): string[] => [
  ...(template === undefined ? [] : [`template: ${template}`]),
  ...instructionSummary(read),
];

/**
 * The first rows of a config's data as the model reads them, and which of their tokens it learns to write.
 * @throws InputError where there are no rows, or a chat template refuses one.
 */
export async function previewInstructions(
  config: InstructConfig,
  context: WayContext,
  { rows: count = 3 } = {},
): Promise<{ readonly rows: readonly PreviewRow[]; readonly summary: readonly string[] }> {
  const rows = await readInstructions(context.files, config.data);
  if (rows.length === 0) throw new InputError("There are no rows to show. Give files with instructions (--data).");
  const { model, reader } = await opened(config, rows, context);
  try {
    const read = instructionExamples(rows, reader);
    const shown = read.examples.slice(0, count).map((example) => instructionPreview(example, reader.tokenizer));
    return { rows: shown, summary: summaryOf(reader, read) };
  } finally {
    await model.dispose();
  }
}

async function prepare(config: InstructConfig, context: WayContext): Promise<Lesson> {
  const { files } = context;
  const rows = await readInstructions(files, config.data);
  const [validation, test] = [
    await readInstructions(files, config.validation),
    await readInstructions(files, config.test),
  ];
  const { model, reader } = await opened(config, rows, context);
  const read = instructionExamples(rows, reader);
  if (read.examples.length === 0) {
    throw new InputError(
      `Of ${rows.length} rows nothing is left to learn: no answer begins within ${reader.limit ?? "the"} tokens. ` +
        "Give shorter rows, a shorter template (--template plain), or a model that reads more.",
    );
  }
  const held = [validation, test].map((some) => instructionExamples(some, reader).examples);
  const { batchTokens, accumulate } = config.training;
  const rowsOfBatch = config.pack ? packed(read.examples, model, reader) : read.examples;
  const lengths = rowsOfBatch.map(({ ids, source = [] }) => Math.max(ids.length, source.length));
  const pad = paddingOf(model, reader.tokenizer);
  const epoch = rowBatches(lengths, { batchTokens, accumulate, seed: config.seed }, (examples) =>
    answerBatch(
      examples.map((index) => rowsOfBatch[index]!),
      pad,
    ),
  );
  const judge = async (examples: readonly InstructionExample[], judged?: number): Promise<Scores> =>
    scoresOf(await judgeInstructions(new TextModel(model, reader.tokenizer), examples, { judged }));
  return {
    parameters: model.parameters,
    objective: answerTokens(model.architecture, { packed: config.pack }),
    epoch,
    validate: held[0]!.length === 0 ? undefined : () => judge(held[0]!, config.judged),
    width: model.architecture.config["width"] as number | undefined,
    summary: [
      ...summaryOf(reader, read),
      ...(config.pack ? [`packed into ${rowsOfBatch.length} rows, in which they do not see each other`] : []),
    ],
    updatesPerEpoch: epoch(0).length,
    write: async (folder, weights) => {
      await new TextModel(model, reader.tokenizer).save(folder, weights);
      await writeEnds(folder, model, reader, read.examples);
    },
    finish: held[1]!.length === 0 ? undefined : () => judge(held[1]!),
    dispose: () => model.dispose(),
  };
}

/** Examples that share rows. Throws ConfigError for a model that cannot keep them apart. */
function packed(
  examples: readonly AnswerRow[],
  { architecture }: Model,
  { pairs, limit }: InstructionReader,
): AnswerRow[] {
  const missing = PACKED_INPUTS.find((name) => architecture.inputs[name] === undefined);
  if (pairs || missing !== undefined) {
    const why = pairs ? "has an encoder, which reads one text a row" : `does not read ${missing!}`;
    throw new ConfigError(`pack: ${architecture.className} ${why}. Leave pack out: rows of like length share batches.`);
  }
  return packedAnswers(examples, limit ?? 512);
}

/** The scores of a judgement by the names of their metrics. */
const scoresOf = (judged: readonly ExampleStatistics[]): Scores =>
  Object.fromEntries(judged.map((one) => [one.metric, scoreOf(one)]));

/** The head of a family that writes: of a decoder, or of an encoder-decoder. */
export async function writingHead(
  source: ModelSource,
  { files, from }: Pick<WayContext, "files" | "from">,
): Promise<WantedHead> {
  const folder =
    from ?? (typeof source === "string" && (await files.kind(source)) === "folder" ? files.at(source) : undefined);
  const family =
    folder !== undefined
      ? familyOf((await readSettings(folder, "config.json")).values, folder.describe("config.json"))
      : familyOf(typeof source === "string" ? { model_type: architectureOfPreset(source).modelType } : source, "model");
  const tasks = Object.values(family.heads);
  const task = (["causal-lm", "conditional-generation"] as const).find((one) => tasks.includes(one));
  if (task !== undefined) return { task };
  throw new ConfigError(
    `model: ${family.modelType} does not write. Instructions are for decoders, as GPT-2 and LLaMA, and for ` +
      "encoder-decoders, as T5 and BART.",
  );
}

/** A reader, and which template it has. */
export interface NamedReader extends InstructionReader {
  /** For people; undefined where there are no conversations and so no template. */
  readonly template: string | undefined;
}

/** How rows are to be read. */
export interface ReaderOptions extends Pick<InstructConfig, "maxLength"> {
  /** A name, or a file in Jinja's language. */
  readonly template?: string | undefined;
  /** Where that file is. */
  readonly files?: ReadableFolder | undefined;
}

/**
 * How rows become tokens of a model: its tokenizer with a chat template, and the token that ends answers. Without one
 * asked for, the template is the model's own, or the one that fits the rows. Throws ConfigError where the tokenizer has
 * no token that ends a text.
 */
export async function instructionReader(
  { model, tokenizer }: Pick<TextModel, "model" | "tokenizer">,
  rows: readonly InstructionRow[],
  { template: asked, maxLength, files }: ReaderOptions = {},
): Promise<NamedReader> {
  const pairs = model.architecture.task === "conditional-generation";
  const end = endOf(model, tokenizer);
  const { longest } = model.architecture;
  const limit = maxLength === undefined ? longest : Math.min(maxLength, longest ?? Infinity);
  if (asked === undefined && tokenizer.parts.chatTemplate !== undefined) {
    return { tokenizer, pairs, limit, end, template: "the model's own" };
  }
  const talks = rows.flatMap((row) => (row.kind === "conversation" ? [row.form] : []));
  const fitting = pairs ? "bare" : talks.includes("alpaca") ? "alpaca" : "plain";
  const name = asked ?? (talks.length === 0 ? undefined : fitting);
  // The built-in templates name the end token, so it must have its part.
  const roles = { eos: end };
  if (name === undefined)
    return { tokenizer: withChatTemplate(tokenizer, undefined, roles), pairs, limit, end, template: name };
  if (!named(name) && files === undefined) {
    throw new ConfigError(`There is no template "${name}". The built-in ones are ${chatTemplateNames.join(", ")}.`);
  }
  const template = named(name) ? chatTemplate(name, tokenizer) : await readText(files!, name);
  return { tokenizer: withChatTemplate(tokenizer, template, roles), pairs, limit, end, template: name };
}

/** How the token is written that ends a text. */
function endOf({ checkpoint }: Model, { special, parts }: Tokenizer): string {
  if (special.eos !== undefined) return special.eos.token;
  const id = checkpoint?.config.values["eos_token_id"];
  const token = typeof id === "number" ? (parts.addedTokens ?? []).find((one) => one.id === id)?.content : undefined;
  if (token !== undefined) return token;
  throw new ConfigError(
    "The tokenizer names no token that ends a text, so a model cannot learn where answers end. Name one of its tokens " +
      'under "eos_token" in tokenizer_config.json.',
  );
}

/** What rows are filled up with; the loss does not see it. */
function paddingOf({ architecture: { config } }: Model, { special }: Tokenizer): number {
  const ids = [config["paddingId"] as number | undefined, special.pad?.id];
  return ids.find((id) => id !== undefined && id < (config["vocabulary"] as number)) ?? 0;
}

/** generation_config.json with the tokens that end answers: whoever generates with the folder stops at them. */
async function writeEnds(
  folder: Folder,
  model: Model,
  { tokenizer, end }: InstructionReader,
  examples: readonly InstructionExample[],
): Promise<void> {
  const file = "generation_config.json";
  const before = model.checkpoint?.beside.get(file);
  const ends = endIds(tokenizer, end, examples);
  const start = model.architecture.config["startId"];
  const values = {
    ...(typeof start === "number" && { decoder_start_token_id: start }),
    ...(tokenizer.special.pad !== undefined && { pad_token_id: tokenizer.special.pad.id }),
    ...before?.values,
    eos_token_id: ends.length === 1 ? ends[0] : ends,
  };
  await writeSettings(folder, file, values, before);
}

/** The ids of the end token, and of the special tokens that end answers in the model's own template. */
function endIds(tokenizer: Tokenizer, end: string, examples: readonly InstructionExample[]): number[] {
  const special = new Set((tokenizer.parts.addedTokens ?? []).filter((one) => one.special).map(({ id }) => id));
  const found = new Set([tokenizer.tokenToId(end)!]);
  for (const { ids, counts } of examples) {
    const last = counts.lastIndexOf(true);
    if (special.has(ids[last]!)) found.add(ids[last]!);
  }
  return [...found];
}

/** How many tokens more than the due ones an answer may have, so that one that is too long is seen to be. */
const SPARE = 8;

/**
 * Judges answers on rows that were not learned: the loss of their tokens, in nats, and how often greedy generation gives
 * the whole answer, but for white space around it. An example is a row for the loss, a question for exact match.
 */
export async function judgeInstructions(
  text: TextModel,
  examples: readonly InstructionExample[],
  { judged = Infinity }: { readonly judged?: number | undefined } = {},
): Promise<ExampleStatistics[]> {
  const { model, tokenizer } = text;
  const judge = new TokenJudge(model);
  const pairs = model.architecture.task === "conditional-generation";
  const rows = examples.map(({ ids, counts, source }) => {
    return { ids, source, places: [...ids.keys()].filter((t) => counts[t] === true && (t > 0 || pairs)) };
  });
  const likelihoods = await judge.judge(rows);
  await judge.dispose();
  const losses = likelihoods.map(({ logProbabilities }) => -mean(logProbabilities));
  const weights = examples.map(countedOf);
  const questions = examples.flatMap((example) => example.questions).slice(0, judged);
  const answers = await answersTo(text, questions, endIds(tokenizer, endOf(model, tokenizer), examples));
  const exact = questions.map(({ answer }, i) => (answers[i] === answer.trim() ? 1 : 0));
  return [meanStatistics(losses, weights, "loss"), meanStatistics(exact, undefined, "exact match")];
}

/** What the model answers to questions, greedily. `ends`: the tokens that end an answer. */
export async function answersTo(
  text: TextModel,
  questions: readonly InstructionExample["questions"][number][],
  ends: readonly number[],
): Promise<string[]> {
  const { model, tokenizer } = text;
  const cached = cachedModel(model);
  try {
    const prompts = questions.map(({ prompt, addSpecialTokens, answer }) => {
      const encoding = tokenizer.encode(prompt, { addSpecialTokens });
      return { encoding, limit: tokenizer.ids(answer).length + SPARE };
    });
    return await greedyAnswers(text, cached, prompts, { eosTokenId: ends });
  } finally {
    await cached.dispose();
  }
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
