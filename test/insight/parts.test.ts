/** Parts of models by name: what freezing and rates by layer go by. */
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { depthsByName, parametersIn, partsByName } from "../../src/insight/index.ts";
import { architectureOfPreset, families, parametersOf, type ModelTask } from "../../src/models/index.ts";

const namesOf = (preset: string, task: ModelTask): string[] =>
  parametersOf(architectureOfPreset(preset, { task })).map(({ name }) => name);
const bert = namesOf("bert-base", "sequence-classification");

describe("parts", () => {
  it.each([
    ["bert.embeddings.word_embeddings.weight", "embeddings", undefined],
    ["bert.embeddings.LayerNorm.weight", "embeddings", undefined],
    ["bert.encoder.layer.11.output.dense.weight", "layer", 11],
    ["bert.pooler.dense.weight", "head", undefined],
    ["classifier.bias", "head", undefined],
  ])("%s is in %s %s", (name, kind, layer) => {
    expect(bert).toContain(name);
    expect(partsByName(bert)(name)).toMatchObject({ kind, ...(layer !== undefined && { layer }) });
  });

  it("are told alike in every family: all layers that there are, numbered without gaps, and norms above them", () => {
    for (const { presets, heads } of families) {
      const [preset] = presets;
      if (preset === undefined) continue;
      const [task] = Object.values(heads);
      const names = namesOf(preset, task!);
      const part = partsByName(names);
      const stacks = new Map<string, Set<number>>();
      for (const name of names) {
        const { kind, stack, layer } = part(name);
        if (kind === "layer") stacks.set(stack, (stacks.get(stack) ?? new Set()).add(layer!));
      }
      expect(stacks.size, preset).toBeGreaterThan(0);
      for (const layers of stacks.values()) {
        expect(
          [...layers].sort((a, b) => a - b),
          preset,
        ).toEqual([...layers.keys()].map((_, i) => i));
      }
    }
    expect(partsByName(namesOf("gpt2", "causal-lm"))("transformer.ln_f.weight").kind).toBe("top");
    const t5 = namesOf("t5-small", "conditional-generation");
    expect(partsByName(t5)("decoder.final_layer_norm.weight")).toEqual({ kind: "top", stack: "decoder" });
    expect(partsByName(t5)("shared.weight").kind).toBe("embeddings");
  });

  it("have depths that grow from the head downward, in each stack alone", () => {
    const depth = depthsByName(bert);
    expect(depth("classifier.weight")).toBe(0);
    expect(depth("bert.encoder.layer.11.output.dense.bias")).toBe(1);
    expect(depth("bert.encoder.layer.0.output.dense.bias")).toBe(12);
    expect(depth("bert.embeddings.position_embeddings.weight")).toBe(13);
    const t5 = depthsByName(namesOf("t5-small", "conditional-generation"));
    expect(t5("decoder.block.5.layer.2.DenseReluDense.wo.weight")).toBe(1);
    expect(t5("encoder.block.5.layer.1.DenseReluDense.wo.weight")).toBe(1);
    expect(t5("encoder.block.0.layer.0.SelfAttention.q.weight")).toBe(6);
  });
});

describe("words for parts", () => {
  const count = (...words: string[]): number => parametersIn(bert, words).size;

  it("name embeddings, layers, ranges, the head and the body", () => {
    const layer = 16;
    expect(count("3")).toBe(layer);
    expect(count("0-3")).toBe(4 * layer);
    expect(count("embeddings", "0-3", "3")).toBe(5 + 4 * layer);
    expect(count("head")).toBe(4);
    expect(count("body")).toBe(bert.length - 4);
  });

  it("name one of two stacks", () => {
    const t5 = namesOf("t5-small", "conditional-generation");
    const found = [...parametersIn(t5, ["decoder.0-1"])];
    expect(found.every((name) => /^decoder\.block\.[01]\./.test(name))).toBe(true);
    expect([...parametersIn(t5, ["encoder"])].every((name) => name.startsWith("encoder."))).toBe(true);
    expect(parametersIn(t5, ["0"]).size).toBeGreaterThan(found.length / 2);
  });

  it.each([["12"], ["layer"], ["encoder.0"], ["embedding"], [""]])('refuses "%s", and says which there are', (word) => {
    expect(() => parametersIn(bert, [word])).toThrow(InputError);
    expect(() => parametersIn(bert, [word])).toThrow(/Its parts are embeddings, 0-11, head, body\./);
  });
});
