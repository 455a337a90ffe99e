/** A model with its tokenizer: from texts to the model's inputs, and to any of its tensors. */
import { CheckpointError, InputError } from "../errors/index.ts";
import type { Folder } from "../files/index.ts";
import type { ConfigJson, ModelTask } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import type { Encoding, Tokenizer, TokenizerInput, TruncationOptions } from "../tokens/index.ts";
import type { ForwardOptions, ForwardResults } from "./forward.ts";
import type { Model, Results, RunOptions } from "./model.ts";
import { saveModel } from "./open.ts";

/** How texts are read. */
export interface ReadOptions {
  /** Whether texts that are too long are cut off. Default: false, they are refused. */
  readonly truncate?: boolean | undefined;
  /** The most tokens of a text; at most what the model can read, which is the default. */
  readonly maxLength?: number | undefined;
}

/** Texts as a model reads them. */
export interface EncodedTexts {
  readonly feeds: Values;
  readonly encodings: readonly Encoding[];
}

/** What a model reads of an encoding. */
export interface ReadTokens {
  readonly ids: ArrayLike<number>;
  readonly typeIds: ArrayLike<number>;
  readonly attentionMask: ArrayLike<number>;
}

/** An encoding without what no model reads, in a few bytes a token: what is kept of many rows while they are learned. */
export const readTokens = ({ ids, typeIds, attentionMask }: Encoding): ReadTokens => ({
  ids: Int32Array.from(ids),
  typeIds: Uint8Array.from(typeIds),
  attentionMask: Uint8Array.from(attentionMask),
});

/** How tokens are made of texts, beyond what callers say. */
export interface EncodingOptions extends ReadOptions, Pick<TruncationOptions, "direction"> {
  /** Whether a text may have no tokens. */
  readonly empty?: boolean;
  readonly addSpecialTokens?: boolean;
  /** Instead of the model's own. */
  readonly tokenizer?: Tokenizer;
}

/** A model that reads text; `T` is what its head is for. Dispose of it when done. */
export class TextModel<T extends ModelTask = ModelTask> {
  readonly model: Model<T>;
  readonly tokenizer: Tokenizer;

  constructor(model: Model<T>, tokenizer: Tokenizer) {
    this.model = model;
    this.tokenizer = tokenizer;
  }

  /**
   * Texts or pairs as inputs of the model, padded at the right to one length. Throws InputError for none, for one
   * without any token, and for one too long.
   */
  encode(inputs: readonly TokenizerInput[], options: ReadOptions = {}): EncodedTexts {
    const encodings = this.encodings(inputs, options);
    return { feeds: this.feeds(encodings), encodings };
  }

  /**
   * The tokens of texts or pairs. Throws InputError for no texts, for one that is too long, and for one without any
   * token, unless there may be `empty` ones.
   */
  encodings(inputs: readonly TokenizerInput[], options: EncodingOptions = {}): Encoding[] {
    if (inputs.length === 0) throw new InputError("There is no text to read. Give at least one.");
    const { truncate = false, direction, empty = false, addSpecialTokens = true, tokenizer = this.tokenizer } = options;
    const limit = this.limit(options);
    const truncation = truncate && limit !== undefined ? { maxLength: limit, direction } : undefined;
    const encodings = tokenizer.encodeBatch(inputs, { truncation, addSpecialTokens });
    for (const [i, { ids }] of encodings.entries()) {
      if (limit !== undefined && ids.length > limit) throw tooLong(i, inputs[i]!, ids.length, limit);
      if (ids.length === 0 && !empty) throw new InputError(`Text ${i + 1} is empty: it has no token. Leave it out.`);
    }
    return encodings;
  }

  /** The most tokens that a text may have here. */
  protected limit({ maxLength }: ReadOptions = {}): number | undefined {
    const { longest } = this.model.architecture;
    return longest === undefined || maxLength === undefined ? (maxLength ?? longest) : Math.min(longest, maxLength);
  }

  /** Encodings as the inputs that the architecture has. Throws InputError for an id beyond the vocabulary. */
  feeds(encodings: readonly ReadTokens[], direction: "left" | "right" = "right"): Values {
    const { inputs, config: whole } = this.model.architecture;
    // A model of images and texts has a section for its texts.
    const config = (whole["text"] ?? whole) as Readonly<Record<string, unknown>>;
    const vocabulary = config["vocabulary"] as number | undefined;
    requireKnown(encodings, vocabulary, this.tokenizer);
    const length = Math.max(1, ...encodings.map(({ ids }) => ids.length));
    // Heads tell padding by the config's id; a tokenizer may have a padding token that the model has no row for.
    const pads = [config["paddingId"] as number | undefined, this.tokenizer.special.pad?.id, 0];
    const pad = pads.find((id) => id !== undefined && id < (vocabulary ?? Infinity))!;
    const matrix = (of: (encoding: ReadTokens) => ArrayLike<number>, fill: number): HostTensor => {
      const data = new Int32Array(encodings.length * length).fill(fill);
      for (const [row, encoding] of encodings.entries()) {
        const values = of(encoding);
        data.set(values, row * length + (direction === "left" ? length - values.length : 0));
      }
      return { dtype: "int32", shape: [encodings.length, length], data };
    };
    return {
      inputIds: matrix(({ ids }) => ids, pad),
      ...(inputs["attentionMask"] !== undefined && { attentionMask: matrix(({ attentionMask }) => attentionMask, 0) }),
      ...(hasSegments(config) && { tokenTypeIds: matrix(({ typeIds }) => typeIds, 0) }),
    };
  }

  /**
   * Outputs and inner tensors for texts: `read(["One text"], { outputs: ["logits", "attentions.0"] })`.
   * Throws InputError as `encode` and `Model.run` do.
   */
  async read(inputs: readonly TokenizerInput[], options: ReadOptions & RunOptions = {}): Promise<Results> {
    return this.model.run(this.encode(inputs, options).feeds, options);
  }

  /**
   * The head's outputs for texts, and on request the hidden states and attentions of the layers:
   * `(await reader.forward(["One text"], { attentions: true })).attentions[0]`. Throws InputError as `encode` does.
   */
  async forward(
    inputs: readonly TokenizerInput[],
    options: ReadOptions & ForwardOptions = {},
  ): Promise<ForwardResults<T>> {
    return this.model.forward(this.encode(inputs, options).feeds, options);
  }

  /** Writes config.json, weights (the model's own unless given) and the tokenizer's files: a folder that Python opens. */
  async save(folder: Folder, weights?: ReadonlyMap<string, HostTensor>): Promise<void> {
    await saveModel(this.model, folder, weights, tokenIds(this.tokenizer));
    for (const [name, content] of this.tokenizer.files()) await folder.write(name, content);
  }

  /** Frees the engine and all that it holds. */
  async dispose(): Promise<void> {
    await this.model.dispose();
  }
}

/** What config.json says of a tokenizer: how many ids there are, and those of the special tokens. */
export function tokenIds({ size, special }: Tokenizer): ConfigJson {
  const { pad, bos, eos, cls, sep, mask } = special;
  const ids = Object.entries({ pad, bos, eos, cls, sep, mask }).flatMap(([role, token]) =>
    token === undefined ? [] : [[`${role}_token_id`, token.id] as const],
  );
  return { vocab_size: size, ...Object.fromEntries(ids) };
}

/** Whether token types say which text of a pair it is: GPT, GPT-2 and CTRL add the embedding of a word for them. */
const hasSegments = ({ segments }: Readonly<Record<string, unknown>>): boolean =>
  typeof segments === "number" && segments > 1;

function tooLong(index: number, input: TokenizerInput, length: number, limit: number): InputError {
  const text = (typeof input === "string" ? input : input.join(" ")).slice(0, 60);
  return new InputError(
    `Text ${index + 1} has ${length} tokens; this model reads at most ${limit}. ` +
      `Split it, or have it cut off (truncate): "${text}…"`,
  );
}

function requireKnown(rows: readonly ReadTokens[], vocabulary: number | undefined, tokenizer: Tokenizer): void {
  if (vocabulary === undefined) return;
  for (const { ids } of rows) {
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id < vocabulary) continue;
      throw new CheckpointError(
        `The tokenizer gives "${tokenizer.idToToken(id) ?? ""}" the id ${id}, and the model has ${vocabulary} ` +
          `embeddings. Use the tokenizer that the model was saved with.`,
      );
    }
  }
}

/** One row of a tensor of several: [rows, …] to the values of a row. */
export function rowOf({ shape, data }: HostTensor, row: number): Float32Array {
  const size = shape.slice(1).reduce((product, d) => product * d, 1);
  return (data as Float32Array).subarray(row * size, (row + 1) * size);
}

/** exp(x) / Σ exp(x), computed without overflow. */
export function probabilities(logits: Float32Array): Float32Array {
  let largest = -Infinity;
  for (const value of logits) largest = Math.max(largest, value);
  const powers = logits.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
