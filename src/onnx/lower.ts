/** From a graph to an ONNX model: each node becomes what its op says; equal nodes are written once. */
import { EngineError, GraphError } from "../errors/index.ts";
import {
  nodesOf,
  onnxDtype,
  showDimension,
  showType,
  type Dimension,
  type Dtype,
  type Emitter,
  type OnnxAttribute,
  type Shape,
  type Tensor,
  type TensorType,
} from "../graph/index.ts";
import { bytesOf, toHostData, type HostTensor } from "./data.ts";
import { encodeMessage, type Message } from "./messages.ts";
import { quantized, roundedParts, type Quantization, type QuantizedGraph, type RoundedParts } from "./quantize.ts";
import { withoutRepeatedReshapes } from "./reshapes.ts";
import { schedule } from "./schedule.ts";
import { storedTensors } from "./stored.ts";

/** An input or output of a program. Sizes may be named. */
export interface Port extends TensorType {
  readonly name: string;
}

/** What an engine executes: ONNX bytes, and what goes in and comes out. */
export interface Program {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Values that it must be loaded with. */
  readonly constants?: readonly Port[];
  /** Which of the constants are made from weights, and how. */
  readonly rounded?: QuantizedGraph["rounded"];
  /** Whether it stays in float32 on an engine that was asked for less precision: sums of many steps, say. */
  readonly exact?: boolean;
  /** The file that must lie beside the bytes, where `LowerOptions.external` asks for one. */
  readonly beside?: { readonly file: string; readonly pieces: readonly Uint8Array[] };
  /** Whether one thread runs it sooner than several, since each of its operations is small. */
  readonly serial?: boolean;
}

/** Weights written into the model instead of being asked for as inputs, by input name. */
export type Weights = ReadonlyMap<string, HostTensor>;

/** The version of ONNX's operators that programs are written in. */
export const OPSET = 21;
const IR_VERSION = 10;
/** Protobuf cannot hold 2 GB; weights beyond this go beside the model. */
const INLINE_LIMIT = 1.8e9;

/** Where sizes and weights come from. */
export interface LowerOptions {
  /** Inputs that the program may read sizes from although no output depends on their values. */
  readonly inputs?: readonly Tensor[] | undefined;
  readonly weights?: Weights;
  /** How the given weights, and the constants, are stored. Default: as they are. */
  readonly quantize?: Quantization | undefined;
  /** Inputs that become constants whose values are given when the program is loaded. */
  readonly constants?: Pick<ReadonlySet<string>, "has"> | undefined;
  /** See `Program.exact`. Default: false. */
  readonly exact?: boolean;
  /**
   * Where weights lie when they do not fit inside: a file, and the offset in bytes of each; or a file for all that is
   * stored, where that is more than so many bytes (see `Program.beside`).
   */
  readonly external?:
    | { readonly file: string; readonly offsets: ReadonlyMap<string, number> }
    | { readonly file: string; readonly above: number };
}

/** The program that computes named tensors. Inputs are those that the tensors depend on. */
export function lower(name: string, asked: Readonly<Record<string, Tensor>>, options: LowerOptions = {}): Program {
  const { outputs, rounded } = quantizedIf(asked, options);
  const values = valuesOf(options.weights ?? new Map<string, HostTensor>(), rounded);
  const isConstant = (name: string): boolean => options.constants?.has(rounded.get(name)?.from ?? name) === true;
  const nodes = nodesOf(Object.values(outputs));
  const reached = nodes.filter((node) => node.op.name === "input").map((node) => node.outputs[0]!);
  const inputs = inputPorts([...reached, ...(options.inputs ?? [])].map(portOf));
  const weights = new Map(inputs.flatMap(({ name }) => values(name) ?? []));
  const fed = inputs.filter(({ name }) => !weights.has(name) && !isConstant(name));
  const writer = new Writer(fed, new Set([...inputs.map((port) => port.name), ...Object.keys(outputs)]));
  const names = new Map<Tensor, string>();
  for (const node of nodes) {
    writer.label = node.label;
    const lowered = node.op.lower(writer, {
      inputs: node.inputs.map((operand) => names.get(operand)!),
      inputTypes: node.inputs,
      outputTypes: node.outputs,
      attributes: node.attributes as never,
    });
    for (const [i, output] of node.outputs.entries()) names.set(output, lowered[i]!);
  }
  const taken = inputs.find((port) => port.name in outputs);
  if (taken !== undefined) {
    throw new GraphError(`The program "${name}" has an input and an output named "${taken.name}". Rename the output.`);
  }
  const ports: Port[] = [];
  for (const [port, tensor] of Object.entries(outputs)) {
    writer.label = tensor.node.label;
    writer.output(port, names.get(tensor)!);
    ports.push({ name: port, dtype: tensor.dtype, shape: tensor.shape });
  }
  writer.rename();
  writer.graphNodes.splice(0, Infinity, ...withoutRepeatedReshapes(writer.graphNodes, new Set(Object.keys(outputs))));
  const used = new Set(writer.graphNodes.flatMap((node) => node.inputs ?? []));
  writer.dropUnused(new Set([...used, ...Object.keys(outputs)]));
  writer.schedule(new Set(Object.keys(outputs)));
  const kept = fed.filter((port) => used.has(port.name));
  const { stored, beside } = storedTensors(weights, options.external);
  const constants = inputs.filter(({ name }) => !weights.has(name) && isConstant(name) && used.has(name));
  const bytes = writer.finish(name, kept, ports, stored);
  return {
    ...{ name, bytes, inputs: kept, outputs: ports },
    ...(constants.length > 0 && { constants }),
    ...(rounded.size > 0 && { rounded }),
    ...(options.exact === true && { exact: true }),
    ...(beside !== undefined && { beside }),
  };
}

function quantizedIf(
  outputs: Readonly<Record<string, Tensor>>,
  { weights, constants, quantize }: LowerOptions,
): Pick<QuantizedGraph, "rounded"> & { readonly outputs: Readonly<Record<string, Tensor>> } {
  if (quantize === undefined) return { outputs, rounded: new Map() };
  return quantized(outputs, (name) => weights?.has(name) === true || constants?.has(name) === true, quantize);
}

/** The weights by the names of inputs, those in fewer bits made from the given ones. */
function valuesOf(
  weights: Weights,
  rounded: QuantizedGraph["rounded"],
): (name: string) => [readonly [string, HostTensor]] | undefined {
  const parts = new Map<string, RoundedParts>();
  return (name) => {
    const weight = rounded.get(name);
    const given = weights.get(weight?.from ?? name);
    if (given === undefined) return undefined;
    if (weight === undefined) return [[name, given]];
    const key = `${weight.from} ${String(weight.transposed)}`;
    const made = parts.get(key) ?? roundedParts(given, weight);
    parts.set(key, made);
    return [[name, made[weight.part]!]];
  };
}

/** One port a name. Throws GraphError where one name is asked for with two types. */
function inputPorts(ports: readonly Port[]): Port[] {
  const byName = new Map<string, Port>();
  for (const port of ports) {
    const before = byName.get(port.name);
    if (before !== undefined && showType(before) !== showType(port)) {
      throw new GraphError(`The input "${port.name}" is asked for as ${showType(before)} and as ${showType(port)}.`);
    }
    byName.set(port.name, before ?? port);
  }
  return [...byName.values()];
}

function portOf(tensor: Tensor): Port {
  const { name } = tensor.node.attributes as { name: string };
  return { name, dtype: tensor.dtype, shape: tensor.shape };
}

/** The types of ONNX attributes, by the format's numbers. */
function attributeMessage(name: string, value: OnnxAttribute): Message<"Attribute"> {
  if ("int" in value) return { name, int: value.int, type: 2 };
  if ("float" in value) return { name, float: value.float, type: 1 };
  if ("text" in value) return { name, text: new TextEncoder().encode(value.text), type: 3 };
  if ("floats" in value) return { name, floats: value.floats, type: 6 };
  return { name, ints: value.ints, type: 7 };
}

class Writer implements Emitter {
  readonly graphNodes: Message<"Node">[] = [];
  /** Where in the model the nodes come from that are written now. */
  label = "";
  readonly #initializers: Message<"Tensor">[] = [];
  readonly #known = new Map<string, string[]>();
  readonly #made = new Set<string>();
  readonly #renamed = new Map<string, string>();
  readonly #sources: readonly Port[];
  /** Names of the caller's inputs and outputs: results inside must not have them. */
  readonly #reserved: ReadonlySet<string>;
  #count = 0;

  constructor(sources: readonly Port[], reserved: ReadonlySet<string>) {
    this.#sources = sources;
    this.#reserved = reserved;
  }

  #fresh(kind: string): string {
    let name = `${kind}_${this.#count++}`;
    while (this.#reserved.has(name)) name = `${kind}_${this.#count++}`;
    return name;
  }

  add(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Record<string, OnnxAttribute>,
  ): void {
    // An op of another set than ONNX's own has its domain in front.
    const [, domain, own] = /^(.*)\.([^.]*)$/.exec(type) ?? [undefined, undefined, type];
    const name = `${own}_${this.graphNodes.length}`;
    this.graphNodes.push({
      name: this.label === "" ? name : `${this.label}/${name}`,
      type: own,
      ...(domain !== undefined && { domain }),
      inputs,
      outputs,
      attributes: Object.entries(attributes).map(([name, value]) => attributeMessage(name, value)),
    });
  }

  /** Names a result. One that a node makes is renamed later; an input, a constant or a second name needs a copy. */
  output(port: string, from: string): void {
    if (this.#made.has(from) && !this.#renamed.has(from)) this.#renamed.set(from, port);
    else this.add("Identity", [from], [port], {});
  }

  rename(): void {
    const renamed = (name: string): string => this.#renamed.get(name) ?? name;
    for (const [i, node] of this.graphNodes.entries()) {
      this.graphNodes[i] = { ...node, inputs: node.inputs!.map(renamed), outputs: node.outputs!.map(renamed) };
    }
  }

  /** Leaves out results after the first that nobody reads, so that the engine need not compute them. */
  dropUnused(used: ReadonlySet<string>): void {
    for (const [i, node] of this.graphNodes.entries()) {
      // All results of these are required.
      if (node.type === "Split" || node.type === "TopK") continue;
      const outputs = node.outputs!.map((name, at) => (at === 0 || used.has(name) ? name : ""));
      while (outputs.length > 1 && outputs.at(-1) === "") outputs.pop();
      this.graphNodes[i] = { ...node, outputs };
    }
  }

  /** Puts the nodes into the order in which they are to be executed. */
  schedule(outputs: ReadonlySet<string>): void {
    this.graphNodes.splice(0, Infinity, ...schedule(this.graphNodes, outputs));
  }

  nodes(
    type: string,
    inputs: readonly string[],
    count: number,
    attributes: Record<string, OnnxAttribute> = {},
  ): string[] {
    const key = JSON.stringify([type, inputs, attributes]);
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    const outputs = Array.from({ length: count }, () => this.#fresh(type));
    this.add(type, inputs, outputs, attributes);
    for (const output of outputs) this.#made.add(output);
    this.#known.set(key, outputs);
    return outputs;
  }

  node(type: string, inputs: readonly string[], attributes: Record<string, OnnxAttribute> = {}): string {
    return this.nodes(type, inputs, 1, attributes)[0]!;
  }

  constant(values: ArrayLike<number>, { dtype, shape }: { dtype: Dtype; shape: readonly number[] }): string {
    const key =
      values.length <= 64 ? `constant ${dtype} [${shape.join()}] ${Array.from(values, show).join()}` : undefined;
    const before = key === undefined ? undefined : this.#known.get(key);
    if (before !== undefined) return before[0]!;
    const name = this.#fresh("constant");
    const raw = bytesOf(toHostData(dtype, values));
    this.#initializers.push({ name, dims: shape, dataType: onnxDtype(dtype), raw });
    if (key !== undefined) this.#known.set(key, [name]);
    return name;
  }

  scalar(value: number, dtype: Dtype): string {
    return this.constant([value], { dtype, shape: [] });
  }

  integers(values: readonly number[]): string {
    return this.constant(values, { dtype: "int64", shape: [values.length] });
  }

  shape(shape: Shape): string {
    if (shape.every((d) => typeof d === "number")) return this.integers(shape);
    // Neighbors that are numbers are written as one constant.
    const parts: string[] = [];
    let run: number[] = [];
    for (const d of shape) {
      if (typeof d === "number") {
        run.push(d);
        continue;
      }
      if (run.length > 0) parts.push(this.integers(run));
      run = [];
      parts.push(this.node("Unsqueeze", [this.size(d), this.integers([0])]));
    }
    if (run.length > 0) parts.push(this.integers(run));
    return parts.length === 1 ? parts[0]! : this.node("Concat", parts, { axis: { int: 0 } });
  }

  size(d: Dimension): string {
    if (typeof d === "number") return this.scalar(d, "int64");
    const terms = d.terms.map(({ coefficient, atoms }) => {
      const factors = atoms.map((atom) =>
        atom.kind === "name"
          ? this.#named(atom.key)
          : this.node("Div", [this.size(atom.dividend), this.scalar(atom.divisor, "int64")]),
      );
      const product = factors.length === 0 ? undefined : factors.reduce((a, b) => this.node("Mul", [a, b]));
      if (product === undefined) return this.scalar(coefficient, "int64");
      return coefficient === 1 ? product : this.node("Mul", [product, this.scalar(coefficient, "int64")]);
    });
    return terms.reduce((a, b) => this.node("Add", [a, b]));
  }

  #named(name: string): string {
    for (const port of this.#sources) {
      const axis = port.shape.findIndex((d) => typeof d !== "number" && d.key === name);
      if (axis < 0) continue;
      const size = this.node("Shape", [port.name], { start: { int: axis }, end: { int: axis + 1 } });
      return this.node("Squeeze", [size]);
    }
    throw new GraphError(
      `No input has an axis of size "${name}", so the program cannot know it. ` +
        "Give lower() the `inputs` that have one.",
    );
  }

  finish(
    name: string,
    inputs: readonly Port[],
    outputs: readonly Port[],
    stored: readonly Message<"Tensor">[],
  ): Uint8Array {
    const used = new Set(this.graphNodes.flatMap((node) => node.inputs ?? []));
    const initializers = [...this.#initializers.filter((tensor) => used.has(tensor.name!)), ...stored];
    const size = initializers.reduce((sum, tensor) => sum + (tensor.raw?.byteLength ?? 0), 0);
    if (size > INLINE_LIMIT) {
      throw new EngineError(
        `The weights of ${name} are ${(size / 1e9).toFixed(1)} GB; an ONNX file holds less than 2. ` +
          `Write them beside it: give \`external\`.`,
      );
    }
    const domains = [...new Set(this.graphNodes.flatMap(({ domain }) => domain ?? []))];
    return encodeMessage("Model", {
      irVersion: IR_VERSION,
      producerName: "heed",
      opsets: [{ domain: "", version: OPSET }, ...domains.map((domain) => ({ domain, version: 1 }))],
      graph: {
        name,
        nodes: this.graphNodes,
        initializers,
        inputs: inputs.map(valueInfo),
        outputs: outputs.map(valueInfo),
      },
    });
  }
}

/** Negative zero and numbers that differ only in late digits must not be taken for one constant. */
const show = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

function valueInfo(port: Port): Message<"ValueInfo"> {
  const dims = port.shape.map((d) => (typeof d === "number" ? { value: d } : { parameter: showDimension(d) }));
  return { name: port.name, type: { tensor: { elementType: onnxDtype(port.dtype), shape: { dims } } } };
}
