import { describe, expect, it } from "vitest";
import { describePairReport, placesOf, textPairs, withinLimits } from "../../src/data/index.ts";
import { InputError } from "../../src/errors/index.ts";

const names = { sourceName: "train.fr", targetName: "train.en" };

async function* slowly(...lines: string[]): AsyncGenerator<string> {
  for (const line of lines) {
    await Promise.resolve();
    yield line;
  }
}

describe("textPairs", () => {
  it("pairs lines by their number, from arrays and from streams", async () => {
    const { pairs, report } = await textPairs(slowly("un", "deux"), ["one", "two"]);
    expect(pairs).toEqual([
      { source: "un", target: "one", line: 1 },
      { source: "deux", target: "two", line: 2 },
    ]);
    expect(report).toMatchObject({ lines: 2, kept: 2, empty: { count: 0, lines: [] }, long: { count: 0, lines: [] } });
    expect(describePairReport(report)).toEqual([]);
  });

  it("counts and names what it leaves out, and keeps line numbers", async () => {
    const source = ["un", "", "trois", " \t", "beaucoup trop long", "six"];
    const { pairs, report } = await textPairs(source, ["one", "two", " ", "four", "five", "six"], {
      ...names,
      maximumCharacters: 10,
    });
    expect(pairs.map(({ line }) => line)).toEqual([1, 6]);
    expect(report.kept + report.empty.count + report.long.count).toBe(report.lines);
    expect(describePairReport(report)).toEqual([
      "3 of 6 pairs have an empty side and were left out (lines 2, 3 and 4).",
      "1 of 6 pairs are longer than the limit and were left out (line 5).",
    ]);
  });

  it("names the first lines only", async () => {
    const { report } = await textPairs(["a", ...Array<string>(9).fill("")], Array<string>(10).fill("b"));
    expect(placesOf(report.empty)).toBe("lines 2, 3, 4, 5, 6 and 4 more");
  });

  it.each([
    [["1", "2", "3"], ["1"], "Train.fr has 3 lines"],
    [["1"], ["1", "2", "3", "4"], "train.en has 4 lines"],
  ])("says which side has how many lines: %j and %j", async (source, target, part) => {
    const failure = await textPairs(slowly(...source), slowly(...target), names).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputError);
    const { message } = failure as InputError;
    expect(message.toLowerCase()).toContain(part.toLowerCase());
    expect(message).toContain(`train.fr has ${source.length}`);
    expect(message).toContain(`train.en has ${target.length}`);
    expect(message).toContain(`line 2 of ${source.length > target.length ? "train.fr" : "train.en"} has no partner`);
  });

  it("refuses an empty side, two empty sides, and a corpus of empty pairs", async () => {
    await expect(textPairs([], ["a", "b"], names)).rejects.toThrow("train.fr is empty, but train.en has 2 lines");
    await expect(textPairs(["a"], [], names)).rejects.toThrow("train.en is empty, but train.fr has 1 line.");
    await expect(textPairs([], [])).rejects.toThrow("The source and the target are empty");
    await expect(textPairs(["", " "], ["a", ""], names)).rejects.toThrow("2 of 2 pairs have an empty side");
  });

  it("closes both streams when it stops early", async () => {
    const closed: string[] = [];
    async function* stream(name: string, count: number): AsyncGenerator<string> {
      try {
        for (let i = 0; i < count; i++) {
          await Promise.resolve();
          if (name === "b" && i === 1) throw new InputError("b, line 2: the bytes are not UTF-8.");
          yield "text";
        }
      } finally {
        closed.push(name);
      }
    }
    await expect(textPairs(stream("a", 5), stream("b", 5))).rejects.toThrow("b, line 2");
    expect(closed.sort()).toEqual(["a", "b"]);
  });
});

describe("withinLimits", () => {
  const lengths = [
    { source: 5, target: 5 },
    { source: 6, target: 1 },
    { source: 1, target: 9 },
    { source: 2, target: 8 },
  ];

  it("keeps what fits and names the lines of the rest", () => {
    const found = withinLimits(lengths, { source: 5, target: 8 }, [10, 20, 30, 40]);
    expect(found).toMatchObject({ kept: [0, 3], long: { count: 2, lines: [20, 30] } });
    expect(withinLimits(lengths, { source: 5, target: 8 }).long.lines).toEqual([2, 3]);
  });

  it("refuses to go on with nothing", () => {
    expect(() => withinLimits(lengths, { source: 1, target: 1 })).toThrow("All 4 pairs are longer");
  });
});
