/** What a model knows of places, as pictures. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import {
  anglesAt,
  distanceSinusoids,
  positionsOf,
  productByDistance,
  rowProducts,
  rowsOf,
  type PositionEncoding,
  type Rows,
} from "../../insight/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import { query } from "../query.ts";

/** So many places where nothing says how many. */
const SHOWN = 128;

export interface PositionPictures {
  /** The first place. */
  readonly from: number;
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

/** All positions in words, and one of them in numbers; nothing is shown of a model without positions. */
export interface PositionsAnswer extends PositionPictures {
  readonly encodings: readonly DescribedPositions[];
  readonly shown: DescribedPositions | undefined;
}

/** What can be said of positions in words and single numbers; what a kind does not have is not there. */
export interface DescribedPositions extends Pick<PositionEncoding, "kind" | "side" | "title" | "parameter"> {
  /** How many places there are; undefined where there is no end. */
  readonly places?: number | undefined;
  readonly width?: number | undefined;
  readonly layout?: "interleaved" | "halves" | undefined;
  /** Rows of the parameter in front of the first place's. */
  readonly before?: number | undefined;
  readonly grid?: { readonly rows: number; readonly columns: number } | undefined;
  /** Of biases. */
  readonly heads?: number | undefined;
  readonly buckets?: number | undefined;
  readonly bothSides?: boolean | undefined;
  /** The distance from which on all are alike. */
  readonly longest?: number | undefined;
  /** Of angles. */
  readonly scaling?: "none" | "linear" | "llama3" | undefined;
  readonly theta?: number | undefined;
}

export const positions = query({
  about: "Positions: tables with the products between places, biases by distance and head, or rotary angles.",
  input: z.strictObject({
    /** Which of them, of a model with several. */
    which: z.int().nonnegative().default(0),
    /** The first place. */
    from: z.int().nonnegative().default(0),
    /** How many places, at most. */
    count: z.int().positive().max(2048).default(SHOWN),
  }),
  answer: async ({ architecture, parameters }, { which, from, count }): Promise<PositionsAnswer> => {
    const all = await positionsOf(architecture, parameters);
    const encodings = all.map(described);
    const one = all[which];
    if (one === undefined) {
      if (all.length === 0) return { encodings, shown: undefined, from: 0, tensors: {} };
      throw new InputError(`The model has positions 0 to ${all.length - 1}; ${which} was asked for.`);
    }
    return { encodings, shown: encodings[which], ...picturesOf(one, from, count) };
  },
});

function described(one: PositionEncoding): DescribedPositions {
  const { kind, side, title, parameter } = one;
  const told = { kind, side, title, parameter };
  if (kind === "buckets") {
    const { heads, buckets, bothSides } = one;
    return { ...told, heads, buckets, bothSides, longest: -one.distances[0]! };
  }
  if (kind === "rotary") {
    const { scaling, theta, longest, frequencies } = one;
    return { ...told, scaling, theta, places: longest, width: frequencies.length * 2 };
  }
  if (kind === "relative-sinusoidal") return { ...told, width: one.frequencies.length * 2, longest: one.largest };
  const { rows, layout, before, grid } = one;
  return { ...told, places: rows.count, width: rows.width, layout, before, grid };
}

const tensor = (data: Float32Array | Int32Array, ...shape: number[]): HostTensor => {
  return { dtype: data instanceof Int32Array ? "int32" : "float32", shape, data };
};

function picturesOf(one: PositionEncoding, from: number, count: number): PositionPictures {
  switch (one.kind) {
    case "buckets": {
      const { biases, heads, distances, bucketOf } = one;
      const tensors = {
        biases: tensor(biases, heads, distances.length),
        distances: tensor(distances, distances.length),
        buckets: tensor(Int32Array.from(bucketOf), bucketOf.length),
      };
      return { from: 0, tensors };
    }
    case "rotary": {
      const { frequencies, unscaled } = one;
      const angles = anglesAt(frequencies, from + count);
      const shown = window(angles, from, count);
      const byDistance = (of: Float32Array): HostTensor => tensor(productByDistance(of, count), count);
      const tensors = {
        angles: tensor(shown.values, shown.count, shown.width),
        cosines: tensor(shown.values.map(Math.cos), shown.count, shown.width),
        sines: tensor(shown.values.map(Math.sin), shown.count, shown.width),
        frequencies: tensor(frequencies, frequencies.length),
        byDistance: byDistance(frequencies),
        ...(unscaled && {
          unscaledFrequencies: tensor(unscaled, unscaled.length),
          unscaledByDistance: byDistance(unscaled),
        }),
      };
      return { from, tensors };
    }
    case "relative-sinusoidal":
      return { from, tensors: tables(window(distanceSinusoids(one, from + count), from, count)) };
    case "patches":
      return { from: 0, tensors: tables(one.rows) };
    default: {
      const start = Math.min(from, one.rows.count - 1);
      return { from: start, tensors: tables(window(one.rows, start, count)) };
    }
  }
}

const window = ({ values, count, width }: Rows, from: number, wanted: number): Rows =>
  rowsOf(values.slice(from * width, Math.min(count, from + wanted) * width), width);

/** Rows, and what they have in common: products and cosines of all pairs. */
function tables(rows: Rows): Record<string, HostTensor> {
  const { values, count, width } = rows;
  return {
    values: tensor(values, count, width),
    products: tensor(rowProducts(rows), count, count),
    cosines: tensor(rowProducts(rows, { cosine: true }), count, count),
  };
}
