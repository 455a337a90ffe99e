/** Which part of a model is trained, and how fast: the keys that configs share, and what follows from them. */
import { z } from "zod";
import { isAdapterFolder, readAdapter } from "../checkpoints/index.ts";
import { ConfigError } from "../errors/index.ts";
import { depthsByName, parametersIn } from "../insight/index.ts";
import { parametersOf } from "../models/index.ts";
import { LORA_DOWN, LORA_TABLE_DOWN, LORA_TABLE_UP, LORA_UP } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { adaptModel, saveAdapter } from "../tasks/adapted-model.ts";
import { mergedWeight } from "../tasks/adapter-weights.ts";
import { loraPlan, type LoraPlan } from "../tasks/lora.ts";
import type { Model } from "../tasks/model.ts";
import { TextModel } from "../tasks/text-model.ts";
import { modelFrom, type SourcedModel, type WantedModel } from "./model-source.ts";
import type { Lesson, WayContext } from "./way.ts";

const words = z.array(z.string());
const loraKeys = {
  rank: z.int().positive().default(8),
  /** Default: twice the rank. */
  alpha: z.number().positive().optional(),
  dropout: z.number().min(0).lt(1).default(0),
  targets: words.min(1).optional(),
  modulesToSave: words.optional(),
};

/** Keys of every config whose model may be trained in part. */
export const adaptKeys = {
  /** Trains changes of low rank beside linear layers, and the head; the folder then holds the adapter alone. */
  lora: z.strictObject(loraKeys).optional(),
  /** Whether the finished folder holds the model with the adapter merged into it. */
  merge: z.boolean().default(false),
  /** Parts that are not trained: `embeddings`, `0-3`, `encoder`, `decoder.0-2`, `head`, `body`. */
  freeze: words.min(1).optional(),
  /** Trains what lies on top of the body alone; the same as freezing `body`. */
  headOnly: z.boolean().default(false),
  /** The learning rate of each layer is that of the one above it divided by this (Howard and Ruder 2018: 2.6). */
  layerDecay: z.number().min(1).default(1),
  /** From the top, a further layer is trained after each epoch, or after so many updates. */
  unfreeze: z.union([z.literal("epoch"), z.int().positive()]).optional(),
};
/** The names of the keys, and of those of `lora`, for messages. */
export const adaptKeyNames = { "": Object.keys(adaptKeys), lora: Object.keys(loraKeys) };

/** The keys' values. */
export type AdaptConfig = z.infer<z.ZodObject<typeof adaptKeys>>;

/** A model of which a part is trained. */
export interface ModelToTrain extends SourcedModel {
  /** For people: how much is trained. */
  readonly summary: readonly string[];
  /** What of a lesson follows from it. `updatesPerEpoch` is for unfreezing by epochs. */
  readonly lesson: (
    updatesPerEpoch: number | undefined,
  ) => Pick<Lesson, "parameters" | "rates" | "starts" | "stored" | "write" | "result" | "dispose">;
}

/**
 * `modelFrom`, with the part that is to be trained: frozen parameters lie where they have no gradient and no optimizer
 * state, and are never decayed. With LoRA a checkpoint holds the adapter, and the base is read from where it was.
 * Throws ConfigError for keys that exclude each other, InputError for parts and layers that the model does not have.
 */
export async function modelToTrain(
  wanted: WantedModel,
  config: AdaptConfig,
  context: WayContext,
): Promise<ModelToTrain> {
  requireAgreement(config);
  const { lora, merge } = config;
  if (lora === undefined) return inPart(await modelFrom(wanted, context), config);
  const { model: base } = wanted;
  if (typeof base !== "string" || (await context.files.kind(base)) !== "folder") {
    throw new ConfigError("lora adapts a trained model: give the folder of one as model, not a size.");
  }
  if (await isAdapterFolder(context.files.at(base))) {
    throw new ConfigError(
      `${base} is itself an adapter. Merge it first: heed adapter merge --model ${base} --out FOLDER.`,
    );
  }
  const sourced = await modelFrom(wanted, { ...context, from: undefined });
  const plan = loraPlan(
    sourced.model.architecture,
    lora,
    sourced.model.checkpoint?.match.missing.map(({ name }) => name),
  );
  const values = context.from && adapterValues(await readAdapter(context.from));
  const model = await adaptModel(
    sourced.model,
    { lora: plan.change, trained: plan.trained },
    { seed: wanted.seed, values },
  );
  return withRates({ ...sourced, model }, config, {
    stored: plan.stored,
    write: async (folder, weights) => {
      // Under the names of the file already.
      await saveAdapter(model, { ...plan, stored: (name) => name }, folder, base, weights);
      for (const [name, content] of sourced.tokenizer.files()) await folder.write(name, content);
    },
    ...(merge && { result: mergedWriter({ ...sourced, model }, plan) }),
  });
}

function requireAgreement({ lora, merge, freeze, headOnly }: AdaptConfig): void {
  const problem =
    lora !== undefined && (freeze !== undefined || headOnly)
      ? "lora trains nothing of the body as it is: leave out freeze and headOnly (lora.modulesToSave says what is trained in full)"
      : merge && lora === undefined
        ? "merge is for lora: there is nothing to merge without it"
        : freeze !== undefined && headOnly
          ? "freeze and headOnly exclude each other: freezing body is headOnly"
          : undefined;
  if (problem !== undefined) throw new ConfigError(`${problem}.`);
}

async function inPart(sourced: SourcedModel, config: AdaptConfig): Promise<ModelToTrain> {
  const { model, tokenizer } = sourced;
  const frozenParts = config.headOnly ? ["body"] : config.freeze;
  const write: Lesson["write"] = (folder, weights) => new TextModel(model, tokenizer).save(folder, weights);
  if (frozenParts === undefined) return withRates(sourced, config, { write });
  const names = parametersOf(model.architecture).map(({ name }) => name);
  const frozen = parametersIn(names, frozenParts);
  if (names.every((name) => frozen.has(name))) {
    throw new ConfigError(
      `${frozenParts.join(", ")} is all of ${model.architecture.className}: nothing would be trained.`,
    );
  }
  const adapted = await adaptModel(model, { trained: (name) => !frozen.has(name) });
  return withRates({ ...sourced, model: adapted }, config, { write });
}

function withRates(
  sourced: SourcedModel,
  { layerDecay, unfreeze }: AdaptConfig,
  writing: Pick<Lesson, "stored" | "write" | "result">,
): ModelToTrain {
  const { parameters } = sourced.model;
  const trained = parameters.specs.filter((one) => one.trained);
  const depth = depthsByName(parameters.specs.map(({ name }) => name));
  // Where the head has no parameters of its own, the uppermost layer is the first that is trained.
  const first = Math.min(...trained.map(({ name }) => depth(name)));
  const below = (name: string): number => Math.max(0, depth(name) - first);
  const rates = layerDecay === 1 ? undefined : (name: string): number => layerDecay ** -below(name);
  return {
    ...sourced,
    summary: trained.length === parameters.specs.length ? [] : [trainedLine(sourced.model)],
    lesson: (updatesPerEpoch) => {
      const every = unfreeze === "epoch" ? updatesPerEpoch : unfreeze;
      if (unfreeze !== undefined && every === undefined) {
        throw new ConfigError('unfreeze: "epoch" needs epochs, and here there are none. Give a number of updates.');
      }
      const starts = every === undefined ? undefined : (name: string): number => below(name) * every;
      return { parameters, rates, starts, ...writing, dispose: () => sourced.model.dispose() };
    },
  };
}

function trainedLine({ parameters }: Model): string {
  const count = (all: boolean): number =>
    parameters.specs
      .filter(({ trained }) => all || trained)
      .reduce((sum, { shape }) => sum + shape.reduce((product, d) => product * d, 1), 0);
  const [trained, all] = [count(false), count(true)];
  const numbers = [trained, all].map((one) => one.toLocaleString("en-US"));
  return `trained: ${numbers[0]!} of ${numbers[1]!} parameters (${((100 * trained) / all).toFixed(2)} %)`;
}

/** The names of both matrices of a layer. */
const endsOf = (table: boolean): readonly [down: string, up: string] =>
  table ? [LORA_TABLE_DOWN, LORA_TABLE_UP] : [LORA_DOWN, LORA_UP];

/** The values of a checkpoint of an adapter under the parameters' own names. */
function adapterValues({ layers, full }: Awaited<ReturnType<typeof readAdapter>>): Map<string, HostTensor> {
  const values = new Map(full);
  for (const [path, { down, up, table }] of layers) {
    const [downs, ups] = endsOf(table);
    values.set(`${path}.${downs}`, down).set(`${path}.${ups}`, up);
  }
  return values;
}

function mergedWriter({ model, tokenizer }: SourcedModel, plan: LoraPlan): Lesson["write"] {
  return async (folder, weights) => {
    const merged = new Map(weights);
    for (const { path, layout, table } of plan.layers) {
      const ends = endsOf(table);
      const [down, up, weight] = [...ends, "weight"].map((end) => weights.get(`${path}.${end}`)!);
      const change = { down: down!, up: up!, scale: plan.alpha / plan.rank, table };
      merged.set(`${path}.weight`, mergedWeight(weight!, change, layout));
      for (const end of ends) merged.delete(`${path}.${end}`);
    }
    await new TextModel(model, tokenizer).save(folder, merged);
  };
}
