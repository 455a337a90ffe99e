import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { constant } from "../../src/graph/index.ts";
import { rotaryFrequencies, rotate, rotation, type RotaryScaling } from "../../src/nn/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { compute, floats } from "../models/programs.ts";

const WIDTH = 16;
const blended: RotaryScaling = {
  ...{ kind: "llama3", factor: 8, originalPositions: 64 },
  ...{ lowFrequencyFactor: 1, highFrequencyFactor: 4 },
};

/** From transformers 5.23's LlamaRotaryEmbedding at a head width of 16. */
const expected = [
  [
    "plain",
    rotaryFrequencies(WIDTH, 500),
    [
      ...[1, 0.4598632752895355, 0.2114742398262024, 0.09724924713373184, 0.04472136124968529, 0.020565712824463844],
      ...[0.009457415901124477, 0.004349118564277887],
    ],
  ],
  [
    "linear",
    rotaryFrequencies(WIDTH, 10_000, { kind: "linear", factor: 4 }),
    [
      ...[0.25, 0.07905694097280502, 0.02500000037252903, 0.007905694656074047, 0.0024999999441206455],
      ...[0.0007905694656074047, 0.0002500000118743628, 0.00007905694656074047],
    ],
  ],
  [
    "llama3",
    rotaryFrequencies(WIDTH, 10_000, blended),
    [
      ...[1, 0.24438458681106567, 0.013042256236076355, 0.0039528473280370235, 0.0012499999720603228],
      ...[0.00039528473280370235, 0.0001250000059371814, 0.000039528473280370235],
    ],
  ],
] as const;

describe("rotary frequencies", () => {
  it.each(expected)("are the library's: %s", (_, ours, theirs) => {
    for (const [i, value] of theirs.entries()) expect(Math.abs(ours[i]! / value - 1)).toBeLessThan(1.2e-7);
  });
});

describe("rotation", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ worker: false, threads: 1 });
  });
  afterAll(() => engine.dispose());

  const TIME = 5;
  const rows = (phase: number): Float32Array =>
    Float32Array.from({ length: TIME * WIDTH }, (_, i) => Math.sin(3 * (i % WIDTH) + phase));
  const heads = (values: Float32Array) => constant(values, [1, 1, TIME, WIDTH]);

  it("turns pairs of components by the angles", async () => {
    const [values, frequencies] = [rows(1), rotaryFrequencies(WIDTH)];
    const places = constant([0, 3, 7, 7, 1], [1, TIME], "int32");
    const results = await compute(engine, { turned: rotate(heads(values), rotation(frequencies, places)) }, {});
    const turned = floats(results["turned"]);
    for (const [t, place] of [0, 3, 7, 7, 1].entries()) {
      for (let i = 0; i < WIDTH / 2; i++) {
        const [first, second] = [t * WIDTH + i, t * WIDTH + i + WIDTH / 2];
        const [a, b, angle] = [values[first]!, values[second]!, place * frequencies[i]!];
        expect(turned[first]).toBeCloseTo(a * Math.cos(angle) - b * Math.sin(angle), 5);
        expect(turned[second]).toBeCloseTo(b * Math.cos(angle) + a * Math.sin(angle), 5);
      }
    }
  });

  it("makes products that depend on the distance alone", async () => {
    const frequencies = rotaryFrequencies(WIDTH, 100);
    const scoresFrom = (first: number) => {
      const turn = rotation(frequencies, { first, time: TIME });
      return rotate(heads(rows(1)), turn).matmul(rotate(heads(rows(2)), turn).swap(-1, -2));
    };
    const results = await compute(engine, { near: scoresFrom(0), far: scoresFrom(40) }, {});
    const [near, far] = [floats(results["near"]), floats(results["far"])];
    for (const [i, value] of near.entries()) expect(far[i]).toBeCloseTo(value, 4);
    for (let t = 1; t < TIME; t++) expect(near[t * TIME + t]).toBeCloseTo(near[0]!, 4);
    expect(Math.abs(near[1]! - near[0]!)).toBeGreaterThan(0.01);
  });
});
