/** A batch on its way: the cache in the engine, and the scores of each row's next token. */
import { InputError } from "../errors/index.ts";
import type { LoadedProgram } from "../nn/index.ts";
import type { HostTensor, Port } from "../onnx/index.ts";
import type { Call, Engine, Values, View } from "../runtime/index.ts";
import { RowInputs } from "./feeds.ts";
import type { LoadedPrograms } from "./loaded-programs.ts";
import { IDS, LOG_PROBABILITIES, LOGITS, MEMORY, NEXT, ONCE, PAST, REMEMBERED, REORDER } from "./ports.ts";
import type { Selection } from "./programs.ts";

/** Scores of the next token of each row, as they left the engine. */
export type Selected =
  /** [rows, width], most probable first. */
  | { readonly kind: "top"; readonly width: number; readonly ids: Int32Array; readonly logProbabilities: Float32Array }
  /** [rows, width], width the size of the vocabulary. */
  | { readonly kind: "logits"; readonly width: number; readonly logits: Float32Array };

/** Caches of one engine must not meet, whichever model they belong to. */
let sessions = 0;

/** What runs in each step. */
interface StepCalls {
  readonly calls: readonly Call[];
  /** The inputs that are fed and not bound. */
  readonly fed: readonly string[];
}
type StepKind = "plain" | "reordered" | "regrouped";

/** A batch on its way. Close it when done. */
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
  readonly #inputs: RowInputs;
  /** For each row, the row of the prompts that it comes from: what `once` kept differs only between these. */
  #groups: Int32Array;
  /** How many tokens of each row the cache holds. */
  #past: number;
  #calls: Partial<Record<StepKind, StepCalls>> = {};

  private constructor(
    growing: string,
    engine: Engine,
    programs: LoadedPrograms,
    selection: Selection,
    prefix: string,
    residents: ReadonlySet<string>,
    inputs: RowInputs,
    selected: Selected,
    [rows, length]: readonly [number, number],
  ) {
    this.#growing = growing;
    this.#engine = engine;
    this.#programs = programs;
    this.#selection = selection;
    this.#prefix = prefix;
    this.#residents = residents;
    this.#inputs = inputs;
    this.selected = selected;
    this.#groups = Int32Array.from({ length: rows }, (_, row) => row);
    this.#past = length;
  }

  /** @internal Use `CachedModel.start`. */
  static async open(
    growing: string,
    engine: Engine,
    programs: LoadedPrograms,
    selection: Selection,
    feeds: Values,
  ): Promise<Session> {
    const [rows, length] = feeds[growing]!.shape as readonly [number, number];
    const { id, program, bind } = await programs.program("prefill", selection, rows);
    const prefix = `generation ${++sessions} `;
    const keep = keptAs(program.outputs, prefix);
    const residents = new Set(Object.values(keep));
    const inputs = new RowInputs(growing, feeds);
    try {
      const call = { program: id, bind, keep, fetch: fetched(selection) };
      const selected = read(await engine.run([call], inputs.prefill(program.inputs)), selection);
      return new Session(growing, engine, programs, selection, prefix, residents, inputs, selected, [rows, length]);
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
    const { calls, fed } = await this.#callsFor(same ? "plain" : regrouped ? "regrouped" : "reordered");
    const feeds: Record<string, HostTensor> = this.#inputs.step(fed, groups, this.#past);
    feeds[this.#growing] = { dtype: "int32", shape: [ids.length, 1], data: ids };
    if (!same) feeds[REORDER] = { dtype: "int32", shape: [order.length], data: order };
    const results = await this.#engine.run(calls, feeds);
    this.#groups = groups;
    this.#past++;
    this.selected = read(results, this.#selection);
    return this.selected;
  }

  async #callsFor(kind: StepKind): Promise<StepCalls> {
    const before = this.#calls[kind];
    if (before !== undefined) return before;
    const calls: Call[] = [];
    if (kind === "regrouped") {
      const regroup = await this.#programs.regroup(this.#selection, this.rows);
      if (regroup !== undefined) calls.push(this.#regroupCall(regroup));
    }
    const program = kind === "plain" ? "step" : "reordered step";
    const loaded = await this.#programs.program(program, this.#selection, this.rows);
    const step = this.#stepCall(loaded);
    calls.push(step);
    const fed = loaded.program.inputs.map(({ name }) => name).filter((name) => step.bind?.[name] === undefined);
    const made = { calls, fed };
    this.#calls = { ...this.#calls, [kind]: made };
    return made;
  }

  #stepCall({ id, program, bind: parameters }: LoadedProgram): Call {
    const bind: Record<string, View> = { ...parameters };
    for (const { name } of program.inputs) {
      if (this.#residents.has(this.#prefix + name)) bind[name] = { resident: this.#prefix + name };
    }
    return { program: id, bind, keep: keptAs(program.outputs, this.#prefix), fetch: fetched(this.#selection) };
  }

  #regroupCall({ id, program }: LoadedProgram): Call {
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

/** The residents that a program's outputs become. */
function keptAs(outputs: readonly Port[], prefix: string): Record<string, string> {
  const keep: Record<string, string> = {};
  for (const { name } of outputs) {
    if (name.startsWith(NEXT)) keep[name] = prefix + PAST + name.slice(NEXT.length);
    if (name.startsWith(ONCE)) keep[name] = prefix + name;
    if (name.startsWith(REMEMBERED)) keep[name] = prefix + MEMORY + name.slice(REMEMBERED.length);
  }
  return keep;
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
