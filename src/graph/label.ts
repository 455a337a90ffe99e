/**
 * Where in a model a node was made. While a model function is traced, its nodes bear the path of the scope that was used
 * last; gradient rules add where they belong. Labels become part of node names and change nothing that is computed.
 */

/** The label of nodes that are being made; undefined where nothing is traced. */
let current: string | undefined;

/** Behind the label of a node in those that its gradient rule makes. */
export const BACKWARD = "backward";

/** The label of a node that is made now. */
export const currentLabel = (): string => current ?? "";

/** Runs `make`; nodes that it makes bear `label`, or what `relabel` names in between. */
export function labeled<T>(label: string, make: () => T): T {
  const before = current;
  current = label;
  try {
    return make();
  } finally {
    current = before;
  }
}

/** Nodes made from here on bear this label, until another one or the end of `labeled`; elsewhere nothing happens. */
export function relabel(label: string): void {
  if (current !== undefined) current = label;
}

/** The label of what the gradient rule of a node makes. */
export const backwardOf = (label: string): string => (label === "" ? BACKWARD : `${label}/${BACKWARD}`);
