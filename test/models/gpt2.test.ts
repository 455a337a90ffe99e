import { describe, expect, it } from "vitest";
import { dimension, input } from "../../src/graph/index.ts";
import { gpt2, gpt2Config, gpt2Presets } from "../../src/models/index.ts";
import { Trace } from "../../src/nn/index.ts";
import { batch } from "./programs.ts";

describe("GPT-2", () => {
  it.each([
    ["gpt2", 124_439_808],
    ["gpt2-medium", 354_823_168],
    ["gpt2-large", 774_030_080],
    ["gpt2-xl", 1_557_611_200],
  ] as const)("%s has %i parameters", (preset, count) => {
    const trace = new Trace("forward");
    const inputIds = input("inputIds", "int32", [batch, dimension("time")]);
    gpt2(trace.scope, gpt2Config.make(gpt2Presets[preset]), { inputIds });
    const sizes = [...trace.parameters.values()].map(({ shape }) => shape.reduce((product, d) => product * d, 1));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
  });

  it("refuses heads that do not divide the width", () => {
    expect(() => gpt2Config.make({ width: 10, heads: 3 })).toThrow("a width of 10 does not divide into 3 heads");
  });
});
