/**
 * A start in which equal tokens see each other: the projections of queries begin equal to those of keys, so the score of a
 * token with itself is a sum of squares, and that of two others is not. After Trockman and Kolter 2023, "Mimetic
 * Initialization of Self-Attention Layers", which sets W_Q W_Kᵀ near a multiple of the identity (section 4); here they are
 * drawn at random, once for both.
 */
import type { Parameter } from "./scope.ts";

/** What families call the projection of queries, and the one of keys beside it. */
const PAIRS: ReadonlyMap<string, string> = new Map([
  ["query", "key"],
  ["q_proj", "k_proj"],
  ["q_lin", "k_lin"],
  ["q", "k"],
  ["Wq", "Wk"],
]);

/**
 * For each weight of queries by its name, that of keys whose first values it takes: the one of the same layer, if it has
 * the same shape. Empty for models that keep both in one matrix (GPT-2), or whose heads share keys.
 */
export function queriesLikeKeys(specs: readonly Pick<Parameter, "name" | "shape">[]): ReadonlyMap<string, string> {
  const shapes = new Map(specs.map(({ name, shape }) => [name, shape.join()]));
  const pairs = specs.flatMap(({ name, shape }): (readonly [string, string])[] => {
    const path = name.split(".");
    const key = PAIRS.get(path.at(-2) ?? "");
    if (key === undefined) return [];
    const beside = path.with(-2, key).join(".");
    return shapes.get(beside) === shape.join() ? [[name, beside]] : [];
  });
  return new Map(pairs);
}
