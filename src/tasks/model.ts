/** A model inside an engine: an architecture with its parameters, run on named inputs for any of its tensors. */
import { InputError, nearest } from "../errors/index.ts";
import { nodesOf, rewrite, rowRules, type Tensor } from "../graph/index.ts";
import type { DeriveOptions, InspectedModel, ModelTensors } from "../insight/index.ts";
import { neededInputs, traceOf, type Architecture, type ModelTask } from "../models/index.ts";
import type { ModelParameters } from "../nn/index.ts";
import { lower, type HostTensor, type LowerOptions, type Program } from "../onnx/index.ts";
import type { Call, Engine, Values } from "../runtime/index.ts";
import { layerGroups, type ForwardOptions, type ForwardResults } from "./forward.ts";
import { feedsOf, rangesOf, requireInside, type IdRange } from "./model-inputs.ts";
import type { Checkpoint } from "./open.ts";

/** Which tensors a run gives back. */
export interface RunOptions {
  /**
   * Names of outputs and records: `logits`, `hiddenStates.0`, `bert.encoder.layer.1.attention.self.attention`; of
   * groups, for one of each layer: `hiddenStates`, `attentions`; or a pattern. Default: what the head computes.
   */
  readonly outputs?: readonly string[] | RegExp | undefined;
}

/** What a run asked for, by name. */
export type Results = ReadonlyMap<string, HostTensor>;

interface Loaded {
  readonly call: Call;
  readonly ports: ReadonlyMap<string, string>;
  readonly ranges: ReadonlyMap<string, IdRange>;
}

/** An opened model; `T` is what its head is for, where that is known. Dispose of it when done. */
export class Model<T extends ModelTask = ModelTask> implements InspectedModel {
  readonly architecture: Architecture;
  readonly parameters: ModelParameters;
  readonly engine: Engine;
  /** By what goes in and what comes out; with the parameters as they were before any training inside, or outside. */
  readonly #programs = new Map<string, { readonly inside: boolean; readonly loading: Promise<Loaded> }>();
  /** The program of a large model that has the parameters inside. */
  #prepared: string | undefined;

  /** The folder that the model came from, and its settings; undefined for one with fresh parameters. */
  readonly checkpoint: Checkpoint | undefined;

  constructor(architecture: Architecture, parameters: ModelParameters, checkpoint?: Checkpoint) {
    this.architecture = architecture;
    this.checkpoint = checkpoint;
    this.parameters = parameters;
    this.engine = parameters.engine;
  }

  /** The names of all tensors that a run on these inputs can give, in the order in which they are computed. */
  outputNames(given: Iterable<string> = neededInputs(this.architecture)): string[] {
    return [...this.#tensors(given).all.keys()];
  }

  /**
   * Computes outputs and inner tensors from inputs by Hugging Face's names in camelCase (`inputIds`), without dropout.
   * Whole numbers may come as any dtype. Throws InputError for a name that is no input or is not computed, for sizes
   * that do not fit each other, and for ids that are not in their table.
   */
  async run(inputs: Values, { outputs }: RunOptions = {}): Promise<Results> {
    if (!(outputs instanceof RegExp) && outputs?.length === 0) return new Map();
    const asked = outputs instanceof RegExp ? String(outputs) : (outputs?.join(" ") ?? "");
    return this.derive(`run ${asked}`, inputs, (tensors) => this.#choose(tensors, outputs));
  }

  /**
   * The outputs of the head by name, and on request the hidden states and attentions of the layers:
   * `(await model.forward({ inputIds }, { attentions: true })).attentions[0]`. Throws InputError as `run` does.
   */
  async forward(inputs: Values, options: ForwardOptions = {}): Promise<ForwardResults<T>> {
    const groups = Object.entries(layerGroups);
    const wanted = groups.flatMap(([group, option]) => (options[option] === true ? [group] : []));
    const results = await this.derive(`forward ${wanted.join(" ")}`, inputs, ({ all, outputs }) => {
      const layers = [...all].filter(([name]) => wanted.includes(groupOf(name)));
      return new Map([...layers, ...outputs]);
    });
    const layered: Record<string, HostTensor[]> = Object.fromEntries(groups.map(([group]) => [group, []]));
    const named: Record<string, HostTensor> = {};
    for (const [name, value] of results) {
      const group = layered[groupOf(name)];
      if (group === undefined) named[name] = value;
      else group.push(value);
    }
    return { ...named, ...layered } as unknown as ForwardResults<T>;
  }

  /**
   * Computes what `make` makes of the model's tensors, inside the engine, so that nothing else comes out of it. The
   * program is kept under `name`, which must tell one `make` from another, and one `instead` too. Throws InputError as
   * `run` does.
   */
  async derive(
    name: string,
    inputs: Values,
    make: (tensors: ModelTensors) => ReadonlyMap<string, Tensor>,
    { instead, feeds: more = {} }: DeriveOptions = {},
  ): Promise<Results> {
    const feeds = feedsOf(this.architecture, inputs);
    const key = [name, "→", ...Object.keys(feeds).sort()].join(" ");
    const { call, ports, ranges } = await this.#loaded(key, () => make(this.#tensors(Object.keys(feeds), instead)));
    requireInside(this.architecture.className, feeds, ranges);
    const values = await this.engine.run([call], { ...feeds, ...more });
    return new Map([...ports].map(([tensor, port]) => [tensor, values[port]!]));
  }

  /** Frees the engine and all that it holds. */
  async dispose(): Promise<void> {
    await this.engine.dispose();
  }

  /** The program for a key; loaded again where parameters that are inside have changed. */
  #loaded(key: string, make: () => ReadonlyMap<string, Tensor>): Promise<Loaded> {
    const { small, version } = this.parameters;
    const before = this.#programs.get(key);
    if (before !== undefined && !(before.inside && version > 0)) return before.loading;
    // Who trains runs a model after each change, and would have to load it again; of a large one one copy must do.
    const inside = version === 0 && (small || (this.#prepared ??= key) === key);
    const loading = this.#load(inside, make());
    this.#programs.set(key, { inside, loading });
    loading.catch(() => this.#programs.delete(key));
    before?.loading.then(({ call }) => this.engine.unload(call.program)).catch(() => undefined);
    return loading;
  }

  async #load(inside: boolean, chosen: ReadonlyMap<string, Tensor>): Promise<Loaded> {
    const ports = new Map([...chosen.keys()].map((name) => [name, `output ${name}`]));
    const outputs = Object.fromEntries([...chosen].map(([name, tensor]) => [ports.get(name)!, tensor]));
    const rewritten = rewrite(Object.values(outputs), rowRules).map((tensor, i) => [Object.keys(outputs)[i]!, tensor]);
    const make = (options: LowerOptions): Program =>
      lower(this.architecture.className, Object.fromEntries(rewritten) as Record<string, Tensor>, options);
    const { id, bind } = (await this.parameters.load(make, { inside }))!;
    return {
      call: { program: id, bind, fetch: [...ports.values()] },
      ports,
      ranges: rangesOf(this.architecture, chosen.values()),
    };
  }

  #tensors(given: Iterable<string>, instead?: DeriveOptions["instead"]): ModelTensors {
    const { trace, outputs } = traceOf(this.architecture, given, "forward", { instead });
    const all = new Map([...trace.records, ...Object.entries(outputs)]);
    const inputs = nodesOf([...all.values()]).flatMap(({ op, attributes, outputs: [tensor] }) => {
      return op.name === "input" ? [[(attributes as { readonly name: string }).name, tensor!] as const] : [];
    });
    return { all, outputs: new Map(Object.entries(outputs)), inputs: new Map(inputs) };
  }

  #choose({ all, outputs, inputs }: ModelTensors, names: RunOptions["outputs"]): ReadonlyMap<string, Tensor> {
    if (names === undefined) return outputs;
    const choices = [...all.keys()];
    const chosen =
      names instanceof RegExp
        ? choices.filter((name) => name.search(names) >= 0)
        : names.flatMap((name) => {
            if (all.has(name)) return [name];
            const group = choices.filter((one) => groupOf(one) === name);
            if (group.length > 0) return group;
            const given = Object.keys(this.architecture.inputs).filter((one) => inputs.has(one));
            const near = nearest(name, choices);
            throw new InputError(
              `${this.architecture.className} computes nothing named "${name}" from ${given.join(", ")}.` +
                (near === undefined ? "" : ` Did you mean "${near}"?`),
            );
          });
    if (chosen.length === 0) {
      throw new InputError(`${this.architecture.className} computes nothing whose name matches ${String(names)}.`);
    }
    return new Map(chosen.map((name) => [name, all.get(name)!]));
  }
}

/** Of `attentions.3`, what all layers have in common; "" for a name that has no number. */
const groupOf = (name: string): string => (/\.\d+$/.test(name) ? name.slice(0, name.lastIndexOf(".")) : "");
