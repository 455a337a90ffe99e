import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordNames, recordsOf } from "../../src/insight/index.ts";
import type { ModelParameters } from "../../src/nn/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { matrix, peaked, translator } from "../generation/models.ts";
import { smallConfig } from "../models/programs.ts";

describe("records of a forward pass", () => {
  const model = translator(smallConfig({ heads: 2 }));
  const feeds = { source: matrix([[4, 5, 6, 2], [7, 2]]), target: matrix([[1, 8, 9], [1, 10, 11]]) }; // prettier-ignore
  let engine: Engine;
  let parameters: ModelParameters;
  beforeAll(async () => {
    engine = await createEngine({ worker: false, threads: 1 });
    parameters = await peaked(engine, model, 1);
  });
  afterAll(() => engine.dispose());

  it("gives attention by pattern: rows that sum to 1, nothing on padding or on the future", async () => {
    const found = await recordsOf(parameters, model, feeds, /attn\.attention$/);
    expect([...found.keys()]).toEqual(recordNames(model).filter((name) => name.endsWith("attn.attention")));
    expect(found.size).toBe(6);
    const cross = found.get("model.decoder.layers.1.encoder_attn.attention")!;
    expect(cross.shape).toEqual([2, 2, 3, 4]);
    const weights = cross.data as Float32Array;
    for (let row = 0; row < 12; row++) {
      expect(weights.subarray(4 * row, 4 * row + 4).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    }
    for (let row = 6; row < 12; row++) expect([...weights.subarray(4 * row + 2, 4 * row + 4)]).toEqual([0, 0]);
    const own = found.get("model.decoder.layers.0.self_attn.attention")!;
    expect([...(own.data as Float32Array).subarray(0, 3)]).toEqual([1, 0, 0]);
  });

  it("gives records by name, in the order asked for", async () => {
    const names = [
      "model.decoder.layers.0.hidden",
      "model.encoder.embeddings",
      "model.encoder.embed_positions.positions",
    ];
    const found = await recordsOf(parameters, model, feeds, names);
    expect([...found].map(([name, { shape }]) => [name, shape])).toEqual([
      [names[0], [2, 3, 16]],
      [names[1], [2, 4, 16]],
      [names[2], [4, 16]],
    ]);
  });

  it("names the nearest record where one is unknown", async () => {
    const typo = recordsOf(parameters, model, feeds, ["model.encoder.layers.0.hiden"]);
    await expect(typo).rejects.toThrow('Did you mean "model.encoder.layers.0.hidden"?');
    await expect(recordsOf(parameters, model, feeds, /nothing/)).rejects.toThrow("No record matches /nothing/");
  });
});
