/** Vectors of texts, and how near they are. */
import { readJson } from "../files/index.ts";
import { InputError } from "../errors/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { TokenizerInput } from "../tokens/index.ts";
import { TextModel, type ReadOptions } from "./text-model.ts";

/** What of the hidden states is a text's vector: the mean over its tokens, the first one's, or the last one's. */
export const poolings = ["mean", "class", "last"] as const;
export type Pooling = (typeof poolings)[number];

/** How texts become vectors. */
export interface EmbedOptions extends ReadOptions {
  /** Default: what the folder says (`1_Pooling/config.json`), else the mean. */
  readonly pooling?: Pooling | undefined;
  /** Whether vectors are divided by their length. Default: what the folder says (`modules.json`), else true. */
  readonly normalize?: boolean | undefined;
  /** How many texts are read at once. Default: 32. */
  readonly batch?: number | undefined;
}

/** A model that gives a vector for each text, with its tokenizer. */
export class TextEmbedder extends TextModel {
  #settings: Promise<{ pooling: Pooling; normalize: boolean }> | undefined;

  /** The vector of each text, in their order. Throws InputError for a text that is too long, unless it may be cut. */
  async embed(inputs: readonly TokenizerInput[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    const told = await (this.#settings ??= this.#told());
    const { pooling = told.pooling, normalize = told.normalize, batch = 32 } = options;
    if (inputs.length === 0) throw new InputError("There is no text to embed. Give at least one.");
    const lengths = inputs.map((input) =>
      typeof input === "string" ? input.length : input[0].length + input[1].length,
    );
    const order = Array.from(inputs.keys()).sort((a, b) => lengths[a]! - lengths[b]!);
    const vectors = new Array<Float32Array>(inputs.length);
    for (let start = 0; start < order.length; start += batch) {
      const places = order.slice(start, start + batch);
      const { feeds } = this.encode(
        places.map((place) => inputs[place]!),
        options,
      );
      const results = await this.model.run(feeds, { outputs: ["lastHiddenState"] });
      const pooled = pool(results.get("lastHiddenState")!, feeds["attentionMask"], pooling);
      for (const [i, place] of places.entries()) vectors[place] = normalize ? unit(pooled[i]!) : pooled[i]!;
    }
    return vectors;
  }

  /** What the files of sentence-transformers say, where the folder has them. */
  async #told(): Promise<{ pooling: Pooling; normalize: boolean }> {
    const folder = this.model.checkpoint?.folder;
    if (folder === undefined || (await folder.kind("modules.json")) !== "file")
      return { pooling: "mean", normalize: true };
    const modules = (await readJson(folder, "modules.json")) as { readonly type?: string; readonly path?: string }[];
    const path = `${modules.find(({ type }) => type?.endsWith("Pooling"))?.path ?? "1_Pooling"}/config.json`;
    const json = (await folder.kind(path)) === "file" ? await readJson(folder, path) : {};
    const settings = json as Readonly<Record<string, unknown>>;
    const pooling =
      settings["pooling_mode_cls_token"] === true
        ? "class"
        : settings["pooling_mode_lasttoken"] === true
          ? "last"
          : "mean";
    return { pooling, normalize: modules.some(({ type }) => type?.endsWith("Normalize")) };
  }
}

/** One vector a row from hidden states [B, T, D]; positions that the mask [B, T] hides do not count. */
export function pool({ shape, data }: HostTensor, mask: HostTensor | undefined, pooling: Pooling): Float32Array[] {
  const [rows, time, width] = shape as readonly [number, number, number];
  const states = data as Float32Array;
  return Array.from({ length: rows }, (_, row) => {
    const at = (place: number): number => (row * time + place) * width;
    const places = Array.from({ length: time }, (_, place) => place);
    const seen = mask === undefined ? places : places.filter((place) => Number(mask.data[row * time + place]) !== 0);
    if (seen.length === 0)
      throw new InputError(`Row ${row} has no token that counts: its attention mask is all zeros.`);
    const [first, last] = [seen[0]!, seen.at(-1)!];
    if (pooling === "class") return states.slice(at(first), at(first) + width);
    if (pooling === "last") return states.slice(at(last), at(last) + width);
    const sum = new Float32Array(width);
    for (const place of seen) for (let i = 0; i < width; i++) sum[i]! += states[at(place) + i]!;
    return sum.map((value) => value / seen.length);
  });
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** The cosine of the angle between two vectors: 1 for the same direction. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  return product / Math.max(Math.sqrt(squareA * squareB), Number.MIN_VALUE);
}
