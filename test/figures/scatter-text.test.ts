import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { scatterText } from "../../src/figures/index.ts";

describe("scatterText", () => {
  it("puts points where they belong, with their names where there is room", () => {
    const points = [
      { name: "king", x: 0, y: 1 },
      { name: "queen", x: 2, y: 1 },
      { name: "man", x: 0, y: 0 },
      { name: "woman", x: 2, y: 0 },
    ];
    const text = scatterText({ title: "Words", points, width: 24, height: 4, xTitle: "component 1" });
    expect(text.split("\n")).toEqual([
      "Words",
      "•king             queen•",
      "",
      "",
      "•man              woman•",
      "across: component 1",
    ]);
  });

  it("says how many names have no room, and draws what is finite", () => {
    const points = [
      { name: "a", x: 0, y: 0 },
      { name: "b", x: 0, y: 0 },
      { name: "日本", x: 1, y: 0 },
      { name: "c", x: NaN, y: 0 },
    ];
    const lines = scatterText({ title: "t", points, width: 12, height: 1 }).split("\n");
    expect(lines[1]).toBe("•a     日本•");
    expect(lines[2]).toBe("1 of 3 names have no room");
    expect(() => scatterText({ title: "t", points: [] })).toThrow(InputError);
  });
});
