/** The programs of a model that generates, inside an engine, with the parameters as they were at one moment. */
import { PARAMETERS, type LoadedProgram, type ModelParameters } from "../nn/index.ts";
import type { LowerOptions, Program } from "../onnx/index.ts";
import { prefillProgram, regroupProgram, stepProgram, type ModelFunction, type Selection } from "./programs.ts";

/**
 * Up to so many rows the operations of a small model's step are so small that handing them to a second thread takes
 * longer.
 */
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
  /** Whether parameters are read where they lie, whatever happens to them. */
  readonly #live: boolean;
  readonly #growing: string;
  readonly #loaded = new Map<string, Promise<LoadedProgram | undefined>>();
  /** The program of a large model that has the parameters inside. */
  #prepared: string | undefined;
  #users = 0;
  #retired = false;

  /** `growing` is the input that grows by what is generated. */
  constructor(
    parameters: ModelParameters,
    model: ModelFunction,
    growing: string,
    { resident = PARAMETERS, live = false }: { resident?: string | undefined; live?: boolean } = {},
  ) {
    this.version = parameters.version;
    this.#growing = growing;
    this.#parameters = parameters;
    this.#model = model;
    this.#resident = resident;
    this.#live = live;
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
  async program(
    kind: "prefill" | "step" | "reordered step",
    selection: Selection,
    rows: number,
  ): Promise<LoadedProgram> {
    const serial = rows <= FEW_ROWS && this.#parameters.small;
    const key = `${kind} ${selection.kind} ${selection.kind === "top" ? selection.count : ""} ${serial ? "few" : "many"}`;
    // Of a large model one copy must do: a prompt has rows enough to do without, and other steps are rare.
    const inside = !this.#live && (this.#parameters.small || (kind !== "prefill" && (this.#prepared ??= key) === key));
    const make = (options: LowerOptions): Program => {
      if (kind === "prefill") return { ...prefillProgram(this.#model, selection, options), serial };
      const reorder = kind === "reordered step";
      return { ...stepProgram(this.#model, selection, { ...options, growing: this.#growing, reorder }), serial };
    };
    return (await this.#once(key, make, inside))!;
  }

  /** The program that regroups what `once` kept; undefined where nothing is kept so. */
  async regroup(selection: Selection, rows: number): Promise<LoadedProgram | undefined> {
    const { program } = await this.program("prefill", selection, rows);
    return this.#once("regroup", () => regroupProgram(program.outputs));
  }

  #once(
    key: string,
    make: (options: LowerOptions) => Program | undefined,
    inside = false,
  ): Promise<LoadedProgram | undefined> {
    const before = this.#loaded.get(key);
    if (before !== undefined) return before;
    const loading = this.#parameters.load(make, { resident: this.#resident, inside });
    this.#loaded.set(key, loading);
    loading.catch(() => this.#loaded.delete(key));
    return loading;
  }
}
