/** Formulas of counts: those of the papers, and every one of them gives the count that it stands for. */
import { describe, expect, it } from "vitest";
import { countFormula, countParameters, partUnits } from "../../src/insight/index.ts";
import { architectureOfPreset, families, parametersOf } from "../../src/models/index.ts";

function formulas(preset: string): Record<string, string> {
  const { config, ...architecture } = architectureOfPreset(preset);
  const units = partUnits(parametersOf({ config, ...architecture }));
  return Object.fromEntries(units.map((unit) => [unit.part, countFormula(unit, config).letters]));
}

/** The value of `4·768² + 2·768 + 5`. */
function valueOf(numbers: string): number {
  const raised: Readonly<Record<string, number>> = { "²": 2, "³": 3, "⁴": 4 };
  const factor = (text: string): number => {
    const [, base, power] = /^(\d+)(\D?)$/.exec(text)!;
    return Number(base) ** (raised[power!] ?? 1);
  };
  return numbers
    .split(" + ")
    .map((term) => term.split("·").reduce((product, text) => product * factor(text), 1))
    .reduce((a, b) => a + b, 0);
}

describe("formulas", () => {
  it.each([
    ["bert-base", { embeddings: "V·D", "token types": "S·D", positions: "P·D", norms: "2·D" }],
    ["bert-base", { attention: "4·D² + 4·D", "feed-forward": "2·D·F + F + D", pooler: "D² + D" }],
    ["gpt2", { embeddings: "V·D", positions: "P·D", attention: "4·D² + 4·D", "feed-forward": "2·D·F + F + D" }],
    ["llama-2-70b", { attention: "2·D² + 2·D·G", "feed-forward": "3·D·F", norms: "D", embeddings: "V·D" }],
    ["bart-base", { "encoder positions": "(P+2)·D", "decoder cross-attention": "4·D² + 4·D" }],
    ["albert-base-v2", { embeddings: "V·E", "embedding projection": "E·D + D" }],
    ["vit-base-patch16-224", { "patch embeddings": "D·p²·c + D", positions: "(N+1)·D" }],
    ["clip-vit-base-patch32", { "text feed-forward": "2·D·F + F + D", "vision attention": "4·D² + 4·D" }],
    ["t5-small", { "encoder relative positions": "B·H", "encoder feed-forward": "2·D·F" }],
  ])("of %s", (preset, due) => {
    expect(formulas(preset)).toMatchObject(due);
  });

  it("give the counts of every family, in numbers", () => {
    for (const { presets, modelType } of families) {
      if (presets[0] === undefined) continue;
      const { config, ...rest } = architectureOfPreset(presets[0]);
      const units = partUnits(parametersOf({ config, ...rest }));
      for (const unit of units) {
        expect(valueOf(countFormula(unit, config).numbers), `${modelType} ${unit.part}`).toBe(unit.count);
      }
      const sum = units.reduce((total, { count }) => total + count, 0);
      expect(sum).toBe(countParameters(parametersOf({ config, ...rest })).total);
    }
  });
});
