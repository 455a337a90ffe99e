/** From ONNX bytes to the names of a graph: what it takes, what it gives, and what each of its nodes computes. */
import { InputError, nearest } from "../errors/index.ts";
import { dtypes, onnxDtype, type Dtype } from "../graph/index.ts";
import { decodeMessage, encodeMessage, type Message } from "./messages.ts";

/** An input or output as the file declares it. Sizes are numbers or names; nothing is known of some. */
export interface DeclaredPort {
  readonly name: string;
  /** Undefined for types that Heed does not know (strings, 64-bit floats). */
  readonly dtype: Dtype | undefined;
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

/** One node: its op, and the names of its operands and results. Left-out ones are "". */
export interface NodeNames {
  readonly name: string;
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What a model's bytes declare: inputs, outputs and nodes, by name. */
export interface GraphNames {
  /** What a caller must feed: weights inside the file are not among them. */
  readonly inputs: readonly DeclaredPort[];
  readonly outputs: readonly DeclaredPort[];
  /** Names of the weights and constants inside the file or beside it. */
  readonly weights: readonly string[];
  readonly nodes: readonly NodeNames[];
  /** What the file says of inner tensors, by name: many exporters write it, of some or all. */
  readonly values: ReadonlyMap<string, DeclaredPort>;
  /** Files beside it that hold weights. */
  readonly files: readonly string[];
  /** The version of each set of ops, by domain; "" is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
}

/** The names in an ONNX file; inner tensors are the outputs of its nodes. Throws InputError where bytes are no such file. */
export function namesOf(bytes: Uint8Array): GraphNames {
  const { graph, opsets = [] } = decodeModel(bytes);
  if (graph === undefined) throw new InputError("These bytes are not an ONNX model: they hold no graph.");
  const weights = (graph.initializers ?? []).map(({ name = "" }) => name);
  const inside = new Set(weights);
  return {
    inputs: (graph.inputs ?? []).filter(({ name = "" }) => !inside.has(name)).map(declaredPort),
    outputs: (graph.outputs ?? []).map(declaredPort),
    weights,
    nodes: (graph.nodes ?? []).map(({ name = "", type = "", inputs = [], outputs = [] }) => ({
      name,
      type,
      inputs,
      outputs,
    })),
    values: new Map((graph.values ?? []).map((value) => [value.name ?? "", declaredPort(value)])),
    files: [...new Set((graph.initializers ?? []).flatMap(fileOf))],
    opsets: new Map(opsets.map(({ domain = "", version = 1 }) => [domain, version])),
  };
}

const fileOf = ({ externalData = [], dataLocation }: Message<"Tensor">): string[] =>
  dataLocation === 1 ? externalData.flatMap(({ key, value = "" }) => (key === "location" ? [value] : [])) : [];

/**
 * The same model with more outputs: inner tensors by their names. All else stays byte for byte: the format joins a part
 * of a message that is written twice. Throws InputError for a name that no node of the graph computes.
 */
export function withOutputs(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const { nodes, outputs } = namesOf(bytes);
  const inner = nodes.flatMap((node) => node.outputs).filter((name) => name !== "");
  const known = new Set(inner);
  const wrong = names.find((name) => !known.has(name));
  if (wrong !== undefined) {
    const near = nearest(wrong, inner);
    const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
    throw new InputError(`No node of this graph computes "${wrong}".${hint}`);
  }
  const before = new Set(outputs.map(({ name }) => name));
  const more = [...new Set(names)].filter((name) => !before.has(name)).map((name) => ({ name }));
  const rest = encodeMessage("Model", { graph: { outputs: more } });
  const whole = new Uint8Array(bytes.length + rest.length);
  whole.set(bytes);
  whole.set(rest, bytes.length);
  return whole;
}

function decodeModel(bytes: Uint8Array): Message<"Model"> {
  try {
    return decodeMessage("Model", bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`These bytes are not an ONNX model, or end too early: ${reason}`);
  }
}

function declaredPort({ name = "", type }: Message<"ValueInfo">): DeclaredPort {
  const { elementType, shape } = type?.tensor ?? {};
  return {
    name,
    dtype: dtypes.find((dtype) => onnxDtype(dtype) === elementType),
    // A size of 0 is a number; a dimension that says nothing has neither field.
    shape: shape && (shape.dims ?? []).map(({ value, parameter }) => value ?? parameter),
  };
}
