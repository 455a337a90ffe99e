/**
 * Vectors of sentences from texts that belong together: SimCSE (Gao, Yao, Chen 2021) reads one text twice with other
 * dropout masks; pairs have two texts. All other texts of a batch are what a text must not be near to.
 */
import { z } from "zod";
import { readTensors, writeTensors } from "../checkpoints/index.ts";
import { columnOf, parseTable, tableFormatOf } from "../data/index.ts";
import { ConfigError } from "../errors/index.ts";
import { retrievalStatistics, scoreOf } from "../evaluation/index.ts";
import { readLines, type ReadableFolder } from "../files/index.ts";
import { poolings, parametersOf } from "../models/index.ts";
import { batchedOnce, inBatchPairs, LOGIT_SCALE } from "../objectives/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { cosine, TextEmbedder, writePooling } from "../tasks/embed.ts";
import { Model } from "../tasks/model.ts";
import { TextModel } from "../tasks/text-model.ts";
import type { Batch, Scores } from "../training/index.ts";
import { readDocuments } from "./documents.ts";
import { judgeBy } from "./held-out.ts";
import { parametersWith } from "./more-parameters.ts";
import type { PreparedPretraining, PretrainObjective } from "./pretrain-objective.ts";
import type { PretrainConfig } from "./pretrain.ts";
import { feedsOfRows, lengthsOf, rowLength, rowOfText, tokensOf, type TokenRow } from "./token-rows.ts";
import type { WayContext } from "./way.ts";

/** The section `contrastive` of the config. */
export const contrastiveKeys = {
  pooling: z.enum(poolings).default("mean"),
  /** What cosines are divided by, or "learned". SimCSE's: 0.05. */
  temperature: z.union([z.number().positive(), z.literal("learned")]).default(0.05),
  /** Whether second texts look for their first ones, too. */
  bothWays: z.boolean().default(false),
};

/** Two texts that belong together, or one text twice. */
export type SentencePair = readonly [first: string, second: string];

/** Texts or pairs against the others of their batch. */
export const contrastive: PretrainObjective<SentencePair> = {
  head: { task: "features", reads: ["inputIds", "attentionMask"] },
  read: async (files, paths) => (await Promise.all(paths.map((path) => readPairs(files, path)))).flat(),
  texts: (rows) => rows.flatMap(([first, second]) => (first === second ? [first] : [first, second])),
  prepare,
};

const FIRST = ["text1", "sentence1", "premise", "question1", "query", "anchor", "source"];
const SECOND = ["text2", "sentence2", "hypothesis", "question2", "document", "positive", "target"];

/** Pairs of a table with two columns of texts; of any other file each line twice. */
async function readPairs(files: ReadableFolder, path: string): Promise<SentencePair[]> {
  if (/\.(tsv|csv|jsonl|ndjson)(\.gz)?$/i.test(path)) {
    const lines: string[] = [];
    for await (const line of readLines(files, path)) lines.push(line);
    const table = parseTable(lines, tableFormatOf(path), files.describe(path), [...FIRST, ...SECOND]);
    const { columns } = table;
    const headless = columns.every((column, i) => column === String(i + 1));
    const find = (names: readonly string[], place: number): string | undefined =>
      headless ? columns[place] : names.find((name) => columns.includes(name));
    const [first, second] = [find(FIRST, 0), find(SECOND, 1)];
    if (first !== undefined && second !== undefined) {
      const others = columnOf(table, second);
      return columnOf(table, first).map((text, row) => [text, others[row]!] as const);
    }
  }
  return (await readDocuments(files, [path], "line")).map(([text]) => [text!, text!] as const);
}

/** The file that a learned temperature lies in, beside the model. */
const TEMPERATURE = "contrastive.safetensors";

async function prepare(
  given: TextModel,
  pairs: readonly SentencePair[],
  config: PretrainConfig,
  context: WayContext,
): Promise<PreparedPretraining<SentencePair>> {
  const { model, tokenizer } = given;
  const { seed, training } = config;
  const { pooling, temperature, bothWays } = config.contrastive;
  const length = rowLength(given, config);
  const rowsOf = (some: readonly SentencePair[]): (readonly [TokenRow, TokenRow])[] =>
    some.map(([first, second]) => {
      const row = rowOfText(given, first, length);
      return [row, first === second ? row : rowOfText(given, second, length)];
    });
  const rows = rowsOf(pairs);
  const twice = pairs.every(([first, second]) => first === second);
  if (twice && !hasDropout(model)) {
    throw new ConfigError(
      "A text is read twice with other dropout masks, and this model has no dropout: both vectors would be the same. " +
        'Give pairs, or a config with dropout ("hidden_dropout_prob": 0.1).',
    );
  }
  const batch = (some: readonly (readonly [TokenRow, TokenRow])[]): Omit<Batch, "examples"> => {
    const flat = some.flat();
    return { feeds: feedsOfRows(given, flat, flat.map(({ ids }) => ids)), targets: some.length }; // prettier-ignore
  };
  const objective = inBatchPairs(model.architecture, Object.keys(batch([rows[0]!]).feeds), {
    ...{ pooling, temperature, bothWays },
  });
  // A pair takes two rows of the batch.
  const sizeOf = (pair: readonly [TokenRow, TokenRow]): number => 2 * Math.max(...pair.map(({ ids }) => ids.length));
  const stored = await storedTemperature(context.from ?? model.checkpoint?.folder);
  const parameters = await parametersWith(model, objective, stored, seed);
  const own = new Model<"features">(model.architecture, parameters, model.checkpoint);
  const judge = judgeBy<SentencePair>(
    parameters,
    objective,
    (read) => {
      const held = rowsOf(read);
      return batchedOnce(held.map(sizeOf), training.batchTokens, (places) => batch(places.map((i) => held[i]!)));
    },
    ({ loss, right }) => ({ loss: loss!, accuracy: right! }),
  );
  return {
    ...{ lengths: rows.map(sizeOf), objective, parameters },
    rowsOfExample: 2,
    batch: (examples) => batch(examples.map((example) => rows[example]!)),
    judge: async (read) => ({
      ...(await judge(read)),
      ...(await recall(new TextEmbedder(own, tokenizer), read, config)),
    }),
    preview: (examples) =>
      examples.map((example) => {
        const [first, second] = rows[example]!.map(({ ids }) => tokensOf(tokenizer, ids)) as [string[], string[]];
        const about = first === second || pairs[example]![0] === pairs[example]![1] ? "the text twice, under other masks" : "a pair"; // prettier-ignore
        return { about, original: first, input: first, targets: second };
      }),
    summary: [
      `${pairs.length} ${twice ? "texts, each read twice with other dropout masks" : "pairs of texts"}`,
      lengthsOf(rows.flat().map(({ ids }) => ids.length)),
      `vectors: ${pooling}, temperature ${temperature}`,
    ],
    write: async (folder, weights) => {
      const named = parametersOf(model.architecture).map(({ name }) => [name, weights.get(name)!] as const);
      await new TextModel(own, tokenizer).save(folder, new Map(named));
      await writePooling(folder, { pooling, width: model.architecture.config["width"] as number, maxLength: length });
      const learned = weights.get(LOGIT_SCALE);
      if (learned !== undefined) await writeTensors(folder, TEMPERATURE, new Map([[LOGIT_SCALE, learned]]));
    },
  };
}

/** Whether anything of a model's config is dropped out. */
const hasDropout = ({ architecture: { config } }: Model): boolean =>
  Object.entries(config).some(([name, value]) => /dropout$/i.test(name) && typeof value === "number" && value > 0);

async function storedTemperature(folder: ReadableFolder | undefined): Promise<Map<string, HostTensor>> {
  if (folder === undefined || (await folder.kind(TEMPERATURE)) !== "file") return new Map();
  return readTensors(folder, TEMPERATURE);
}

/** How often the second text is among the nearest to the first, of all second texts; nothing where they are the same. */
async function recall(
  embedder: TextEmbedder,
  pairs: readonly SentencePair[],
  { contrastive: { pooling }, maxLength }: PretrainConfig,
): Promise<Scores> {
  if (pairs.every(([first, second]) => first === second)) return {};
  const options = { pooling, normalize: true, truncate: true, maxLength };
  const [queries, documents] = await Promise.all(
    [0, 1].map((side) => embedder.embed(pairs.map((pair) => pair[side]!), options)), // prettier-ignore
  );
  const ranked = queries!.map((query, i) => {
    const scores = documents!.map((document) => cosine(query, document));
    const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
    return { ranked: order.map(String), relevant: new Map([[String(i), 1]]) };
  });
  return Object.fromEntries(retrievalStatistics(ranked).map((one) => [one.metric, scoreOf(one)]));
}
