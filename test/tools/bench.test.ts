/** The bench's tables, statistics, goals and list of rows. No test runs a peer or takes a time. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const file = (path: string): string => fileURLToPath(new URL(`../../tools/bench/${path}`, import.meta.url));

interface Lane {
  name: string;
  ours?: boolean;
  values?: readonly unknown[];
  missing?: string;
  floor?: number;
  cells?: Record<string, number | string>;
}
interface Part {
  kind: "lanes" | "curve" | "facts";
  title: string;
  lanes?: Lane[];
  [key: string]: unknown;
}
interface Result {
  row: string;
  parts: Part[];
  [key: string]: unknown;
}
const { median, spread, timesAsFast, ratePerSecond, secondsOfStep } = (await import(file("statistics.mjs"))) as {
  median: (values: readonly number[]) => number;
  spread: (values: readonly number[]) => { median: number; low: number; high: number };
  timesAsFast: (ours: readonly number[], theirs: readonly number[], better: "less" | "more") => number;
  ratePerSecond: (round: { steps: readonly (readonly [number, number])[] }) => number;
  secondsOfStep: (round: { steps: readonly (readonly [number, number])[] }) => number;
};
const { BY_HAND, figures, number, page } = (await import(file("render.mjs"))) as {
  BY_HAND: string;
  figures: (results: readonly Result[]) => Map<string, string>;
  number: (value: number) => string;
  page: (results: readonly Result[], before?: string) => string;
};
const { rows, scriptOf } = (await import(file("rows.mjs"))) as {
  rows: readonly { name: string; title: string; asked?: boolean }[];
  scriptOf: (row: { name: string }) => URL;
};
const { goals } = (await import(file("goals.mjs"))) as {
  goals: readonly { goal: string; judge: (results: readonly Result[]) => [string, string] }[];
};

const lane = (name: string, values: number[], more: Partial<Lane> = {}): Lane => ({
  name,
  ours: name.startsWith("Heed"),
  values,
  ...more,
});
const machine = { processor: "made up", cores: 2, extensions: ["avx2"], memory: "8 GiB", system: "linux 6" };
const result = (row: string, parts: Part[], more: object = {}): Result => ({
  row,
  parts,
  date: "2026-01-02",
  command: `npm run bench -- ${row}`,
  seed: 1,
  rounds: 3,
  machine,
  versions: { heed: "0.1.0", torch: "2" },
  ...more,
});
const gpt = (heed: number[], torch: number[], peak: number): Result =>
  result("gpt", [
    {
      kind: "lanes",
      title: "0.81 M, dropout 0",
      unit: "ms a step",
      better: "less",
      columns: ["peak memory, MB"],
      lanes: [
        lane("Heed, ONNX Runtime", heed, { cells: { "peak memory, MB": peak } }),
        { name: "Heed, OpenVINO", ours: true, missing: "not there." },
        lane("PyTorch", torch, { cells: { "peak memory, MB": 800 } }),
      ],
    },
  ]);
const growth = result("growth", [
  {
    kind: "curve",
    title: "Growth with the width",
    axis: "width",
    unit: "microseconds a token",
    better: "less",
    x: [64, 128],
    figure: "width",
    lanes: [
      lane("Heed, ONNX Runtime", [], { values: [[3, 1, 2], [5]] }),
      { name: "PyTorch", missing: "the Python peers could not be installed" },
    ],
  },
]);

it("medians, spreads, ratios", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow();
  expect(spread([10, 9, 100])).toEqual({ median: 10, low: 9, high: 100 });
  expect(timesAsFast([10, 10, 90], [40, 5, 20], "less")).toBe(2);
  expect(timesAsFast([10], [40], "more")).toBe(0.25);
  const round = { steps: [[1, 10], [3, 10], [0.5, 25]] } as const; // prettier-ignore
  expect(ratePerSecond(round)).toBe(10);
  expect(secondsOfStep(round)).toBe(1);
});

it("numbers have three digits that count", () => {
  expect([0, 0.001234, 0.5, 1.005, 12.34, 123.4, 1234.5, 1234567].map(number)).toEqual(
    ["0", "0.00123", "0.500", "1.00", "12.3", "123", "1,235", "1,234,567"], // prettier-ignore
  );
});

it("a table has medians, spreads, how many times as fast Heed is, and what was not measured", () => {
  const text = page([gpt([10, 12, 11], [22, 44, 20], 300)]);
  expect(text).toContain("| Heed, ONNX Runtime | 11.0 | 10.0 – 12.0 | 1 | 300 |");
  expect(text).toContain("| PyTorch | 22.0 | 20.0 – 44.0 | 2.00 | 800 |");
  expect(text).toContain("ONNX Runtime: times as fast");
  expect(text).toContain("Not measured: Heed, OpenVINO (not there).");
  expect(text).toContain("Measured on 2026-01-02 with `npm run bench -- gpt`, 3 rounds, seed 1.");
  expect(text).toContain("made up, 2 cores (avx2)");
});

it("a row that is not there says how to measure it, and all rows have a section", () => {
  const text = page([]);
  for (const { name, title } of rows) {
    expect(text).toContain(`## ${title}\n\nNot measured yet: \`npm run bench -- ${name}\``);
  }
});

it("a row measured elsewhere or with other versions says so", () => {
  const other = result("tokenizer", [], { versions: { heed: "0.1.0", torch: "3" } });
  const text = page([gpt([1], [1], 1), other]);
  expect(text.split("## Tokenizers")[1]).toContain("On torch 3.");
  expect(text.split("## Tokenizers")[0]).not.toContain("On torch");
});

it("what is written by hand survives", () => {
  const before = `old tables\n${BY_HAND}\n\n## Notes\n\nA rewrite that did not help.\n`;
  const text = page([gpt([1], [1], 1)], before);
  expect(text).not.toContain("old tables");
  expect(text.endsWith(before.slice(before.indexOf(BY_HAND)))).toBe(true);
  expect(page([], text).split(BY_HAND)[1]).toBe(text.split(BY_HAND)[1]);
});

it("a curve is a table of medians and a figure", () => {
  const text = page([growth]);
  expect(text).toContain("| Heed, ONNX Runtime | 2.00 | 5.00 |");
  expect(text).toContain("(figures/bench-width.svg)");
  const drawn = figures([growth]);
  expect([...drawn.keys()]).toEqual(["figures/bench-width.svg"]);
  expect(drawn.get("figures/bench-width.svg")).toContain("Growth with the width");
});

it("goals are judged by medians", () => {
  const judged = (results: readonly Result[], at: number): string => goals[at]!.judge(results)[0];
  const small = goals.findIndex(({ goal }) => goal.startsWith("the default engine ahead"));
  expect(judged([gpt([10, 10, 99], [11, 11, 1], 300)], small)).toBe("yes");
  expect(judged([gpt([12], [11], 300)], small)).toBe("no");
  expect(judged([], small)).toBe("–");
  const memory = goals.findIndex(({ goal }) => goal.startsWith("less memory"));
  expect(judged([gpt([1], [1], 300)], memory)).toBe("yes");
  expect(judged([gpt([1], [1], 900)], memory)).toBe("no");
  const floor = goals.findIndex(({ goal }) => goal.includes("its own floor"));
  const lanes = (ms: number): Lane[] => [lane("Heed, ONNX Runtime", [ms], { floor: 100 })];
  const row = (ms: number): Result =>
    result("floor", [{ kind: "lanes", title: "GPT of 10.8 M, …", better: "less", unit: "ms", lanes: lanes(ms) }]);
  expect(judged([row(129)], floor)).toBe("yes");
  expect(judged([row(131)], floor)).toBe("no");
});

it("in a page Heed is compared with the peer in the same kind of page", () => {
  const goal = goals.find(({ goal: text }) => text.startsWith("in a page"))!;
  const lanes = [lane("Heed, a", [10]), lane("jax-js, a", [25]), lane("Heed, b", [1]), lane("jax-js, b", [1.5])];
  const row = (pairs: string[][]): Result =>
    result("browser", [{ kind: "lanes", title: "Training, 0.81 M", better: "less", unit: "ms", lanes, pairs }]);
  expect(goal.judge([row([["Heed, a", "jax-js, a"]])])[0]).toBe("yes");
  expect(
    goal.judge([
      row([
        ["Heed, a", "jax-js, a"],
        ["Heed, b", "jax-js, b"],
      ]),
    ])[0],
  ).toBe("no");
  expect(goal.judge([])[0]).toBe("–");
});

it("every row has a script that measures", () => {
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  for (const row of rows) {
    const script = fileURLToPath(scriptOf(row));
    expect(readFileSync(script, "utf8"), row.name).toMatch(/^export async function measure\(/m);
  }
});

it("the products of a GPT's step are those that its formula counts", async () => {
  const { flops, productsOf } = (await import(file("products.mjs"))) as {
    productsOf: (objective: unknown) => { batch: number; m: number; n: number; k: number; times: number }[];
    flops: (products: unknown) => number;
  };
  const { objectiveOf } = (await import(file("heed/gpt-model.mjs"))) as {
    objectiveOf: (shape: object, options: object) => unknown;
  };
  const shape = { layers: 2, heads: 2, width: 32, vocabulary: 65, positions: 16, batch: 3, time: 16 };
  const { layers, width, vocabulary, batch, time } = shape;
  // Forward and twice that backward: 12 width² a layer and the output layer, a token; scores and context, time² each.
  const products = productsOf(objectiveOf(shape, { fixed: true }));
  const dense = batch * time * (12 * layers * width ** 2 + vocabulary * width);
  const scores = 2 * batch * layers * time ** 2 * width;
  const expected = 3 * 2 * (dense + scores);
  expect(flops(products) / expected).toBeGreaterThan(0.8);
  expect(flops(products)).toBeLessThanOrEqual(expected);
});
