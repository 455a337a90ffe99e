/**
 * Replaced-token detection (Clark et al. 2020): an ELECTRA's discriminator is trained together with a smaller generator.
 * The discriminator is the model; the generator lies beside it, in the folder `generator`, as a model of its own.
 */
import { z } from "zod";
import { readWeights } from "../checkpoints/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import { parametersOf, type Architecture } from "../models/index.ts";
import type { ModelParameters } from "../nn/index.ts";
import {
  batchedOnce,
  GENERATOR,
  generatorOf,
  generatorParameter,
  maskTokens,
  replacedTokens,
  type MaskedRow,
} from "../objectives/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { random, type Random } from "../random/index.ts";
import { Model } from "../tasks/model.ts";
import { inspectCheckpoint } from "../tasks/open.ts";
import { TextModel } from "../tasks/text-model.ts";
import type { Batch, Scores } from "../training/index.ts";
import { countOf, linesOf, readDocuments, type TextDocument } from "./documents.ts";
import { judgeBy } from "./held-out.ts";
import { parametersWith } from "./more-parameters.ts";
import { maskingVocabulary, previewOf } from "./pretrain-masked.ts";
import type { PreparedPretraining, PretrainObjective } from "./pretrain-objective.ts";
import type { PretrainConfig } from "./pretrain.ts";
import { feedsOfRows, lengthsOf, rowLength, rowsOfTexts, type TokenRow } from "./token-rows.ts";
import type { WayContext } from "./way.ts";

/** The section `replaced` of the config. */
export const replacedKeys = {
  /** How wide the generator is, of the discriminator's width: a quarter to a half is best (section 3.2). */
  generator: z.number().positive().max(1).default(0.25),
  /** The share of tokens that the generator guesses. */
  share: z.number().positive().lt(1).default(0.15),
  /** What the discriminator's loss is multiplied by. */
  weight: z.number().positive().default(50),
};

/** Replaced-token detection. */
export const replacedTokenDetection: PretrainObjective<TextDocument> = {
  head: { className: "ElectraForPreTraining" },
  read: (files, paths, { unit = "line" }) => readDocuments(files, paths, unit),
  texts: linesOf,
  prepare,
};

async function prepare(
  given: TextModel,
  documents: readonly TextDocument[],
  config: PretrainConfig,
  context: WayContext,
): Promise<PreparedPretraining<TextDocument>> {
  const { tokenizer, model } = given;
  const { seed, replaced, training } = config;
  const generator = generatorOf(model.architecture, replaced.generator);
  const length = rowLength(given, config);
  const rowsOf = (read: readonly TextDocument[]): TokenRow[] =>
    rowsOfTexts(given, read.map((lines) => lines.join("\n")), length); // prettier-ignore
  const rows = rowsOf(documents);
  const lengths = rows.map(({ ids }) => ids.length);
  const vocabulary = maskingVocabulary(tokenizer);
  // Always the mask token: only the generator ever sees it.
  const hide = (row: TokenRow, generator: Random): Hidden => {
    const masked = maskTokens(row, vocabulary, { share: replaced.share, mask: 1, random: 0 }, generator, 1);
    return { row, masked, draws: masked.places.map(() => (generator.uint32() >>> 8) / 2 ** 24) };
  };
  const draw = (example: number, epoch: number): Hidden =>
    hide(rows[example]!, random(seed, "hidden tokens", epoch, example));
  const inputs = Object.keys(feedsOfRows(given, [rows[0]!], [rows[0]!.ids]));
  const objective = replacedTokens(generator, model.architecture, inputs, { weight: replaced.weight });
  const stored = await storedGenerator(context.from ?? model.checkpoint?.folder);
  const parameters = await parametersWith(model, objective, stored, seed);
  return {
    ...{ lengths, objective, parameters },
    batch: (examples, { epoch }) => hiddenBatch(given, examples.map((example) => draw(example, epoch))), // prettier-ignore
    judge: judgeBy(
      parameters,
      objective,
      (read) => {
        const held = rowsOf(read).map((row, i) => hide(row, random("held-out tokens", i)));
        const sizes = held.map(({ row }) => row.ids.length);
        return batchedOnce(sizes, training.batchTokens, (places) => hiddenBatch(given, places.map((i) => held[i]!))); // prettier-ignore
      },
      scoresOf,
    ),
    preview: (examples, { epoch }) =>
      examples.map((example) => {
        const { row, masked } = draw(example, epoch);
        const about = "a generator guesses the masked tokens; the model tells of each token whether it is a guess";
        return { about, ...previewOf(tokenizer, row, masked) };
      }),
    summary: [countOf(documents), lengthsOf(lengths), modelsOf(generator, model.architecture)],
    write: (folder, weights) => writeBoth(folder, weights, { given, generator, parameters }),
  };
}

/** A row of which some tokens are hidden, and the numbers from [0, 1) that choose what stands there instead. */
interface Hidden {
  readonly row: TokenRow;
  readonly masked: MaskedRow;
  readonly draws: readonly number[];
}

/** What `replacedTokens` reads. Its targets are the real tokens. */
function hiddenBatch(model: TextModel, hidden: readonly Hidden[]): Omit<Batch, "examples"> {
  const rows = hidden.map(({ row }) => row);
  const feeds = feedsOfRows(model, rows, hidden.map(({ masked }) => masked.ids)); // prettier-ignore
  const time = feeds["inputIds"]!.shape[1]!;
  const places = hidden.flatMap(({ masked }, i) => masked.places.map((place) => i * time + place));
  const numbers = new Int32Array(rows.length * time).fill(-1);
  for (const [number, place] of places.entries()) numbers[place] = number;
  const matrix = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [rows.length, time], data });
  const draws = Float32Array.from(hidden.flatMap((one) => one.draws));
  return {
    feeds: {
      ...feeds,
      originalIds: feedsOfRows(model, rows, rows.map(({ ids }) => ids))["inputIds"]!, // prettier-ignore
      hiddenAt: { dtype: "int32", shape: [places.length], data: Int32Array.from(places) },
      hiddenNumber: matrix(numbers),
      draws: { dtype: "float32", shape: [draws.length], data: draws },
    },
    targets: rows.reduce((sum, { ids }) => sum + ids.length, 0),
  };
}

/** The discriminator's accuracy beside that of a guess that no token was replaced. */
function scoresOf(means: Readonly<Record<string, number>>): Scores {
  return {
    loss: means["loss"]!,
    "generator loss": means["generator"]!,
    "generator accuracy": means["guessed"]!,
    "discriminator loss": means["discriminator"]!,
    accuracy: means["right"]!,
    "majority accuracy": means["original"]!,
  };
}

/** The values of a generator that lies in a folder, by the names that they are trained under; none where there is none. */
async function storedGenerator(folder: ReadableFolder | undefined): Promise<Map<string, HostTensor>> {
  const values = new Map<string, HostTensor>();
  if (folder === undefined || (await folder.kind(GENERATOR)) !== "folder") return values;
  const { architecture, weights, match } = await inspectCheckpoint(folder.at(GENERATOR));
  for await (const [name, value] of readWeights(weights, match, { parameters: parametersOf(architecture), seed: 1 })) {
    values.set(generatorParameter(name), value);
  }
  return values;
}

/** Both models as folders of their own; what they share is in both. */
async function writeBoth(
  folder: Folder,
  weights: ReadonlyMap<string, HostTensor>,
  { given, generator, parameters }: { given: TextModel; generator: Architecture; parameters: ModelParameters },
): Promise<void> {
  const write = async (to: Folder, model: Model, nameOf: (name: string) => string): Promise<void> => {
    const own = parametersOf(model.architecture).map(({ name }) => [name, weights.get(nameOf(name))!] as const);
    await new TextModel(model, given.tokenizer).save(to, new Map(own));
  };
  const { architecture, checkpoint } = given.model;
  await write(folder, new Model(architecture, parameters, checkpoint), (name) => name);
  await write(folder.at(GENERATOR), new Model(generator, parameters), generatorParameter);
}

function modelsOf(generator: Architecture, discriminator: Architecture): string {
  const [small, large] = [generator, discriminator].map(({ config }) => config["width"] as number);
  return `a generator ${small!} wide guesses, a discriminator ${large!} wide tells; they share their embeddings`;
}
