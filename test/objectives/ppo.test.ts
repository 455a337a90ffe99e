/** PPO beside a script of PyTorch, and the numbers that it learns from. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelParameters, Trace } from "../../src/nn/index.ts";
import {
  answerFeeds,
  answerMeasures,
  generalizedAdvantages,
  PPO_REPORTS,
  proximalPolicy,
  steeredCoefficient,
  tokenRewards,
  whitened,
} from "../../src/objectives/index.ts";
import { lower } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type EngineOptions } from "../../src/runtime/index.ts";
import { describeEngines } from "../engines.ts";
import { distance, golden, goldenRows, goldenValues, learned, tinyGpt, vector } from "./preference-golden.ts";

describeEngines((options: EngineOptions) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ ...options, worker: false, threads: 1 });
  });
  afterAll(() => engine.dispose());
  const architecture = tinyGpt("causal-lm");
  const { ppo } = golden;

  it("the clipped losses and their gradients are PyTorch's", async () => {
    const feeds = {
      ...answerFeeds(architecture, goldenRows),
      oldLogProbabilities: vector(ppo.oldLogProbabilities),
      oldValues: vector(ppo.oldValues),
      advantages: vector(ppo.advantages),
      returns: vector(ppo.returns),
    };
    const found = await learned(engine, proximalPolicy(architecture, ppo.options), feeds, PPO_REPORTS);
    expect(found.loss).toBeCloseTo(ppo.loss, 4);
    for (const name of PPO_REPORTS) expect(found.reports[name], name).toBeCloseTo(ppo[name], 4);
    // Both sides of both clips are met.
    expect(ppo.clipShare).toBeGreaterThan(2);
    expect(ppo.clipShare).toBeLessThan(ppo.oldValues.length - 2);
    expect([...found.gradients.keys()].sort()).toEqual(Object.keys(ppo.gradients).sort());
    for (const [name, values] of Object.entries(ppo.gradients)) {
      expect(distance(found.gradients.get(name)!, values), name).toBeLessThan(5e-5);
    }
  });

  it("log-probabilities, values, entropy and divergence of answers are PyTorch's, the reference's beside them", async () => {
    const trace = new Trace("forward");
    const program = lower("measures", trace.run(answerMeasures(architecture)));
    const specs = [...trace.parameters.values()];
    expect(specs.filter(({ trained }) => !trained).every(({ name }) => name.startsWith("reference."))).toBe(true);
    const parameters = await ModelParameters.fromValues(engine, specs, goldenValues(specs));
    const id = await engine.load(program);
    const fetch = Object.keys(ppo.measures);
    const call = { program: id, bind: parameters.bind(program.inputs), fetch };
    const results = await engine.run([call], answerFeeds(architecture, goldenRows));
    for (const name of fetch) {
      expect(distance(Array.from(results[name]!.data, Number), ppo.measures[name]!), name).toBeLessThan(2e-5);
    }
  });
});

describe("advantages", () => {
  it("are those of the paper's sum, from the rewards of tokens", () => {
    const all = golden.advantages.cases.map((one) => {
      const rewards = tokenRewards(one.logProbabilities, one.reference, one.score, one.coefficient);
      expect(distance(rewards, one.rewards)).toBeLessThan(1e-12);
      const { advantages, returns } = generalizedAdvantages(rewards, one.values, one);
      expect(distance(advantages, one.advantages)).toBeLessThan(1e-12);
      expect(distance(returns, one.returns)).toBeLessThan(1e-12);
      return advantages;
    });
    const white = whitened(all).flatMap((one) => Array.from(one));
    expect(distance(white, golden.advantages.whitened)).toBeLessThan(1e-9);
  });

  const number = fc.double({ min: -10, max: 10, noNaN: true });
  const steps = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 12 });

  it("with λ = γ = 1 are what is left of the rewards, less the value", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const [rewards, values] = [all.map(([reward]) => reward), all.map(([, value]) => value)];
        const { returns } = generalizedAdvantages(rewards, values, { gamma: 1, lambda: 1 });
        const left = rewards.map((_, t) => rewards.slice(t).reduce((sum, reward) => sum + reward, 0));
        expect(distance(returns, left)).toBeLessThan(1e-9);
      }),
    );
  });

  it("with λ = 0 are one step's surprise", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const [rewards, values] = [all.map(([reward]) => reward), all.map(([, value]) => value)];
        const { advantages } = generalizedAdvantages(rewards, values, { gamma: 0.9, lambda: 0 });
        const surprise = rewards.map((reward, t) => reward + 0.9 * (values[t + 1] ?? 0) - values[t]!);
        expect(distance(advantages, surprise)).toBeLessThan(1e-9);
      }),
    );
  });

  it("of one kind stay finite when they are whitened", () => {
    expect(Array.from(whitened([Float64Array.of(3, 3), Float64Array.of(3)]).flatMap((one) => [...one]))).toEqual([
      0, 0, 0,
    ]);
  });
});

it("the weight of the KL follows its target, by a fifth of its gain at most", () => {
  const steer = { target: 0.05, gain: 0.1 };
  expect(steeredCoefficient(0.2, 0.05, steer)).toBeCloseTo(0.2, 12);
  expect(steeredCoefficient(0.2, 0.055, steer)).toBeCloseTo(0.2 * 1.01, 12);
  expect(steeredCoefficient(0.2, 10, steer)).toBeCloseTo(0.2 * 1.02, 12);
  expect(steeredCoefficient(0.2, 0, steer)).toBeCloseTo(0.2 * 0.98, 12);
});
