/** A beam search that is watched: the search stays the same, and its tree is what it did. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  beamTree,
  CachedModel,
  generate,
  idsTo,
  startTokens,
  type BeamStep,
  type GenerationOptions,
} from "../../src/generation/index.ts";
import { ModelParameters } from "../../src/nn/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { smallConfig } from "../models/programs.ts";
import { matrix, peaked, sentences, tableModel, translator } from "./models.ts";

const [START, END, A, B] = [0, 1, 2, 3];
const probabilities = [
  [0, 0.02, 0.5, 0.48],
  [0, 1, 0, 0],
  [0, 0.3, 0.4, 0.3],
  [0, 0.9, 0.06, 0.04],
];

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

describe("a table whose search can be done by hand", () => {
  it("shows what each step looked at, kept, finished and gave up", async () => {
    const table = tableModel(probabilities.map((row) => row.map((p) => Math.log(Math.max(p, 1e-9)))));
    const model = new CachedModel(await ModelParameters.fromValues(engine, [], new Map()), table);
    const steps: BeamStep[] = [];
    const options = { numBeams: 2, eosTokenId: END, suppressTokens: [START], maxNewTokens: 3, lengthPenalty: 0 };
    const told = { ...options, onBeamStep: (step: BeamStep) => void steps.push(step) };
    const best = (await generate(model, { target: startTokens(1, START) }, told))[0]![0];
    const nodes = beamTree(steps);
    const seen = nodes.map(({ step, id, parent, state, sum }) => {
      return [step, parent === undefined ? undefined : nodes[parent]!.id, id, state, Number(Math.exp(sum).toFixed(4))];
    });
    expect(seen).toEqual([
      [0, undefined, A, "kept", 0.5],
      [0, undefined, B, "kept", 0.48],
      [0, undefined, END, "pruned", 0.02],
      // Four of six continuations: twice the beams.
      [1, B, END, "finished", 0.432],
      [1, A, A, "kept", 0.2],
      [1, A, END, "pruned", 0.15],
      [1, A, B, "kept", 0.15],
      [2, B, END, "finished", 0.135],
      ...nodes.slice(8).map((_, i) => seen[8 + i]!),
    ]);
    expect([...best!.ids, best!.endId]).toEqual([B, END]);
    const winner = nodes.find(({ state, score }) => state === "finished" && Math.abs(score - best!.score) < 1e-6)!;
    expect(idsTo(nodes, winner.node)).toEqual([B, END]);
    await model.dispose();
  });
});

describe("searches over a random Transformer", () => {
  const config = smallConfig({ normalization: "pre", positions: "learned", tiedEmbeddings: "none" });
  let model: CachedModel;
  beforeAll(async () => {
    model = new CachedModel(await peaked(engine, translator(config), 5), translator(config));
  });

  it.each<[string, GenerationOptions]>([
    ["plain", {}],
    ["with a length penalty of 2", { lengthPenalty: 2 }],
    ["that stop early", { earlyStopping: true }],
    ["with penalties on all scores", { repetitionPenalty: 1.4, noRepeatNgramSize: 2 }],
    ["that draw", { doSample: true, temperature: 1.5, seed: 9 }],
  ])("%s: watching changes nothing, and the best leaf is the result", async (_, more) => {
    const rows = sentences(4, config.vocabulary, 3);
    const source = matrix(rows, config.paddingId);
    const feeds = { source, target: startTokens(rows.length, 1) };
    const options = {
      numBeams: 3,
      numReturnSequences: 3,
      eosTokenId: 2,
      maxNewTokens: 8,
      suppressTokens: [0, 1],
      ...more,
    };
    const plain = await generate(model, feeds, options);
    const steps: BeamStep[] = [];
    const watched = await generate(model, feeds, { ...options, onBeamStep: (step) => void steps.push(step) });
    expect(watched).toEqual(plain);
    for (const [row, found] of watched.entries()) {
      const own = steps.filter((step) => step.row === row);
      expect(own.map(({ step }) => step)).toEqual(own.map((__, i) => i));
      expect(own.map(({ live }) => live)).toEqual(own.map((__, i) => i < own.length - 1));
      const nodes = beamTree(own);
      const finished = nodes.filter(({ state }) => state === "finished").sort((a, b) => b.score - a.score);
      expect(finished[0]!.score).toBeCloseTo(found[0]!.score, 5);
      const { ids, endId } = found[0]!;
      expect(idsTo(nodes, finished[0]!.node)).toEqual([...ids, ...(endId === undefined ? [] : [endId])]);
      for (const { node, parent, step } of nodes) {
        expect(parent === undefined ? 0 : nodes[parent]!.step + 1).toBe(step);
        if (parent !== undefined) expect(nodes[parent]!.state).toBe("kept");
        expect(idsTo(nodes, node)).toHaveLength(step + 1);
      }
      for (const { candidates } of own) {
        expect(candidates.filter(({ state }) => state === "kept").length).toBeLessThanOrEqual(3);
      }
    }
  });

  it("adds the log-probabilities up along the way where nothing changes the scores", async () => {
    const steps: BeamStep[] = [];
    const feeds = { source: matrix([[4, 5, 6, 2]], 0), target: startTokens(1, 1) };
    await generate(model, feeds, { numBeams: 4, maxNewTokens: 5, onBeamStep: (step) => void steps.push(step) });
    const nodes = beamTree(steps);
    for (const { parent, sum, logProbability, score, step } of nodes) {
      expect(sum).toBeCloseTo((parent === undefined ? 0 : nodes[parent]!.sum) + logProbability, 4);
      expect(score).toBeCloseTo(sum / (step + 1), 5);
    }
  });
});
