/** Reward model and DPO beside a script of PyTorch; answers beside their padding. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Trace, ModelParameters } from "../../src/nn/index.ts";
import {
  answerFeeds,
  answerLogProbabilities,
  answerRows,
  answerScores,
  directPreferences,
  DPO_REPORTS,
  PAIR_REPORTS,
  paddedRows,
  pairRows,
  rewardPairs,
  sumByRow,
} from "../../src/objectives/index.ts";
import { lower } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type EngineOptions, type Values } from "../../src/runtime/index.ts";
import { describeEngines } from "../engines.ts";
import { distance, golden, goldenRows, goldenValues, learned, tinyGpt, vector } from "./preference-golden.ts";

describeEngines((options: EngineOptions) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ ...options, worker: false, threads: 1 });
  });
  afterAll(() => engine.dispose());

  const writer = tinyGpt("causal-lm");
  const pairFeeds = (reference: ArrayLike<number>): Values => ({
    ...answerFeeds(writer, goldenRows),
    ...pairRows(golden.pairs.length),
    answerRows: answerRows(goldenRows),
    reference: vector(reference),
  });

  it("the loss of a reward model and its gradients are PyTorch's", async () => {
    const architecture = tinyGpt("sequence-classification");
    const ids = goldenRows.map(({ prompt, answer }) => [...prompt, ...answer]);
    const objective = rewardPairs(architecture);
    const without = (scope: Parameters<typeof objective>[0]) => objective(scope.with({ dropout: false }));
    const feeds = { ...paddedRows(architecture, ids), ...pairRows(golden.pairs.length) };
    const { loss, reports, gradients } = await learned(engine, without, feeds, PAIR_REPORTS);
    const { scores } = golden.reward;
    expect(loss).toBeCloseTo(golden.reward.loss, 5);
    const margins = golden.pairs.map((_, i) => scores[2 * i]! - scores[2 * i + 1]!);
    expect(reports["accuracy"]).toBe(margins.filter((margin) => margin > 0).length);
    expect(reports["margin"]).toBeCloseTo(
      margins.reduce((sum, margin) => sum + margin, 0),
      5,
    );
    expect([...gradients.keys()].sort()).toEqual(Object.keys(golden.reward.gradients).sort());
    for (const [name, expected] of Object.entries(golden.reward.gradients)) {
      expect(distance(gradients.get(name)!, expected), name).toBeLessThan(2e-5);
    }
  });

  it.each(["plain", "smoothed"] as const)("DPO's loss and gradients are PyTorch's: %s", async (kind) => {
    const { [kind]: expected, beta, reference } = golden.dpo;
    const objective = directPreferences(writer, { beta, labelSmoothing: expected.labelSmoothing });
    const { loss, reports, gradients } = await learned(engine, objective, pairFeeds(reference), DPO_REPORTS);
    expect(loss).toBeCloseTo(expected["loss"]!, 5);
    for (const name of DPO_REPORTS) expect(reports[name], name).toBeCloseTo(expected[name]!, 4);
    for (const [name, values] of Object.entries(expected.gradients)) {
      expect(distance(gradients.get(name)!, values), name).toBeLessThan(2e-5);
    }
  });

  it("a policy that is still its reference loses log 2 a pair, and learns", async () => {
    const sums = await rowSums();
    const objective = directPreferences(writer, { beta: 0.4 });
    const { loss, gradients } = await learned(engine, objective, pairFeeds(sums), []);
    expect(loss).toBeCloseTo(golden.pairs.length * Math.LN2, 4);
    expect(Math.max(...gradients.get("transformer.wte.weight")!.map(Math.abs))).toBeGreaterThan(0.01);
  });

  it("a row's log-probability does not depend on the rows beside it", async () => {
    const together = await rowSums();
    for (const [i, row] of goldenRows.entries()) expect((await rowSums([row]))[0]).toBeCloseTo(together[i]!, 5);
  });

  async function rowSums(rows = goldenRows): Promise<Float32Array> {
    const trace = new Trace("forward");
    const sums = trace.run((scope) => sumByRow(answerLogProbabilities(answerScores(scope, writer).logits)));
    const program = lower("sums", { sums });
    const specs = [...trace.parameters.values()];
    const parameters = await ModelParameters.fromValues(engine, specs, goldenValues(specs));
    const id = await engine.load(program);
    const call = { program: id, bind: parameters.bind(program.inputs), fetch: ["sums"] };
    const feeds = { ...answerFeeds(writer, rows), answerRows: answerRows(rows) };
    const results = await engine.run([call], feeds);
    await engine.unload(id);
    return results["sums"]!.data as Float32Array;
  }

  it("says what an architecture is not for", () => {
    const refused = (task: "sequence-classification" | "causal-lm") => (): unknown =>
      new Trace("training").run(
        task === "causal-lm" ? rewardPairs(tinyGpt(task)) : directPreferences(tinyGpt(task), { beta: 1 }),
      );
    expect(refused("causal-lm")).toThrow(/no single score of a row/);
    expect(refused("sequence-classification")).toThrow(/does not write answers word by word/);
  });
});
