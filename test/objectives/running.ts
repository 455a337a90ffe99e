/** What tests of objectives share: losses and gradients of an objective, with parameters that are given or drawn. */
import { ModelParameters, Trace } from "../../src/nn/index.ts";
import { lower, type HostTensor, type Program } from "../../src/onnx/index.ts";
import type { Engine, Values } from "../../src/runtime/index.ts";
import { trainingProgram } from "../../src/training/step-program.ts";
import type { Objective } from "../../src/training/trainer.ts";
import { drawnParameters } from "../models/programs.ts";

/** Each parameter of an objective, drawn so that nothing is zero by accident. */
export function drawn(objective: Objective, seed = 1): Map<string, HostTensor> {
  const trace = new Trace("training");
  trace.run(objective);
  return drawnParameters(trace, seed);
}

async function run(
  engine: Engine,
  objective: Objective,
  program: Program,
  values: ReadonlyMap<string, HostTensor>,
  feeds: Values,
): Promise<Values> {
  const trace = new Trace("training");
  trace.run(objective);
  const specs = [...trace.parameters.values()];
  const named = new Map(specs.map(({ name }) => [name, values.get(name)!]));
  const parameters = await ModelParameters.fromValues(engine, specs, named);
  const id = await engine.load(program);
  const fetch = program.outputs.map(({ name }) => name);
  return engine.run([{ program: id, bind: parameters.bind(program.inputs), fetch }], feeds);
}

/** The entries of an objective on a batch, without dropout. */
export async function evaluated(
  engine: Engine,
  objective: Objective,
  values: ReadonlyMap<string, HostTensor>,
  feeds: Values,
): Promise<Record<string, number>> {
  const program = lower("objective", new Trace("forward").run(objective));
  const results = await run(engine, objective, program, values, feeds);
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Number(data[0])]));
}

/** The loss of a training step on a batch and the gradients, by name; the model must have no dropout. */
export async function differentiated(
  engine: Engine,
  objective: Objective,
  values: ReadonlyMap<string, HostTensor>,
  feeds: Values,
): Promise<Values> {
  const { program } = trainingProgram(objective, {});
  const scale: HostTensor = { dtype: "float32", shape: [], data: Float32Array.of(1) };
  return run(engine, objective, program, values, { ...feeds, "loss.scale": scale });
}

/** Whole numbers as a tensor, by rows of equal length. */
export function matrix(...rows: readonly (readonly number[])[]): HostTensor {
  return { dtype: "int32", shape: [rows.length, rows[0]!.length], data: Int32Array.from(rows.flat()) };
}

/** Whole numbers in a row. */
export const vector = (...values: readonly number[]): HostTensor => {
  return { dtype: "int32", shape: [values.length], data: Int32Array.from(values) };
};

/** Numbers in a row. */
export const numbers = (...values: readonly number[]): HostTensor => {
  return { dtype: "float32", shape: [values.length], data: Float32Array.from(values) };
};
