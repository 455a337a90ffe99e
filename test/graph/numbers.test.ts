/** Numbers that go wrong silently: sums at repeated indices, rows that are masked altogether, huge and tiny operands. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dimension, gradients, input, nodesOf, type Tensor } from "../../src/graph/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { describeEngines } from "../engines.ts";
import { evaluate, evaluateOften, floats, ids } from "./evaluate.ts";
import { direction, pseudoRandom } from "./op-inputs.ts";

const MASK = -3.4e38;

let engine: Engine;
describeEngines((options) => {
  beforeAll(async () => {
    engine = await createEngine({ ...options, worker: false, threads: 2 });
  });
  afterAll(() => engine.dispose());

  describe("sums at repeated indices are exact and the same in every run", () => {
    const RUNS = 20;
    async function check(
      outputs: { y: Tensor },
      feeds: Parameters<typeof evaluate>[2],
      reference: Float64Array,
    ): Promise<void> {
      const [first, ...others] = await evaluateOften(engine, outputs, feeds, RUNS);
      for (const other of others) expect(other.y).toEqual(first!.y);
      let [error, size] = [0, 0];
      for (const [i, value] of reference.entries()) {
        error += (first!.y[i]! - value) ** 2;
        size += value ** 2;
      }
      expect(Math.sqrt(error)).toBeLessThanOrEqual(1e-6 * Math.sqrt(size));
    }

    for (const [what, rows] of [
      ["few rows", 300],
      ["many rows", 5000],
      ["rows known when run", undefined],
    ] as const) {
      test(`the gradient of a look-up, ${what}`, async () => {
        const [tokens, width, size] = [3000, 64, rows ?? 4000];
        const table = input("table", "float32", [rows ?? dimension("rows"), width]);
        const index = input("ids", "int64", [tokens]);
        const weight = input("weight", "float32", [tokens, width]);
        const [gradient] = gradients(table.gather(index).mul(weight).sum(), [table]);
        // Few different ids, so that each is named about thirty times.
        const chosen = Array.from(pseudoRandom(3, tokens), (r) => (r % 97) * 3);
        const weights = Float32Array.from(direction(4, tokens * width));
        const reference = new Float64Array(size * width);
        for (const [i, id] of chosen.entries()) {
          for (let j = 0; j < width; j++) reference[id * width + j]! += weights[i * width + j]!;
        }
        const feeds = {
          table: floats([size, width], new Float32Array(size * width)),
          ids: ids([tokens], chosen),
          weight: floats([tokens, width], weights),
        };
        // The program must know the number of rows although the values of the table do not matter.
        await check({ y: rows === undefined ? gradient!.add(table) : gradient! }, feeds, reference);
      });
    }

    test("whatever the number of rows and of repeats", async () => {
      const [n, width, rows] = [dimension("n"), 3, 500];
      const updates = input("updates", "float32", [n, width]);
      const y = updates.scatterRows(input("ids", "int64", [n]), rows);
      const onto = updates.scatterRows(input("ids", "int64", [n]), rows, input("base", "float32", [rows, width]));
      const patterns: Record<string, (i: number) => number> = {
        "one id": () => 499,
        "all different": (i) => (i * 7) % rows,
        "a long run among others": (i) => (i % 3 === 0 ? (i * 13) % 90 : 40),
        few: (i) => i % 2,
      };
      for (const length of [1, 2, 31, 32, 33, 63, 64, 65, 100, 400]) {
        for (const [pattern, idOf] of Object.entries(patterns)) {
          // Whole numbers, so that the sums are exact in any order.
          const values = Float32Array.from({ length: length * width }, (_, i) => ((i * 31) % 17) - 8);
          const chosen = Array.from({ length }, (_, i) => idOf(i));
          const reference = new Float32Array(rows * width);
          for (const [i, value] of values.entries())
            reference[chosen[Math.floor(i / width)]! * width + (i % width)]! += value;
          const base = Float32Array.from(reference, (_, i) => i);
          const feeds = {
            updates: floats([length, width], values),
            ids: ids([length], chosen),
            base: floats([rows, width], base),
          };
          const found = await evaluate(engine, { y, onto }, feeds);
          expect(found.y, `${length} rows, ${pattern}`).toEqual(Array.from(reference));
          expect(found.onto, `${length} rows, ${pattern}`).toEqual(
            Array.from(reference, (value, i) => value + base[i]!),
          );
        }
      }
    });

    test("a table that two look-ups and a product share: rows are added to the product's gradient", async () => {
      const [tokens, width, rows] = [2000, 16, 700];
      const table = input("table", "float32", [rows, width]);
      const [first, second] = [input("first", "int64", [tokens]), input("second", "int64", [tokens])];
      const x = input("x", "float32", [tokens, width]);
      const loss = table
        .gather(first)
        .mul(x)
        .add(table.gather(second))
        .sum()
        .add(x.matmul(table.swap(0, 1)).sum());
      const [y] = gradients(loss, [table]);
      const onto = nodesOf([y!]).filter((node) => node.op.name === "scatterRows" && node.inputs.length === 3);
      expect(onto).toHaveLength(2);
      const values = Float32Array.from(direction(3, tokens * width));
      const chosen = [11, 12].map((seed) => Array.from(pseudoRandom(seed, tokens), (r) => r % rows));
      const reference = new Float64Array(rows * width);
      for (let i = 0; i < tokens; i++) {
        for (let j = 0; j < width; j++) {
          reference[chosen[0]![i]! * width + j]! += values[i * width + j]!;
          reference[chosen[1]![i]! * width + j]! += 1;
          for (let row = 0; row < rows; row++) reference[row * width + j]! += values[i * width + j]!;
        }
      }
      const feeds = {
        table: floats([rows, width], new Float32Array(rows * width)),
        first: ids([tokens], chosen[0]!),
        second: ids([tokens], chosen[1]!),
        x: floats([tokens, width], values),
      };
      await check({ y: y! }, feeds, reference);
    });

    test("scatterElements along an axis", async () => {
      const [rows, width, size] = [400, 90, 7];
      const updates = input("updates", "float32", [rows, width]);
      const index = input("ids", "int64", [rows, width]);
      const chosen = Array.from(pseudoRandom(5, rows * width), (r) => r % size);
      const values = Float32Array.from(direction(6, rows * width));
      const reference = new Float64Array(rows * size);
      for (const [i, id] of chosen.entries()) reference[Math.floor(i / width) * size + id]! += values[i]!;
      const feeds = { updates: floats([rows, width], values), ids: ids([rows, width], chosen) };
      await check({ y: updates.scatterElements(index, 1, size) }, feeds, reference);
    });

    test("the gradient of a pooling whose windows overlap", async () => {
      const [channels, time] = [32, 900];
      const x = input("x", "float32", [1, channels, time]);
      const [y] = gradients(x.maxPool(5, { stride: 1, padding: 2 }).sum(), [x]);
      const values = Float32Array.from(direction(8, channels * time));
      const reference = new Float64Array(channels * time);
      for (let c = 0; c < channels; c++) {
        for (let t = 0; t < time; t++) {
          let best = Math.max(t - 2, 0);
          for (let s = best; s <= Math.min(t + 2, time - 1); s++) {
            if (values[c * time + s]! > values[c * time + best]!) best = s;
          }
          reference[c * time + best]! += 1;
        }
      }
      await check({ y: y! }, { x: floats([1, channels, time], values) }, reference);
    });
  });

  describe("rows that are masked altogether, and huge logits", () => {
    test("softmax of a masked row is uniform and finite, with a finite gradient", async () => {
      const x = input("x", "float32", [3, 4]);
      const y = x.softmax();
      const weight = input("weight", "float32", [4]);
      const [gradient] = gradients(y.mul(weight).sum(), [x]);
      const rows = [MASK, MASK, MASK, MASK, 1, 2, MASK, MASK, 1e4, 1e4, -1e4, 0];
      const result = await evaluate(
        engine,
        { y, gradient: gradient! },
        { x: floats([3, 4], rows), weight: floats([4], [1, 2, 3, 4]) },
      );
      const e = 1 / (1 + Math.E);
      const expected = [0.25, 0.25, 0.25, 0.25, e, 1 - e, 0, 0, 0.5, 0.5, 0, 0];
      for (const [i, value] of expected.entries()) expect(result.y[i]).toBeCloseTo(value, 6);
      expect(result.gradient.every(Number.isFinite)).toBe(true);
      expect(result.gradient.slice(0, 4)).toEqual([-0.375, -0.125, 0.125, 0.375]);
    });

    test("log-softmax and cross-entropy", async () => {
      const x = input("x", "float32", [3, 4]);
      const targets = input("targets", "int64", [3]);
      const loss = x.crossEntropy(targets, { labelSmoothing: 0 });
      const [gradient] = gradients(loss.sum(), [x]);
      const rows = [MASK, MASK, MASK, MASK, 1, 2, MASK, MASK, 1e4, 1e4 - 1, -1e4, 0];
      const result = await evaluate(
        engine,
        { y: x.logSoftmax(), loss, gradient: gradient! },
        { x: floats([3, 4], rows), targets: ids([3], [0, 1, 2]) },
      );
      for (const value of result.y.slice(0, 4)) expect(value).toBeCloseTo(-Math.log(4), 6);
      expect(result.y.every(Number.isFinite)).toBe(true);
      expect(result.loss[0]).toBeCloseTo(Math.log(4), 6);
      expect(result.loss[1]).toBeCloseTo(Math.log(1 + Math.exp(-1)), 6);
      expect(result.loss[2]).toBeCloseTo(20000.3133, 2);
      expect(result.gradient.every(Number.isFinite)).toBe(true);
    });

    test("log-sum-exp: a masked row, huge numbers, infinities, and their gradients", async () => {
      const x = input("x", "float32", [4, 2]);
      const y = x.logSumExp(1);
      const [gradient] = gradients(y.sum(), [x]);
      const rows = [MASK, MASK, 3e7, 3e7, -Infinity, -Infinity, -1e30, 5];
      const result = await evaluate(engine, { y, gradient: gradient! }, { x: floats([4, 2], rows) });
      expect(result.y[0]! / MASK).toBeCloseTo(1, 6);
      expect(result.y.slice(1)).toEqual([3e7, -Infinity, 5]);
      // From the sum itself it would be exp(0) = 1 each: log 2 is lost in a sum of 3e7.
      expect(result.gradient.slice(0, 4)).toEqual([0.5, 0.5, 0.5, 0.5]);
      expect(result.gradient.slice(6)).toEqual([0, 1]);
    });
  });

  describe("normalization of rows without variance, or far from zero", () => {
    test("LayerNorm of a constant row is its bias, and its gradient is finite", async () => {
      const x = input("x", "float32", [2, 256]);
      const [weight, bias] = [input("weight", "float32", [256]), input("bias", "float32", [256])];
      const y = x.layerNorm(weight, bias, 1e-5);
      const found = gradients(y.mul(y).sum(), [x, weight, bias]);
      const values = Float32Array.from({ length: 512 }, (_, i) => (i < 256 ? 3e4 : 1000 + Math.sin(i)));
      const result = await evaluate(
        engine,
        { y, byX: found[0]!, byWeight: found[1]!, byBias: found[2]! },
        {
          x: floats([2, 256], values),
          weight: floats([256], new Float32Array(256).fill(2)),
          bias: floats([256], new Float32Array(256).fill(0.5)),
        },
      );
      expect(result.y.slice(0, 256)).toEqual(new Array(256).fill(0.5));
      for (const name of ["byX", "byWeight", "byBias"] as const) {
        expect(result[name].every(Number.isFinite)).toBe(true);
      }
      const row = values.slice(256);
      const mean = row.reduce((a, b) => a + b, 0) / 256;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / 256;
      for (const [i, value] of row.entries()) {
        expect(result.y[256 + i]).toBeCloseTo((2 * (value - mean)) / Math.sqrt(variance + 1e-5) + 0.5, 3);
      }
    });

    test("RMSNorm of zeros is zero, with a finite gradient", async () => {
      const [x, weight] = [input("x", "float32", [1, 8]), input("weight", "float32", [8])];
      const y = x.rmsNorm(weight, 1e-5);
      const [byX] = gradients(y.sum(), [x]);
      const one = floats([8], new Float32Array(8).fill(1));
      const result = await evaluate(engine, { y, byX: byX! }, { x: floats([1, 8], new Float32Array(8)), weight: one });
      expect(result.y.map(Math.abs)).toEqual(new Array(8).fill(0));
      for (const value of result.byX) expect(value).toBeCloseTo(1 / Math.sqrt(1e-5), 2);
    });
  });

  test("activations at ±100 are what they tend to, and so are their slopes", async () => {
    const x = input("x", "float32", [2]);
    const limits = {
      gelu: { y: x.gelu(), values: [0, 100], slopes: [0, 1] },
      geluTanh: { y: x.gelu("tanh"), values: [0, 100], slopes: [0, 1] },
      silu: { y: x.silu(), values: [0, 100], slopes: [0, 1] },
      sigmoid: { y: x.sigmoid(), values: [0, 1], slopes: [0, 0] },
      tanh: { y: x.tanh(), values: [-1, 1], slopes: [0, 0] },
      erf: { y: x.erf(), values: [-1, 1], slopes: [0, 0] },
      relu: { y: x.relu(), values: [0, 100], slopes: [0, 1] },
    };
    for (const [name, { y, values, slopes }] of Object.entries(limits)) {
      const [slope] = gradients(y.sum(), [x]);
      const result = await evaluate(engine, { y, slope: slope! }, { x: floats([2], [-100, 100]) });
      for (const i of [0, 1]) {
        expect(result.y[i], name).toBeCloseTo(values[i]!, 6);
        expect(result.slope[i], `slope of ${name}`).toBeCloseTo(slopes[i]!, 6);
      }
    }
  });

  test("roots and powers at 0: an infinite slope stays infinite, a slope of zero is not 0 · ∞", async () => {
    const x = input("x", "float32", [2]);
    const exponent = input("exponent", "float32", [2]);
    const cases = {
      sqrt: [x.sqrt(), [0, 2], [Infinity, 0.25]],
      square: [x.pow(2), [0, 16], [0, 8]],
      none: [x.pow(0), [1, 1], [0, 0]],
      byTensor: [x.pow(exponent), [1, 16], [0, 8]],
    } as const;
    for (const [name, [y, values, slopes]] of Object.entries(cases)) {
      const [slope] = gradients(y.sum(), [x]);
      const feeds = { x: floats([2], [0, 4]), exponent: floats([2], [0, 2]) };
      const result = await evaluate(engine, { y, slope: slope! }, feeds);
      expect(result.y, name).toEqual(values);
      expect(result.slope, `slope of ${name}`).toEqual(slopes);
    }
  });

  test("relu's slope at 0 is 0, of the smallest number 1", async () => {
    const x = input("x", "float32", [4]);
    const [slope] = gradients(x.relu().sum(), [x]);
    const result = await evaluate(engine, { slope: slope! }, { x: floats([4], [0, -0, 1.2e-38, -1.2e-38]) });
    expect(result.slope.map(Math.abs)).toEqual([0, 0, 1, 0]);
  });

  test("stopGradient passes values and stops gradients", async () => {
    const x = input("x", "float32", [2]);
    const [gradient] = gradients(x.mul(x.stopGradient()).sum(), [x]);
    const result = await evaluate(engine, { gradient: gradient! }, { x: floats([2], [3, 5]) });
    expect(result.gradient).toEqual([3, 5]);
  });
});
