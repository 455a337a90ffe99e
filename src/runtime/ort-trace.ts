/** The times that ONNX Runtime writes about a session: Chrome's trace events, one for each node that ran. */
import type { NodeTimes, ProgramTimes } from "./engine.ts";

/** Where sessions write their traces, on platforms that have a place for them. */
export interface TraceFiles {
  /** What the name of a session's file must begin with. */
  prefix(session: number): string;
  /** The file of a session whose profiling has ended. */
  read(session: number): Promise<string>;
  /** Removes all files. */
  remove(): Promise<void>;
}

/** Said where times of nodes are asked for. */
export const NO_TRACES =
  "ONNX Runtime's WebAssembly build cannot measure single nodes; its native build can, in Node (engine: onnxruntime).";

/** The events that are read here; durations are in microseconds, sizes are by dtype. */
interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly ShapeByDtype[];
    readonly output_type_shape?: readonly ShapeByDtype[];
  };
}
type ShapeByDtype = Readonly<Record<string, readonly number[]>>;

/** Behind the name of the node in an event of its execution. */
const KERNEL = "_kernel_time";
const products: ReadonlySet<string> = new Set(["MatMul", "FusedMatMul", "Gemm", "FusedGemm"]);

/** The times in the trace of a session. */
export function timesOf(trace: string): Pick<ProgramTimes, "milliseconds" | "nodes"> {
  const events = JSON.parse(trace) as readonly TraceEvent[];
  const runs: number[] = [];
  const nodes = new Map<string, NodeTimes & { readonly milliseconds: number[]; readonly operations: number[] }>();
  for (const { cat, name, dur, args } of events) {
    if (cat === "Session" && name === "model_run") runs.push(dur / 1000);
    if (cat !== "Node" || !name.endsWith(KERNEL)) continue;
    const node = name.slice(0, -KERNEL.length);
    const op = args.op_name ?? "";
    const times = nodes.get(node) ?? { node, op, milliseconds: [], operations: [] };
    nodes.set(node, times);
    times.milliseconds.push(dur / 1000);
    if (products.has(op)) times.operations.push(operationsOf(args));
  }
  return { milliseconds: runs, nodes: [...nodes.values()] };
}

/**
 * A multiplication and an addition for each element of the result and each of the summed axis. Operands may be
 * transposed, so the size of the summed axis is found by counting: |A| · |B| / |result| is its square, for each matrix.
 */
function operationsOf({ input_type_shape: inputs = [], output_type_shape: outputs = [] }: TraceEvent["args"]): number {
  const shapeOf = (entry: ShapeByDtype | undefined): readonly number[] => Object.values(entry ?? {})[0] ?? [];
  const size = (shape: readonly number[]): number => shape.reduce((product, d) => product * d, 1);
  const [a, b, result] = [shapeOf(inputs[0]), shapeOf(inputs[1]), shapeOf(outputs[0])];
  const elements = size(result);
  if (elements === 0) return 0;
  const matrices = b.length > 2 ? size(b.slice(0, -2)) : 1;
  return 2 * elements * Math.sqrt((size(a) * size(b)) / elements / matrices);
}
