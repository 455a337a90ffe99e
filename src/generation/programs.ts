/** The programs of a model function that generates: the first one reads the prompt, the others go on from a cache. */
// B batch, T new positions, V vocabulary
import { GraphError } from "../errors/index.ts";
import {
  dimension,
  input,
  namesIn,
  nodesOf,
  rewrite,
  rowRules,
  showDimension,
  showType,
  subtractDimensions,
  type Shape,
  type Tensor,
} from "../graph/index.ts";
import { Trace, type Scope } from "../nn/index.ts";
import { lower, type LowerOptions, type Port, type Program } from "../onnx/index.ts";
import { IDS, LOG_PROBABILITIES, LOGITS, maskName, NEXT, ONCE, positionsName, REMEMBERED, REORDER } from "./ports.ts";

/** Declares its own inputs and gives logits [B, T, V] of the token after each position. */
export type ModelFunction = (scope: Scope) => Tensor;

/** What of the last position's scores leaves the engine: the most probable tokens, or all logits. */
export type Selection = { readonly kind: "top"; readonly count: number } | { readonly kind: "logits" };

const outgoing = { append: NEXT, once: ONCE, carry: REMEMBERED } as const;

/** Reads the prompt, and gives the cache: `next.…`, `once.…` and `remembered.…`. Inputs are the model function's. */
export function prefillProgram(model: ModelFunction, selection: Selection, options: LowerOptions = {}): Program {
  const trace = new Trace("prefill");
  const outputs = select(trace.run(model), selection);
  for (const { name, kind, tensor } of trace.cache.values()) outputs[outgoing[kind] + name] = tensor;
  return lower("prefill", rewritten(outputs), options);
}

/** How a step program is made. */
export interface StepOptions extends LowerOptions {
  /** Whether the past's rows are reordered first, by the input `reorder`. */
  readonly reorder?: boolean;
  /** The input that holds the new positions, int32[batch, time]: the program then serves exactly one of them. */
  readonly growing?: string;
}

/** Goes on by some positions, or by one: `past.…`, `once.…` and `memory.…` come in, `next.…` and `remembered.…` go out. */
export function stepProgram(model: ModelFunction, selection: Selection, options: StepOptions = {}): Program {
  const { reorder = false, growing } = options;
  const sizes = growing === undefined ? undefined : onePosition(model, growing);
  const trace = new Trace("step", { reorder, sizes });
  const outputs = select(trace.run(model), selection);
  for (const { name, kind, tensor } of trace.cache.values()) {
    if (kind !== "once") outputs[outgoing[kind] + name] = tensor;
  }
  return lower(reorder ? "step, reordered" : "step", rewritten(outputs), options);
}

function rewritten(outputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const names = Object.keys(outputs);
  return Object.fromEntries(rewrite(Object.values(outputs), rowRules).map((tensor, i) => [names[i]!, tensor]));
}

/** The size of the new positions' axis by its name, where it is one and no other input has it. */
function onePosition(model: ModelFunction, growing: string): ReadonlyMap<string, number> | undefined {
  const made = nodesOf([new Trace("step").run(model)]).filter(({ op }) => op.name === "input");
  const inputs = made.map(({ attributes, outputs }) => ({
    ...(attributes as { name: string }),
    shape: outputs[0]!.shape,
  }));
  const time = inputs.find(({ name }) => name === growing)?.shape[1];
  const names = time === undefined ? [] : namesIn(time);
  const own = [growing, maskName(growing), positionsName(growing)];
  const others = inputs.filter(({ name }) => !own.includes(name)).flatMap(({ shape }) => shape.flatMap(namesIn));
  if (time === undefined || names.length !== 1 || showDimension(time) !== names[0]) return undefined;
  return others.includes(names[0]) ? undefined : new Map([[names[0], 1]]);
}

/**
 * Gathers rows of what `once` kept: each `once.…` that the prefill program gives to `next.once.…`, by the input
 * `reorder`. Undefined where nothing is kept so.
 */
export function regroupProgram(kept: readonly Port[]): Program | undefined {
  const order = input(REORDER, "int32", [dimension("batch")]);
  const perRow = kept.filter((port) => port.name.startsWith(ONCE) && typeof port.shape[0] === "object");
  if (perRow.length === 0) return undefined;
  const outputs = perRow.map((port) => [NEXT + port.name, input(port.name, port.dtype, rowsOf(port)).gather(order)]);
  return lower("regroup", Object.fromEntries(outputs) as Record<string, Tensor>);
}

/** The shape with a number of rows of its own. */
function rowsOf({ shape: [, ...rest] }: Port): Shape {
  return [dimension("before"), ...rest];
}

function select(logits: Tensor, selection: Selection): Record<string, Tensor> {
  if (logits.shape.length !== 3) {
    throw new GraphError(`A model that generates gives logits [batch, time, vocabulary]; got ${showType(logits)}.`);
  }
  const last = lastPosition(logits);
  const [batch, , vocabulary] = last.shape;
  const rows = last.reshape([batch!, vocabulary!]);
  if (selection.kind === "logits") return { [LOGITS]: rows };
  const { values, indices } = rows.logSoftmax().topK(Math.min(selection.count, logits.fixed(-1)));
  return { [IDS]: indices.cast("int32"), [LOG_PROBABILITIES]: values };
}

/** [B, T, …] to [B, 1, …], cut before the output layer where possible: it is the widest of all. */
function lastPosition(x: Tensor): Tensor {
  const { op, inputs } = x.node;
  if (op.name === "linear") {
    const [rows, weight, bias] = inputs;
    return lastPosition(rows!).linear(weight!, bias);
  }
  const time = x.dim(1);
  return x.slice(1, subtractDimensions(time, 1), time);
}
