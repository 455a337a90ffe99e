/** Search: which settings are tried, that each is a run of its own which is not repeated, and what the table says. */
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors/index.ts";
import { runSearch, searchConfig, settingsOf, ways, withSetting, type SearchConfig } from "../../src/learning/index.ts";
import { here } from "../tasks/checkpoints.ts";
import { workplace } from "./workplace.ts";

const config = (given: object): SearchConfig => searchConfig({ way: "finetune", ...given }, "sweep.yaml");

describe("settings", () => {
  it("of a grid are all combinations, ranges cut into steps", () => {
    const search = {
      "training.learningRate": { from: 1e-4, to: 1e-2, scale: "log", steps: 3 },
      "lora.rank": [4, 8],
    };
    expect(settingsOf(config({ search }))).toEqual(
      [1e-4, 1e-3, 1e-2].flatMap((rate) =>
        [4, 8].map((rank) => ({ "training.learningRate": rate, "lora.rank": rank })),
      ),
    );
    const whole = config({ search: { rank: { from: 1, to: 10, steps: 4, whole: true } } });
    expect(settingsOf(whole)).toEqual([{ rank: 1 }, { rank: 4 }, { rank: 7 }, { rank: 10 }]);
  });

  it("at random lie in their ranges, are the same for a seed, and go on where more are asked for", () => {
    const search = { rate: { from: 1e-5, to: 1e-1, scale: "log" }, share: { from: 0, to: 1 }, kind: ["a", "b"] };
    const drawn = settingsOf(config({ search, method: "random", trials: 200 }));
    expect(drawn).toHaveLength(200);
    const rates = drawn.map(({ rate }) => Math.log10(rate as number));
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(-5);
    expect(Math.max(...rates)).toBeLessThanOrEqual(-1);
    // Evenly over the logarithms: half below their middle.
    expect(rates.filter((rate) => rate < -3).length / 200).toBeCloseTo(0.5, 0);
    expect(new Set(drawn.map(({ kind }) => kind))).toEqual(new Set(["a", "b"]));
    expect(settingsOf(config({ search, method: "random", trials: 20 }))).toEqual(drawn.slice(0, 20));
    expect(settingsOf(config({ search, method: "random", trials: 20, seed: 2 }))).not.toEqual(drawn.slice(0, 20));
  });

  it("are put into a config without changing it", () => {
    const base = { training: { updates: 3 }, task: "classify" };
    expect(withSetting(base, { "training.learningRate": 1, "lora.rank": 2, task: "pairs" })).toEqual({
      ...{ training: { updates: 3, learningRate: 1 }, lora: { rank: 2 }, task: "pairs" },
    });
    expect(base).toEqual({ training: { updates: 3 }, task: "classify" });
  });

  it.each([
    [{ search: {}, method: "random" }, /random search needs trials/],
    [{ search: { rate: { from: 1, to: 2 } } }, /a grid needs its number of steps/],
    [{ search: { rate: { from: 2, to: 1, steps: 2 } } }, /a rising range/],
    [{ search: { rate: { from: 0, to: 1, scale: "log", steps: 2 } } }, /above 0 for log/],
    [{ search: { seed: [1, 2] } }, /seeds are listed under seeds/],
    [{ serch: {} }, /did you mean "search"/],
  ])("%j is refused", (given, message) => {
    expect(() => config(given)).toThrow(ConfigError);
    expect(() => config(given)).toThrow(message);
  });
});

describe("a search", () => {
  const base = {
    ...{ task: "classify", model: "base", data: ["train.tsv"], validation: ["dev.tsv"] },
    training: { updates: 6, batchTokens: 64, validateEvery: 3, saveEvery: 2 },
  };
  const given = { config: base, search: { "training.learningRate": [1e-6, 0.01] }, seeds: [1, 2] };

  it("runs each setting with each seed once, sorts by the goal, and goes on where it was stopped", async () => {
    const root = await workplace();
    const begun: string[] = [];
    const signal = { aborted: false };
    const options = {
      ...{ folder: root.at("sweep"), files: root, engine: here, warn: () => undefined },
      begin: ({ folder }: { readonly folder: string }) => void begun.push(folder),
    };
    const stopping = { ...options, signal, done: () => (signal.aborted = begun.length === 2) };
    await expect(runSearch(ways, config(given), stopping)).rejects.toThrow(/search was stopped/);
    expect(begun).toHaveLength(2);
    const { goal, rows, best } = await runSearch(ways, config(given), options);
    expect(begun).toHaveLength(4);
    expect(new Set(begun).size).toBe(4);
    expect(goal).toEqual({ score: "accuracy", better: "higher" });
    expect(rows.map(({ setting }) => setting)).toEqual([
      { "training.learningRate": 0.01 },
      { "training.learningRate": 1e-6 },
    ]);
    const [first] = rows;
    const scores = first!.runs.map(({ scores: found }) => found!["accuracy"]!);
    expect(first!.mean).toBeCloseTo((scores[0]! + scores[1]!) / 2, 12);
    expect(first!.deviation).toBeCloseTo(Math.abs(scores[0]! - scores[1]!) / Math.SQRT2, 12);
    expect(best).toMatchObject({ training: { learningRate: 0.01, updates: 6 } });
    expect((await root.at("sweep").list()).map(({ name }) => name).sort()).toEqual([...begun].sort());
  });

  it("checks every config before anything is trained, and the way", async () => {
    const root = await workplace();
    const options = { folder: root.at("sweep"), files: root, engine: here, warn: () => undefined };
    const wrong = config({ ...given, search: { "training.learningRat": [1] } });
    await expect(runSearch(ways, wrong, options)).rejects.toThrow(
      /no key "learningRat" in training; did you mean "learningRate"/,
    );
    await expect(runSearch(ways, config({ ...given, way: "finetun" }), options)).rejects.toThrow(
      /Did you mean "finetune"/,
    );
    expect(await root.kind("sweep")).toBeUndefined();
  });

  it("says so where a run has nothing to be judged by", async () => {
    const root = await workplace();
    const options = { folder: root.at("sweep"), files: root, engine: here, warn: () => undefined };
    const blind = config({ ...given, config: { ...base, validation: [] } });
    await expect(runSearch(ways, blind, options)).rejects.toThrow(/validated nothing/);
  });

  it("keeps a setting whose training failed in the table, last", async () => {
    const root = await workplace();
    const options = { folder: root.at("sweep"), files: root, engine: here, warn: () => undefined };
    const search = { "training.learningRate": [1e30, 0.01], "training.clipNorm": [0] };
    const { rows } = await runSearch(ways, config({ ...given, search, seeds: [1] }), options);
    expect(rows[1]).toMatchObject({ setting: { "training.learningRate": 1e30 }, mean: NaN });
    expect(rows[1]!.runs[0]!.failed).toMatch(/finite|infinite/);
  });
});
