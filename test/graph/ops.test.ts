/**
 * Every op: its value against PyTorch's, its gradient against central differences, at a tiny size and at one where the
 * runtime splits the work over threads. An op without samples fails.
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradients, input, isFloat, nodesOf, type Op, type Tensor } from "../../src/graph/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { describeEngines } from "../engines.ts";
import { direction, inputsOf, valuesOf, type GoldenSize, type InputSpec } from "./op-inputs.ts";
import { samples } from "./op-samples.ts";

const golden = JSON.parse(readFileSync(new URL("golden/ops.json", import.meta.url), "utf8")) as {
  reference: string;
  samples: Record<string, { tiny: GoldenSize; large: GoldenSize }>;
};

/** Every op that a file of src/graph/ops exports. */
async function allOps(): Promise<Map<string, Op>> {
  const folder = new URL("../../src/graph/ops/", import.meta.url);
  const ops = new Map<string, Op>();
  for (const file of readdirSync(folder)) {
    const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    for (const value of Object.values(module)) {
      if (typeof value === "object" && value !== null && "infer" in value && "lower" in value) {
        const op = value as Op;
        ops.set(op.name, op);
      }
    }
  }
  return ops;
}

let engine: Engine;

type Run = (feeds: Record<string, HostTensor>) => Promise<HostTensor[]>;

/** Loads a program that computes tensors, for the time of `use`. */
async function withProgram<T>(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  use: (run: Run) => Promise<T>,
): Promise<T> {
  const named = Object.fromEntries(outputs.map((output, i) => [`y${i}`, output]));
  const program = await engine.load(lower("sample", named, { inputs }));
  const names = Object.keys(named);
  const result = await use(async (feeds) => {
    const values = await engine.run([{ program, fetch: names }], feeds);
    return names.map((name) => values[name]!);
  });
  await engine.unload(program);
  return result;
}

const feedsOf = (specs: readonly InputSpec[]): Record<string, HostTensor> =>
  Object.fromEntries(specs.map((spec, i) => [`x${i}`, valuesOf(spec, i)]));

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
const norm = (a: ArrayLike<number>): number => Math.sqrt(dot(a, a));

/** Steps of the five-point difference, in fp32: its error falls with the fourth power, that of rounding grows with 1/h. */
const STEP = 0.02;
/** These are quadratic, so that a large step has no error of its own; their sums are long and round much. */
const stepOf = (name: string): number => (name.startsWith("convWeight") ? 0.2 : STEP);
/** The difference quotient may be off by this much of the gradient's norm, its usual size along a random direction. */
const RELATIVE = 1e-3;

/** Below this a gradient is as good as zero: values of about 1 are rounded, and the rounding divided by the step. */
const ROUNDING = 5e-3;

/** A sum of all float results, each times a fixed number. Its gradient is what is checked. */
function weighted(results: readonly Tensor[], feeds: readonly Tensor[]): Tensor {
  return results.map((result, i) => result.mul(feeds[i]!).sum()).reduce((a, b) => a.add(b));
}

/** Checks the gradients of Σ c · f(x), for fixed c, by each of the inputs, along random directions. */
async function checkGradients(
  build: (inputs: Tensor[]) => Tensor[],
  specs: readonly InputSpec[],
  directions: number,
  step: number,
) {
  const inputs = inputsOf(specs);
  const results = build(inputs).filter((result) => isFloat(result.dtype));
  const floats = inputs.flatMap((x, i) => (isFloat(x.dtype) ? [i] : []));
  const feeds = feedsOf(specs);
  await withProgram(results, inputs, async (forward) => {
    const first = await forward(feeds);
    const coefficients = first.map((y, i) => ({ ...y, data: Float32Array.from(direction(90 + i, y.data.length)) }));
    const byName = Object.fromEntries(coefficients.map((c, i) => [`c${i}`, c]));
    const weights = results.map((result, i) => input(`c${i}`, "float32", result.shape));
    const found = await withProgram(
      gradients(
        weighted(results, weights),
        floats.map((i) => inputs[i]!),
      ),
      inputs,
      (run) => run({ ...feeds, ...byName }),
    );
    for (const [k, i] of floats.entries()) {
      const gradient = Float64Array.from(found[k]!.data as Float32Array);
      const x = feeds[`x${i}`]!;
      expect(found[k]!.shape).toEqual(x.shape);
      for (let d = 0; d < directions; d++) {
        const v = direction(7 * d + i + 200, gradient.length).map(Math.sign);
        const lossAt = async (h: number): Promise<number> => {
          const data = Float32Array.from(x.data as Float32Array, (value, j) => value + h * v[j]!);
          const values = await forward({ ...feeds, [`x${i}`]: { ...x, data } });
          return values.reduce(
            (sum, y, j) => sum + dot(y.data as Float32Array, coefficients[j]!.data as Float32Array),
            0,
          );
        };
        const near = (await lossAt(step)) - (await lossAt(-step));
        const far = (await lossAt(2 * step)) - (await lossAt(-2 * step));
        const difference = (8 * near - far) / (12 * step);
        const error = Math.abs(difference - dot(gradient, v));
        expect(error, `by operand ${i}: ${difference} and ${dot(gradient, v)}`).toBeLessThanOrEqual(
          RELATIVE * Math.max(norm(gradient), ROUNDING),
        );
      }
    }
  });
}

/** Samples whose gradient is not the derivative, on purpose. */
const onPurpose = new Set(["stopGradient"]);

const isDifferentiable = (specs: readonly InputSpec[], name: string): boolean =>
  !onPurpose.has(name) &&
  specs.some(({ dtype }) => isFloat(dtype)) &&
  isFloat(samples[name]!(...inputsOf(specs)).dtype) &&
  nodesOf([samples[name]!(...inputsOf(specs))]).some((node) => node.op.name === "input");

/** No program that Heed writes takes the second derivative of a norm's statistics. */
const LOOP = "OpenVINO 2026.4 refuses the program: one of its own rewrites makes a loop";

describeEngines((options) => {
  beforeAll(async () => {
    engine = await createEngine({ ...options, worker: false, threads: 2 });
  });
  afterAll(() => engine.dispose());

  describe("values equal PyTorch's", () => {
    // Relative to the norm of the whole result.
    const TOLERANCE = 5e-6;
    for (const [name, sizes] of Object.entries(golden.samples)) {
      test(name, async () => {
        for (const size of [sizes.tiny, sizes.large]) {
          const inputs = inputsOf(size.inputs);
          const [y] = await withProgram([samples[name]!(...inputs)], inputs, (run) => run(feedsOf(size.inputs)));
          expect(y!.shape).toEqual(size.shape);
          const values = Float64Array.from(y!.data as Iterable<number | bigint>, Number);
          if (size.values !== undefined) {
            expect(norm(values.map((v, i) => v - size.values![i]!))).toBeLessThanOrEqual(TOLERANCE * norm(size.values));
            continue;
          }
          const allowed = TOLERANCE * size.norm!;
          expect(Math.abs(norm(values) - size.norm!)).toBeLessThanOrEqual(allowed);
          for (const [i, projection] of size.projections!.entries()) {
            expect(Math.abs(dot(direction(50 + i, values.length), values) - projection)).toBeLessThanOrEqual(allowed);
          }
          for (const [i, element] of size.elements!.entries()) {
            const at = Math.floor((i * (values.length - 1)) / 7);
            expect(Math.abs(values[at]! - element)).toBeLessThanOrEqual(
              2e-5 * Math.max(1, Math.abs(element), size.norm! / Math.sqrt(values.length)),
            );
          }
        }
      });
    }
  });

  describe("gradients equal difference quotients", () => {
    for (const [name, { tiny, large }] of Object.entries(golden.samples)) {
      if (!isDifferentiable(tiny.inputs, name)) continue;
      const build = (inputs: Tensor[]): Tensor[] => [samples[name]!(...inputs)];
      test(name, async () => {
        await checkGradients(build, tiny.inputs, 3, stepOf(name));
        await checkGradients(build, large.inputs, 2, stepOf(name));
      });
    }
  });

  describe("second derivatives equal difference quotients of the first", () => {
    for (const [name, { tiny }] of Object.entries(golden.samples)) {
      if (!isDifferentiable(tiny.inputs, name)) continue;
      test(name, async ({ skip }) => {
        skip(options.engine === "openvino" && name === "layerNorm/statistics", LOOP);
        const build = (inputs: Tensor[]): Tensor[] => {
          const y = samples[name]!(...inputs);
          const floats = inputs.filter((x) => isFloat(x.dtype));
          return gradients(y.mul(y).sum(), floats);
        };
        await checkGradients(build, tiny.inputs, 2, STEP);
      });
    }
  });
});

describe("every op has samples", () => {
  test("and every sample is built here and in the golden", () => {
    expect(Object.keys(samples).sort()).toEqual(Object.keys(golden.samples).sort());
  });

  test("whose graphs contain the op, and reach each of its operands that has a gradient", async () => {
    for (const [name, op] of await allOps()) {
      // It only appears where weights are stored in fewer bits, and has no peer in PyTorch: test/onnx/quantize.test.ts.
      if (name === "blockLinear") continue;
      const own = Object.keys(samples).filter((sample) => sample.split("/")[0] === name);
      expect(own, `samples of ${name}`).not.toEqual([]);
      const reached = new Set<number>();
      const floats = new Set<number>();
      for (const sample of own) {
        const result = samples[sample]!(...inputsOf(golden.samples[sample]!.tiny.inputs));
        const nodes = nodesOf([result]).filter((node) => node.op.name === name);
        expect(nodes, `${name} in the graph of ${sample}`).not.toEqual([]);
        for (const node of nodes) {
          for (const [i, operand] of node.inputs.entries()) {
            if (!isFloat(operand.dtype)) continue;
            floats.add(i);
            if (nodesOf([operand]).some((leaf) => leaf.op.name === "input")) reached.add(i);
          }
        }
      }
      if (typeof op.gradient === "function") expect(reached, `operands of ${name} with a gradient`).toEqual(floats);
    }
  });
});
