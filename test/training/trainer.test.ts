import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { TrainingError } from "../../src/errors/index.ts";
import { input } from "../../src/graph/index.ts";
import { PARAMETERS } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type EngineOptions } from "../../src/runtime/index.ts";
import { adafactor, adam, sgd } from "../../src/training/optimizers.ts";
import { Trainer, type Batch, type TrainerOptions } from "../../src/training/trainer.ts";
import { AVERAGE, GRADIENTS } from "../../src/training/update.ts";
import { describeEngines } from "../engines.ts";
import { floats, relativeDistance } from "../models/programs.ts";
import { dropouts, pairs, part, settings, smallTranslator, whole } from "./small-runs.ts";

const without = { dropout: 0, attentionDropout: 0, activationDropout: 0 };
const engines: Engine[] = [];
/** The engine that the tests run on at present. */
let chosen: EngineOptions;
async function openEngine(threads = 1): Promise<Engine> {
  const engine = await createEngine({ ...chosen, worker: false, threads });
  engines.push(engine);
  return engine;
}
async function openTrainer(
  options: Partial<TrainerOptions> = {},
  model = dropouts,
  threads?: number,
): Promise<Trainer> {
  return Trainer.create(await openEngine(threads), smallTranslator(model), { ...settings, ...options });
}
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

const RATE = 1e-2;
const resident = async (trainer: Trainer, name: string): Promise<Float32Array> =>
  floats(await trainer.engine.read(name));

/** The losses of some updates, each on a batch of its own. */
async function losses(trainer: Trainer, from: number, to: number): Promise<number[]> {
  const result: number[] = [];
  for (let update = from; update <= to; update++) {
    result.push((await trainer.step(update, [whole(pairs(6, update))], RATE)).loss);
  }
  return result;
}

describeEngines((options) => {
  beforeAll(() => {
    chosen = options;
  });

  describe("accumulation", () => {
    const all = pairs(8);
    const splits: [string, number[][]][] = [
      [
        "two parts",
        [
          [0, 1, 2],
          [3, 4, 5, 6, 7],
        ],
      ],
      [
        "three parts, out of order",
        [
          [7, 2],
          [0, 5, 3],
          [6, 1, 4],
        ],
      ],
    ];

    it.each(splits)("of %s equals the big batch to rounding, with dropout on", async (_, split) => {
      const [big, small] = [await openTrainer(), await openTrainer()];
      for (const update of [1, 2, 3]) {
        const one = await big.step(update, [whole(all)], RATE);
        const many = await small.step(
          update,
          split.map((examples) => part(all, examples)),
          RATE,
        );
        expect(many.targets).toBe(one.targets);
        expect(Math.abs(many.loss / one.loss - 1)).toBeLessThan(1e-6);
        expect(Math.abs(many.gradientNorm / one.gradientNorm - 1)).toBeLessThan(1e-5);
        expect(relativeDistance(await resident(small, GRADIENTS), await resident(big, GRADIENTS))).toBeLessThan(1e-5);
        // Adam divides noise by noise where a gradient is zero in truth, so the runs are brought together again.
        await small.parameters.write(await big.parameters.read());
        await small.restore(await big.state());
      }
    });

    it("is of the examples' masks, not of their places: other places, another loss", async () => {
      const trainer = await openTrainer();
      const { loss } = await trainer.step(1, [whole(all)], 0);
      const moved = { ...whole(all), examples: all.map((_, i) => i + 100) };
      expect(Math.abs((await trainer.step(1, [moved], 0)).loss - loss)).toBeGreaterThan(1e-3);
      expect(Math.abs((await trainer.step(2, [whole(all)], 0)).loss - loss)).toBeGreaterThan(1e-3);
      expect((await trainer.step(1, [whole(all)], 0)).loss).toBe(loss);
    });
  });

  describe("evaluation", () => {
    it("has no dropout, and weighs batches by their targets", async () => {
      const [dropping, plain] = [await openTrainer(), await openTrainer({}, without)];
      const all = pairs(8);
      const batches = [part(all, [0, 1, 2]), part(all, [3, 4, 5, 6, 7])];
      const { loss } = await dropping.evaluate(batches);
      expect((await dropping.evaluate(batches))["loss"]).toBe(loss);
      expect((await plain.evaluate(batches))["loss"]).toBe(loss);
      // The same seed gives the same first parameters; a step without dropout is what evaluation computes.
      expect(Math.abs((await plain.step(1, [whole(all)], 0)).loss / loss! - 1)).toBeLessThan(1e-6);
      expect(Math.abs((await dropping.step(1, [whole(all)], 0)).loss / loss! - 1)).toBeGreaterThan(1e-3);
    });
  });

  describe("repetition", () => {
    it("gives the same losses and weights to the bit for one seed, and others for another", async () => {
      const first = await openTrainer({}, dropouts, 2);
      const again = await openTrainer({}, dropouts, 2);
      const other = await openTrainer({ seed: 8 }, dropouts, 2);
      const expected = await losses(first, 1, 6);
      expect(await losses(again, 1, 6)).toEqual(expected);
      expect(await resident(again, PARAMETERS)).toEqual(await resident(first, PARAMETERS));
      const others = await losses(other, 1, 6);
      for (const [i, loss] of others.entries()) expect(loss).not.toBe(expected[i]);
    });

    it.each([
      ["adam", adam(), 0.9],
      ["sgd", sgd(), 0],
      ["adafactor", adafactor(), 0.5],
    ])("goes on to the bit from a saved state with %s", async (_, optimizer, movingAverage) => {
      const options = { ...settings, optimizer, movingAverage };
      const first = await openTrainer(options);
      await losses(first, 1, 3);
      const weights = new Map(
        [...(await first.parameters.read())].map(([name, value]) => [name, { ...value, data: value.data.slice() }]),
      );
      const state = await first.state();
      const expected = await losses(first, 4, 6);

      const resumed = await Trainer.create(await openEngine(), smallTranslator(), options, weights);
      await resumed.restore(state);
      expect(await losses(resumed, 4, 6)).toEqual(expected);
      expect(await resident(resumed, PARAMETERS)).toEqual(await resident(first, PARAMETERS));
      expect(await resumed.state()).toEqual(await first.state());
    });

    it("refuses the state of another optimizer, and changes nothing", async () => {
      const withAdam = await openTrainer({}, without);
      const withSgd = await openTrainer({ optimizer: sgd({ momentum: 0 }) }, without);
      await losses(withAdam, 1, 1);
      const before = await withAdam.state();
      expect([...before.keys()]).toEqual(["optimizer mean", "optimizer variance"]);
      await expect(withAdam.restore(new Map())).rejects.toThrow(/has no values for "optimizer mean", expected \d+\./);
      await expect(withSgd.restore(before)).rejects.toThrow(/has \d+ values for "optimizer mean", expected none\./);
      const short = new Map([...before].map(([name, values], i) => [name, values.slice(i).fill(9)]));
      await expect(withAdam.restore(short)).rejects.toThrow(TrainingError);
      expect(await withAdam.state()).toEqual(before);
    });
  });

  describe("moving average", () => {
    it("is decay · average + (1 − decay) · parameter, beginning at the first parameters", async () => {
      const trainer = await openTrainer({ movingAverage: 0.75 }, without);
      const average = await resident(trainer, PARAMETERS);
      expect(await resident(trainer, AVERAGE)).toEqual(average);
      for (const update of [1, 2, 3]) {
        await losses(trainer, update, update);
        const parameters = await resident(trainer, PARAMETERS);
        for (const i of average.keys()) average[i] = 0.75 * average[i]! + 0.25 * parameters[i]!;
      }
      expect(relativeDistance(await resident(trainer, AVERAGE), average)).toBeLessThan(1e-6);
      expect(relativeDistance(await resident(trainer, PARAMETERS), average)).toBeGreaterThan(1e-3);
      const names = trainer.parameters.specs.map(({ name }) => name);
      expect([...(await trainer.parameters.read(AVERAGE)).keys()].sort()).toEqual(names.sort());
    });
  });

  describe("numbers that are none", () => {
    const batch = [whole(pairs(4))];

    async function spoil(trainer: Trainer, name: string, value: number, index = 5): Promise<void> {
      const { offset } = trainer.parameters.layout.places.get(name)!;
      await trainer.engine.write(PARAMETERS, Float32Array.of(value), offset + index);
    }

    async function refusal(trainer: Trainer, parts: readonly Batch[] = batch): Promise<string> {
      const before = [await resident(trainer, PARAMETERS), await trainer.state()];
      const error: unknown = await trainer.step(3, parts, RATE).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(TrainingError);
      expect([await resident(trainer, PARAMETERS), await trainer.state()]).toEqual(before);
      return (error as Error).message;
    }

    it.each([NaN, Infinity])("%s in a parameter is found, with the update; nothing is changed", async (value) => {
      const trainer = await openTrainer({}, without);
      await losses(trainer, 1, 2);
      await spoil(trainer, "model.decoder.layers.0.fc1.weight", value);
      const message = await refusal(trainer);
      // OpenVINO's relu makes 0 of NaN, as max(NaN, 0) does on x86: there only the gradients tell.
      expect(message).toMatch(/^At update 3 the loss is .*NaN/);
      expect(message).toContain("appeared in the parameter model.decoder.layers.0.fc1.weight.");
    });

    it("that overflow brings is found in the tensor where it appears", async () => {
      const trainer = await openTrainer({}, without);
      await spoil(trainer, "model.encoder.layers.0.fc1.bias", 3e38);
      await spoil(trainer, "model.encoder.layers.0.fc2.weight", 100);
      expect(await refusal(trainer)).toContain("appeared in the tensor model.encoder.layers.0.hidden.");
    });

    it("in one part of several is found there", async () => {
      const trainer = await openTrainer({}, without);
      // Only the token 22 brings the number in, and only the first part has it.
      const other = (ids: readonly number[]): number[] => ids.map((id) => Math.min(id, 21));
      const all = pairs(4).map(({ source, target }) => ({ source: other(source), target: other(target) }));
      all[0] = { source: [22, 5], target: [3, 4] };
      await spoil(trainer, "model.shared.weight", 3e38, 22 * 16);
      expect(await refusal(trainer, [part(all, [0]), part(all, [1, 2, 3])])).toContain(
        "appeared in the tensor model.encoder.embeddings.",
      );
    });

    it("stop the run also where only the gradients have them", async () => {
      const engine = await openEngine();
      const values = new Map<string, HostTensor>([
        ["w", { dtype: "float32", shape: [2], data: Float32Array.of(0, 4) }],
      ]);
      const trainer = await Trainer.create(
        engine,
        // The square root's slope at 0 is infinite.
        (scope) => ({
          loss: scope
            .parameter("w", [2], { kind: "ones" })
            .sqrt()
            .mul(input("x", "float32", []))
            .sum(),
        }),
        { ...settings, weightDecay: 0 },
        values,
      );
      const feeds = { x: { dtype: "float32" as const, shape: [], data: Float32Array.of(1) } };
      await expect(trainer.step(1, [{ feeds, targets: 1, examples: [0] }], RATE)).rejects.toThrow(
        /the loss is 2 and the norm of the gradients (Infinity|NaN); .* appeared in the gradient of w\./,
      );
    });
  });
});
