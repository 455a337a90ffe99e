/** What of a model LoRA trains (Hu et al. 2021): which layers get a change of low rank, and what is trained in full. */
import { adapterName, type AdapterDescription } from "../checkpoints/index.ts";
import { InputError, nearest } from "../errors/index.ts";
import { partsByName } from "../insight/index.ts";
import { adaptableLayers, parametersOf, type AdaptableLayer, type Architecture } from "../models/index.ts";
import { LORA_DOWNS, LORA_UPS, type LowRank } from "../nn/index.ts";

/** How LoRA is set up. */
export interface LoraOptions {
  /** Of the change of each layer. Default: 8. */
  readonly rank?: number | undefined;
  /** The change is multiplied by alpha / rank. Default: twice the rank. */
  readonly alpha?: number | undefined;
  /** Of what the changes see, while training. Default: 0. */
  readonly dropout?: number | undefined;
  /**
   * Which layers: the last parts of their paths (`query`, `self_attn.q_proj`, `word_embeddings`), a regular expression of
   * whole paths between slashes, or `all-linear` for all linear ones below the head. Default: the projections to queries
   * and values.
   */
  readonly targets?: readonly string[] | undefined;
  /**
   * Modules that are trained in full and kept with the adapter, by the last parts of their paths (PEFT's
   * `modules_to_save`). Default: the head of a classifier, and whatever the checkpoint lacked.
   */
  readonly modulesToSave?: readonly string[] | undefined;
}

/** LoRA on one architecture. */
export interface LoraPlan {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  /** The adapted layers. */
  readonly layers: readonly AdaptableLayer[];
  /** How the layer of a path is adapted. */
  readonly change: (path: string) => LowRank | undefined;
  /** Whether a parameter is trained: those of the changes, and of modules in full. */
  readonly trained: (name: string) => boolean;
  /** The name that a parameter has in an adapter's file; undefined for those of the base. */
  readonly stored: (name: string) => string | undefined;
  /** What adapter_config.json says. */
  readonly description: Omit<AdapterDescription, "base">;
}

/** Queries and values (section 4.2 of the paper, and 7.1), as families name them. */
const USUAL = ["query", "value", "q_proj", "v_proj", "q", "v", "q_lin", "v_lin", "c_attn", "qkv_net", "Wqkv"];
/** What has a head that each task trains anew. */
const CLASSIFIERS = ["sequence-classification", "token-classification", "question-answering", "multiple-choice"];

/**
 * Plans LoRA on an architecture; `fresh` are the parameters that the checkpoint lacked, which belong to the adapter
 * because no base has them. Throws InputError for targets and modules that nothing matches, with those that there are.
 */
export function loraPlan(
  architecture: Architecture,
  { rank = 8, alpha = 2 * rank, dropout = 0, targets, modulesToSave }: LoraOptions = {},
  fresh: readonly string[] = [],
): LoraPlan {
  const names = parametersOf(architecture).map(({ name }) => name);
  const part = partsByName(names);
  const base = `${architecture.names.base ?? ""}.`;
  const moduleOf = (name: string): string => (name.startsWith(base) ? name.slice(base.length) : name).split(".")[0]!;
  const heads = names.filter((name) => part(name).kind === "head" && !/(^|\.)pooler\./.test(name));
  const usual = CLASSIFIERS.includes(architecture.task) ? heads.map(moduleOf) : [];
  const inFull = modulesToSave === undefined ? [...usual, ...fresh.map(moduleOf)] : modulesToSave;
  const learned = new Set(inFull.flatMap((module) => namesIn(names, module)));
  const kept = new Set([...learned, ...fresh]);
  const all = [...adaptableLayers(architecture).values()];
  const free = all.filter(({ path }) => !kept.has(`${path}.weight`));
  const layers = targeted(free, targets, (path) => part(`${path}.weight`).kind === "head");
  const adapted = new Map(layers.map(({ path }) => [path, { rank, scale: alpha / rank, dropout }]));
  const isChange = (name: string): boolean => [...LORA_DOWNS, ...LORA_UPS].some((end) => name.endsWith(`.${end}`));
  const description = {
    ...{ task: architecture.task, rank, alpha, dropout },
    targets: shortTargets(all, layers),
    modules: [...new Set([...inFull, ...fresh.map(moduleOf)])],
    transposed: layers.some(({ layout, table }) => layout === "in-out" && !table),
  };
  return {
    ...{ rank, alpha, dropout, layers, description },
    change: (path) => adapted.get(path),
    trained: (name) => isChange(name) || learned.has(name),
    stored: (name) => (isChange(name) || kept.has(name) ? adapterName(name) : undefined),
  };
}

/** The parameters of a module, by the last part or parts of its path. */
function namesIn(names: readonly string[], module: string): string[] {
  const found = names.filter((name) => `.${name}`.includes(`.${module}.`));
  if (found.length > 0) return found;
  const modules = [...new Set(names.flatMap((name) => name.split(".").slice(0, -1)))].filter(
    (one) => !/^\d+$/.test(one),
  );
  const near = nearest(module, modules);
  throw new InputError(
    `LoRA's modulesToSave: the model has no module "${module}".${near === undefined ? "" : ` Did you mean "${near}"?`} ` +
      `It has ${modules.join(", ")}.`,
  );
}

function targeted(
  layers: readonly AdaptableLayer[],
  targets: readonly string[] | undefined,
  isHead: (path: string) => boolean,
): AdaptableLayer[] {
  const asked = targets ?? USUAL;
  const found = new Set<AdaptableLayer>();
  const without: string[] = [];
  for (const target of asked) {
    const matching = layers.filter((layer) =>
      target === "all-linear" ? !layer.table && !isHead(layer.path) : matches(layer, target),
    );
    for (const layer of matching) found.add(layer);
    if (matching.length === 0) without.push(target);
  }
  // Of the usual names a model has those of its family.
  if (without.length === 0 || (targets === undefined && found.size > 0)) return layers.filter((one) => found.has(one));
  const ends = [...new Set(layers.map(({ path }) => path.split(".").at(-1)!))];
  const near = nearest(without[0]!, ends);
  throw new InputError(
    `LoRA's targets: no layer is called ${without.map((one) => `"${one}"`).join(" or ")}.` +
      `${near === undefined ? "" : ` Did you mean "${near}"?`} The layers are ${ends.join(", ")}, such as ` +
      `${layers[0]?.path ?? "none"}.`,
  );
}

function matches({ path }: AdaptableLayer, target: string): boolean {
  const pattern = /^\/(.*)\/$/.exec(target)?.[1];
  if (pattern === undefined) return path === target || path.endsWith(`.${target}`);
  return new RegExp(`^(?:${pattern})$`).test(path);
}

/** The last parts of the paths where they tell the same layers to another program, else whole paths. */
function shortTargets(all: readonly AdaptableLayer[], chosen: readonly AdaptableLayer[]): string[] {
  const ends = [...new Set(chosen.map(({ path }) => path.split(".").at(-1)!))];
  const meant = all.filter((layer) => ends.some((end) => matches(layer, end)));
  return meant.length === chosen.length ? ends : chosen.map(({ path }) => path);
}
