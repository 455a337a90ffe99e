/** Opens checkpoints: folders with config.json, weights, and a tokenizer where there is one. */
import { openWeights, readWeights } from "../checkpoints/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { readJson } from "../files/index.ts";
import { architectureOf, parametersOf, type ConfigJson, type ModelTask } from "../models/index.ts";
import { ModelParameters, requireAll } from "../nn/index.ts";
import { createEngine, type EngineOptions } from "../runtime/index.ts";
import { fitWeights } from "./fit-weights.ts";
import { Model } from "./model.ts";

/** How a checkpoint is opened. */
export interface OpenOptions extends EngineOptions {
  /** What the model is opened for. Default: what its config says. */
  readonly task?: ModelTask | undefined;
  /** The class of the family, by Hugging Face's name, instead of a task. */
  readonly className?: string | undefined;
}

/** Opens a checkpoint as a model in an engine of its own. Throws CheckpointError or ConfigError where it cannot be. */
export async function openModel(folder: ReadableFolder, options: OpenOptions = {}): Promise<Model> {
  const config = (await readJson(folder, "config.json")) as ConfigJson;
  const weights = await openWeights(folder);
  const described = architectureOf(config, folder.describe("config.json"), options);
  const { architecture, match } = await fitWeights(described, weights);
  requireAll(match, { file: weights.shown });
  const engine = await createEngine({ purpose: "generation", ...options });
  const parameters = parametersOf(architecture);
  return new Model(architecture, await ModelParameters.fromStream(engine, parameters, readWeights(weights, match)));
}
