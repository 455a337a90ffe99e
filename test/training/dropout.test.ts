import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dimension, input } from "../../src/graph/index.ts";
import { dropout, DROPOUT_OFFSETS, dropoutOffsets, dropoutPool, POOL_SIZE, Trace } from "../../src/nn/index.ts";
import { createEngine, type Engine, type Values } from "../../src/runtime/index.ts";
import { compute, floats } from "../models/programs.ts";

const RATE = 0.1;
const WIDTH = 128;
const HEADS = 3;
const SEED = 3;
const batch = dimension("batch");
const pool = dropoutPool(SEED, RATE);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

/** The pool as the program's inputs see it. */
function poolFeed(trace: Trace): Values {
  const feeds = [...trace.dropoutPools].map(([name, { width }]) => {
    const shape = [Math.floor(POOL_SIZE / width), width];
    return [name, { dtype: "float32" as const, shape, data: pool.subarray(0, shape[0]! * width) }] as const;
  });
  return Object.fromEntries(feeds);
}

interface Drawing {
  readonly streams?: number;
  readonly update?: number;
  readonly examples?: readonly number[];
  /** Sizes behind the batch's; the last is fixed where it is `WIDTH`. */
  readonly sizes?: readonly number[];
}

/** What dropout makes of ones: for each stream the masks of all examples. */
async function draw({
  streams = 1,
  update = 1,
  examples = [0],
  sizes = [32, WIDTH],
}: Drawing): Promise<Float32Array[]> {
  const trace = new Trace("training");
  const named = sizes.map((size) => (size === WIDTH || size === HEADS ? size : dimension(`size${size}`)));
  const x = input("x", "float32", [batch, ...named]);
  const masks = Array.from({ length: streams }, () => dropout(trace.scope, x, RATE));
  const shape = [examples.length, ...sizes];
  const ones = new Float32Array(shape.reduce((product, d) => product * d, 1)).fill(1);
  const offsets = dropoutOffsets(SEED, update, streams, examples);
  const results = await compute(engine, Object.fromEntries(masks.map((mask, i) => [`mask ${i}`, mask])), {
    ...poolFeed(trace),
    x: { dtype: "float32", shape, data: ones },
    [DROPOUT_OFFSETS]: { dtype: "int32", shape: [streams, examples.length], data: offsets },
  });
  return masks.map((_, i) => floats(results[`mask ${i}`]));
}

const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Pearson's correlation. */
function correlation(a: Float32Array, b: Float32Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, first, second] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    both += (a[i]! - meanA) * (b[i]! - meanB);
    first += (a[i]! - meanA) ** 2;
    second += (b[i]! - meanB) ** 2;
  }
  return both / Math.sqrt(first * second);
}

const range = (count: number): number[] => [...Array(count).keys()];
const rowsOf = (mask: Float32Array, width: number): Float32Array[] =>
  range(mask.length / width).map((i) => mask.subarray(i * width, (i + 1) * width));

describe("the pool of masks", () => {
  it.each([0.1, 0.3, 0.5])("has zeros at the rate %d, and keeps the expectation", (rate) => {
    const pool = dropoutPool(SEED, rate);
    const kept = Math.fround(1 / (1 - rate));
    const zeros = pool.filter((value) => value === 0).length;
    const deviation = Math.sqrt((rate * (1 - rate)) / POOL_SIZE);
    expect(pool).toHaveLength(POOL_SIZE);
    expect(Math.abs(zeros / POOL_SIZE - rate)).toBeLessThan(4 * deviation);
    expect(pool.every((value) => value === 0 || value === kept)).toBe(true);
    expect(Math.abs(mean(pool) - 1)).toBeLessThan((4 * deviation) / (1 - rate));
  });

  it("is the seed's", () => {
    const again = dropoutPool(SEED, RATE);
    expect(pool.every((value, i) => value === again[i])).toBe(true);
    expect(Math.abs(correlation(dropoutPool(SEED + 1, RATE), pool))).toBeLessThan(4 / Math.sqrt(POOL_SIZE));
  });

  it("has no correlation between neighbors, nor between rows", () => {
    for (const lag of [1, 2, 64, 128, 129, 512, 2048]) {
      const r = correlation(pool.subarray(0, POOL_SIZE - lag), pool.subarray(lag));
      expect(Math.abs(r), `lag ${lag}`).toBeLessThan(4 / Math.sqrt(POOL_SIZE));
    }
  });
});

describe("masks", () => {
  it("differ between positions, examples, streams and updates, without correlation", async () => {
    const examples = range(16);
    const [first, second] = (await draw({ streams: 2, examples })) as [Float32Array, Float32Array];
    const [later] = (await draw({ streams: 2, examples, update: 2 })) as [Float32Array];
    const perExample = first.length / examples.length;
    // 4 standard deviations of a correlation of independent masks.
    const bound = 4 / Math.sqrt(first.length);
    const pairs = {
      streams: [first, second],
      updates: [first, later],
      positions: [first.subarray(WIDTH), first.subarray(0, -WIDTH)],
      examples: [first.subarray(perExample), first.subarray(0, -perExample)],
      columns: [first.subarray(1), first.subarray(0, -1)],
    };
    for (const [name, [a, b]] of Object.entries(pairs)) expect(Math.abs(correlation(a!, b!)), name).toBeLessThan(bound);
    expect(Math.abs(mean(first) - 1)).toBeLessThan(0.01);
  });

  it("meet seldom: of all pairs of rows in a batch, about as many are equal as the pool has rows to choose from", async () => {
    const masks = await draw({ streams: 20, examples: range(16) });
    const rows = masks.flatMap((mask) => rowsOf(mask, WIDTH)).map((row) => row.join());
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
    let equal = 0;
    for (const count of counts.values()) equal += (count * (count - 1)) / 2;
    const share = equal / ((rows.length * (rows.length - 1)) / 2);
    expect(share * (POOL_SIZE / WIDTH)).toBeGreaterThan(0.5);
    expect(share * (POOL_SIZE / WIDTH)).toBeLessThan(2);
  });

  it("are an example's own, wherever it lies and however far its batch is padded", async () => {
    const [all] = (await draw({ examples: range(8), sizes: [20, WIDTH] })) as [Float32Array];
    const [some] = (await draw({ examples: [6, 2], sizes: [9, WIDTH] })) as [Float32Array];
    const of = (masks: Float32Array, place: number, length: number): Float32Array =>
      masks.subarray(place * length * WIDTH, place * length * WIDTH + 9 * WIDTH);
    expect(of(some, 0, 9)).toEqual(of(all, 6, 20));
    expect(of(some, 1, 9)).toEqual(of(all, 2, 20));
    expect(of(some, 0, 9)).not.toEqual(of(some, 1, 9));
  });

  it.each([
    [5, 9],
    [70, 130],
  ])("of attention weights, too: %d beside %d positions, 3 heads", async (short, long) => {
    const [small] = (await draw({ examples: [4], sizes: [HEADS, short, short] })) as [Float32Array];
    const [large] = (await draw({ examples: [1, 4], sizes: [HEADS, long, long] })) as [Float32Array];
    const rows = rowsOf(large, long);
    for (const [i, row] of rowsOf(small, short).entries()) {
      const [head, t] = [Math.floor(i / short), i % short];
      expect(rows[(HEADS + head) * long + t]!.subarray(0, short)).toEqual(row);
    }
    const [first, second] = rowsOf(large, long * long) as [Float32Array, Float32Array];
    expect(Math.abs(correlation(first, second))).toBeLessThan(4 / long);
    expect(Math.abs(correlation(large.subarray(long), large.subarray(0, -long)))).toBeLessThan(4 / long);
  });

  it("belong to an example with all its rows, such as the choices of a question", async () => {
    const trace = new Trace("training");
    const time = dimension("time");
    const x = input("x", "float32", [batch, HEADS, time, WIDTH]);
    const masks = { apart: dropout(trace.scope, x, RATE) };
    trace.dropoutStreams = 0;
    const rows = dropout(trace.scope, x.reshape([-1, time, WIDTH]), RATE);
    const shape = [2, HEADS, 5, WIDTH];
    const ones = new Float32Array(shape.reduce((product, d) => product * d, 1)).fill(1);
    const results = await compute(
      engine,
      { ...masks, rows },
      {
        ...poolFeed(trace),
        x: { dtype: "float32", shape, data: ones },
        [DROPOUT_OFFSETS]: { dtype: "int32", shape: [1, 2], data: dropoutOffsets(SEED, 1, 1, [0, 1]) },
      },
    );
    expect(results["rows"]!.shape).toEqual([2 * HEADS, 5, WIDTH]);
    expect(floats(results["rows"])).toEqual(floats(results["apart"]));
    expect(floats(results["rows"]).includes(0)).toBe(true);
  });

  it("are only for training, and only for rates between 0 and 1", () => {
    const time = dimension("time");
    const x = input("x", "float32", [batch, time, WIDTH]);
    for (const kind of ["forward", "prefill", "step"] as const) expect(dropout(new Trace(kind).scope, x, RATE)).toBe(x);
    expect(dropout(new Trace("training").scope, x, 0)).toBe(x);
    for (const rate of [1, -0.1, NaN, 2]) {
      expect(() => dropout(new Trace("training").scope, x, rate)).toThrow(/expected 0 <= rate < 1/);
    }
    const other = input("x", "float32", [time, WIDTH]);
    expect(() => dropout(new Trace("training").scope, other, RATE)).toThrow(/must be "batch"/);
  });
});
