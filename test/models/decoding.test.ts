import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TransformerConfig } from "../../src/models/index.ts";
import { transformer } from "../../src/models/index.ts";
import { Trace } from "../../src/nn/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type Values } from "../../src/runtime/index.ts";
import {
  compute,
  distance,
  drawnParameters,
  floats,
  ids,
  smallConfig,
  sourceIds,
  targetIds,
  traceTransformer,
} from "./programs.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

const variants: [string, TransformerConfig][] = [
  ["post-norm, sinusoids", smallConfig()],
  ["pre-norm, learned positions", smallConfig({ normalization: "pre", positions: "learned", activation: "gelu" })],
  ["two vocabularies", smallConfig({ targetVocabulary: 31, tiedEmbeddings: "none", positions: "halves" })],
];

const sourceRows = [
  [5, 6, 7, 2],
  [8, 9, 2, 0],
  [3, 2, 0, 0],
];
const targetRows = [
  [1, 4, 5, 6, 7, 8],
  [1, 9, 10, 9, 10, 9],
  [1, 20, 19, 18, 17, 16],
];

interface Decoder {
  /** The first positions: logits, and what the cache then holds. */
  prefill(source: readonly number[][], target: readonly number[][]): Promise<void>;
  /** Further positions, from the cache; `reorder` says which cached row each row goes on from. */
  step(target: readonly number[][], reorder?: readonly number[]): Promise<void>;
  readonly logits: HostTensor;
  readonly cached: number;
}

/** Prefill and step programs with the cache kept here, as generation keeps it in the engine. */
function decoder(config: TransformerConfig, { reorder = false } = {}): Decoder {
  const prefillTrace = new Trace("prefill");
  const stepTrace = new Trace("step", { reorder });
  const inputs = { source: sourceIds(), target: targetIds() };
  const prefillLogits = transformer(prefillTrace.scope, config, inputs);
  const stepLogits = transformer(stepTrace.scope, config, inputs);
  const parameters = Object.fromEntries(drawnParameters(prefillTrace));
  const entries = [...prefillTrace.cache.values()];
  const cache = new Map<string, HostTensor>();
  let logits: HostTensor | undefined;
  const keep = (results: Values): void => {
    for (const { name } of entries) if (results[name] !== undefined) cache.set(name, results[name]);
    logits = results["logits"];
  };
  return {
    async prefill(source, target) {
      const outputs = Object.fromEntries(entries.map(({ name, tensor }) => [name, tensor]));
      const feeds = { source: ids(...source), target: ids(...target), ...parameters };
      keep(await compute(engine, { logits: prefillLogits, ...outputs }, feeds));
    },
    async step(target, order) {
      const grown = [...stepTrace.cache.values()].filter(({ kind }) => kind === "append");
      const pasts = grown.map(({ name }) => [`past.${name}`, cache.get(name)!] as const);
      const read = entries.filter(({ kind }) => kind === "once");
      const onces = read.map(({ name }) => [`once.${name}`, rowsOf(cache.get(name)!, order)] as const);
      const moved =
        order === undefined
          ? {}
          : { reorder: { dtype: "int32" as const, shape: [order.length], data: Int32Array.from(order) } };
      const outputs = Object.fromEntries(grown.map(({ name, tensor }) => [name, tensor]));
      const feeds = { target: ids(...target), ...Object.fromEntries([...pasts, ...onces]), ...moved, ...parameters };
      keep(await compute(engine, { logits: stepLogits, ...outputs }, feeds));
    },
    get logits() {
      return logits!;
    },
    get cached() {
      return cache.get("model.decoder.layers.0.self_attn.key")!.shape[2]!;
    },
  };
}

/** Rows of the first axis in another order. */
function rowsOf(tensor: HostTensor, order: readonly number[] | undefined): HostTensor {
  if (order === undefined) return tensor;
  const length = tensor.data.length / tensor.shape[0]!;
  const data = new Float32Array(order.length * length);
  for (const [i, row] of order.entries())
    data.set(floats(tensor).subarray(row * length, (row + 1) * length), i * length);
  return { ...tensor, shape: [order.length, ...tensor.shape.slice(1)], data };
}

/** The logits [B, T, V] of everything at once. */
async function uncached(
  config: TransformerConfig,
  source: readonly number[][],
  target: readonly number[][],
): Promise<HostTensor> {
  const { trace, logits } = traceTransformer(config, "forward");
  const feeds = { source: ids(...source), target: ids(...target), ...Object.fromEntries(drawnParameters(trace)) };
  return (await compute(engine, { logits }, feeds))["logits"]!;
}

/** Positions of the second axis. */
function positionsOf({ data, shape }: HostTensor, start: number, end: number): Float32Array {
  const [batch, time, width] = shape as [number, number, number];
  const parts = Array.from({ length: batch }, (_, b) =>
    (data as Float32Array).subarray((b * time + start) * width, (b * time + end) * width),
  );
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

const columns = (rows: readonly number[][], start: number, end: number): number[][] =>
  rows.map((row) => row.slice(start, end));

describe.each(variants)("prefill and steps with a cache equal the whole at once: %s", (_, config) => {
  it.each([
    ["one token at a time", [1, 1, 1, 1, 1, 1]],
    ["several tokens at a time", [3, 2, 1]],
    ["a long step", [1, 5]],
  ])("%s", async (_name, lengths) => {
    const whole = await uncached(config, sourceRows, targetRows);
    const decoding = decoder(config);
    let start = 0;
    for (const length of lengths) {
      const tokens = columns(targetRows, start, start + length);
      if (start === 0) await decoding.prefill(sourceRows, tokens);
      else await decoding.step(tokens);
      const expected = positionsOf(whole, start, start + length);
      expect(decoding.logits.data).toHaveLength(expected.length);
      expect(distance(floats(decoding.logits), expected)).toBeLessThan(1e-5);
      start += length;
      expect(decoding.cached).toBe(start);
    }
  });

  it("also where a step reorders, repeats and drops rows, as beams do", async () => {
    const decoding = decoder(config, { reorder: true });
    await decoding.prefill(sourceRows, columns(targetRows, 0, 2));
    const order = [2, 0, 0, 2];
    await decoding.step(
      order.map((_row, i) => [10 + i, 4]),
      order,
    );
    const rows = order.map((row, i) => [...targetRows[row]!.slice(0, 2), 10 + i, 4]);
    const whole = await uncached(
      config,
      order.map((row) => sourceRows[row]!),
      rows,
    );
    expect(distance(floats(decoding.logits), positionsOf(whole, 2, 4))).toBeLessThan(1e-5);
  });
});

describe("the step program", () => {
  const trace = new Trace("step");
  const config = smallConfig();
  const logits = transformer(trace.scope, config, { source: sourceIds(), target: targetIds() });

  it("asks for the new tokens, the decoder's past and the encoder's keys and values, not for the source", () => {
    const { inputs } = lower("step", { logits });
    const asked = inputs.map(({ name }) => name).filter((name) => !/(weight|bias)$/.test(name));
    const ofLayers = (names: readonly string[]): string[] =>
      [0, 1].flatMap((i) => names.map((name) => name.replace("#", `model.decoder.layers.${i}`)));
    expect(asked.sort()).toEqual(
      [
        "target",
        "once.source_mask",
        ...ofLayers([
          "past.#.self_attn.key",
          "past.#.self_attn.value",
          "once.#.encoder_attn.key",
          "once.#.encoder_attn.value",
        ]),
      ].sort(),
    );
  });

  it("holds no part of the encoder", () => {
    const { inputs } = lower("step", { logits });
    expect(inputs.filter(({ name }) => name.startsWith("model.encoder"))).toEqual([]);
    expect([...trace.cache.keys()].filter((name) => name.startsWith("model.encoder"))).toEqual([]);
  });
});
