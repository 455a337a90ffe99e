/**
 * Whether a checkpoint computes here what another library computed with it: outputs, inner tensors, gradients, one
 * update and generated tokens, against the golden file beside it (docs/goldens.md).
 */
import { constant, gradients, showDimension, type Tensor } from "../graph/index.ts";
import { requireModelFolder, snakeCase } from "../checkpoints/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { traceOf, type Architecture } from "../models/index.ts";
import { lower, type HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { adamW } from "../training/index.ts";
import { generate, sequencesOf } from "../generation/index.ts";
import {
  compareIds,
  compareNorms,
  compareValues,
  compareZero,
  difference,
  largest,
  type Counts,
  type VerifyRow,
} from "./compare.ts";
import { GOLDEN, readGolden, type ForwardCase, type Golden, type StepArguments } from "./golden-file.ts";
import { cachedModel, modelGenerationOptions, withMask } from "./generation.ts";
import type { Model } from "./model.ts";
import { feedsOf } from "./model-inputs.ts";
import { openModel, type OpenOptions } from "./open.ts";

export type { VerifyRow } from "./compare.ts";

/** What is compared, and how closely. */
export interface VerifyOptions extends OpenOptions {
  /** The golden file; default: golden.safetensors in the checkpoint's folder. */
  readonly golden?: { readonly folder: ReadableFolder; readonly path: string } | undefined;
  /** Default: 1e-4. */
  readonly tolerance?: number | undefined;
}

/** All comparisons, in the order of depth. */
export interface Verification {
  readonly className: string;
  /** Who made the golden file. */
  readonly source: string;
  readonly tolerance: number;
  readonly rows: readonly VerifyRow[];
  readonly ok: boolean;
}

/** Opens a checkpoint and compares it with its golden file. Throws CheckpointError or ConfigError where it cannot. */
export async function verify(folder: ReadableFolder, options: VerifyOptions = {}): Promise<Verification> {
  const { golden: place = { folder, path: GOLDEN }, tolerance, ...rest } = options;
  await requireModelFolder(folder);
  const golden = await readGolden(place.folder, place.path);
  const model = await openModel(folder, { ...rest, className: rest.className ?? golden.modelClass });
  try {
    return await verifyModel(model, golden, tolerance);
  } finally {
    await model.dispose();
  }
}

/** Compares an opened model with what another library computed. */
export async function verifyModel(model: Model, golden: Golden, tolerance = 1e-4): Promise<Verification> {
  const rows = await outputRows(model, golden, "outputs", tolerance);
  if (golden.next !== undefined) rows.push(...(await nextRows(model, golden, golden.next, tolerance)));
  if (golden.gradients.size + golden.steps.size > 0) rows.push(...(await gradientRows(model, golden, tolerance)));
  if (golden.generated.length > 0) rows.push(...(await generationRows(model, golden.generated, tolerance)));
  const { className } = model.architecture;
  return { className, source: golden.source, tolerance, rows, ok: rows.every(({ ok }) => ok) };
}

/** Outputs and inner tensors, in the order in which the model computes them. */
async function outputRows(model: Model, given: ForwardCase, prefix: string, tolerance: number): Promise<VerifyRow[]> {
  const { trace, outputs } = traceOf(model.architecture, Object.keys(feedsOf(model.architecture, given.inputs)));
  const tensors = new Map([...trace.records, ...Object.entries(outputs)]);
  const names = [...tensors.keys()].filter((name) => given.outputs.has(name));
  const results = await model.run(given.inputs, { outputs: names });
  const rows = names.map((name) => {
    const counts = countsOf(tensors.get(name)!, given.outputs.get(name)!.shape, given.inputs);
    return compareValues(
      `${prefix}.${snakeCase(name)}`,
      results.get(name)!,
      given.outputs.get(name)!,
      tolerance,
      counts,
    );
  });
  const others = [...given.outputs.keys()].filter((name) => !tensors.has(name));
  return [...rows, ...others.map((name) => impossible(`${prefix}.${snakeCase(name)}`, model.architecture))];
}

/** The outputs of a second segment, which reads the memory that the first one leaves. */
async function nextRows(model: Model, first: ForwardCase, next: ForwardCase, tolerance: number): Promise<VerifyRow[]> {
  const { architecture } = model;
  const given = Object.keys(feedsOf(model.architecture, first.inputs));
  const memories = model.outputNames(given).filter((name) => architecture.inputs[name] !== undefined);
  const memory = await model.run(first.inputs, { outputs: memories });
  const inputs = { ...next.inputs, ...Object.fromEntries(memory) };
  return outputRows(model, { inputs, outputs: next.outputs }, "then.outputs", tolerance);
}

const impossible = (name: string, { className }: Architecture): VerifyRow => {
  return { name, ok: false, note: `${className} does not compute it here` };
};

/** Generated tokens, up to the first end token of each row, and the scores of beams. */
async function generationRows(model: Model, cases: Golden["generated"], tolerance: number): Promise<VerifyRow[]> {
  const cached = cachedModel(model);
  const rows: VerifyRow[] = [];
  for (const { name, arguments: given, inputs, ids, scores } of cases) {
    const options = modelGenerationOptions(model, given);
    const feeds = withMask(model, feedsOf(model.architecture, inputs), options);
    const found = await generate(cached, feeds, options);
    const ends = new Set([options.eosTokenId ?? []].flat());
    const start = cached.growing === "inputIds" ? (inputs["inputIds"]?.shape[1] ?? 0) : 1;
    const cut = (matrix: HostTensor): number[][] => rowsOf(matrix).map((row) => untilEnd(row, start, ends));
    rows.push(compareIds(`generate.${name}.ids`, cut(sequencesOf(cached, feeds, options, found)), cut(ids)));
    if (scores === undefined) continue;
    const data = Float32Array.from(found.flat(), ({ score }) => score);
    const ours: HostTensor = { dtype: "float32", shape: [data.length], data };
    rows.push(compareValues(`generate.${name}.scores`, ours, scores, tolerance));
  }
  await cached.dispose();
  return rows;
}

function rowsOf({ shape, data }: HostTensor): number[][] {
  const [rows, length] = shape as readonly [number, number];
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * length, (i + 1) * length), Number));
}

/**
 * Behind the end token a row is filled up, and with what differs between versions; of several end tokens version 4
 * writes the first behind beams, whichever came.
 */
function untilEnd(row: readonly number[], start: number, ends: ReadonlySet<number>): number[] {
  const end = row.findIndex((id, i) => i >= start && ends.has(id));
  const [first] = ends;
  return end < 0 ? [...row] : [...row.slice(0, end), first!];
}

/** Leaves out rows of padded positions: those along the axis that has the size of the mask's. */
function countsOf(tensor: Tensor, shape: readonly number[], inputs: Values): Counts | undefined {
  const masks = { time: inputs["attentionMask"], target: inputs["decoderAttentionMask"] };
  const sizes = tensor.shape.map(showDimension);
  for (const [name, mask] of Object.entries(masks)) {
    const axis = sizes.indexOf(name);
    if (mask === undefined || axis < 1 || mask.shape.length !== 2 || sizes[0] !== "batch") continue;
    const inner = shape.slice(axis + 1).reduce((product, d) => product * d, 1);
    const outer = shape.slice(1, axis).reduce((product, d) => product * d, 1);
    const length = shape[axis]!;
    return (i) => {
      const position = Math.floor(i / inner) % length;
      const row = Math.floor(i / (inner * length * outer));
      return Number(mask.data[row * length + position]) !== 0;
    };
  }
  return undefined;
}

/** The gradients of the loss, and what one update changes. */
async function gradientRows(model: Model, golden: Golden, tolerance: number): Promise<VerifyRow[]> {
  const feeds = feedsOf(model.architecture, golden.inputs);
  const { trace, outputs } = traceOf(model.architecture, Object.keys(feeds));
  const asked = new Set([...golden.gradients.keys(), ...golden.steps.keys()]);
  const { loss } = outputs;
  if (loss === undefined) return [...asked].map((name) => impossible(`grads.${name}`, model.architecture));
  const parameters = [...trace.parameters.values()].filter(({ name }) => asked.has(name));
  const slopes = gradients(
    loss,
    parameters.map(({ tensor }) => tensor),
  );
  const ports: Record<string, Tensor> = {};
  for (const [i, { name, tensor }] of parameters.entries()) {
    ports[`gradient ${name}`] = slopes[i]!;
    if (golden.step !== undefined) ports[`next ${name}`] = stepped(tensor, slopes[i]!, golden.step);
  }
  const values = await runOnce(model, ports, feeds);
  const before = golden.steps.size > 0 ? await model.parameters.read() : new Map<string, HostTensor>();
  const slopeRows = parameters.flatMap(({ name }) => gradientRow(name, values[`gradient ${name}`]!, golden, tolerance));
  const stepRows = parameters.flatMap(({ name }) =>
    stepRow(name, values[`next ${name}`], before.get(name)!, golden, tolerance),
  );
  return [...slopeRows, ...stepRows, ...otherRows(model, golden, asked, new Set(parameters.map(({ name }) => name)))];
}

function gradientRow(name: string, ours: HostTensor, golden: Golden, tolerance: number): VerifyRow[] {
  const expected = golden.gradients.get(name);
  if (expected === undefined) return [];
  const row = `grads.${name}`;
  return [golden.zeroGradients.has(name) ? compareZero(row, ours) : compareNorms(row, ours, expected, tolerance)];
}

/** Where the gradient is rounding noise, so is the direction of an update; its length still has a bound. */
function stepRow(
  name: string,
  ours: HostTensor | undefined,
  before: HostTensor,
  golden: Golden,
  tolerance: number,
): VerifyRow[] {
  const [expected, step] = [golden.steps.get(name), golden.step];
  if (expected === undefined || ours === undefined || step === undefined) return [];
  const change = difference(ours, before);
  if (!golden.zeroGradients.has(name)) {
    return [compareNorms(`step.${name}`, change, difference(expected, before), tolerance)];
  }
  const allowed = step.lr * (1.01 + step.weight_decay * largest(before));
  const moved = largest(change);
  return [{ name: `step.${name}`, ok: moved <= allowed, difference: moved, allowed, note: "of noise: bounded only" }];
}

/** Tensors of the file that are no parameters here: fixed tables stay as they are, all else is a failure. */
function otherRows(
  { architecture }: Model,
  golden: Golden,
  asked: ReadonlySet<string>,
  known: ReadonlySet<string>,
): VerifyRow[] {
  return [...asked]
    .filter((name) => !known.has(name))
    .map((name) => {
      const kind = golden.gradients.has(name) ? "grads" : "step";
      if (golden.noGradients.has(name)) return { name: `${kind}.${name}`, ok: true, note: "a fixed table" };
      return impossible(`${kind}.${name}`, architecture);
    });
}

/** The parameter after the first update by AdamW, which decays every parameter here. */
function stepped(
  parameter: Tensor,
  gradient: Tensor,
  { lr, betas, eps, weight_decay: weightDecay }: StepArguments,
): Tensor {
  const optimizer = adamW({ beta1: betas[0], beta2: betas[1], epsilon: eps });
  const scalars = Object.entries(optimizer.scalars(1, lr)).map(([name, value]) => [name, constant([value], [])]);
  const zeros = { mean: parameter.zerosLike(), variance: parameter.zerosLike() };
  return optimizer.update({
    parameter,
    gradient,
    state: zeros,
    scalars: Object.fromEntries(scalars) as Record<string, Tensor>,
    weightDecay,
  }).parameter;
}

async function runOnce(model: Model, ports: Readonly<Record<string, Tensor>>, feeds: Values): Promise<Values> {
  const program = lower("gradients", ports, { exact: true });
  const id = await model.engine.load(program);
  try {
    const call = { program: id, bind: model.parameters.bind(program.inputs), fetch: Object.keys(ports) };
    return await model.engine.run([call], feeds);
  } finally {
    await model.engine.unload(id);
  }
}
