/** Why an answer, as PyTorch says it by hooks and autograd: test/insight/golden/why.safetensors. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openSafetensors } from "../../src/checkpoints/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { input, replaced, type Tensor } from "../../src/graph/index.ts";
import {
  ablate,
  attentionFlow,
  attentionRollout,
  logitAttribution,
  logitLens,
  maximumFlow,
  patch,
  probabilities,
  salience,
  settle,
  type Ablation,
  type SalienceOptions,
} from "../../src/insight/index.ts";
import { openSubject, type Subject } from "../../src/inspect/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import type { Values } from "../../src/runtime/index.ts";

const golden = await openSafetensors(diskFolder("test/insight/golden"), "why.safetensors");
const ids = (...row: number[]): HostTensor => ({ dtype: "int32", shape: [1, row.length], data: Int32Array.from(row) });
const text: Values = { inputIds: ids(5, 9, 13, 7, 21, 11) };
const pair: Values = { ...text, decoderInputIds: ids(0, 7, 12, 30) };
const answer = { position: 2, index: 3 };

const subjects = new Map<string, Subject>();
async function modelOf(name: string): Promise<Subject["model"]> {
  const known = subjects.get(name);
  if (known !== undefined) return known.model;
  const subject = await openSubject(diskFolder(`test/families/${name}`), { worker: false, threads: 1 });
  subjects.set(name, subject);
  return subject.model;
}
afterAll(async () => {
  for (const subject of subjects.values()) await subject.dispose();
});

async function expected(name: string): Promise<Float32Array> {
  return (await golden.tensor(name)).data as Float32Array;
}
async function inputsOf(name: string): Promise<Values> {
  if (name.startsWith("t5")) return pair;
  if (!name.startsWith("vit")) return text;
  const { shape } = await golden.tensor(`${name}.pixels`);
  return { pixelValues: { dtype: "float32", shape, data: await expected(`${name}.pixels`) } };
}
function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-4): void {
  expect(got.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    const off = Math.abs(got[i]! - wanted[i]!) / Math.max(1, Math.abs(wanted[i]!));
    expect(off, `${i}: ${got[i]} instead of ${wanted[i]}`).toBeLessThan(tolerance);
  }
}

const decoders = ["gpt2-causal-lm", "llama-causal-lm"];
const texts = [...decoders, "bert-masked-lm", "t5-conditional-generation"];
const all = [...texts, "vit-image-classification"];

describe("logit lens", () => {
  it.each(all)("%s", async (name) => {
    const model = await modelOf(name);
    const lens = await logitLens(model, await inputsOf(name), { keep: 4, follow: 2 });
    const logits = await expected(`${name}.lens`);
    const size = logits.length / (lens.layers * lens.positions);
    for (let row = 0; row < lens.layers * lens.positions; row++) {
      const scores = logits.subarray(row * size, (row + 1) * size);
      const shares = probabilities(scores);
      const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
      expect([...lens.tokens.subarray(row * 4, row * 4 + 4)]).toEqual(order.slice(0, 4));
      expectClose(
        lens.probabilities.subarray(row * 4, row * 4 + 4),
        order.slice(0, 4).map((i) => shares[i]!),
      );
      expect(lens.ranks[row]).toBe(order.indexOf(2));
      expectClose([lens.followedLogits[row]!, lens.followedProbabilities[row]!], [scores[2]!, shares[2]!]);
    }
  });

  it("follows the model's own answers where none is named", async () => {
    const lens = await logitLens(await modelOf("gpt2-causal-lm"), text);
    expect([...lens.ranks.slice(-6)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...lens.followed]).toEqual([...lens.tokens.slice(-30)].filter((_, i) => i % 5 === 0));
  });
});

describe("salience", () => {
  const methods: readonly (readonly [string, SalienceOptions])[] = [
    ["norms", { method: "gradient" }],
    ["products", { method: "gradient-x-input" }],
    ["integrated", { method: "integrated-gradients", steps: 8 }],
    ["integrated-zero", { method: "integrated-gradients", steps: 8, baseline: "zero" }],
  ];
  it.each(all)("%s", async (name) => {
    const [model, inputs] = [await modelOf(name), await inputsOf(name)];
    const answered = await settle(model, inputs, answer);
    for (const [what, options] of methods) {
      if (name.startsWith("vit") && what === "integrated-zero") continue;
      const { sides } = await salience(model, inputs, answered, options);
      for (const [i, { values }] of sides.entries()) {
        const wanted = await expected(`${name}.${what}.${i}`);
        const largest = Math.max(1, ...wanted.map(Math.abs));
        // Beside a zero baseline gradients of RMSNorm are as large as its epsilon is small.
        expectClose(
          values.map((value) => value / largest),
          wanted.map((value) => value / largest),
        );
      }
    }
  });
});

describe("ablation", () => {
  const groups = (name: string): string => (name.startsWith("t5") ? "crossAttentions" : "attentions");
  const stream = (name: string): string => (name.startsWith("t5") ? "decoderHiddenStates" : "hiddenStates");
  it.each(texts)("%s", async (name) => {
    const [model, inputs] = [await modelOf(name), await inputsOf(name)];
    const answered = await settle(model, inputs, answer);
    const rowsOf = async (what: string): Promise<Float32Array[]> => {
      const values = await expected(`${name}.without-${what}`);
      const size = answered.scores.length;
      return Array.from({ length: values.length / size }, (_, i) => values.subarray(i * size, (i + 1) * size));
    };
    const check = async (what: string, ablations: readonly Ablation[]): Promise<void> => {
      const effects = await ablate(model, inputs, answered, ablations);
      const rows = await rowsOf(what);
      expectClose(
        effects.map(({ logit }) => logit),
        rows.map((scores) => scores[answer.index]!),
      );
      expectClose(
        effects.map(({ probability }) => probability),
        rows.map((scores) => probabilities(scores)[answer.index]!),
      );
      const before = probabilities(answered.scores);
      expectClose(
        effects.map(({ divergence }) => divergence),
        rows.map((scores) => {
          const after = probabilities(scores);
          return before.reduce((sum, p, i) => sum + p * Math.log(p / after[i]!), 0);
        }),
      );
      for (const effect of effects) expect(effect.logitChange).toBeCloseTo(effect.logit - answered.scores[3]!, 5);
    };
    const heads = (await rowsOf("heads")).length / 2;
    const layers = [0, 1];
    const [group, states] = [groups(name), stream(name)];
    const part = name.startsWith("t5") ? "cross-attention" : "attention";
    await check(
      "heads",
      layers.flatMap((layer) =>
        Array.from({ length: heads }, (_, head): Ablation => ({ kind: "head", group, layer, head })),
      ),
    );
    await check(
      "attention",
      layers.map((layer): Ablation => ({ kind: "sublayer", stream: states, layer, part })),
    );
    await check(
      "feed",
      layers.map((layer): Ablation => ({ kind: "sublayer", stream: states, layer, part: "feed-forward" })),
    );
    if (!name.startsWith("t5"))
      await check(
        "layers",
        layers.map((layer): Ablation => ({ kind: "layer", stream: states, layer })),
      );
  });

  it("of a position puts zeros, or the mean of the positions, in its place", async () => {
    const model = await modelOf("gpt2-causal-lm");
    const answered = await settle(model, text, { position: 5, index: 3 });
    const place: Ablation = { kind: "position", stream: "hiddenStates", position: 1 };
    const row = (await model.run(text, { outputs: ["hiddenStates.0"] })).get("hiddenStates.0")!;
    const data = row.data as Float32Array;
    const width = row.shape[2]!;
    for (const method of ["zero", "mean"] as const) {
      const changed = data.slice();
      for (let d = 0; d < width; d++) {
        const mean = [0, 1, 2, 3, 4, 5].reduce((sum, t) => sum + data[t * width + d]!, 0) / 6;
        changed[width + d] = method === "mean" ? mean : 0;
      }
      const found = await model.derive(
        "changed",
        text,
        ({ all, outputs }) => {
          const put = new Map([
            [all.get("hiddenStates.0")!, (before: Tensor) => input("changed", "float32", before.shape)],
          ]);
          return new Map([["logits", replaced([outputs.get("logits")!], put)[0]!]]);
        },
        { feeds: { changed: { ...row, data: changed } } },
      );
      const [effect] = await ablate(model, text, answered, [place], { method });
      expect(effect!.logit).toBeCloseTo((found.get("logits")!.data as Float32Array)[5 * 53 + 3]!, 4);
    }
  });

  it("of a head equals zeroing its rows of the output projection", async () => {
    const name = "gpt2-causal-lm";
    const subject = await openSubject(diskFolder(`test/families/${name}`), { worker: false, threads: 1 });
    const { parameters, model } = subject;
    const answered = await settle(model, text, answer);
    const [effect] = await ablate(model, text, answered, [{ kind: "head", group: "attentions", layer: 1, head: 2 }]);
    const weight = "transformer.h.1.attn.c_proj.weight";
    const { shape, data } = (await parameters.read()).get(weight)!;
    const [width, out] = shape as [number, number];
    const values = Float32Array.from(data as Float32Array);
    const size = width / 4;
    values.fill(0, 2 * size * out, 3 * size * out);
    await parameters.update(new Map([[weight, { dtype: "float32" as const, shape, data: values }]]));
    const after = await settle(model, text, answer);
    expect(effect!.logit).toBeCloseTo(after.scores[answer.index]!, 5);
    expect(effect!.logitChange).not.toBeCloseTo(0, 3);
    await subject.dispose();
  });

  it("refuses what is not there", async () => {
    const model = await modelOf("gpt2-causal-lm");
    const answered = await settle(model, text, answer);
    const refused: readonly (readonly [Ablation, string])[] = [
      [{ kind: "head", group: "attentions", layer: 0, head: 9 }, "no head 10 in layer 1"],
      [{ kind: "layer", stream: "hiddenStates", layer: 7 }, "layers 1 to 2, not 8"],
      [{ kind: "layer", stream: "encoderHiddenStates", layer: 0 }, 'no layers "encoderHiddenStates"'],
      [
        { kind: "sublayer", stream: "hiddenStates", layer: 0, part: "cross-attention" },
        "no cross-attention in layer 1",
      ],
    ];
    for (const [ablation, message] of refused) {
      await expect(ablate(model, text, answered, [ablation])).rejects.toThrow(message);
    }
  });
});

describe("rollout", () => {
  it.each([...decoders, "bert-masked-lm", "vit-image-classification"])("%s", async (name) => {
    const { mixes } = await attentionRollout(await modelOf(name), await inputsOf(name));
    expectClose(mixes.data as Float32Array, await expected(`${name}.rollout`));
  });

  it("follows its recursion across encoder and decoder", async () => {
    const model = await modelOf("t5-conditional-generation");
    const names = ["encoderAttentions", "decoderAttentions", "crossAttentions"];
    const weights = await model.run(pair, { outputs: names });
    type Matrix = number[][];
    const mean = (name: string, layer: number): Matrix => {
      const { shape, data } = weights.get(`${name}.${layer}`)!;
      const [, heads, rows, columns] = shape as [number, number, number, number];
      return Array.from({ length: rows }, (_, t) =>
        Array.from({ length: columns }, (_, s) => {
          let sum = 0;
          for (let h = 0; h < heads; h++) sum += Number(data[(h * rows + t) * columns + s]);
          return sum / heads;
        }),
      );
    };
    const times = (a: Matrix, b: Matrix): Matrix =>
      a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
    const half = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((value, j) => (value + b[i]![j]!) / 2));
    const eye = (n: number): Matrix =>
      Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
    const zeros = (a: Matrix): Matrix => a.map((row) => row.map(() => 0));
    let encoder = eye(6);
    for (const layer of [0, 1]) encoder = times(half(mean("encoderAttentions", layer), eye(6)), encoder);
    let [own, source] = [eye(4), zeros(mean("crossAttentions", 0))];
    for (const layer of [0, 1]) {
      const self = half(mean("decoderAttentions", layer), eye(4));
      own = half(times(self, own), zeros(eye(4)));
      source = half(times(self, source), times(mean("crossAttentions", layer), encoder));
    }
    const rollout = await attentionRollout(model, pair, "crossAttentions");
    expectClose((rollout.mixes.data as Float32Array).slice(-24), source.flat());
    expectClose((rollout.own!.data as Float32Array).slice(-16), own.flat());
  });

  it("refuses attention that is not there", async () => {
    await expect(attentionRollout(await modelOf("gpt2-causal-lm"), text, "crossAttentions")).rejects.toThrow(
      'no attention "crossAttentions"',
    );
  });
});

describe("attention flow", () => {
  it.each(texts.slice(0, 3))("%s", async (name) => {
    const flows = await attentionFlow(await modelOf(name), text, { token: 5 });
    expectClose(flows, await expected(`${name}.flow`));
  });

  it("is never more than what a token takes in, and all of it where one token is everything", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer(),
        (layers, tokens, seed) => {
          // Never 0, which would leave a row of one token without a sum.
          const data = new Float32Array(layers * tokens * tokens).map((_, i) => 1.1 + Math.sin(seed + i * 1.7));
          for (let row = 0; row < layers * tokens; row++) {
            const part = data.subarray(row * tokens, (row + 1) * tokens);
            const sum = part.reduce((total, value) => total + value, 0);
            part.forEach((value, i) => (part[i] = value / sum));
          }
          const steps = { dtype: "float32" as const, shape: [layers, tokens, tokens], data };
          for (let to = 0; to < tokens; to++) {
            const flow = maximumFlow(steps, layers - 1, 0, to);
            // In front of the first layer a token gives what its column has; behind the last it takes 1.
            const given = Array.from({ length: tokens }, (_, i) => data[i * tokens + to]!).reduce((a, b) => a + b, 0);
            expect(flow).toBeLessThanOrEqual(Math.min(1, given) + 1e-5);
            if (layers === 1) expect(flow).toBeCloseTo(data[to]!, 5);
            if (tokens === 1) expect(flow).toBeCloseTo(1, 5);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is not a number where a weight is none, instead of being looked for without end", () => {
    const steps = { dtype: "float32" as const, shape: [1, 2, 2], data: Float32Array.of(0.5, NaN, 0.5, 0.5) };
    expect(maximumFlow(steps, 0, 0, 1)).toBeNaN();
  });
});

describe("patching", () => {
  const corrupted: Values = { inputIds: ids(5, 17, 8, 7, 21, 11) };
  it.each(texts.slice(0, 3))("%s", async (name) => {
    const model = await modelOf(name);
    const answered = await settle(model, text, answer);
    const found = await patch(model, { clean: text, corrupted }, answered, [
      { kind: "state", stream: "hiddenStates", layer: 1, position: 1 },
      { kind: "state", stream: "hiddenStates", layer: 0 },
      { kind: "head", group: "attentions", layer: 0, head: 1 },
    ]);
    const [before, patched] = [await expected(`${name}.corrupted`), await expected(`${name}.patched`)];
    expectClose([found.corrupted.logit, found.patched[0]!.logit], [before[3]!, patched[3]!]);
    const share = (patched[3]! - before[3]!) / (answered.scores[3]! - before[3]!);
    expect(found.patched[0]!.restored).toBeCloseTo(share, 3);
    expect(found.patched[1]!.restored).toBeCloseTo(1, 4);
    expect(found.patched[2]!.logit).not.toBeCloseTo(before[3]!, 5);
  });

  it("refuses readings of other lengths, and what is not there", async () => {
    const model = await modelOf("gpt2-causal-lm");
    const answered = await settle(model, text, answer);
    const shorter = { clean: text, corrupted: { inputIds: ids(5, 17, 8) } };
    await expect(patch(model, shorter, answered, [])).rejects.toThrow("has 6 tokens and the corrupted one 3");
    const state = { kind: "state", stream: "hiddenStates", layer: 9 } as const;
    await expect(patch(model, { clean: text, corrupted }, answered, [state])).rejects.toThrow("no state 9");
  });
});

describe("direct logit attribution", () => {
  it.each(decoders)("%s", async (name) => {
    const model = await modelOf(name);
    const found = await logitAttribution(model, text, await settle(model, text, answer));
    expectClose(
      [found.embeddings.share, ...found.sublayers.map(({ share }) => share)],
      await expected(`${name}.shares`),
    );
    expectClose(
      found.sublayers.flatMap(({ heads }) => heads),
      await expected(`${name}.head-shares`),
    );
  });

  it("of a difference is the difference of the shares", async () => {
    const model = await modelOf("bert-masked-lm");
    const shares = async (index: number, against?: number): Promise<number[]> => {
      const { sublayers } = await logitAttribution(
        model,
        text,
        await settle(model, text, { position: 2, index, against }),
      );
      return sublayers.map(({ share }) => share);
    };
    const [both, one, other] = [await shares(3, 8), await shares(3), await shares(8)];
    expect(both.length).toBe(4);
    // A head with an activation is held straight at the same slopes for both, so differences hold there, too.
    expectClose(
      both,
      one.map((share, i) => share - other[i]!),
      1e-3,
    );
  });

  it("refuses scores behind a softmax", async () => {
    const model = await modelOf("transfo-xl-causal-lm");
    const answered = await settle(model, text, { position: 2 });
    await expect(logitAttribution(model, text, answered)).rejects.toThrow("lies behind a logSoftmax");
  });
});
