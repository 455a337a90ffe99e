/** Vectors of texts, and how near they are. */
import { ConfigError, InputError } from "../errors/index.ts";
import { readJson, type Folder, type ReadableFolder } from "../files/index.ts";
import { pooled, type Pooling } from "../models/index.ts";
import type { TokenizerInput } from "../tokens/index.ts";
import { rowOf, TextModel, type ReadOptions } from "./text-model.ts";

/** How texts become vectors. */
export interface EmbedOptions extends ReadOptions {
  /** Default: what the folder says (`1_Pooling/config.json`), else the mean. */
  readonly pooling?: Pooling | undefined;
  /** Whether vectors are divided by their length. Default: what the folder says (`modules.json`), else true. */
  readonly normalize?: boolean | undefined;
  /** How many texts are read at once. Default: 32. */
  readonly batch?: number | undefined;
}

/** What a folder of sentence-transformers says of its vectors. */
interface Settings {
  readonly pooling: Pooling;
  readonly normalize: boolean;
  readonly maxLength: number | undefined;
  /** The files that say it. */
  readonly files: readonly string[];
}

/** A model that gives a vector for each text, with its tokenizer. */
export class TextEmbedder extends TextModel<"features"> {
  #told: Promise<Settings> | undefined;

  /**
   * The vector of each text, in their order, [width] each. Throws InputError for a text that is too long, unless it may
   * be cut off, and ConfigError where the folder asks for what this version does not do with hidden states.
   */
  async embed(inputs: readonly TokenizerInput[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    if (inputs.length === 0) throw new InputError("There is no text to embed. Give at least one.");
    const told = await this.#settings();
    const { pooling = told.pooling, normalize = told.normalize, batch = 32, maxLength = told.maxLength } = options;
    const lengths = inputs.map((input) => (typeof input === "string" ? input : input.join("")).length);
    const order = Array.from(inputs.keys()).sort((a, b) => lengths[a]! - lengths[b]!);
    const vectors = new Array<Float32Array>(inputs.length);
    // Checked before any is computed, so that a message counts texts as the caller does.
    const encodings = this.encodings(inputs, { ...options, maxLength });
    for (let start = 0; start < order.length; start += batch) {
      const places = order.slice(start, start + batch);
      const feeds = this.feeds(places.map((place) => encodings[place]!));
      const results = await this.model.derive(`pooled ${pooling}`, feeds, (tensors) => {
        const hidden = tensors.all.get("lastHiddenState")!;
        return new Map([["vectors", pooled(hidden, tensors.inputs.get("attentionMask"), pooling)]]);
      });
      for (const [i, place] of places.entries()) {
        const vector = rowOf(results.get("vectors")!, i);
        vectors[place] = normalize ? unit(vector) : vector.slice();
      }
    }
    return vectors;
  }

  /** As of every text model; what the folder says of its vectors is written, too. */
  override async save(folder: Folder): Promise<void> {
    await super.save(folder);
    const { files } = await this.#settings();
    for (const file of files) await folder.write(file, await this.model.checkpoint!.folder.read(file));
  }

  #settings(): Promise<Settings> {
    return (this.#told ??= settingsOf(this.model.checkpoint?.folder));
  }
}

const MODULES = "modules.json";
const LENGTH = "sentence_bert_config.json";
/** Keys of a pooling's config that are true where it is used. */
const modes: Readonly<Record<string, Pooling>> = {
  pooling_mode_cls_token: "class",
  pooling_mode_mean_tokens: "mean",
  pooling_mode_lasttoken: "last",
};
/** Modules that do nothing but what is done here. */
const known = /\.(Transformer|Pooling|Normalize)$/;

/** What the files of sentence-transformers say, where a folder has them. Throws ConfigError for what is not done here. */
async function settingsOf(folder: ReadableFolder | undefined): Promise<Settings> {
  if (folder === undefined || (await folder.kind(MODULES)) !== "file") {
    return { pooling: "mean", normalize: true, maxLength: undefined, files: [] };
  }
  const modules = (await readJson(folder, MODULES)) as readonly { readonly type?: string; readonly path?: string }[];
  const other = modules.find(({ type }) => !known.test(type ?? ""));
  if (other !== undefined) {
    throw new ConfigError(
      `${folder.describe(MODULES)} has a module ${String(other.type)}; this version makes vectors by Transformer, ` +
        `Pooling and Normalize only. It does not approximate: take another model.`,
    );
  }
  const path = `${modules.find(({ type }) => type!.endsWith(".Pooling"))?.path ?? "1_Pooling"}/config.json`;
  const settings = await objectIn(folder, path);
  const asked = Object.keys(settings).filter((key) => key.startsWith("pooling_mode_") && settings[key] === true);
  const pooling = asked.length === 0 ? "mean" : modes[asked.join(" ")];
  if (pooling === undefined) {
    throw new ConfigError(
      `${folder.describe(path)} asks for ${asked.join(" and ")}; this version knows ${Object.keys(modes).join(", ")}, ` +
        `one at a time.`,
    );
  }
  const length = (await objectIn(folder, LENGTH))["max_seq_length"];
  const files = [MODULES, path, LENGTH];
  const there = await Promise.all(files.map(async (file) => (await folder.kind(file)) === "file"));
  return {
    pooling,
    normalize: modules.some(({ type }) => type!.endsWith(".Normalize")),
    maxLength: typeof length === "number" ? length : undefined,
    files: files.filter((_, i) => there[i]),
  };
}

/**
 * Writes how texts become vectors, as sentence-transformers has it, so that `TextEmbedder` and Python do so by themselves:
 * pooled, then divided by their length.
 */
export async function writePooling(
  folder: Folder,
  { pooling, width, maxLength }: { readonly pooling: Pooling; readonly width: number; readonly maxLength: number },
): Promise<void> {
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  const types = ["Transformer", "Pooling", "Normalize"];
  const modules = types.map((type, idx) => {
    const path = idx === 0 ? "" : `${idx}_${type}`;
    return { idx, name: String(idx), path, type: `sentence_transformers.models.${type}` };
  });
  const used = Object.entries(modes).map(([key, mode]) => [key, mode === pooling]);
  await folder.write(MODULES, json(modules));
  await folder.write(
    `${modules[1]!.path}/config.json`,
    json({ word_embedding_dimension: width, ...Object.fromEntries(used) }),
  );
  await folder.write(LENGTH, json({ max_seq_length: maxLength, do_lower_case: false }));
}

async function objectIn(folder: ReadableFolder, path: string): Promise<Readonly<Record<string, unknown>>> {
  const json = (await folder.kind(path)) === "file" ? await readJson(folder, path) : {};
  return typeof json === "object" && json !== null ? (json as Readonly<Record<string, unknown>>) : {};
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector.slice() : vector.map((value) => value / length);
}

/** The cosine of the angle between two vectors: 1 for the same direction, 0 where one of them has none. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  return product / Math.max(Math.sqrt(squareA * squareB), Number.MIN_VALUE);
}
