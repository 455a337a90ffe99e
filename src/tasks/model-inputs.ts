/** What a model is given, checked before an engine sees it: names, dtypes, sizes that agree, ids that its tables have. */
import { InputError, nearest } from "../errors/index.ts";
import { nodesOf, type Tensor } from "../graph/index.ts";
import type { Architecture, InputType } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";

/**
 * Inputs in the dtypes of the programs; options that are false are left out. Throws InputError for a name that the model
 * does not read, for another shape than it reads, for inputs whose sizes do not agree, for a batch of none, and for
 * texts that are longer than its positions.
 */
export function feedsOf(architecture: Architecture, inputs: Values): Values {
  const { inputs: known, className } = architecture;
  const names = Object.keys(inputs).filter(
    (name) => known[name]?.option !== true || Number(inputs[name]!.data[0]) !== 0,
  );
  const types = architecture.inputsWith(new Set(names));
  const sizes = new Map<string, { readonly size: number; readonly name: string }>();
  const entries = names.map((name) => {
    const [value, type] = [inputs[name]!, types[name]];
    if (type === undefined) {
      const near = nearest(name, Object.keys(known));
      const hint = near === undefined ? `Its inputs are ${Object.keys(known).join(", ")}.` : `Did you mean "${near}"?`;
      throw new InputError(`${className} does not read an input "${name}". ${hint}`);
    }
    requireShape(architecture, name, value.shape, type);
    for (const [axis, expected] of type.shape.entries()) {
      if (typeof expected === "string") requireSize(architecture, sizes, name, expected, value.shape[axis]!);
    }
    return [name, converted(name, value, type.dtype)] as const;
  });
  return Object.fromEntries(entries);
}

function requireShape(
  { className, inputs }: Architecture,
  name: string,
  shape: readonly number[],
  { shape: expected }: InputType,
): void {
  const fits =
    shape.length === expected.length && expected.every((size, i) => typeof size === "string" || size === shape[i]);
  if (fits) return;
  const options = Object.keys(inputs).filter((other) => inputs[other]!.option === true);
  const hint = options.length === 0 ? "" : ` With an option (${options.join(", ")}) it may be another.`;
  throw new InputError(
    `${className}: "${name}" has the shape [${shape.join(", ")}]; expected [${expected.join(", ")}].${hint}`,
  );
}

/** What sizes of tokens are called; see `pairInputs`. */
const TOKENS = ["time", "target"];

/** One size of an input: not nothing, the same as in the others, and no more tokens than there are positions. */
function requireSize(
  { className, longest }: Architecture,
  sizes: Map<string, { readonly size: number; readonly name: string }>,
  name: string,
  expected: string,
  size: number,
): void {
  const what = expected.replace(/^past \+ /, "");
  if (size === 0) {
    const missing = what === "batch" ? "a batch of none" : `no ${what === "time" ? "tokens" : what}`;
    throw new InputError(
      `${className}: "${name}" holds ${missing}, so there is nothing to compute. Give at least one.`,
    );
  }
  if (longest !== undefined && TOKENS.includes(what) && size > longest) {
    throw new InputError(
      `${className}: "${name}" has ${size} tokens; the model has ${longest} positions. Cut the text, or split it.`,
    );
  }
  const before = sizes.get(what);
  if (before === undefined) sizes.set(what, { size, name });
  else if (before.size !== size) {
    throw new InputError(
      `${className}: "${before.name}" has the ${what} ${before.size} and "${name}" has ${size}. ` +
        `Both belong to the same texts, so they must be equal.`,
    );
  }
}

/** The same numbers in another dtype. Throws InputError for one that inputs cannot have. */
function converted(name: string, value: HostTensor, dtype: HostTensor["dtype"]): HostTensor {
  if (value.dtype === dtype) return value;
  if (dtype === "int32") return { dtype, shape: value.shape, data: Int32Array.from(value.data, Number) };
  if (dtype === "float32") return { dtype, shape: value.shape, data: Float32Array.from(value.data, Number) };
  if (dtype === "bool") return { dtype, shape: value.shape, data: Uint8Array.from(value.data, Number) };
  throw new InputError(`The input "${name}" is ${value.dtype}, which cannot be read as ${dtype}.`);
}

/** Which whole numbers an input may hold. */
export interface IdRange {
  /** How many rows the table has that they are looked up in, or how many classes there are. */
  readonly below: number;
  /** Whether negative ones count for nothing, as among labels. */
  readonly signed: boolean;
}

/** Ops that hand their first operand's elements on. */
const HANDING: ReadonlySet<string> = new Set([
  "reshape",
  "expand",
  "transpose",
  "slice",
  "pad",
  "flip",
  "cast",
  "after",
]);

/**
 * The ranges of a program's inputs, from what it does with them: an engine that looks up a row which is not there gives
 * up or gives garbage, and none says which id it was.
 */
export function rangesOf({ config }: Architecture, outputs: Iterable<Tensor>): Map<string, IdRange> {
  const ranges = new Map<string, IdRange>();
  const names = new Set<string>();
  const narrow = (from: Tensor, below: unknown, signed: boolean): void => {
    const name = inputOf(from);
    if (name === undefined || typeof below !== "number") return;
    ranges.set(name, { below: Math.min(below, ranges.get(name)?.below ?? Infinity), signed });
  };
  for (const {
    op,
    inputs,
    outputs: [output],
    attributes,
  } of nodesOf([...outputs])) {
    const [first, second] = inputs;
    if (op.name === "input") names.add(inputOf(output!)!);
    else if (op.name === "gather") narrow(second!, first!.shape[(attributes as { axis: number }).axis], false);
    else if (op.name === "crossEntropy") narrow(second!, first!.shape.at(-1), true);
  }
  // Tables in several parts are looked up by what is left of an id in each.
  const { vocabulary } = config;
  if (names.has("inputIds") && !ranges.has("inputIds") && typeof vocabulary === "number") {
    ranges.set("inputIds", { below: vocabulary, signed: false });
  }
  return ranges;
}

function inputOf(tensor: Tensor): string | undefined {
  let { node } = tensor;
  while (HANDING.has(node.op.name)) node = node.inputs[0]!.node;
  return node.op.name === "input" ? (node.attributes as { readonly name: string }).name : undefined;
}

/** Throws InputError that names the first element which is not in the range of its input, and its place. */
export function requireInside(className: string, feeds: Values, ranges: ReadonlyMap<string, IdRange>): void {
  for (const [name, { below, signed }] of ranges) {
    const value = feeds[name];
    if (value === undefined) continue;
    const { data, shape } = value;
    for (let i = 0; i < data.length; i++) {
      const id = Number(data[i]);
      if (id < below && (id >= 0 || signed)) continue;
      throw new InputError(
        `${className}: "${name}" holds ${id} at [${placeOf(i, shape).join(", ")}]; ` +
          `expected whole numbers from 0 to ${below - 1}.`,
      );
    }
  }
}

/** The place of an element in a tensor, one number an axis. */
export function placeOf(index: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  for (const size of [...shape].reverse()) {
    place.unshift(index % size);
    index = Math.floor(index / size);
  }
  return place;
}
