/** `heed inspect --view`: why a model answers as it does, as text, SVG and JSON. */
import { describe, expect, it } from "vitest";
import { heed, smallModel } from "./heed.ts";

const model = await smallModel();
const translate = ["inspect", model.path, "a dog sees a cat", "--target", "the cat sees"];
const gpt2 = ["inspect", "test/families/gpt2-causal-lm"];

describe("heed inspect --view", () => {
  it.each([
    ["lens", /^read +embeddings +layer 1 +layer 2\n.*\n<s> /s],
    ["attribution", /^Shares of the logit .*layer 2, cross-attention .*biases .* of norms and head/s],
    ["saliency", /gradient, source, .*gradient-x-input, target, .*integrated-gradients, source, .* they add up to /s],
    ["rollout", /^Rollout of cross-attention up to layer 2\n.*mean of its heads/s],
    ["ablate", /^Change of the probability of .* without each of crossAttentions \(zero\).*layer 2/s],
  ])("%s of a translator", async (view, text) => {
    const { code, out, err } = await heed([...translate, "--view", view]);
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(text);
    const svg = await heed([...translate, "--view", view, "--format", "svg"]);
    expect(svg.out).toMatch(/^<svg [^>]*role="img".*<\/svg>\n$/s);
    expect(svg.out).not.toMatch(/NaN|undefined/);
  });

  it("patches a second text of as many tokens into the first", async () => {
    const { out } = await heed([
      ...translate,
      "a dog sees a dog".replace("dog", "cat"),
      "--view",
      "patch",
      "--format",
      "json",
    ]);
    const { of, tensors, columns } = JSON.parse(out) as {
      of: string;
      columns: string[];
      tensors: { restored: { shape: number[]; values: number[] } };
    };
    expect(of).toBe("encoderHiddenStates");
    expect(tensors.restored.shape).toEqual([3, columns.length]);
    const missing = await heed([...translate, "--view", "patch"]);
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.err).toContain("Give the corrupted text behind the clean one");
  });

  it("takes layer, token, method and words", async () => {
    const rollout = await heed([...gpt2, "--view", "rollout", "--layer", "1"]);
    expect(rollout.out).toContain("up to layer 1");
    const saliency = await heed([...gpt2, "--view", "saliency", "--token", "3", "--method", "gradient"]);
    expect(saliency.out).toMatch(/^gradient, text, for "\d+" at token 3, /);
    const parts = await heed([...gpt2, "", "parts", "--view", "ablate", "--method", "mean"]);
    expect(parts.out).toMatch(/hiddenStates \(mean\).*attention +feed-forward/s);
  });

  it("looks into images", async () => {
    const { out } = await heed(["inspect", "test/families/vit-image-classification", "--view", "saliency"]);
    expect(out).toMatch(/^gradient, image, for "LABEL_\d", .*1 +2 +3\n/s);
  });

  it.each([
    [["--view", "lenses"], 'There is no view "lenses".*Did you mean "lens"\\?'],
    [["--view", "saliency", "--method", "magic"], "methods.0 is not as expected"],
    [["--view", "ablate", "--token", "99"], "Position 98 is not one of the 8 tokens"],
    [["--view", "rollout", "--layer", "9"], "layers 1 to 2; layer 9 was asked for"],
  ])("refuses %j", async (flags, message) => {
    const { code, err } = await heed([...gpt2, ...flags]);
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(message));
  });
});
