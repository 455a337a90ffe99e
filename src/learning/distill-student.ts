/** A student's sizes and first values: a folder's, or fresh ones with layers, embeddings and head of its teacher. */
import { readAllWeights, readWeights } from "../checkpoints/index.ts";
import { ConfigError } from "../errors/index.ts";
import {
  architectureOf,
  architectureOfPreset,
  parametersOf,
  type Architecture,
  type ConfigJson,
  type WantedHead,
} from "../models/index.ts";
import { initialValues, type Parameter } from "../nn/index.ts";
import { TEACHER } from "../objectives/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { random } from "../random/index.ts";
import { inspectCheckpoint, type Checkpoint } from "../tasks/open.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { idsOf, type ModelSource } from "./model-source.ts";
import type { WayContext } from "./way.ts";

/** A student before it has parameters. */
export interface Student {
  readonly architecture: Architecture;
  /** The folder that its weights come from; undefined for a fresh one. */
  readonly checkpoint: Checkpoint | undefined;
}

/** What is wanted of a student. */
export interface WantedStudent {
  readonly student: ModelSource;
  readonly head: WantedHead;
  readonly teacher: Checkpoint;
  readonly tokenizer: Tokenizer;
  readonly seed: number;
}

/**
 * The student that a config asks for: a folder, a published size by its name, or keys of config.json, which go over those
 * of the teacher where both are of one family. It has the teacher's tokens and labels.
 * Throws ConfigError for what is none of these, or has other tokens than the teacher.
 */
export async function studentFrom(wanted: WantedStudent, { files, from }: WayContext): Promise<Student> {
  const { student: source, head, teacher, tokenizer } = wanted;
  const config = labelsOf(teacher.architecture);
  const folder =
    from ?? (typeof source === "string" && (await files.kind(source)) === "folder" ? files.at(source) : undefined);
  if (folder !== undefined) {
    const checkpoint = await inspectCheckpoint(folder, { ...head, config, fresh: true });
    requireSameWords(checkpoint.architecture, teacher.architecture);
    return { architecture: checkpoint.architecture, checkpoint };
  }
  const json = typeof source === "string" ? presetJson(source, head) : sizesJson(source, teacher);
  const whole = {
    ...json,
    ...idsOf(tokenizer, String(json["model_type"])),
    ...vocabularyOf(teacher),
    ...config,
    architectures: undefined,
  };
  return { architecture: architectureOf(whole, "student", head), checkpoint: undefined };
}

function presetJson(name: string, head: WantedHead): ConfigJson {
  try {
    return architectureOfPreset(name, head).toJson();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`student: "${name}" is neither a folder here nor a size. ${error.message}`, { cause: error });
  }
}

function sizesJson(sizes: ConfigJson, { config, architecture }: Checkpoint): ConfigJson {
  const type = sizes["model_type"] ?? architecture.modelType;
  return type === architecture.modelType ? { ...config.values, ...sizes } : sizes;
}

/** A teacher may have more rows of embeddings than its tokenizer has tokens. */
const vocabularyOf = ({ architecture: { config } }: Checkpoint): ConfigJson =>
  typeof config["vocabulary"] === "number" ? { vocab_size: config["vocabulary"] } : {};

/** Labels as config.json has them; none where the head has none. */
function labelsOf({ config, task }: Architecture): ConfigJson {
  const { labels } = config as { readonly labels?: readonly string[] };
  if (labels === undefined || !task.endsWith("classification")) return {};
  return {
    id2label: Object.fromEntries(labels.map((label, i) => [String(i), label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
  };
}

function requireSameWords({ config: own }: Architecture, { config: its }: Architecture): void {
  if (own["vocabulary"] === its["vocabulary"]) return;
  throw new ConfigError(
    `student: it has ${String(own["vocabulary"])} tokens and the teacher ${String(its["vocabulary"])}. Soft targets need ` +
      `one tokenizer: take a student that was made with the teacher's, or sizes of a fresh one.`,
  );
}

/** The teacher's names for the parts of BERT that DistilBERT names otherwise. */
const FROM_BERT: readonly (readonly [RegExp, string])[] = [
  [/^distilbert\.transformer\.layer\./, "bert.encoder.layer."],
  [/^distilbert\./, "bert."],
  [/\.attention\.q_lin\./, ".attention.self.query."],
  [/\.attention\.k_lin\./, ".attention.self.key."],
  [/\.attention\.v_lin\./, ".attention.self.value."],
  [/\.attention\.out_lin\./, ".attention.output.dense."],
  [/\.sa_layer_norm\./, ".attention.output.LayerNorm."],
  [/\.ffn\.lin1\./, ".intermediate.dense."],
  [/\.ffn\.lin2\./, ".output.dense."],
  [/\.output_layer_norm\./, ".output.LayerNorm."],
  [/^vocab_transform\./, "cls.predictions.transform.dense."],
  [/^vocab_layer_norm\./, "cls.predictions.transform.LayerNorm."],
  [/^vocab_projector\.bias$/, "cls.predictions.bias"],
];
/** The number of a layer in the names of all families. */
const LAYER = /\.(layer|layers|h|block)\.(\d+)\./;

/**
 * The teacher's parameter that a student's starts from: the one of the same name, in the layer that `layers` names for the
 * student's (counted from 0). Undefined where the families have no parts in common: they are one, or BERT and DistilBERT.
 */
export function teacherName(
  name: string,
  student: Pick<Architecture, "modelType">,
  teacher: Pick<Architecture, "modelType">,
  layers: readonly number[],
): string | undefined {
  const same = student.modelType === teacher.modelType;
  if (!same && !(student.modelType === "distilbert" && teacher.modelType === "bert")) return undefined;
  const named = same ? name : FROM_BERT.reduce((text, [pattern, other]) => text.replace(pattern, other), name);
  return named.replace(LAYER, (_, group: string, number: string) => `.${group}.${layers[Number(number)] ?? number}.`);
}

/** The first values of all that a distillation holds, and how many parameters of the student are the teacher's. */
export interface FirstValues {
  readonly values: ReadonlyMap<string, HostTensor>;
  readonly copied: number;
}

/**
 * First values: the teacher's under `teacher.`, the student's own from its folder, or fresh ones, with what fits of the
 * teacher's where `layers` says which layers of it they are; and fresh ones for what is neither's.
 */
export async function firstValues(
  specs: readonly Parameter[],
  { architecture, checkpoint }: Student,
  { teacher, seed }: Pick<WantedStudent, "teacher" | "seed">,
  layers: readonly number[] | undefined,
): Promise<FirstValues> {
  const its = await readAllWeights(teacher.weights, teacher.match);
  const values = new Map<string, HostTensor>();
  let copied = 0;
  for (const [name, value] of its) values.set(`${TEACHER}.${name}`, value);
  if (checkpoint !== undefined) {
    const fresh = { parameters: parametersOf(architecture), seed };
    for await (const [name, value] of readWeights(checkpoint.weights, checkpoint.match, fresh)) values.set(name, value);
  }
  for (const spec of specs) {
    const { name, shape } = spec;
    if (values.has(name) || name.startsWith(`${TEACHER}.`)) continue;
    const from = layers && teacherName(name, architecture, teacher.architecture, layers);
    const given = from === undefined ? undefined : its.get(from);
    const fits = given?.shape.join() === shape.join();
    if (fits) copied++;
    const data = fits ? given.data : initialValues(spec, random(seed, "parameters", name));
    values.set(name, { dtype: "float32", shape, data });
  }
  return { values, copied };
}
