/** Generation with an opened model, by its own settings. */
import { CachedModel, generationOptions, type GenerationJson, type GenerationOptions } from "../generation/index.ts";
import { InputError } from "../errors/index.ts";
import { neededInputs, type Architecture } from "../models/index.ts";
import type { Values } from "../runtime/index.ts";
import type { Model } from "./model.ts";

/** What an architecture reads while it generates: no labels, and no decoder mask, which nothing pads. */
const READ = ["inputIds", "attentionMask", "positionIds", "decoderInputIds"];

/** The inputs that an architecture has when it generates. */
export function generationInputs(architecture: Architecture): string[] {
  const { inputs, className, task } = architecture;
  if (task !== "causal-lm" && task !== "conditional-generation") {
    throw new InputError(`${className} does not generate text; it is for ${task}. Open a checkpoint that does.`);
  }
  return [...new Set([...neededInputs(architecture), ...READ.filter((name) => inputs[name] !== undefined)])];
}

/** The model with a key-value cache. Throws InputError for one that does not generate. */
export function cachedModel(model: Model): CachedModel {
  const given = generationInputs(model.architecture);
  return new CachedModel(model.parameters, (scope) => {
    const { logits } = model.architecture.compute(scope, given);
    return logits!;
  });
}

/**
 * Inputs with the mask that Hugging Face's `generate` makes where none is given: it hides the padding of the ids, if
 * there is any and padding is no end token.
 */
export function withMask(model: Model, feeds: Values, { padTokenId, eosTokenId }: GenerationOptions): Values {
  const { inputIds, attentionMask } = feeds;
  if (
    inputIds === undefined ||
    attentionMask !== undefined ||
    model.architecture.inputs["attentionMask"] === undefined
  ) {
    return feeds;
  }
  const padding = [eosTokenId ?? []].flat().includes(padTokenId ?? -1) ? undefined : padTokenId;
  const data = Int32Array.from(inputIds.data as Int32Array, (id) => (id === padding ? 0 : 1));
  return { ...feeds, attentionMask: { dtype: "int32", shape: inputIds.shape, data } };
}

/**
 * The settings of generation_config.json, or of a config.json that has none beside it, with those for a task over them,
 * and arguments of a call over both. Throws ConfigError for what cannot be honored.
 */
export function modelGenerationOptions(
  model: Model,
  callArguments: GenerationJson = {},
  taskSettings: GenerationJson = {},
): GenerationOptions {
  const { checkpoint } = model;
  const settings = checkpoint?.beside.get("generation_config.json") ?? checkpoint?.config;
  // A model with fresh weights has no file yet.
  const values = settings?.values ?? model.architecture.toJson();
  return generationOptions({ ...values, ...taskSettings }, callArguments);
}
