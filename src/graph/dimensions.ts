/**
 * Sizes of axes: a number, a name (`batch`, `source`, `target`) or a small expression of names.
 *
 * An expression is kept as a polynomial in normal form, so equal forms are equal sizes and two sizes are compared
 * by comparing keys. A floor division (the size after a strided convolution) is an atom of its own.
 */
import { modelError } from "./calling-line.ts";

/** A size known only when the program runs: a polynomial with whole coefficients over named sizes. */
export interface SymbolicDimension {
  readonly terms: readonly Term[];
  /** The normal form as text: equal keys are equal sizes. */
  readonly key: string;
}

/** `coefficient` times the product of `atoms` (sorted by key; the empty product is 1). */
export interface Term {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
}

/** A named size, or the floor of an expression divided by a whole number. */
export type Atom =
  | { readonly kind: "name"; readonly key: string }
  | { readonly kind: "floor"; readonly key: string; readonly dividend: SymbolicDimension; readonly divisor: number };

/** The size of an axis. */
export type Dimension = number | SymbolicDimension;
/** The sizes of all axes. */
export type Shape = readonly Dimension[];

/** A named size, for example `dimension("batch")`. Throws GraphError for a name that is not an identifier. */
export function dimension(name: string): SymbolicDimension {
  if (!/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name)) {
    throw modelError(`A dimension was named ${JSON.stringify(name)}; expected letters, digits, "_" and ".".`);
  }
  return build([{ coefficient: 1, atoms: [{ kind: "name", key: name }] }]) as SymbolicDimension;
}

function termKey(atoms: readonly Atom[]): string {
  return atoms.map((atom) => atom.key).join("·");
}

function build(terms: readonly Term[]): Dimension {
  const merged = new Map<string, Term>();
  for (const term of terms) {
    const key = termKey(term.atoms);
    const before = merged.get(key);
    merged.set(key, { coefficient: (before?.coefficient ?? 0) + term.coefficient, atoms: term.atoms });
  }
  const kept = [...merged].filter(([, term]) => term.coefficient !== 0);
  kept.sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : a > b ? 1 : 0));
  if (kept.length === 0) return 0;
  if (kept.length === 1 && kept[0]![0] === "") return kept[0]![1].coefficient;
  const key = kept
    .map(([name, { coefficient }]) =>
      name === "" ? `${coefficient}` : coefficient === 1 ? name : `${coefficient}·${name}`,
    )
    .join(" + ");
  return { terms: kept.map(([, term]) => term), key };
}

function termsOf(d: Dimension): readonly Term[] {
  if (typeof d !== "number") return d.terms;
  return d === 0 ? [] : [{ coefficient: d, atoms: [] }];
}

/** a + b. */
export function addDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return a + b;
  return build([...termsOf(a), ...termsOf(b)]);
}

/** a − b. */
export function subtractDimensions(a: Dimension, b: Dimension): Dimension {
  return addDimensions(a, multiplyDimensions(b, -1));
}

/** a · b. */
export function multiplyDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return a * b;
  const products: Term[] = [];
  for (const left of termsOf(a)) {
    for (const right of termsOf(b)) {
      const atoms = [...left.atoms, ...right.atoms].sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0));
      products.push({ coefficient: left.coefficient * right.coefficient, atoms });
    }
  }
  return build(products);
}

/**
 * ⌊a / divisor⌋ in its normal form, for sizes (whole and not negative); exact divisions leave no floor behind. The
 * dividend that stays under a floor has coefficients from 0 to below the divisor, so ONNX's division, which rounds
 * towards zero, gives the same. Throws GraphError unless the divisor is a whole number of at least 1.
 */
export function floorDivideDimension(a: Dimension, divisor: number): Dimension {
  if (!Number.isInteger(divisor) || divisor < 1) {
    throw modelError(`The size ${showDimension(a)} was divided by ${divisor}; expected a whole number from 1 on.`);
  }
  if (typeof a === "number") return Math.floor(a / divisor);
  if (divisor === 1) return a;
  // Whole multiples leave the floor: ⌊(5·n − 1) / 2⌋ = 2·n − 1 + ⌊(n + 1) / 2⌋.
  const quotients = a.terms.map((term) => ({ ...term, coefficient: Math.floor(term.coefficient / divisor) }));
  const rests = a.terms.map((term, i) => ({
    ...term,
    coefficient: term.coefficient - divisor * quotients[i]!.coefficient,
  }));
  return addDimensions(build(quotients), floorOfRest(build(rests), divisor));
}

/** ⌊rest / divisor⌋ where no coefficient of the rest reaches the divisor. */
function floorOfRest(rest: Dimension, divisor: number): Dimension {
  if (typeof rest === "number") return 0;
  const unknown = rest.terms.filter((term) => term.atoms.length > 0);
  const known = rest.terms.find((term) => term.atoms.length === 0)?.coefficient ?? 0;
  // ⌊(2·n + 3) / 4⌋ = ⌊(n + 1) / 2⌋
  const common = unknown.reduce((g, term) => greatestCommonDivisor(g, term.coefficient), divisor);
  if (common > 1) {
    const smaller = build(unknown.map((term) => ({ ...term, coefficient: term.coefficient / common })));
    return floorDivideDimension(addDimensions(smaller, Math.floor(known / common)), divisor / common);
  }
  const [{ coefficient, atoms }] = unknown as [Term];
  const [inner] = atoms;
  if (unknown.length === 1 && coefficient === 1 && atoms.length === 1 && inner?.kind === "floor") {
    // ⌊(⌊a / m⌋ + k) / n⌋ = ⌊(a + k·m) / (m·n)⌋: strides one after the other.
    return floorDivideDimension(addDimensions(inner.dividend, known * inner.divisor), inner.divisor * divisor);
  }
  const atom: Atom = {
    kind: "floor",
    key: `⌊${rest.terms.length === 1 ? rest.key : `(${rest.key})`} / ${divisor}⌋`,
    dividend: rest,
    divisor,
  };
  return build([{ coefficient: 1, atoms: [atom] }]);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** a / b where b divides a term by term (b a number, a name or a product of them); undefined elsewhere. */
export function divideDimensions(a: Dimension, b: Dimension): Dimension | undefined {
  if (sameDimension(a, b)) return 1;
  const divisor = termsOf(b);
  if (divisor.length !== 1) return undefined;
  const { coefficient, atoms } = divisor[0]!;
  const quotient: Term[] = [];
  for (const term of termsOf(a)) {
    if (term.coefficient % coefficient !== 0) return undefined;
    const left = [...term.atoms];
    for (const atom of atoms) {
      const at = left.findIndex((candidate) => candidate.key === atom.key);
      if (at < 0) return undefined;
      left.splice(at, 1);
    }
    quotient.push({ coefficient: term.coefficient / coefficient, atoms: left });
  }
  return build(quotient);
}

/** Whether two sizes have the same normal form. */
export function sameDimension(a: Dimension, b: Dimension): boolean {
  return typeof a === "number" || typeof b === "number" ? a === b : a.key === b.key;
}

/** Whether two shapes have the same rank and the same sizes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => sameDimension(d, b[i]!));
}

/** The product of all sizes: the number of elements. */
export function sizeOf(shape: Shape): Dimension {
  return shape.reduce<Dimension>((product, d) => multiplyDimensions(product, d), 1);
}

/** Whether a size is a difference, which can be 0; names alone stand for at least 1, but for what a cache holds. */
export function mayBeZero(d: Dimension): boolean {
  return typeof d !== "number" && d.terms.some(({ coefficient }) => coefficient < 0);
}

/** The size as text, for example `batch·target` or `⌊(time + 1) / 2⌋`. */
export function showDimension(d: Dimension): string {
  return typeof d === "number" ? String(d) : d.key;
}

/** The shape as text, for example `[batch, 128]`. */
export function showShape(shape: Shape): string {
  return `[${shape.map(showDimension).join(", ")}]`;
}

/** The size once names have values. Throws GraphError where a name has none. */
export function evaluateDimension(d: Dimension, values: ReadonlyMap<string, number>): number {
  if (typeof d === "number") return d;
  let sum = 0;
  for (const { coefficient, atoms } of d.terms) {
    let product = coefficient;
    for (const atom of atoms) {
      if (atom.kind === "floor") product *= Math.floor(evaluateDimension(atom.dividend, values) / atom.divisor);
      else {
        const value = values.get(atom.key);
        if (value === undefined) {
          throw modelError(`The size ${d.key} needs a value for "${atom.key}", and no input carries that name.`);
        }
        product *= value;
      }
    }
    sum += product;
  }
  return sum;
}

/** The size with other sizes in place of some of its names. */
export function putSize(d: Dimension, values: ReadonlyMap<string, Dimension>): Dimension {
  if (typeof d === "number") return d;
  return d.terms.reduce<Dimension>((sum, { coefficient, atoms }) => {
    const product = atoms.reduce<Dimension>((factor, atom) => {
      if (atom.kind === "floor") {
        return multiplyDimensions(factor, floorDivideDimension(putSize(atom.dividend, values), atom.divisor));
      }
      return multiplyDimensions(factor, values.get(atom.key) ?? dimension(atom.key));
    }, coefficient);
    return addDimensions(sum, product);
  }, 0);
}

/** The shape that two shapes broadcast to (aligned at the right, 1 stretches), or undefined where they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const result: Dimension[] = [];
  for (let i = 0; i < rank; i++) {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (sameDimension(left, right) || right === 1) result.push(left);
    else if (left === 1) result.push(right);
    else return undefined;
  }
  return result;
}
