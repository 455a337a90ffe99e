/** Opens checkpoints: folders with config.json, weights, and a tokenizer where there is one. */
import { openSafetensors, WEIGHTS } from "../checkpoints/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { readJson } from "../files/index.ts";
import { architectureOf, parametersOf, type ConfigJson, type ModelTask } from "../models/index.ts";
import { ModelParameters } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { createEngine, type EngineOptions } from "../runtime/index.ts";
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
  const architecture = architectureOf(config, folder.describe("config.json"), options);
  const file = await openSafetensors(folder, WEIGHTS);
  const values = new Map<string, HostTensor>();
  for (const { name } of parametersOf(architecture)) {
    const { shape, data } = await file.tensor(name);
    values.set(name, { dtype: "float32", shape, data: data as Float32Array });
  }
  const engine = await createEngine({ purpose: "generation", ...options });
  return new Model(architecture, await ModelParameters.fromValues(engine, parametersOf(architecture), values));
}
