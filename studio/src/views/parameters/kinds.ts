/** The kinds of parts that have a color of their own; the order is that of the query. */
export const kinds = ["embeddings", "attention", "feed-forward", "norms", "head and other"] as const;

/** Numbers of parameters in few letters: 124 M, 6.7 B. */
export function short(count: number): string {
  const [size, unit] = count >= 1e9 ? [1e9, " B"] : count >= 1e6 ? [1e6, " M"] : count >= 1e3 ? [1e3, " k"] : [1, ""];
  return `${Number((count / size).toPrecision(3))}${unit}`;
}
