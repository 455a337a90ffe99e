/** From ONNX bytes to the names of a graph: what it takes, what it gives, and what each of its nodes computes. */
import { InputError } from "../errors/index.ts";
import { dtypes, onnxDtype, type Dtype } from "../graph/index.ts";
import { decodeMessage, type Message } from "./messages.ts";

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
    opsets: new Map(opsets.map(({ domain = "", version = 1 }) => [domain, version])),
  };
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
