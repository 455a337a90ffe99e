/**
 * What a model knows of the places of its tokens, as numbers: tables that are added to the tokens, biases that are added
 * to the scores of attention, or angles by which queries and keys are turned.
 */
import { frequenciesOf, TRANSFORMER, type Architecture, type RotaryPositions } from "../models/index.ts";
import { relativeBuckets, sinusoids, type ModelParameters } from "../nn/index.ts";
import type { Side } from "./attentions.ts";
import { rowsOf, type Rows } from "./rows.ts";

/** What all kinds have in common. */
interface Told {
  /** Of what the places are. */
  readonly side: Side;
  /** In words: "learned positions of the encoder". */
  readonly title: string;
  /** The parameter that holds them; undefined where they are computed. */
  readonly parameter: string | undefined;
}

/** Rows that are added to the vectors of tokens or patches. */
export interface AddedPositions extends Told {
  readonly kind: "sinusoidal" | "learned" | "patches";
  /** [places, width]; of patches without the class token's row. */
  readonly rows: Rows;
  /** How sines and cosines lie: in turns (Vaswani et al. 2017), or all sines first (fairseq, Marian). */
  readonly layout?: "interleaved" | "halves" | undefined;
  /** How many rows of the table come before the first place: unused ones, or the class token's. */
  readonly before: number;
  /** Of patches. */
  readonly grid?: { readonly rows: number; readonly columns: number } | undefined;
}

/** A bias of each head for each distance in buckets (T5), added to the scores. */
export interface BiasedPositions extends Told {
  readonly kind: "buckets";
  readonly buckets: number;
  /** Whether keys behind the query have buckets of their own. */
  readonly bothSides: boolean;
  /** Key's place minus query's: −longest to longest, or to 0 where the future is hidden. */
  readonly distances: Int32Array;
  /** The bucket of each distance. */
  readonly bucketOf: Int32Array;
  readonly heads: number;
  /** [heads, distances] */
  readonly biases: Float32Array;
}

/** Angles per place by which pairs of components of queries and keys are turned (RoFormer). */
export interface RotaryAngles extends Told {
  readonly kind: "rotary";
  /** Radians per place: one for each pair. */
  readonly frequencies: Float32Array;
  /** The same without scaling, where there is one. */
  readonly unscaled?: Float32Array | undefined;
  readonly scaling: "none" | "linear" | "llama3";
  readonly theta: number;
  readonly longest: number | undefined;
}

/** Sinusoids of distances, which keys are made of (Transformer-XL): sines, then cosines. */
export interface RelativeSinusoids extends Told {
  readonly kind: "relative-sinusoidal";
  /** Radians per place: one for each pair. */
  readonly frequencies: Float32Array;
  /** Longer distances are as this one; 0 where there is no limit. */
  readonly largest: number;
}

export type PositionEncoding = AddedPositions | BiasedPositions | RotaryAngles | RelativeSinusoids;

/** A model as far as its positions go. */
export type PositionSource = Pick<ModelParameters, "specs" | "readOne" | "placeOf">;

type Config = Readonly<Record<string, unknown>>;

const TABLE = /(^|\.)(position_embeddings?|embed_positions|wpe|positions_embed)(\.weight)?$/;
const BIASES = /relative_attention_bias\.weight$/;

/**
 * All positions that a model has: one for each table, stack or kind; none where it has none. Values are those of now.
 */
export async function positionsOf(architecture: Architecture, parameters: PositionSource): Promise<PositionEncoding[]> {
  const found: PositionEncoding[] = [];
  for (const { name, trained } of parameters.specs) {
    if (TABLE.test(name)) found.push(await tableOf(architecture, parameters, name, trained));
    else if (BIASES.test(name)) found.push(await biasesOf(architecture, parameters, name));
  }
  return [...found, ...(await anglesOf(architecture, parameters)), ...sinusoidsOf(architecture)];
}

/** A table of parameters. */
async function tableOf(
  architecture: Architecture,
  parameters: PositionSource,
  name: string,
  trained: boolean,
): Promise<AddedPositions> {
  const { config } = architecture;
  const [data, { shape }] = [await parameters.readOne(name), parameters.placeOf(name)];
  const width = shape.at(-1)!;
  const whole = data;
  if (isOfImages(architecture, name)) {
    const { imageSize, patch } = (config["vision"] ?? config) as { readonly imageSize: number; readonly patch: number };
    const along = Math.floor(imageSize / patch);
    const rows = rowsOf(whole.subarray(width), width);
    const grid = { rows: along, columns: along };
    return { kind: "patches", ...{ side: "image", title: "learned positions of patches" }, parameter: name, rows, before: 1, grid }; // prettier-ignore
  }
  const before = unusedRows(architecture);
  const rows = rowsOf(whole.subarray(before * width), width);
  const [side, of] = stackOf(architecture, name);
  if (trained) return { kind: "learned", side, title: `learned positions${of}`, parameter: name, rows, before };
  const title = `sinusoidal positions${of}`;
  return { kind: "sinusoidal", layout: "interleaved", side, title, parameter: name, rows, before };
}

const isOfImages = ({ inputs }: Architecture, name: string): boolean =>
  /vision_model\./.test(name) || inputs["inputIds"] === undefined;

/** Rows in front of the first place's: BART's and OPT's two, and those up to the padding of RoBERTa and ESM. */
function unusedRows({ modelType, config }: Architecture): number {
  if (["bart", "mbart", "opt"].includes(modelType)) return 2;
  if (["roberta", "esm"].includes(modelType)) return ((config["paddingId"] as number | undefined) ?? 0) + 1;
  return 0;
}

/** Which tokens a parameter's stack reads, and in words. */
function stackOf({ inputs }: Architecture, name: string): readonly [side: Side, words: string] {
  const twoStacks = inputs["decoderInputIds"] !== undefined;
  if (!twoStacks) return ["text", ""];
  return /(^|\.)decoder\./.test(name) ? ["target", " of the decoder"] : ["source", " of the encoder"];
}

async function biasesOf(
  architecture: Architecture,
  parameters: PositionSource,
  name: string,
): Promise<BiasedPositions> {
  const { longestDistance: longest, buckets } = architecture.config as {
    readonly longestDistance: number;
    readonly buckets: number;
  };
  const [data, { shape }] = [await parameters.readOne(name), parameters.placeOf(name)];
  const heads = shape[1]!;
  const bothSides = !/(^|\.)decoder\./.test(name);
  // One beyond the longest on each side: from there on all are alike.
  const all = relativeBuckets({ buckets, longest, bothSides });
  const bucketOf = bothSides ? all : all.subarray(0, longest + 1);
  const biases = new Float32Array(heads * bucketOf.length);
  bucketOf.forEach((bucket, i) => {
    for (let head = 0; head < heads; head++) biases[head * bucketOf.length + i] = data[bucket * heads + head] as number;
  });
  const [side, of] = stackOf(architecture, name);
  const distances = Int32Array.from(bucketOf, (_, i) => i - longest);
  const title = `biases for distances${of}`;
  return { kind: "buckets", side, title, parameter: name, buckets, bothSides, distances, bucketOf, heads, biases };
}

/** LLaMA's and ESM's angles, and Transformer-XL's: those of a file where it has them. */
async function anglesOf(
  { modelType, config, longest }: Architecture,
  parameters: PositionSource,
): Promise<(RotaryAngles | RelativeSinusoids)[]> {
  const parameter = parameters.specs.find(({ name }) => /(^|\.)inv_freq$/.test(name))?.name;
  const inFile = parameter === undefined ? undefined : await parameters.readOne(parameter);
  if (modelType === "transfo-xl") {
    const largest = Math.max(0, config["largestDistance"] as number);
    const title = "sinusoids of distances";
    return [{ kind: "relative-sinusoidal", side: "text", title, parameter, frequencies: inFile!, largest }];
  }
  const told = { kind: "rotary", side: "text", title: "rotary angles", parameter, longest } as const;
  if (modelType === "esm" && inFile !== undefined) {
    return [{ ...told, frequencies: inFile, scaling: "none", theta: 10_000 }];
  }
  if (modelType !== "llama") return [];
  const positions = config["positions"] as RotaryPositions;
  const width =
    (config["headWidth"] as number | undefined) ?? (config["width"] as number) / (config["heads"] as number);
  const scaled = positions.kind !== "default";
  return [
    {
      ...told,
      frequencies: frequenciesOf(width, positions),
      ...(scaled && { unscaled: frequenciesOf(width, { kind: "default", theta: positions.theta }) }),
      scaling: scaled ? positions.kind : "none",
      theta: positions.theta,
    },
  ];
}

/** Sinusoids that no file holds: CTRL's, Marian's and those of a translator. */
function sinusoidsOf({ modelType, config, inputs }: Architecture): AddedPositions[] {
  const layout = computedLayout(modelType, config);
  if (layout === undefined) return [];
  const { maxPositions: count, width } = config as { readonly maxPositions: number; readonly width: number };
  const rows = rowsOf(sinusoids(count, width, layout), width);
  const side = inputs["decoderInputIds"] === undefined ? "text" : "source";
  const title = side === "text" ? "sinusoidal positions" : "sinusoidal positions of encoder and decoder";
  return [{ kind: "sinusoidal", layout, side, title, parameter: undefined, rows, before: 0 }];
}

function computedLayout(modelType: string, config: Config): "interleaved" | "halves" | undefined {
  if (modelType === "ctrl" || modelType === "marian") return "halves";
  const { positions } = config;
  if (modelType !== TRANSFORMER) return undefined;
  return positions === "interleaved" || positions === "halves" ? positions : undefined;
}

/** The angles of the first `count` places, in radians: [count, frequencies]. */
export function anglesAt(frequencies: Float32Array, count: number): Rows {
  const width = frequencies.length;
  const values = new Float32Array(count * width);
  for (let place = 0; place < count; place++) {
    for (let i = 0; i < width; i++) values[place * width + i] = Math.fround(place * frequencies[i]!);
  }
  return { values, count, width };
}

/**
 * What remains of the product of a query with an equal key at each distance from 0 to `count` − 1, 1 at none: the mean of
 * the cosines of the angles (Su et al. 2021, section 3.4.3, with all components alike).
 */
export function productByDistance(frequencies: Float32Array, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, distance) => {
    let sum = 0;
    for (const frequency of frequencies) sum += Math.cos(distance * frequency);
    return sum / frequencies.length;
  });
}

/** Sines of the angles, then cosines, of the distances 0 to `count` − 1; longer ones than `largest` are as that one. */
export function distanceSinusoids({ frequencies, largest }: RelativeSinusoids, count: number): Rows {
  const half = frequencies.length;
  const values = new Float32Array(count * half * 2);
  for (let distance = 0; distance < count; distance++) {
    const bounded = largest > 0 ? Math.min(distance, largest) : distance;
    for (let i = 0; i < half; i++) {
      values[distance * half * 2 + i] = Math.sin(bounded * frequencies[i]!);
      values[distance * half * 2 + half + i] = Math.cos(bounded * frequencies[i]!);
    }
  }
  return { values, count, width: half * 2 };
}
