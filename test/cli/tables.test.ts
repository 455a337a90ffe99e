import { expect, test } from "vitest";
import { colorDepthOf, markdownTable, table, widthOf } from "../../src/cli/terminal/index.ts";

const header = ["part", "parameters", "formula"];
const rows = [
  ["embedding | source", 1280000, "V × D"],
  ["日本", "-12.5 %", ""],
];

test("columns align by display width, numbers to the right", () => {
  expect(table(rows, { header })).toMatchInlineSnapshot(`
    "part                parameters  formula
    ──────────────────  ──────────  ───────
    embedding | source   1,280,000  V × D
    日本                   -12.5 %"
  `);
  expect(table([["a", "b"], ["longer"]], { align: ["right", "left"] })).toBe("     a  b\nlonger");
  expect(table([])).toBe("");
});

test("the same in Markdown, its own signs escaped", () => {
  expect(markdownTable(rows, { header })).toMatchInlineSnapshot(`
    "| part                | parameters | formula |
    | ------------------- | ---------: | ------- |
    | embedding \\| source |  1,280,000 | V × D   |
    | 日本                |    -12.5 % |         |"
  `);
  expect(markdownTable([["a\nb", 1]])).toBe("|     |     |\n| --- | --: |\n| a b |   1 |");
});

test("which colors a stream gets", () => {
  const terminal = { write: () => true, isTTY: true, getColorDepth: () => 8 };
  const file = { write: () => true };
  expect(colorDepthOf(terminal, {})).toBe("256");
  expect(colorDepthOf(terminal, { COLORTERM: "truecolor" })).toBe("truecolor");
  expect(colorDepthOf({ ...terminal, getColorDepth: () => 24 }, {})).toBe("truecolor");
  expect(colorDepthOf({ ...terminal, getColorDepth: () => 4 }, {})).toBe("none");
  expect(colorDepthOf(terminal, { TERM: "dumb" })).toBe("none");
  expect(colorDepthOf(terminal, { NO_COLOR: "1", FORCE_COLOR: "3" })).toBe("none");
  expect(colorDepthOf(terminal, { NO_COLOR: "" })).toBe("256");
  expect(colorDepthOf(terminal, {}, false)).toBe("none");
  expect(colorDepthOf(file, { COLORTERM: "truecolor" })).toBe("none");
  expect(colorDepthOf(file, { FORCE_COLOR: "1" })).toBe("256");
  expect(colorDepthOf(file, { FORCE_COLOR: "3" })).toBe("truecolor");
  expect(colorDepthOf(terminal, { FORCE_COLOR: "0" })).toBe("none");
  expect([widthOf(file), widthOf({ ...terminal, columns: 132 }), widthOf({ ...terminal, columns: 1 })]).toEqual([
    80, 132, 20,
  ]);
  // What Node gives can be given as it is.
  expect(["none", "256", "truecolor"]).toContain(colorDepthOf(process.stderr, process.env));
});
