/** What the color of a point says. */
import type { Projection } from "./vectors.ts";

/** What can be said. */
export const colorings = [
  { id: "kind", title: "kind of token" },
  { id: "group", title: "group by direction (k-means)" },
  { id: "length", title: "length of the vector" },
  { id: "order", title: "place in the vocabulary" },
  { id: "reading", title: "text" },
] as const;

/** A group with its color and shape, or a shade, for each point; and what they mean. */
export interface Coloring {
  readonly groups?: readonly number[] | undefined;
  readonly names?: readonly string[] | undefined;
  readonly shades?: readonly number[] | undefined;
  /** What the ends of the shades are. */
  readonly ends?: readonly [low: string, high: string] | undefined;
}

/** What the points of an answer are colored by. */
export function coloringOf({ names, tensors }: Projection, by: string): Coloring {
  switch (by) {
    case "group":
      return grouped(names.map((_, row) => `group ${(tensors["clusters"]!.data as Int32Array)[row]! + 1}`));
    case "length":
      return shaded(Array.from(tensors["lengths"]!.data as Float32Array), (x) => x.toPrecision(3));
    case "order":
      return shaded(
        names.map(({ id }, row) => id ?? row),
        (x) => `id ${x}`,
      );
    case "reading":
      return grouped(names.map(({ reading }) => `text ${(reading ?? 0) + 1}`));
    default:
      return grouped(names.map(({ kind }) => kind));
  }
}

function grouped(of: readonly string[]): Coloring {
  const names = [...new Set(of)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return { groups: of.map((name) => names.indexOf(name)), names };
}

function shaded(values: readonly number[], written: (value: number) => string): Coloring {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return {
    shades: values.map((value) => (high > low ? (value - low) / (high - low) : 0.5)),
    ends: values.length === 0 ? ["", ""] : [written(low), written(high)],
  };
}
