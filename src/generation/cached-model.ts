/** A model that generates, inside an engine: its programs, made when first needed, and the caches of running searches. */
import { InputError } from "../errors/index.ts";
import type { ModelParameters } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Call, Engine, Values, View } from "../runtime/index.ts";
import { LoadedPrograms, type Loaded } from "./loaded-programs.ts";
import {
  IDS,
  LOG_PROBABILITIES,
  LOGITS,
  NEXT,
  ONCE,
  PAST,
  REORDER,
  type ModelFunction,
  type Selection,
} from "./programs.ts";

/** Scores of the next token of each row, as they left the engine. */
export type Selected =
  /** [rows, width], most probable first. */
  | { readonly kind: "top"; readonly width: number; readonly ids: Int32Array; readonly logProbabilities: Float32Array }
  /** [rows, width], width the size of the vocabulary. */
  | { readonly kind: "logits"; readonly width: number; readonly logits: Float32Array };

/** What a cached model reads. */
export interface CachedModelOptions {
  /** The input that grows by what is generated, int32[batch, time]. Default: `target`. */
  readonly growing?: string;
  /** The resident that holds the parameters. Default: the trained ones. */
  readonly resident?: string;
}

/** Caches of one engine must not meet, whichever model they belong to. */
let sessions = 0;

/**
 * Generates with a key-value cache from a model function and its parameters. Serves encoder-decoders, whose encoder runs
 * once, and decoders alone. All prompts of a batch have one length. A session goes on with the parameters that it began
 * with; the next one has those that training left. Dispose of it when done.
 */
export class CachedModel {
  readonly parameters: ModelParameters;
  /** The input that grows by what is generated. */
  readonly growing: string;
  readonly #model: ModelFunction;
  readonly #resident: string | undefined;
  #programs: LoadedPrograms | undefined;

  constructor(parameters: ModelParameters, model: ModelFunction, options: CachedModelOptions = {}) {
    this.parameters = parameters;
    this.growing = options.growing ?? "target";
    this.#model = model;
    this.#resident = options.resident;
  }

  /**
   * Reads the prompts. Close the session when done.
   * @param feeds The inputs of the model function; the growing one holds the prompts, at least one token each.
   * @throws InputError where the prompts are missing or empty.
   */
  async start(feeds: Values, selection: Selection): Promise<Session> {
    const [rows] = promptOf(this, feeds).shape;
    const before = this.#programs;
    const fresh = before?.version === this.parameters.version;
    const programs = fresh ? before : new LoadedPrograms(this.parameters, this.#model, this.growing, this.#resident);
    this.#programs = programs.take();
    try {
      if (!fresh) await before?.retire();
      return await Session.open(this, programs, selection, feeds, rows!);
    } catch (error) {
      await programs.giveBack();
      throw error;
    }
  }

  /** Frees the programs. The parameters stay. */
  async dispose(): Promise<void> {
    const programs = this.#programs;
    this.#programs = undefined;
    await programs?.retire();
  }
}

/** The prompts among the feeds, int32[rows, length]. Throws InputError where they are missing or empty. */
export function promptOf({ growing }: CachedModel, feeds: Values): HostTensor {
  const prompt = feeds[growing];
  if (prompt?.dtype !== "int32" || prompt.shape.length !== 2 || prompt.shape[1] === 0) {
    const got = prompt === undefined ? "nothing" : `${prompt.dtype}[${prompt.shape.join(", ")}]`;
    throw new InputError(
      `Generation starts from "${growing}": int32[rows, length] with at least one token a row; got ${got}.`,
    );
  }
  return prompt;
}

/** What runs in each step: the calls, and whether they read an order. */
interface StepCalls {
  readonly plain?: readonly Call[];
  readonly reordered?: readonly Call[];
  readonly regrouped?: readonly Call[];
}

/** A batch on its way: the cache in the engine, and the scores of each row's next token. */
export class Session {
  /** Scores of the next token of each row. */
  selected: Selected;
  readonly #growing: string;
  readonly #engine: Engine;
  readonly #programs: LoadedPrograms;
  readonly #selection: Selection;
  readonly #prefix: string;
  /** Residents of this session. */
  readonly #residents: ReadonlySet<string>;
  /** For each row, the row of the prompts that it comes from: what `once` kept differs only between these. */
  #groups: Int32Array;
  #calls: StepCalls = {};

  private constructor(
    model: CachedModel,
    programs: LoadedPrograms,
    selection: Selection,
    prefix: string,
    residents: ReadonlySet<string>,
    selected: Selected,
    rows: number,
  ) {
    this.#growing = model.growing;
    this.#engine = model.parameters.engine;
    this.#programs = programs;
    this.#selection = selection;
    this.#prefix = prefix;
    this.#residents = residents;
    this.selected = selected;
    this.#groups = Int32Array.from({ length: rows }, (_, row) => row);
  }

  /** @internal Use `CachedModel.start`. */
  static async open(
    model: CachedModel,
    programs: LoadedPrograms,
    selection: Selection,
    feeds: Values,
    rows: number,
  ): Promise<Session> {
    const { engine } = model.parameters;
    const { id, program, bind } = await programs.program("prefill", selection, rows);
    const prefix = `generation ${++sessions} `;
    const keep: Record<string, string> = {};
    for (const { name } of program.outputs) {
      if (name.startsWith(NEXT)) keep[name] = prefix + PAST + name.slice(NEXT.length);
      if (name.startsWith(ONCE)) keep[name] = prefix + name;
    }
    const residents = new Set(Object.values(keep));
    try {
      const results = await engine.run([{ program: id, bind, keep, fetch: fetched(selection) }], feeds);
      return new Session(model, programs, selection, prefix, residents, read(results, selection), rows);
    } catch (error) {
      await freeAll(engine, residents);
      throw error;
    }
  }

  /** How many rows there are now. */
  get rows(): number {
    return this.#groups.length;
  }

  /**
   * Appends one token to each row and computes the scores of the next.
   * @param ids One token a row.
   * @param order Which of the rows so far each row goes on from: rows may be dropped, repeated and moved. Without it,
   * each goes on from itself.
   */
  async advance(ids: Int32Array, order?: Int32Array): Promise<Selected> {
    const rows = this.#groups.length;
    const same = order === undefined || (order.length === rows && order.every((row, i) => row === i));
    const groups = same ? this.#groups : order.map((row) => this.#groups[row]!);
    if (ids.length !== groups.length) {
      throw new InputError(`Got ${ids.length} tokens for ${groups.length} rows; expected one a row.`);
    }
    const regrouped = groups !== this.#groups && !sameNumbers(groups, this.#groups);
    const calls = await this.#callsFor(same ? "plain" : regrouped ? "regrouped" : "reordered");
    const feeds: Record<string, HostTensor> = {
      [this.#growing]: { dtype: "int32", shape: [ids.length, 1], data: ids },
    };
    if (!same) feeds[REORDER] = { dtype: "int32", shape: [order.length], data: order };
    const results = await this.#engine.run(calls, feeds);
    this.#groups = groups;
    this.selected = read(results, this.#selection);
    return this.selected;
  }

  async #callsFor(kind: keyof StepCalls): Promise<readonly Call[]> {
    const before = this.#calls[kind];
    if (before !== undefined) return before;
    const calls: Call[] = [];
    if (kind === "regrouped") {
      const regroup = await this.#programs.regroup(this.#selection, this.rows);
      if (regroup !== undefined) calls.push(this.#regroupCall(regroup));
    }
    calls.push(
      this.#stepCall(
        await this.#programs.program(kind === "plain" ? "step" : "reordered step", this.#selection, this.rows),
      ),
    );
    this.#calls = { ...this.#calls, [kind]: calls };
    return calls;
  }

  #stepCall({ id, program, bind: parameters }: Loaded): Call {
    const bind: Record<string, View> = { ...parameters };
    for (const { name } of program.inputs) {
      if (this.#residents.has(this.#prefix + name)) bind[name] = { resident: this.#prefix + name };
    }
    const grown = program.outputs.filter(({ name }) => name.startsWith(NEXT));
    const keep = Object.fromEntries(grown.map(({ name }) => [name, this.#prefix + PAST + name.slice(NEXT.length)]));
    return { program: id, bind, keep, fetch: fetched(this.#selection) };
  }

  #regroupCall({ id, program }: Loaded): Call {
    const names = program.inputs.map(({ name }) => name).filter((name) => name !== REORDER);
    return {
      program: id,
      bind: Object.fromEntries(names.map((name) => [name, { resident: this.#prefix + name }])),
      keep: Object.fromEntries(names.map((name) => [NEXT + name, this.#prefix + name])),
    };
  }

  /** Frees the cache. */
  async close(): Promise<void> {
    await freeAll(this.#engine, this.#residents);
    await this.#programs.giveBack();
  }
}

async function freeAll(engine: Engine, residents: ReadonlySet<string>): Promise<void> {
  await Promise.all([...residents].map((name) => engine.free(name)));
}

const fetched = ({ kind }: Selection): readonly string[] => (kind === "top" ? [IDS, LOG_PROBABILITIES] : [LOGITS]);

function read(results: Values, { kind }: Selection): Selected {
  const { shape, data } = results[kind === "top" ? LOG_PROBABILITIES : LOGITS]!;
  const width = shape[1]!;
  if (kind === "logits") return { kind, width, logits: data as Float32Array };
  return { kind, width, ids: results[IDS]!.data as Int32Array, logProbabilities: data as Float32Array };
}

function sameNumbers(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
