/** The axes of an attention map: names of tokens, or of the words that they are merged to. */
import type { AttentionGroup } from "heed/insight";
import type { Reading, Selection, Summary } from "../../state/studio.svelte.ts";

type Axis = NonNullable<Reading["axes"][keyof Reading["axes"]]>;

/** A group of attention with its axes. */
export interface Axes {
  readonly group: AttentionGroup;
  readonly queries: Axis;
  readonly keys: Axis;
}

/** The group that is chosen, or that a person would want to see first. */
export function groupOf({ attention }: Summary, { group }: Selection): AttentionGroup {
  const named = attention.find(({ name }) => name === group);
  return named ?? attention.find(({ name }) => name === "crossAttentions") ?? attention[0]!;
}

/** The axes of a group; undefined before the text was read, or where it belongs to another model. */
export function axesOf(group: AttentionGroup, reading: Reading | undefined): Axes | undefined {
  const [queries, keys] = [reading?.axes[group.queries], reading?.axes[group.keys]];
  return queries === undefined || keys === undefined ? undefined : { group, queries, keys };
}

/** What an axis is called. */
export const sideNames = { text: "text", source: "source", target: "written", image: "patch" } as const;

/** Weights [rows, columns] with tokens merged to words: sums over the keys of a word, means over its queries. */
export function mergeWords(
  weights: ArrayLike<number>,
  { queries, keys }: Pick<Axes, "queries" | "keys">,
): Float32Array {
  const columns = keys.labels.length;
  const merged = new Float32Array(queries.words.length * keys.words.length);
  for (const [r, row] of queries.words.entries()) {
    for (const [c, column] of keys.words.entries()) {
      let sum = 0;
      for (let i = row.first; i < row.end; i++)
        for (let j = column.first; j < column.end; j++) sum += weights[i * columns + j]!;
      merged[r * keys.words.length + c] = sum / (row.end - row.first);
    }
  }
  return merged;
}

/** The names of an axis: its tokens, or its words. */
export function namesOf(axis: Axis, words: boolean): readonly string[] {
  return words ? axis.words.map(({ text, first }) => (text === "" ? axis.labels[first]! : text)) : axis.labels;
}
