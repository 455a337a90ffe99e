/** `verify` goes red where one thing of a model is changed on purpose, first at the layer that was changed. */
import { existsSync, readdirSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { Tensor } from "../../src/graph/index.ts";
import { activations, PARAMETERS } from "../../src/nn/index.ts";
import { readGolden, type Golden } from "../../src/tasks/golden-file.ts";
import type { Model } from "../../src/tasks/model.ts";
import { openModel } from "../../src/tasks/open.ts";
import { verifyModel } from "../../src/tasks/verify.ts";

const ROOT = "test/families";
const main = [];
for (const name of readdirSync(ROOT)) {
  if (!existsSync(`${ROOT}/${name}/golden.safetensors`)) continue;
  const golden = await readGolden(diskFolder(`${ROOT}/${name}`), "golden.safetensors");
  if ([...golden.outputs.keys()].some((output) => /hiddenStates\.1$/i.test(output))) main.push(name);
}

/** Forward outputs alone: they show each change, and soon. */
const forwardOf = (golden: Golden): Golden => ({ ...golden, gradients: new Map(), steps: new Map(), generated: [] });

async function firstRed(model: Model, golden: Golden): Promise<string | undefined> {
  const { rows } = await verifyModel(model, golden);
  return rows.find(({ ok }) => !ok)?.name;
}

/** The layer that a row is computed in, counted from 0; −1 for embeddings. */
function layerOfRow(row: string): { stack: "encoder" | "decoder" | ""; layer: number } | undefined {
  const found = /^outputs\.(?:\w+_model_output\.)?(encoder|decoder|cross)?_?(hidden_states|attentions)\.(\d+)$/.exec(
    row,
  );
  if (found === null) return undefined;
  const stack = found[1] === "cross" ? "decoder" : ((found[1] ?? "") as "encoder" | "decoder" | "");
  return { stack, layer: Number(found[3]) - (found[2] === "hidden_states" ? 1 : 0) };
}

/** The layer that a parameter belongs to by its name; undefined for what is in no layer. */
const layerOfParameter = (name: string): number | undefined => {
  const found = /(?:^|\.)(?:layers?|h|block)\.(\d+)\./.exec(name);
  return found === null ? undefined : Number(found[1]);
};

/** Another amount for each element: what all share, a norm takes away again. */
const nudged = (x: number, i: number): number => x + 0.25 * Math.cos(2 * i + 1);

type Method = (this: Tensor, given?: unknown) => Tensor;
/** A method of tensors as it is now, to be called on one. */
const method = (name: keyof Tensor): Method => Reflect.get(Tensor.prototype, name) as Method;

describe.each(main)("%s", (name) => {
  let golden: Golden;
  let model: Model;
  const open = (): Promise<Model> =>
    openModel(diskFolder(`${ROOT}/${name}`), { className: golden.modelClass, worker: false });
  beforeAll(async () => {
    golden = forwardOf(await readGolden(diskFolder(`${ROOT}/${name}`), "golden.safetensors"));
    model = await open();
  });
  afterAll(() => model.dispose());
  afterEach(() => vi.restoreAllMocks());

  /** A model traced anew, while something of the language that models are written in is changed. */
  async function redWith(mutate: () => void): Promise<string | undefined> {
    mutate();
    const changed = await open();
    try {
      return await firstRed(changed, golden);
    } finally {
      vi.restoreAllMocks();
      await changed.dispose();
    }
  }

  it("is green unchanged", async () => {
    expect(await firstRed(model, golden)).toBeUndefined();
  });

  it("shows a change of any bias or norm weight, in its own layer first", async () => {
    const { places } = model.parameters.layout;
    const vectors = [...places].filter(
      ([parameter, { shape }]) =>
        shape.length === 1 && !golden.zeroGradients.has(parameter) && !golden.noGradients.has(parameter),
    );
    expect(vectors.length).toBeGreaterThan(1);
    const shared = name.startsWith("albert");
    for (const [parameter, { offset, size }] of vectors) {
      const { data } = await model.engine.read(PARAMETERS, offset, size);
      await model.engine.write(PARAMETERS, (data as Float32Array).map(nudged), offset);
      model.parameters.changed();
      const red = await firstRed(model, golden);
      await model.engine.write(PARAMETERS, data, offset);
      model.parameters.changed();
      expect(red, parameter).toBeDefined();
      const [row, layer] = [layerOfRow(red!), layerOfParameter(parameter)];
      if (layer === undefined || shared || row === undefined) continue;
      expect(row.layer, `${parameter}: ${red!}`).toBe(layer);
      if (row.stack !== "") expect(parameter, red).toContain(row.stack);
    }
  });

  it("shows another activation function, in the first layer", async () => {
    const gelu = method("gelu");
    const silu = method("silu");
    const red = await redWith(() => {
      vi.spyOn(Tensor.prototype, "gelu").mockImplementation(function (this: Tensor, form = "none") {
        return gelu.call(this, form === "none" ? "tanh" : "none");
      });
      vi.spyOn(Tensor.prototype, "silu").mockImplementation(function (this: Tensor) {
        return gelu.call(this, "none");
      });
      vi.spyOn(Tensor.prototype, "relu").mockImplementation(silu);
      vi.spyOn(activations, "quick_gelu").mockImplementation((x) => gelu.call(x, "none"));
    });
    expect(red).toBeDefined();
    expect(layerOfRow(red!)?.layer).toBe(0);
  });

  it("shows another scaling", async ({ skip }) => {
    const scale = method("scale");
    let calls = 0;
    const red = await redWith(() => {
      vi.spyOn(Tensor.prototype, "scale").mockImplementation(function (this: Tensor, factor) {
        calls++;
        return scale.call(this, factor * 1.05);
      });
    });
    if (calls === 0) skip("it scales nothing: the scores of T5 are not scaled, and an output layer of its own is not");
    expect(red).toBeDefined();
  });

  it("shows positions that are off by one", async () => {
    const table = [...model.parameters.layout.places].find(([parameter]) =>
      /position_embeddings|wpe|embed_positions|positions_embed|relative_attention_bias|position_embedding/.test(
        parameter,
      ),
    );
    if (table !== undefined) {
      const [, { offset, size, shape }] = table;
      const { data } = await model.engine.read(PARAMETERS, offset, size);
      const width = shape.at(-1)!;
      const rolled = new Float32Array([
        ...(data as Float32Array).slice(width),
        ...(data as Float32Array).slice(0, width),
      ]);
      await model.engine.write(PARAMETERS, rolled, offset);
      model.parameters.changed();
      const red = await firstRed(model, golden);
      await model.engine.write(PARAMETERS, data, offset);
      model.parameters.changed();
      expect(red).toBeDefined();
      expect(layerOfRow(red!)?.layer).toBeLessThanOrEqual(0);
      return;
    }
    const sin = (x: number): number => Math.cos(x - Math.PI / 2);
    const sinOf = method("sin");
    const red = await redWith(() => {
      vi.spyOn(Math, "sin").mockImplementation((x) => sin(x + 1));
      vi.spyOn(Tensor.prototype, "sin").mockImplementation(function (this: Tensor) {
        return sinOf.call(this.add(1));
      });
    });
    expect(red).toBeDefined();
    expect(layerOfRow(red!)?.layer).toBeLessThanOrEqual(0);
  });
});
