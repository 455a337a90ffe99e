/** Adapters as PEFT keeps them: adapter_config.json and adapter_model.safetensors in a folder without the base model. */
import { z } from "zod";
import { CheckpointError } from "../errors/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import { showShape } from "../graph/index.ts";
import type { ModelTask } from "../models/index.ts";
import { LORA_DOWNS, LORA_TABLE_DOWN, LORA_UPS } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { CONFIG } from "./model-folder.ts";
import { pickleError } from "./refusals.ts";
import { writeSafetensors } from "./safetensors.ts";
import { readSettings, writeSettings, type Settings } from "./settings-file.ts";
import { ADAPTER_WEIGHTS, openWeightsFile, WEIGHTS, WEIGHTS_INDEX } from "./weights.ts";
import { asStored } from "./write-weights.ts";

/** The file that makes a folder an adapter. */
export const ADAPTER_CONFIG = "adapter_config.json";
/** What PEFT puts before the names of the base model. */
const PREFIX = "base_model.model.";

/** The change of one linear layer, scale · up · down, or of an embedding, scale · (up · down)ᵀ. */
export interface LowRankChange {
  /** A, [rank, in]. */
  readonly down: HostTensor;
  /** B, [out, rank]. */
  readonly up: HostTensor;
  readonly scale: number;
  /** Whether the layer is an embedding; `in` is then the number of its rows. */
  readonly table: boolean;
}

/** An adapter of low rank (LoRA; Hu et al. 2021), with what was trained in full beside it. */
export interface Adapter {
  /** Where it is from, for messages. */
  readonly shown: string;
  /** The folder or the name of the model that it changes, where it says so. */
  readonly base: string | undefined;
  readonly task: ModelTask | undefined;
  /** By the paths of the layers. */
  readonly layers: ReadonlyMap<string, LowRankChange>;
  /** Parameters that replace those of the base, by name. */
  readonly full: ReadonlyMap<string, HostTensor>;
  /** config.json beside it, where there is one: PEFT writes none, and tells no labels. */
  readonly config: Settings | undefined;
}

const optionalNumbers = z.record(z.string(), z.number()).nullish();
const schema = z.object({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  task_type: z.string().nullish(),
  r: z.number().positive(),
  lora_alpha: z.number(),
  alpha_pattern: optionalNumbers,
  use_rslora: z.boolean().nullish(),

  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
});
type AdapterConfig = z.infer<typeof schema>;

/** Settings of PEFT that make another kind of adapter of it. */
const OTHERS = [
  "use_dora",
  "use_qalora",
  "use_bdlora",
  "layer_replication",
  "arrow_config",
  "alora_invocation_tokens",
  "kasa_config",
  "monteclora_config",
  "velora_config",
  "target_parameters",
  "trainable_token_indices",
];

/** PEFT's names for what a model is for. */
const taskTypes: Readonly<Partial<Record<ModelTask, string>>> = {
  "sequence-classification": "SEQ_CLS",
  "token-classification": "TOKEN_CLS",
  "question-answering": "QUESTION_ANS",
  "causal-lm": "CAUSAL_LM",
  "conditional-generation": "SEQ_2_SEQ_LM",
  features: "FEATURE_EXTRACTION",
};

/** Whether a folder holds an adapter, and no model of its own. */
export async function isAdapterFolder(folder: ReadableFolder): Promise<boolean> {
  if ((await folder.kind(ADAPTER_CONFIG)) !== "file") return false;
  const kinds = await Promise.all([WEIGHTS, WEIGHTS_INDEX].map((file) => folder.kind(file)));
  return !kinds.includes("file");
}

/**
 * Reads an adapter as PEFT or Heed wrote it. Throws CheckpointError for a folder without one, for a kind of adapter that
 * is not known here, and for tensors that belong to none.
 */
export async function readAdapter(folder: ReadableFolder): Promise<Adapter> {
  const shown = folder.describe();
  if ((await folder.kind(ADAPTER_CONFIG)) !== "file") {
    throw new CheckpointError(
      `${shown} has no ${ADAPTER_CONFIG}: it is no adapter. Give a folder that PEFT, or heed finetune --lora, wrote.`,
    );
  }
  const config = adapterConfig(await readSettings(folder, ADAPTER_CONFIG), folder.describe(ADAPTER_CONFIG));
  if ((await folder.kind(ADAPTER_WEIGHTS)) !== "file") {
    if ((await folder.kind("adapter_model.bin")) === "file") throw pickleError(folder.describe("adapter_model.bin"));
    throw new CheckpointError(`${shown} has no ${ADAPTER_WEIGHTS}. Copy or download the adapter again.`);
  }
  const { layers, full } = await readTensorsOf(folder, config);
  const task = Object.entries(taskTypes).find(([, type]) => type === config.task_type)?.[0] as ModelTask | undefined;
  const beside = (await folder.kind(CONFIG)) === "file" ? await readSettings(folder, CONFIG) : undefined;
  return { shown, base: config.base_model_name_or_path ?? undefined, task, layers, full, config: beside };
}

function adapterConfig({ values }: Settings, shown: string): AdapterConfig {
  const refuse = (what: string): CheckpointError =>
    new CheckpointError(`${shown}: ${what}. Plain LoRA of linear layers and embeddings is what this version opens.`);
  if (values["peft_type"] !== "LORA") throw refuse(`the adapter is of the kind ${String(values["peft_type"])}`);
  const result = schema.safeParse(values);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new CheckpointError(`${shown} cannot be used: ${path.join(".")}: ${message}.`);
  }
  const config = result.data;
  const other = OTHERS.find((key) => ![null, undefined, false].includes(values[key] as null));
  if (other !== undefined) throw refuse(`the adapter is of another kind (${other})`);
  const start = config.init_lora_weights;
  if (typeof start === "string" && /^(pissa|olora|corda|loftq)/.test(start)) {
    throw refuse(`the adapter belongs to a base that its start changed (init_lora_weights: ${start})`);
  }
  return config;
}

async function readTensorsOf(folder: ReadableFolder, config: AdapterConfig): Promise<Pick<Adapter, "layers" | "full">> {
  const weights = await openWeightsFile(folder, ADAPTER_WEIGHTS);
  const [down, up, full] = [
    new Map<string, HostTensor>(),
    new Map<string, HostTensor>(),
    new Map<string, HostTensor>(),
  ];
  const tables = new Set<string>();
  for (const stored of weights.tensors.keys()) {
    const name = stored.replace(PREFIX, "").replace(/\.(modules_to_save|base_layer)(\.default)?\./, ".");
    const match = /^(.*)\.(lora_\w+?)(?:\.default)?(?:\.(weight|bias))?$/.exec(name);
    const end = match === null ? "" : match[3] === undefined ? match[2]! : `${match[2]!}.${match[3]}`;
    const isDown = LORA_DOWNS.some((one) => one === end);
    const into = match === null ? full : isDown ? down : up;
    if (end === LORA_TABLE_DOWN) tables.add(match![1]!);
    if (match !== null && !isDown && !LORA_UPS.some((one) => one === end)) {
      throw new CheckpointError(
        `${weights.shown}: ${stored} is no change of a linear layer or an embedding, and this version opens no other. ` +
          `Merge the adapter into its base in Python: model.merge_and_unload().save_pretrained(…).`,
      );
    }
    into.set(match?.[1] ?? name, await weights.tensor(stored));
  }
  const layers = new Map<string, LowRankChange>();
  for (const path of new Set([...down.keys(), ...up.keys()])) {
    const [a, b] = [down.get(path), up.get(path)];
    if (a?.shape.length !== 2 || b?.shape.length !== 2 || a.shape[0] !== b.shape[1]) {
      const got = [a, b].map((one) => (one === undefined ? "none" : showShape(one.shape))).join(" and ");
      throw new CheckpointError(
        `${weights.shown}: ${path} has ${got} for lora_A and lora_B; [rank, in] and [out, rank] were expected.`,
      );
    }
    layers.set(path, { down: a, up: b, scale: scaleOf(config, path, a.shape[0]!), table: tables.has(path) });
  }
  return { layers, full };
}

/** alpha / rank, or alpha / √rank for rank-stabilized adapters (Kalajdzievski 2023); alphas of single layers go first. */
function scaleOf({ lora_alpha, alpha_pattern, use_rslora }: AdapterConfig, path: string, rank: number): number {
  const own = Object.entries(alpha_pattern ?? {}).find(([key]) => new RegExp(`^(.*\\.)?(${key})$`).test(path))?.[1];
  return (own ?? lora_alpha) / (use_rslora === true ? Math.sqrt(rank) : rank);
}

/** What is written of an adapter beside its tensors. */
export interface AdapterDescription {
  /** As another program is to find it: a path or the name of a repository. */
  readonly base: string | undefined;
  readonly task: ModelTask;
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  /** Last parts of the layers' paths, or whole paths. */
  readonly targets: readonly string[];
  /** Modules that are trained in full (PEFT's `modules_to_save`). */
  readonly modules: readonly string[];
  /** Whether weights lie as [in, out] (PEFT's `fan_in_fan_out`). */
  readonly transposed: boolean;
}

/** The name under which PEFT keeps a parameter. */
export const adapterName = (name: string): string => `${PREFIX}${name}`;

/** Writes an adapter as PEFT does: tensors under the names of `adapterName`, and the settings that Python asks for. */
export async function writeAdapter(
  folder: Folder,
  { base, task, rank, alpha, dropout, targets, modules, transposed }: AdapterDescription,
  tensors: ReadonlyMap<string, HostTensor>,
): Promise<void> {
  await writeSafetensors(folder, ADAPTER_WEIGHTS, asStored(tensors), { format: "pt" });
  await writeSettings(folder, ADAPTER_CONFIG, {
    ...{ peft_type: "LORA", task_type: taskTypes[task] ?? null, base_model_name_or_path: base ?? null },
    ...{ r: rank, lora_alpha: alpha, lora_dropout: dropout, bias: "none" },
    target_modules: targets,
    modules_to_save: modules.length === 0 ? null : modules,
    ...{ fan_in_fan_out: transposed, inference_mode: true, init_lora_weights: true },
    ...{ use_rslora: false, use_dora: false, rank_pattern: {}, alpha_pattern: {} },
  });
}
