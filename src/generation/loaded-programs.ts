/** The programs of a model that generates, inside an engine, with the parameters as they were at one moment. */
import { PARAMETERS, type ModelParameters } from "../nn/index.ts";
import type { Program, Weights } from "../onnx/index.ts";
import type { View } from "../runtime/index.ts";
import { prefillProgram, regroupProgram, stepProgram, type ModelFunction, type Selection } from "./programs.ts";

/** A program inside the engine, with what of it lies outside bound. */
export interface Loaded {
  readonly id: number;
  readonly program: Omit<Program, "bytes">;
  readonly bind: Readonly<Record<string, View>>;
}

/**
 * Up to so many parameters become part of the programs: an engine prepares weights that cannot change, which halves the
 * time of a step of few rows. More of them stay outside, where they are needed only once.
 */
const INSIDE = 2 ** 24;

/** Up to so many rows the operations of a step are so small that handing them to a second thread takes longer. */
const FEW_ROWS = 8;

/**
 * Programs made when first needed. Whoever generates takes them, and gives them back; once retired they are freed when
 * nobody has them any more.
 */
export class LoadedPrograms {
  /** Of the parameters inside. */
  readonly version: number;
  readonly #parameters: ModelParameters;
  readonly #model: ModelFunction;
  readonly #resident: string;
  readonly #growing: string;
  readonly #loaded = new Map<string, Promise<Loaded | undefined>>();
  #weights: Promise<Weights | undefined> | undefined;
  #users = 0;
  #retired = false;

  /** `growing` is the input that grows by what is generated. */
  constructor(parameters: ModelParameters, model: ModelFunction, growing: string, resident = PARAMETERS) {
    this.version = parameters.version;
    this.#growing = growing;
    this.#parameters = parameters;
    this.#model = model;
    this.#resident = resident;
  }

  take(): this {
    this.#users++;
    return this;
  }

  async giveBack(): Promise<void> {
    this.#users--;
    await this.#freeUnused();
  }

  /** No new user will come. */
  async retire(): Promise<void> {
    this.#retired = true;
    await this.#freeUnused();
  }

  async #freeUnused(): Promise<void> {
    if (!this.#retired || this.#users > 0) return;
    const loaded = await Promise.all(this.#loaded.values());
    this.#loaded.clear();
    for (const one of loaded) if (one !== undefined) await this.#parameters.engine.unload(one.id);
  }

  /** A program for a selection, and for about so many rows. */
  async program(kind: "prefill" | "step" | "reordered step", selection: Selection, rows: number): Promise<Loaded> {
    const serial = rows <= FEW_ROWS;
    const key = `${kind} ${selection.kind} ${selection.kind === "top" ? selection.count : ""} ${serial ? "few" : "many"}`;
    const made = await this.#once(key, (weights) => {
      if (kind === "prefill") return { ...prefillProgram(this.#model, selection, weights), serial };
      const reorder = kind === "reordered step";
      return { ...stepProgram(this.#model, selection, { ...weights, growing: this.#growing, reorder }), serial };
    });
    return made!;
  }

  /** The program that regroups what `once` kept; undefined where nothing is kept so. */
  async regroup(selection: Selection, rows: number): Promise<Loaded | undefined> {
    const { program } = await this.program("prefill", selection, rows);
    return this.#once("regroup", () => regroupProgram(program.outputs));
  }

  #once(key: string, make: (options: { weights?: Weights }) => Program | undefined): Promise<Loaded | undefined> {
    const before = this.#loaded.get(key);
    if (before !== undefined) return before;
    const loading = this.#load(make);
    this.#loaded.set(key, loading);
    loading.catch(() => this.#loaded.delete(key));
    return loading;
  }

  async #load(make: (options: { weights?: Weights }) => Program | undefined): Promise<Loaded | undefined> {
    const parameters = this.#parameters;
    if (parameters.layout.size <= INSIDE) this.#weights ??= parameters.read(this.#resident);
    const weights = await this.#weights;
    const program = make(weights === undefined ? {} : { weights });
    if (program === undefined) return undefined;
    const { name, inputs, outputs } = program;
    const bind = parameters.bind(inputs, { resident: this.#resident });
    return { id: await parameters.engine.load(program), program: { name, inputs, outputs }, bind };
  }
}
