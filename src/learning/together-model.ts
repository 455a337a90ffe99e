/** One body with a head for each of several tasks: where its weights come from, and what is written of it. */
import { CONFIG, openFolderTokenizer, openWeights, readAllWeights, readSettings } from "../checkpoints/index.ts";
import { ConfigError } from "../errors/index.ts";
import { architectureOf, type Architecture, type ConfigJson } from "../models/index.ts";
import { initialValues, ModelParameters, Trace, type Parameter } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { random } from "../random/index.ts";
import { createEngine, type EngineOptions } from "../runtime/index.ts";
import type { Model } from "../tasks/model.ts";
import { markedTokenizer, type Tokenizer } from "../tokens/index.ts";
import { labelConfig } from "./finetune-classes.ts";
import { modelFrom, type ModelSource, type TokenizerSource } from "./model-source.ts";
import { headPath, sharedObjective, type SharedTask } from "./together-objective.ts";
import type { WayContext } from "./way.ts";

/** Where body and tokenizer come from. */
export interface BodySource {
  readonly json: ConfigJson;
  readonly tokenizer: Tokenizer;
  readonly values: ReadonlyMap<string, HostTensor>;
  /** The name that heads give the body. */
  readonly base: string;
  readonly checkpoint: Model["checkpoint"];
}

/** What is wanted of the body. */
export interface WantedBody {
  readonly model: ModelSource;
  readonly tokenizer?: TokenizerSource | undefined;
  readonly seed: number;
  readonly texts: () => readonly string[];
  /** The name of any of the tasks: its folder tells what a resumed run had. */
  readonly task: string;
}

const HEAD = { task: "sequence-classification" } as const;

/**
 * The body's weights and config: of a resumed run, or of the model that the config names; a decoder gets GPT's marks.
 * Throws ConfigError for a model whose body cannot be shared.
 */
export async function bodyFrom({ task, ...wanted }: WantedBody, context: WayContext): Promise<BodySource> {
  const { from } = context;
  if (from !== undefined) {
    const folder = from.at(task);
    const json = (await readSettings(folder, CONFIG)).values;
    const tokenizer = await openFolderTokenizer(folder, String(json["model_type"]));
    const { base = "" } = architectureOf(json, folder.describe(CONFIG), HEAD).names;
    return { json, tokenizer, base, values: await readAllWeights(await openWeights(from)), checkpoint: undefined };
  }
  const { model, tokenizer } = await modelFrom({ ...wanted, head: HEAD }, context);
  try {
    const { architecture, checkpoint } = model;
    const { names, config, inputs, className } = architecture;
    const { base } = names;
    if (base === undefined || typeof config["layers"] !== "number" || inputs["decoderInputIds"] !== undefined) {
      throw new ConfigError(
        `${className} has no body that heads can share here. Take an encoder such as BERT, or a decoder such as GPT-2.`,
      );
    }
    const values = new Map([...(await model.parameters.read())].filter(([name]) => name.startsWith(`${base}.`)));
    const json = architecture.toJson(checkpoint?.config.values);
    const marked = languageHead(json) === undefined ? tokenizer : markedTokenizer(tokenizer);
    const rows = Math.max(Number(json["vocab_size"]), marked.size);
    return { json: { ...json, vocab_size: rows }, tokenizer: marked, values, base, checkpoint };
  } finally {
    await model.dispose();
  }
}

/** The same body with a head for classes: the architecture of a task. */
export function headFor(json: ConfigJson, classes: readonly string[], numbers: boolean, where: string): Architecture {
  const problem = numbers ? "regression" : "single_label_classification";
  const told = { ...json, ...labelConfig(classes), architectures: undefined, problem_type: problem };
  return architectureOf(told, where, HEAD);
}

/** The head that writes text, of a body that reads from left to right; undefined for others. */
export function languageHead(json: ConfigJson): Architecture | undefined {
  try {
    return architectureOf({ ...json, architectures: undefined }, "model", { task: "causal-lm" });
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** Body and heads in an engine of their own; rows that a table of embeddings lacks, and heads, are drawn by the seed. */
export async function sharedParameters(
  { values, base }: BodySource,
  tasks: readonly SharedTask[],
  language: Architecture | undefined,
  seed: number,
  options: EngineOptions,
): Promise<ModelParameters> {
  const trace = new Trace("forward");
  const { inputs } = tasks[0]!.architecture;
  const given = ["inputIds", "attentionMask", "tokenTypeIds"].filter((name) => inputs[name] !== undefined);
  trace.run((scope) => sharedObjective(tasks, base, given, language)(scope));
  const specs = [...trace.parameters.values()];
  const engine = await createEngine(options);
  try {
    const whole = new Map(specs.map((spec) => [spec.name, grown(spec, values.get(spec.name), seed)]));
    return await ModelParameters.fromValues(engine, specs, whole);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** A parameter's value, with more rows than the one that is known where it has more. */
function grown(spec: Parameter, known: HostTensor | undefined, seed: number): HostTensor {
  const { name, shape } = spec;
  if (known !== undefined && known.shape.join() === shape.join()) return known;
  const data = initialValues(spec, random(seed, "parameters", name));
  const fewer = known !== undefined && known.shape.slice(1).join() === shape.slice(1).join();
  if (fewer && known.data.length < data.length) data.set(known.data as Float32Array);
  return { dtype: "float32", shape, data };
}

/** The weights of one task's folder: the body's, and those of its head under their own names. */
export function ownWeights(
  weights: ReadonlyMap<string, HostTensor>,
  task: string,
  base: string,
): Map<string, HostTensor> {
  const front = headPath(task, "");
  return new Map(
    [...weights].flatMap(([name, value]) => {
      if (name.startsWith(`${base}.`)) return [[name, value] as const];
      return name.startsWith(front) ? [[name.slice(front.length), value] as const] : [];
    }),
  );
}
