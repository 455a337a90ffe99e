/** Opened models of which only a part is trained, or that take one adapter after another. */
import { CONFIG, readAdapter, writeAdapter, writeSettings, type Adapter } from "../checkpoints/index.ts";
import { CheckpointError, InputError, nearest } from "../errors/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import { adapted, parametersOf, type Adaptation, type Architecture } from "../models/index.ts";
import { initialValues, LORA_DOWNS, LORA_UPS, ModelParameters, type LowRank } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { random } from "../random/index.ts";
import { fitAdapter, mergedWeight, type FittedAdapter } from "./adapter-weights.ts";
import type { LoraPlan } from "./lora.ts";
import { Model } from "./model.ts";

/** First values of what is new in a model. */
export interface NewParameters {
  /** Of what is drawn. Default: 1. */
  readonly seed?: number | undefined;
  /** Values in place of drawn ones, and of those that the model has. */
  readonly values?: ReadonlyMap<string, HostTensor> | undefined;
}

/**
 * The model with changes of low rank or frozen parameters, in the same engine: its parameters are laid out again with what
 * is not trained last, where it has no gradient and no optimizer state. New matrices start as LoRA's do, so that the model
 * computes what it did. The model that was given must not be used any more.
 */
export async function adaptModel(model: Model, how: Adaptation, start: NewParameters = {}): Promise<Model> {
  const architecture = adapted(model.architecture, how);
  return new Model(architecture, await laidOut(model, architecture, start), model.checkpoint);
}

async function laidOut(
  { parameters: before, engine }: Model,
  architecture: Architecture,
  { seed = 1, values }: NewParameters,
): Promise<ModelParameters> {
  const held = await before.read();
  const specs = parametersOf(architecture);
  const of = (spec: (typeof specs)[number]): HostTensor => {
    const { name, shape } = spec;
    const drawn = (): HostTensor => {
      return { dtype: "float32", shape, data: initialValues(spec, random(seed, "parameters", name)) };
    };
    return values?.get(name) ?? held.get(name) ?? drawn();
  };
  const all = (function* () {
    for (const spec of specs) yield [spec.name, of(spec)] as const;
  })();
  const parameters = await ModelParameters.fromStream(engine, specs, all);
  parameters.quantize = before.quantize;
  return parameters;
}

/**
 * Writes what LoRA has trained as PEFT keeps it, with config.json beside it for the head and its labels. `base` is the
 * folder or the name that the adapter is to name.
 */
export async function saveAdapter(
  { architecture, parameters, checkpoint }: Pick<Model, "architecture" | "parameters" | "checkpoint">,
  { description, stored }: LoraPlan,
  folder: Folder,
  base: string | undefined,
  weights?: ReadonlyMap<string, HostTensor>,
): Promise<void> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, value] of weights ?? (await parameters.read())) {
    const place = stored(name);
    if (place !== undefined) tensors.set(place, value);
  }
  await writeAdapter(folder, { ...description, base }, tensors);
  await writeSettings(folder, CONFIG, architecture.toJson(checkpoint?.config.values), checkpoint?.config);
}

/** A base with several adapters, of which one at a time is at work. Dispose of it when done. */
export class SwitchableModel extends Model {
  readonly #values: ReadonlyMap<string, ReadonlyMap<string, HostTensor>>;
  #active: string | undefined;

  /** Made by `withAdapters`. */
  constructor(model: Model, values: ReadonlyMap<string, ReadonlyMap<string, HostTensor>>) {
    super(model.architecture, model.parameters, model.checkpoint);
    this.#values = values;
  }

  /** The names of the adapters. */
  get adapters(): readonly string[] {
    return [...this.#values.keys()].filter((name) => name !== NONE);
  }

  /** The adapter that is at work; undefined for the base alone. */
  get active(): string | undefined {
    return this.#active;
  }

  /**
   * Puts an adapter to work, or none: its few values are written over those of the last one, and no program is loaded
   * again. Throws InputError for a name that there is not.
   */
  async use(adapter: string | undefined): Promise<void> {
    const values = this.#values.get(adapter ?? NONE);
    if (values === undefined) {
      const near = nearest(adapter!, this.adapters);
      throw new InputError(
        `There is no adapter "${adapter!}".${near === undefined ? "" : ` Did you mean "${near}"?`} ` +
          `The adapters are ${this.adapters.join(", ")}.`,
      );
    }
    await this.parameters.update(values);
    this.#active = adapter;
  }
}

const NONE = "";

/**
 * A model with adapters of its base, by names of one's own, to be switched between while it runs; at first the base alone
 * is at work. Adapters may differ in rank and layers: each layer that any of them changes has room for the largest rank.
 * What an adapter does not have is as the base has it. The model that was given must not be used any more.
 * Throws CheckpointError for an adapter that does not fit.
 */
export async function withAdapters(
  model: Model,
  adapters: Readonly<Record<string, Adapter | ReadableFolder>>,
): Promise<SwitchableModel> {
  const fitted = new Map<string, FittedAdapter>();
  for (const [name, one] of Object.entries(adapters)) {
    if (name === NONE) throw new InputError("An adapter needs a name to be asked for by.");
    fitted.set(name, fitAdapter("kind" in one ? await readAdapter(one) : one, model.architecture));
  }
  const ranks = new Map<string, number>();
  for (const { layers } of fitted.values()) {
    for (const [path, { down }] of layers) ranks.set(path, Math.max(ranks.get(path) ?? 0, down.shape[0]!));
  }
  const full = new Set([...fitted.values()].flatMap((one) => [...one.full.keys()]));
  const lora = (path: string): LowRank | undefined => {
    const rank = ranks.get(path);
    return rank === undefined ? undefined : { rank, scale: 1 };
  };
  const base = await model.parameters.read();
  const made = await adaptModel(model, { lora });
  const changes = parametersOf(made.architecture).filter(({ name }) => changedLayer(name) !== undefined);
  made.parameters.exchanged = new Set([...full, ...changes.map(({ name }) => name)]);
  const values = new Map<string, ReadonlyMap<string, HostTensor>>();
  const none: FittedAdapter = { layers: new Map(), full: new Map() };
  for (const [name, one] of [[NONE, none] as const, ...fitted]) {
    const own = new Map<string, HostTensor>();
    for (const parameter of full) own.set(parameter, one.full.get(parameter) ?? base.get(parameter)!);
    for (const { name: parameter, shape } of changes) own.set(parameter, widened(parameter, shape, one));
    values.set(name, own);
  }
  const switchable = new SwitchableModel(made, values);
  await switchable.use(undefined);
  return switchable;
}

/** The path of the layer that a matrix of LoRA belongs to. */
function changedLayer(name: string): string | undefined {
  const end = [...LORA_DOWNS, ...LORA_UPS].find((one) => name.endsWith(`.${one}`));
  return end === undefined ? undefined : name.slice(0, -end.length - 1);
}

/** A matrix of an adapter with zeros for the ranks that it does not have; the scale goes into B. */
function widened(name: string, shape: readonly number[], { layers }: Pick<FittedAdapter, "layers">): HostTensor {
  const data = new Float32Array(shape.reduce((product, d) => product * d, 1));
  const change = layers.get(changedLayer(name)!);
  if (change === undefined) return { dtype: "float32", shape, data };
  if (LORA_DOWNS.some((end) => name.endsWith(end))) data.set(change.down.data as Float32Array);
  else {
    const [to, rank] = change.up.shape as readonly [number, number];
    for (let out = 0; out < to; out++) {
      for (let r = 0; r < rank; r++) data[out * shape[1]! + r] = Number(change.up.data[out * rank + r]) * change.scale;
    }
  }
  return { dtype: "float32", shape, data };
}

/**
 * Merges an adapter into the weights of a model in its engine. Gives back what takes it out again, to the bit: the weights
 * that were changed are kept for that. Throws CheckpointError for an adapter that does not fit.
 */
export async function mergeAdapter(model: Model, adapter: Adapter | ReadableFolder): Promise<() => Promise<void>> {
  const { layers, full } = fitAdapter("kind" in adapter ? await readAdapter(adapter) : adapter, model.architecture);
  const held = await model.parameters.read();
  const [before, after] = [new Map<string, HostTensor>(), new Map(full)];
  for (const [path, change] of layers) {
    const name = `${path}.weight`;
    const weight = held.get(name);
    if (weight === undefined) throw new CheckpointError(`The model has no parameter ${name} to merge an adapter into.`);
    after.set(name, mergedWeight(weight, change, change.layout));
  }
  for (const name of after.keys()) before.set(name, { ...held.get(name)!, data: held.get(name)!.data.slice() });
  await model.parameters.update(after);
  return () => model.parameters.update(before);
}
