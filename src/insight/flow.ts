/**
 * The way of numbers through a model, from tokens to what comes out, step by step as the graph has it: no family says
 * anything of itself here. What only moves numbers (reshape, transpose) or makes masks is left out.
 */
import { nodesOf, type Node, type Tensor } from "../graph/index.ts";
import { neededInputs, traceOf, type Architecture } from "../models/index.ts";
import type { ModelTensors } from "./inspected.ts";
import type { Side } from "./attentions.ts";
import { LAYER } from "./parameters.ts";

/** What a step does. */
export type FlowRole =
  | "embeddings"
  | "positions"
  | "sum"
  | "norm"
  | "queries"
  | "keys"
  | "values"
  | "scores"
  | "scaled"
  | "masked"
  | "weights"
  | "contexts"
  | "projection"
  | "widen"
  | "narrow"
  | "activation"
  | "gate"
  | "residual"
  | "hidden"
  | "output";

/** One step: a tensor that the model computes. */
export interface FlowStep {
  /** A published name, or the module's path with the op: `transformer.h.0.mlp.c_fc/gelu`. */
  readonly name: string;
  readonly role: FlowRole;
  /** Whose tokens its rows are. */
  readonly side: Side;
  /** What its columns are: tokens that are looked at, or the numbers of a vector. */
  readonly columns: Side | "numbers";
  readonly section: "start" | "layer" | "end";
  /** Of a layer, counted from 0. */
  readonly layer: number;
  /** Whether there is one matrix for each head. */
  readonly heads: boolean;
  /** The module that computes it. */
  readonly module: string;
}

/** A step while it is found. */
interface Found {
  readonly tensor: Tensor;
  name: string;
  role: FlowRole;
  module: string;
}

/** What carries numbers on as they are, or in another order. */
const MOVES = new Set([
  "reshape",
  "transpose",
  "split",
  "slice",
  "concat",
  "expand",
  "cast",
  "stopGradient",
  "where",
  "pad",
]);
const NORMS = new Set(["layerNorm", "rmsNorm"]);
const ACTIVATIONS = new Set(["gelu", "relu", "silu", "tanh", "sigmoid", "erf", "pow"]);
/** Between the product of queries and keys and the softmax. */
const ON_SCORES = new Set(["add", "sub", "mul", "div", "maximum", "where", "reshape", "slice"]);

/** A hidden state, with its stack and its place in it. */
const HIDDEN = /^(?<before>\w+\.)?(?<stack>encoder|decoder)?hiddenStates\.(?<index>\d+)$/i;

/** The steps of a model for some inputs, in the order in which they are computed. */
export function flowSteps(
  architecture: Architecture,
  given: Iterable<string> = neededInputs(architecture),
): FlowStep[] {
  const { trace, outputs } = traceOf(architecture, [...given]);
  const all = new Map([...trace.records, ...Object.entries(outputs)]);
  return placed(architecture, flowOf(all, outputs));
}

/** The tensors of the steps by name, for `derive`. */
export function flowTensors({ all, outputs }: ModelTensors): ReadonlyMap<string, Tensor> {
  return new Map(flowOf(all, Object.fromEntries(outputs)).map(({ name, tensor }) => [name, tensor]));
}

function flowOf(all: ReadonlyMap<string, Tensor>, outputs: Readonly<Record<string, Tensor>>): Found[] {
  const nodes = nodesOf([...all.values()]);
  const carries = carriers(nodes);
  const names = new Map<Tensor, string>();
  // A hidden state may have other names, too; of the others, the last is the public one.
  for (const [name, tensor] of all) if (!HIDDEN.test(names.get(tensor) ?? "")) names.set(tensor, name);
  const onScores = scoreNodes(all);
  const inside = insideProjections(all);
  const results = new Set(Object.values(outputs));
  const found: Found[] = [];
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const [first] = node.outputs;
    const tensor = node.outputs.find((one) => names.has(one)) ?? first!;
    const public_ = names.get(tensor);
    const role = roleOf(node, tensor, { public_, carries, onScores, result: results.has(tensor) });
    if (role === undefined || (inside.has(node) && public_ === undefined)) continue;
    const base = `${node.label === "" ? "model" : node.label}/${node.op.name}`;
    const count = (counts.get(base) ?? 0) + 1;
    counts.set(base, count);
    const step = { tensor, role, name: public_ ?? (count === 1 ? base : `${base}.${count}`), module: node.label };
    // What is published of a step that was only carried on has the step's numbers.
    const before = MOVES.has(node.op.name) && role === "hidden" ? sourceOf(node, found) : undefined;
    if (before === undefined) found.push(step);
    else before.name = step.name;
  }
  return found;
}

/** Nodes whose numbers come from the text or image: not masks, and not parameters alone. */
function carriers(nodes: readonly Node[]): ReadonlySet<Node> {
  const found = new Set<Node>();
  for (const node of nodes) {
    const { op, inputs, attributes } = node;
    const image = op.name === "input" && (attributes as { readonly name: string }).name === "pixelValues";
    const looksUp = op.name === "gather" && inputs[0]!.node.op.name === "input" && inputs[0]!.dtype === "float32";
    const made = node.outputs[0]!.dtype === "float32" && inputs.some(({ node: from }) => found.has(from));
    if (image || looksUp || made) found.add(node);
  }
  return found;
}

/** Between queries · keys and the softmax: which part of it each node is. */
function scoreNodes(all: ReadonlyMap<string, Tensor>): ReadonlyMap<Node, FlowRole> {
  const roles = new Map<Node, FlowRole>();
  const visit = (node: Node): void => {
    const { name } = node.op;
    if (roles.has(node)) return;
    if (name === "matmul") roles.set(node, "scores");
    else if (ON_SCORES.has(name)) {
      const scores = node.inputs.filter(
        ({ shape }) => shape.length >= 3 && shape.length === node.outputs[0]!.shape.length,
      );
      if (name === "mul" || name === "div") roles.set(node, "scaled");
      else if (name === "add" || name === "sub") roles.set(node, "masked");
      for (const { node: from } of scores) visit(from);
    }
  };
  for (const [name, { node }] of all) {
    if (/attentions\.\d+$/i.test(name) && node.op.name === "softmax") visit(node.inputs[0]!.node);
  }
  return roles;
}

/** What lies between a projection and the queries, keys or values that are made of it: rotations, heads set apart. */
function insideProjections(all: ReadonlyMap<string, Tensor>): ReadonlySet<Node> {
  const found = new Set<Node>();
  const visit = (node: Node): void => {
    if (found.has(node) || node.op.name === "input") return;
    found.add(node);
    if (node.op.name !== "linear") for (const { node: from } of node.inputs) visit(from);
  };
  for (const [name, { node }] of all) if (/(queries|keys|values)\.\d+$/i.test(name)) visit(node);
  return found;
}

const PUBLIC: readonly (readonly [RegExp, FlowRole])[] = [
  [/attentions\.\d+$/i, "weights"],
  [/queries\.\d+$/i, "queries"],
  [/keys\.\d+$/i, "keys"],
  [/values\.\d+$/i, "values"],
  [/contexts\.\d+$/i, "contexts"],
  [/\.positions$/, "positions"],
];

function roleOf(
  { op, inputs, label }: Node,
  tensor: Tensor,
  given: {
    readonly public_: string | undefined;
    readonly carries: ReadonlySet<Node>;
    readonly onScores: ReadonlyMap<Node, FlowRole>;
    readonly result: boolean;
  },
): FlowRole | undefined {
  const { public_, carries, onScores, result } = given;
  const { node } = tensor;
  const named = public_ === undefined ? undefined : PUBLIC.find(([pattern]) => pattern.test(public_));
  if (named !== undefined) return named[1];
  if (!carries.has(node) || op.name === "input") return undefined;
  const scores = onScores.get(node);
  if (scores !== undefined) return carries.has(node) && tensor.shape.length === 4 ? scores : undefined;
  if (result) return "output";
  if (NORMS.has(op.name)) return "norm";
  const flat = tensor.shape.length <= 3;
  if (op.name === "gather" && flat) return tableOf(inputs).includes("relative") ? undefined : "embeddings";
  if (op.name === "linear") return "projection";
  if (ACTIVATIONS.has(op.name) && flat) return "activation";
  const carried = inputs.filter(({ node: from }) => carries.has(from)).length;
  if (op.name === "mul" && flat && carried === 2) return "gate";
  if (op.name === "add" && flat) return carried === 2 && LAYER.test(`${label}.`) ? "residual" : "sum";
  return public_ !== undefined && flat ? "hidden" : undefined;
}

/** The name of the table that rows are looked up in. */
function tableOf([table]: readonly Tensor[]): string {
  return table!.node.op.name === "input" ? (table!.node.attributes as { readonly name: string }).name : "";
}

/** The unpublished step that a moving node carries on. */
function sourceOf(node: Node, found: readonly Found[]): Found | undefined {
  let at = node;
  while (MOVES.has(at.op.name)) {
    const from = at.inputs
      .map(({ node: one }) => one)
      .filter((one) => MOVES.has(one.op.name) || found.some(({ tensor }) => tensor.node === one));
    if (from.length !== 1) return undefined;
    at = from[0]!;
  }
  const last = found.at(-1);
  return last?.tensor.node === at && last.name.includes("/") ? last : undefined;
}

/** Sections, layers and axes, told by the hidden states: what comes before `hiddenStates.2` is in layer 1 or before. */
function placed({ inputs }: Architecture, found: readonly Found[]): FlowStep[] {
  const reads: Side = inputs["inputIds"] === undefined ? "image" : "text";
  const steps: FlowStep[] = [];
  let open: Found[] = [];
  let [stack, layer]: [Side, number] = [reads, -1];
  const close = (section: FlowStep["section"]): void => {
    for (const [i, { name, role: plain, tensor, module }] of open.entries()) {
      const own = section === "layer" && layer >= 0 && LAYER.test(`${module}.`);
      const place = own ? "layer" : section === "layer" ? (layer < 0 ? "start" : "end") : section;
      const cross = /cross[A-Z]/.test(name);
      const role = plain === "projection" ? projectionRole(open, i, place) : plain;
      steps.push({
        ...{ name, role, module, side: cross && (role === "keys" || role === "values") ? "source" : stack },
        columns: columnsOf(role, stack, module, name),
        ...{ section: place, layer: Math.max(0, layer), heads: tensor.shape.length === 4 },
      });
    }
    open = [];
  };
  for (const step of found) {
    open.push(step);
    const hidden = HIDDEN.exec(step.name)?.groups;
    if (hidden === undefined) continue;
    const next: Side = stackOf(hidden["stack"], hidden["before"], reads);
    const index = Number(hidden["index"]);
    stack = next;
    layer = index - 1;
    close(index === 0 ? "start" : "layer");
  }
  close("end");
  return steps;
}

/** Which projection it is: of what heads found, into the wider feed-forward vector, or back from it. */
function projectionRole(steps: readonly Found[], at: number, section: FlowStep["section"]): FlowRole {
  if (section === "start") return "embeddings";
  if (section === "end" || steps[at - 1]?.role === "contexts") return "projection";
  const next = steps[at + 1]?.role;
  return next === "activation" || next === "projection" || next === "gate" ? "widen" : "narrow";
}

function stackOf(stack: string | undefined, before: string | undefined, reads: Side): Side {
  if (stack !== undefined) return stack === "encoder" ? "source" : "target";
  return before?.startsWith("vision") === true ? "image" : reads;
}

function columnsOf(role: FlowRole, stack: Side, module: string, name: string): Side | "numbers" {
  if (role !== "scores" && role !== "scaled" && role !== "masked" && role !== "weights") return "numbers";
  const cross = /cross|encoder_attn|EncDecAttention/.test(`${module} ${name}`);
  return cross ? "source" : stack;
}
