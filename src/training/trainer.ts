/** One model being trained: its programs, its residents, and the step that ties them together. */
import { TrainingError } from "../errors/index.ts";
import type { Tensor } from "../graph/index.ts";
import { crc32 } from "../files/index.ts";
import { bytesOf, type HostTensor, type Port, type Program } from "../onnx/index.ts";
import {
  DROPOUT_OFFSETS,
  dropoutOffsets,
  dropoutPool,
  ModelParameters,
  PARAMETERS,
  POOL_SIZE,
  type Trace,
  viewsOf,
  type Parameter,
  type Scope,
} from "../nn/index.ts";
import { alone, type Call, type Engine, type Group, type Values, type View } from "../runtime/index.ts";
import { findNotFinite } from "./diagnosis.ts";
import { Evaluation } from "./evaluation.ts";
import type { Optimizer } from "./optimizers.ts";
import { Shares, type Share } from "./share.ts";
import { LOSS_SCALE, REPORT, trainingProgram } from "./step-program.ts";
import { GRADIENTS, loadAccumulate, scalarFeeds, Updater } from "./update.ts";

/**
 * What is minimized: a model function that ends in sums over the batch. `loss` is the sum of the losses of all
 * targets; other entries are sums that are reported with it (a count of right answers, say).
 */
export type Objective = (scope: Scope) => { readonly loss: Tensor } & Readonly<Record<string, Tensor>>;

/** A batch, or a part of one that is worked through in several parts. */
export interface Batch {
  /** The inputs that the objective asks for, by name. */
  readonly feeds: Values;
  /** How many targets its loss sums up. */
  readonly targets: number;
  /** The place of each example in the whole batch of the update: dropout masks belong to it. */
  readonly examples: readonly number[];
  /**
   * Feeds that are not a row for each example, so that several processes can share the batch all the same: places in
   * the rows of all examples laid end to end, and the feeds that have a row for each place.
   */
  readonly places?: readonly PlacesFeed[] | undefined;
}

/** A feed of places, such as those of the tokens that were masked. */
export interface PlacesFeed {
  /** int32[places]: row · width + column. */
  readonly feed: string;
  readonly width: number;
  /** The feeds with a row for each place, with a value of each that makes a place count for nothing: a label of −100. */
  readonly beside?: Readonly<Record<string, number>> | undefined;
}

/** How parameters are updated. */
export interface TrainerOptions {
  readonly optimizer: Optimizer;
  /** Of the first values of the parameters, and of dropout. */
  readonly seed: number;
  /** Acts on matrices, not on biases and norms. Default: 0. */
  readonly weightDecay?: number | undefined;
  /** The largest global norm of the gradients; 0, the default, for no clipping. */
  readonly clipNorm?: number | undefined;
  /** Decay of the exponential moving average of the parameters; 0, the default, for none. */
  readonly movingAverage?: number | undefined;
  /** What the learning rate of a parameter is multiplied by, by its name. Default: 1 for all. */
  readonly rates?: ((name: string) => number) | undefined;
  /**
   * After how many updates a parameter begins to be trained, by its name. Until then it has no gradient, does not decay
   * and counts for nothing in the norm; its optimizer begins anew at that time. Default: 0 for all.
   */
  readonly starts?: ((name: string) => number) | undefined;
  /**
   * Whether the backward pass computes the inside of layers a second time instead of keeping it: less memory, the same
   * numbers, more time a step. Default: false.
   */
  readonly recompute?: boolean | undefined;
  /** The processes that share each batch. Default: this one alone. */
  readonly group?: Group | undefined;
  /** Entries of the objective beside the loss that each step reports, as means per target. Default: none. */
  readonly report?: readonly string[] | undefined;
}

/** What an update reports. Losses are means per target, in nats for cross-entropies. */
export interface StepResult {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly targets: number;
  /** What else of the objective was asked for, by name: means per target. */
  readonly reports?: Readonly<Record<string, number>> | undefined;
}

/** What to do against a loss that runs away. */
export const CALMER =
  "Train again, in another folder, with a lower learning rate, a longer warm-up or stronger clipping.";

const PART = "gradients of a part";

interface TrainingProgram {
  /** The updates after which the last of what it trains began to be trained. */
  readonly stage: number;
  readonly program: number;
  readonly bind: Readonly<Record<string, View>>;
  readonly streams: number;
}

/** A model being trained inside an engine: step by step, with evaluation, and state that can be saved and put back. */
export class Trainer {
  readonly engine: Engine;
  readonly parameters: ModelParameters;
  readonly #objective: Objective;
  readonly #options: TrainerOptions;
  readonly #updater: Updater;
  readonly #evaluation: Evaluation;
  #training: TrainingProgram;
  #accumulate: Call[] | undefined;
  readonly #shares: Shares;

  private constructor(
    parameters: ModelParameters,
    objective: Objective,
    options: TrainerOptions,
    updater: Updater,
    training: TrainingProgram,
  ) {
    this.engine = parameters.engine;
    this.parameters = parameters;
    this.#objective = objective;
    this.#options = options;
    this.#updater = updater;
    this.#training = training;
    this.#evaluation = new Evaluation(parameters, objective);
    this.#shares = new Shares(this.#group);
  }

  /** Traces and loads what training needs. Parameters are fresh unless given, as values or already in the engine. */
  static async create(
    engine: Engine,
    objective: Objective,
    options: TrainerOptions,
    given?: ReadonlyMap<string, HostTensor> | ModelParameters,
  ): Promise<Trainer> {
    const { program, trace } = trainingProgram(objective, options);
    const specs = [...trace.parameters.values()];
    const parameters = await parametersFor(engine, specs, options.seed, given);
    const { optimizer, weightDecay = 0, clipNorm = 0, movingAverage = 0, rates, starts } = options;
    const how = { optimizer, weightDecay, clipNorm, movingAverage, rates, starts };
    const updater = await Updater.create(parameters, how);
    const pools = await allocatePools(engine, options.seed, trace);
    const training = {
      stage: 0,
      program: await engine.load(program),
      bind: { ...parameters.bind(program.inputs), ...pools },
      streams: trace.dropoutStreams,
    };
    return new Trainer(parameters, objective, options, updater, {
      ...training,
      bind: { ...training.bind, ...gradientViews(parameters, program, GRADIENTS) },
    });
  }

  get #group(): Group {
    return this.#options.group ?? alone;
  }

  /** Puts rank 0's parameters and state into the engines of all ranks. */
  async share(): Promise<void> {
    for (const name of [PARAMETERS, ...this.#updater.residents.keys()]) {
      await this.#group.shareResident(this.engine, name);
    }
    this.parameters.changed();
  }

  /** Throws TrainingError that names the rank, where one's parameters are not those of rank 0, to the bit. */
  async requireSame(update: number): Promise<void> {
    if (this.#group.size === 1) return;
    const { data } = await this.engine.read(PARAMETERS);
    const sums = await this.#group.gather(crc32(bytesOf(data)));
    const other = sums.findIndex((sum) => sum !== sums[0]);
    if (other < 0) return;
    throw new TrainingError(
      `After update ${update} the parameters of rank ${other} are not those of rank 0. Ranks must compute alike: give ` +
        `all the same --threads and --engine, on machines with the same kind of processor.`,
    );
  }

  /** Goes over to the program that trains all that has begun, where that is another one. */
  async #enter(update: number): Promise<void> {
    const stage = this.#updater.stageAt(update);
    if (stage === this.#training.stage) return;
    const { program } = trainingProgram(this.#objective, this.#options, stage);
    const before = this.#training;
    const ports = new Set(program.inputs.map(({ name }) => name));
    const views = Object.entries(before.bind).filter(([port]) => ports.has(port));
    const bind = { ...Object.fromEntries(views), ...this.parameters.bind(program.inputs) };
    this.#training = {
      ...{ stage, streams: before.streams, program: await this.engine.load(program) },
      bind: { ...bind, ...gradientViews(this.parameters, program, GRADIENTS) },
    };
    await this.engine.unload(before.program);
  }

  /**
   * One update from a batch, whole or in parts; parts give the same gradients as the whole to rounding. Each rank of a
   * group is given the whole batch, and computes its share.
   * Throws TrainingError, and changes nothing, where the loss or the gradients are not finite, or where ranks cannot
   * share the batch; LostRankError where another rank has ended.
   */
  async step(update: number, batch: readonly Batch[], learningRate: number): Promise<StepResult> {
    await this.#enter(update);
    const targets = batch.reduce((sum, part) => sum + part.targets, 0);
    const single = this.#group.size === 1;
    const share = single ? batch : await this.#shares.of(batch, (some) => this.#lossOf(update, some));
    let loss = 0;
    let gradientNorm = 0;
    const { report } = this.#options;
    let sums = Object.fromEntries((report ?? []).map((name) => [name, 0]));
    for (const [i, part] of share.entries()) {
      const last = single && i === share.length - 1;
      const call: Call = {
        program: this.#training.program,
        bind: this.#bindTo(i === 0 ? GRADIENTS : PART),
        fetch: ["loss", ...Object.keys(sums).map((name) => REPORT + name)],
      };
      const adding = i === 0 ? [] : await this.#accumulateCalls();
      const calls = [call, ...adding, ...(last ? this.#updater.normCalls(update) : [])];
      const results = await this.engine.run(calls, this.#feeds(update, part, targets));
      loss += scalar(results["loss"]!);
      for (const name of Object.keys(sums)) sums[name]! += scalar(results[REPORT + name]!) / Math.max(targets, 1);
      if (last) gradientNorm = scalar(results["norm"]!);
    }
    if (!single) {
      ({ loss, gradientNorm } = await this.#joined(update, loss, share.length > 0));
      const all = await this.#group.sum(Object.values(sums));
      sums = Object.fromEntries(Object.keys(sums).map((name, i) => [name, all[i]!]));
    }
    const result = { loss, gradientNorm, targets, ...(report !== undefined && { reports: sums }) };
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) await this.#refuse(update, share, result);
    try {
      await this.#updater.apply(update, learningRate);
    } finally {
      this.parameters.changed();
    }
    return result;
  }

  /** Loss and gradients of the whole batch from those of all ranks' shares, and the norm of the sum. */
  async #joined(update: number, loss: number, computed: boolean): Promise<Pick<StepResult, "loss" | "gradientNorm">> {
    const group = this.#group;
    if (!computed) await this.engine.write(GRADIENTS, new Float32Array(this.parameters.layout.trained));
    const [sum] = await group.sum([loss]);
    await group.sumResident(this.engine, GRADIENTS);
    const { norm } = await this.engine.run(this.#updater.normCalls(update));
    return { loss: sum!, gradientNorm: scalar(norm!) };
  }

  /** The summed loss of some examples; what the gradients were is lost. */
  async #lossOf(update: number, share: Share): Promise<number> {
    const call = { program: this.#training.program, bind: this.#training.bind, fetch: ["loss"] };
    return scalar((await this.engine.run([call], this.#feeds(update, share, 1)))["loss"]!);
  }

  #feeds(update: number, part: Share, targets: number): Values {
    const { streams } = this.#training;
    const feeds = { ...part.feeds, ...scalarFeeds({ [LOSS_SCALE]: 1 / Math.max(targets, 1) }) };
    if (streams === 0) return feeds;
    const data = dropoutOffsets(this.#options.seed, update, streams, part.examples);
    return { ...feeds, [DROPOUT_OFFSETS]: { dtype: "int32", shape: [streams, part.examples.length], data } };
  }

  #bindTo(resident: string): Readonly<Record<string, View>> {
    if (resident === GRADIENTS) return this.#training.bind;
    const entries = Object.entries(this.#training.bind).map(([port, view]) => [
      port,
      view.resident === GRADIENTS ? { ...view, resident } : view,
    ]);
    return Object.fromEntries(entries) as Record<string, View>;
  }

  async #accumulateCalls(): Promise<Call[]> {
    if (this.#accumulate === undefined) {
      await this.engine.allocate(PART, "float32", this.parameters.layout.trained);
      this.#accumulate = await loadAccumulate(this.engine, this.parameters.layout, PART);
    }
    return this.#accumulate;
  }

  async #refuse(update: number, share: readonly Share[], { loss, gradientNorm, targets }: StepResult): Promise<never> {
    const parts = share.map((part) => this.#feeds(update, part, targets));
    const found = await findNotFinite(this.parameters, this.#objective, this.#training.bind, parts, LOSS_SCALE);
    const where = (await this.#group.gather(found)).find((one) => one !== undefined) ?? "a sum of finite values";
    throw new TrainingError(
      `At update ${update} the loss is ${loss} and the norm of the gradients ${gradientNorm}; both must be finite ` +
        `numbers. The first that is not appeared in ${where}. ` +
        `What was saved before is intact. ${CALMER}`,
    );
  }

  /** The objective without dropout, summed over batches: each entry divided by the number of targets. */
  async evaluate(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Record<string, number>> {
    const { sums, targets } = await this.#evaluation.sums(batches);
    return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / Math.max(targets, 1)]));
  }

  /**
   * What a resumed run needs beside the parameters: optimizer state and moving average. Flat, by resident name; a copy.
   */
  async state(): Promise<Map<string, Float32Array>> {
    const state = new Map<string, Float32Array>();
    for (const name of this.#updater.residents.keys()) {
      state.set(name, (await this.engine.read(name)).data as Float32Array);
    }
    return state;
  }

  /**
   * Puts back what `state` gave. Throws TrainingError, and changes nothing, where the residents are not those of this
   * optimizer.
   */
  async restore(state: ReadonlyMap<string, Float32Array>): Promise<void> {
    const { residents } = this.#updater;
    for (const name of new Set([...residents.keys(), ...state.keys()])) {
      const [got, expected] = [state.get(name)?.length, residents.get(name)];
      if (got === expected) continue;
      throw new TrainingError(
        `The checkpoint's optimizer state has ${got ?? "no"} values for "${name}", expected ${expected ?? "none"}. ` +
          `It was written with another optimizer or model; resume with the config of that run.`,
      );
    }
    for (const [name, values] of state) await this.engine.write(name, values);
    this.parameters.changed();
  }
}

async function parametersFor(
  engine: Engine,
  specs: readonly Parameter[],
  seed: number,
  given: ReadonlyMap<string, HostTensor> | ModelParameters | undefined,
): Promise<ModelParameters> {
  if (given instanceof ModelParameters) {
    requireSameTrained(specs, given.specs);
    return given;
  }
  return given === undefined
    ? ModelParameters.initialize(engine, specs, seed)
    : ModelParameters.fromValues(engine, specs, given);
}

/** Gradients lie where the layout of the parameters has a place for them. */
function requireSameTrained(traced: readonly Parameter[], held: readonly Parameter[]): void {
  const trained = new Map(held.map((parameter) => [parameter.name, parameter.trained]));
  const other = traced.find((parameter) => trained.get(parameter.name) !== parameter.trained);
  if (other === undefined) return;
  const is = (value: boolean | undefined): string => (value === undefined ? "absent" : value ? "trained" : "frozen");
  throw new TrainingError(
    `The parameter ${other.name} is ${is(other.trained)} in the objective and ${is(trained.get(other.name))} among the ` +
      `parameters that were given. Make the parameters from the objective's own trace.`,
  );
}

const scalar = (tensor: HostTensor): number => (tensor.data as Float32Array)[0]!;

function gradientViews(parameters: ModelParameters, program: Program, resident: string): Record<string, View> {
  const ports: readonly Port[] = program.outputs;
  return viewsOf(parameters.layout, ports, resident, "gradient.");
}

/** Fills a resident with the masks of each rate, and binds the programs' views of it. */
async function allocatePools(engine: Engine, seed: number, trace: Trace): Promise<Record<string, View>> {
  const views: Record<string, View> = {};
  const filled = new Set<number>();
  for (const [port, { rate, width }] of trace.dropoutPools) {
    const resident = `dropout pool ${rate}`;
    const pool = filled.has(rate) ? undefined : dropoutPool(seed, rate);
    if (pool !== undefined) {
      await engine.allocate(resident, "float32", pool.length);
      await engine.write(resident, pool);
      filled.add(rate);
    }
    views[port] = { resident, offset: 0, shape: [Math.floor(POOL_SIZE / width), width] };
  }
  return views;
}
