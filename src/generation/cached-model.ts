/** A model that generates, inside an engine: its programs, made when first needed, and the caches of running searches. */
import { nodesOf } from "../graph/index.ts";
import { InputError } from "../errors/index.ts";
import { Trace, type ModelParameters } from "../nn/index.ts";
import type { Values } from "../runtime/index.ts";
import { promptOf } from "./feeds.ts";
import { LoadedPrograms } from "./loaded-programs.ts";
import { GROWING } from "./ports.ts";
import type { ModelFunction, Selection } from "./programs.ts";
import { Session } from "./session.ts";

/** What a cached model reads. */
export interface CachedModelOptions {
  /**
   * The input that grows by what is generated, int32[batch, time]. Default: that of `decoderInputIds`, `target` and
   * `inputIds` which the model has.
   */
  readonly growing?: string;
  /** The resident that holds the parameters. Default: the trained ones. */
  readonly resident?: string;
  /**
   * Whether each step sees the parameters as they are then, for a model that is trained meanwhile: programs read them where
   * they lie, are not loaded again after an update, and take longer a step than with the values inside. Default: false.
   */
  readonly live?: boolean;
}

/**
 * Generates with a key-value cache from a model function and its parameters. Serves encoder-decoders, whose encoder runs
 * once, and decoders alone. A session goes on with the parameters that it began with; the next one has those that
 * training left. Dispose of it when done.
 *
 * Prompts of a batch have one length. A model that has the input `attentionMask`, int32[batch, past + time], takes
 * shorter ones padded at the left; `positionIds`, int32[batch, time], then count real tokens, if the model has that
 * input. Beside `decoderInputIds` they are called `decoderAttentionMask` and `decoderPositionIds`.
 */
export class CachedModel {
  readonly parameters: ModelParameters;
  readonly #model: ModelFunction;
  readonly #resident: string | undefined;
  readonly #live: boolean;
  #growing: string | undefined;
  #programs: LoadedPrograms | undefined;

  constructor(parameters: ModelParameters, model: ModelFunction, options: CachedModelOptions = {}) {
    this.parameters = parameters;
    this.#growing = options.growing;
    this.#model = model;
    this.#resident = options.resident;
    this.#live = options.live ?? false;
  }

  /** The input that grows by what is generated. Throws InputError where the model has none of the usual names. */
  get growing(): string {
    return (this.#growing ??= growingOf(this.#model));
  }

  /**
   * Reads the prompts. Close the session when done.
   * @param feeds The inputs of the model function; the growing one holds the prompts, at least one token each.
   * @throws InputError where the prompts are missing or empty.
   */
  async start(feeds: Values, selection: Selection): Promise<Session> {
    promptOf(this.growing, feeds);
    const before = this.#programs;
    const fresh = before !== undefined && (this.#live || before.version === this.parameters.version);
    const how = { resident: this.#resident, live: this.#live };
    const programs = fresh ? before : new LoadedPrograms(this.parameters, this.#model, this.growing, how);
    this.#programs = programs.take();
    try {
      if (!fresh) await before?.retire();
      return await Session.open(this.growing, this.parameters.engine, programs, selection, feeds);
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

function growingOf(model: ModelFunction): string {
  const inputs = nodesOf([new Trace("forward").run(model)]).filter(({ op }) => op.name === "input");
  const names = new Set(inputs.map(({ attributes }) => (attributes as { name: string }).name));
  const found = GROWING.find((name) => names.has(name));
  if (found !== undefined) return found;
  throw new InputError(`The model has none of the inputs ${GROWING.join(", ")}. Say which one grows: { growing: … }.`);
}
