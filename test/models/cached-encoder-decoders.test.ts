/** Encoder-decoders: what is computed position by position from a cache equals what is computed at once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { architectureOf, traceOf, type ConfigJson } from "../../src/models/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type Values } from "../../src/runtime/index.ts";
import { compute, distance, drawnParameters, floats, ids, norm } from "./programs.ts";

const bart = {
  vocab_size: 23,
  d_model: 12,
  ...{ encoder_layers: 2, encoder_attention_heads: 4, encoder_ffn_dim: 9 },
  ...{ decoder_layers: 2, decoder_attention_heads: 2, decoder_ffn_dim: 7 },
  max_position_embeddings: 16,
};
const tokens = { pad_token_id: 22, eos_token_id: 0, decoder_start_token_id: 22 };
const t5 = { vocab_size: 23, d_model: 12, d_kv: 5, num_heads: 3, d_ff: 9, num_layers: 2 };

/** Every family with an encoder and a decoder, small. */
const models: Record<string, ConfigJson> = {
  bart: { ...bart, architectures: ["BartForConditionalGeneration"] },
  mbart: { ...bart, scale_embedding: true, architectures: ["MBartForConditionalGeneration"] },
  marian: { ...bart, ...tokens, architectures: ["MarianMTModel"] },
  t5: {
    ...t5,
    feed_forward_proj: "gated-gelu",
    relative_attention_num_buckets: 6,
    relative_attention_max_distance: 5,
    architectures: ["T5ForConditionalGeneration"],
  },
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

const source = ids([5, 6, 7, 8, 2], [9, 10, 2, 1, 1]);
const sourceMask = ids([1, 1, 1, 1, 1], [1, 1, 1, 0, 0]);
const read = [
  [3, 4, 5, 6, 7, 8, 9],
  [1, 1, 12, 11, 10, 9, 8],
];
const real = [
  [1, 1, 1, 1, 1, 1, 1],
  [0, 0, 1, 1, 1, 1, 1],
];
const columns = (rows: readonly number[][], start: number, end: number): HostTensor =>
  ids(...rows.map((row) => row.slice(start, end)));

/** The source, and `time` tokens behind `past` others. */
const feedsOf = (past: number, time: number): Values => ({
  ...{ inputIds: source, attentionMask: sourceMask },
  decoderInputIds: columns(read, past, past + time),
  decoderAttentionMask: columns(real, 0, past + time),
});

/** Compares logits of positions from `start` on with those of all at once, where a row's token is real. */
function expectRows(found: HostTensor, whole: HostTensor, start: number): void {
  const [batch, time, width] = found.shape as [number, number, number];
  const all = whole.shape[1]!;
  for (let row = 0; row < batch; row++) {
    for (let t = 0; t < time; t++) {
      if (real[row]![start + t] === 0) continue;
      const a = floats(found).subarray((row * time + t) * width, (row * time + t + 1) * width);
      const b = floats(whole).subarray((row * all + start + t) * width, (row * all + start + t + 1) * width);
      expect(distance(a, b), `row ${row}, position ${start + t}`).toBeLessThan(1e-5 * norm(b));
    }
  }
}

describe.each(Object.entries(models))("%s", (modelType, json) => {
  const made = architectureOf({ ...json, model_type: modelType }, "config.json");
  const given = Object.keys(feedsOf(0, 1));

  it("gives from a cache what it gives at once", async () => {
    const forward = traceOf(made, given);
    const parameters = Object.fromEntries(drawnParameters(forward.trace));
    const all = { ...feedsOf(0, 7), ...parameters };
    const whole = (await compute(engine, { logits: forward.outputs["logits"]! }, all))["logits"]!;
    const first = traceOf(made, given, "prefill");
    const step = traceOf(made, given, "step");
    let cache = new Map<string, HostTensor>();
    const run = async ({ trace, outputs }: typeof first, feeds: Values): Promise<HostTensor> => {
      const kept = Object.fromEntries([...trace.cache.values()].map(({ name, tensor }) => [name, tensor]));
      const ports = { logits: outputs["logits"]!, ...kept };
      const wanted = lower("step", ports).inputs.map(({ name }) => name);
      const before = [...trace.cache.values()].map(
        ({ name, kind }) => [`${kind === "append" ? "past" : "once"}.${name}`, cache.get(name)] as const,
      );
      const all = { ...feeds, ...parameters, ...Object.fromEntries(before) } as Values;
      const needed = Object.fromEntries(wanted.map((name) => [name, all[name]!]));
      const results = await compute(engine, ports, needed);
      cache = new Map(Object.keys(kept).map((name) => [name, results[name]!]));
      return results["logits"]!;
    };
    expectRows(await run(first, feedsOf(0, 3)), whole, 0);
    for (const [past, time] of [
      [3, 1],
      [4, 1],
      [5, 2],
    ] as const) {
      expectRows(await run(step, feedsOf(past, time)), whole, past);
    }
  });

  it("steps without the encoder", () => {
    const { trace, outputs } = traceOf(made, given, "step");
    const kept = [...trace.cache.values()].filter(({ kind }) => kind === "append");
    const ports = { logits: outputs["logits"]!, ...Object.fromEntries(kept.map(({ name, tensor }) => [name, tensor])) };
    const names = lower("step", ports).inputs.map(({ name }) => name);
    // Neither the source nor the encoder, nor what projects the encoder's output to keys and values.
    expect(
      names.filter((name) => /(^|\.)encoder\.|(encoder_attn\.[kv]_proj|EncDecAttention\.[kv])\./.test(name)),
    ).toEqual([]);
    for (const name of ["inputIds", "attentionMask"]) expect(names).not.toContain(name);
    expect(names).toContain(`past.${kept[0]!.name}`);
  });
});
