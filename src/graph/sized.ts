/**
 * Sizes that are known while a model function is traced: names of sizes stand for numbers, so that one function gives
 * programs for any number of positions and for exactly one; or for other names, which a file's readers expect.
 */
import { putSize, type Dimension, type SymbolicDimension } from "./dimensions.ts";

let current: ReadonlyMap<string, Dimension> | undefined;

/** Runs `make`; in the ops that it adds, these sizes stand for sizes of these names. */
export function sized<T>(sizes: ReadonlyMap<string, Dimension> | undefined, make: () => T): T {
  const before = current;
  current = sizes;
  try {
    return make();
  } finally {
    current = before;
  }
}

/** The attributes of an op that is being added, with the sizes known now. */
export function withKnownSizes<A extends object>(attributes: A): A {
  if (current === undefined || current.size === 0) return attributes;
  const sizes = current;
  const put = (value: unknown): unknown => {
    if (isSymbolic(value)) return putSize(value, sizes);
    return Array.isArray(value) ? value.map(put) : value;
  };
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, put(value)])) as A;
}

function isSymbolic(value: unknown): value is SymbolicDimension {
  return typeof value === "object" && value !== null && "terms" in value && "key" in value;
}

/** The names in a size. */
export function namesIn(size: Dimension): string[] {
  if (typeof size === "number") return [];
  return size.terms.flatMap(({ atoms }) =>
    atoms.flatMap((atom) => (atom.kind === "name" ? [atom.key] : namesIn(atom.dividend))),
  );
}
