import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { displayWidth, heatGridText, numberedMapText } from "../../src/figures/index.ts";

const columns = ["Jane", "visite", "l'", "Afrique", "en", "septembre"];
const rows = ["Jane", "visits", "Africa", "in", "September"];
const values = [
  [0.9, 0.02, 0.01, 0.05, 0.01, 0.01],
  [0.1, 0.8, 0.05, 0.02, 0.02, 0.01],
  [0.01, 0.02, 0.35, 0.6, 0.01, 0.01],
  [0.01, 0.01, 0.02, 0.06, 0.7, 0.2],
  [0, 0, 0, 0.05, 0.15, 0.8],
];
const grid = { title: "Cross-attention, layer 2, head 3", rows, columns, values };

/** The text without color codes. */
function plain(text: string): string {
  return text.replace(/\u001b\[[\d;]*m/g, "");
}

describe("heat grid for a terminal", () => {
  test("flat names where they fit", () => {
    expect(heatGridText({ ...grid, rowTitle: "English, written", columnTitle: "French, read" })).toMatchInlineSnapshot(`
      "Cross-attention, layer 2, head 3
      rows: English, written; columns: French, read

                Jane visite l' Afrique en septembre
           Jane ████ ······ ·· ······· ·· ·········
         visits ···· ██████ ·· ······· ·· ·········
         Africa ···· ······ ░░ ▓▓▓▓▓▓▓ ·· ·········
             in ···· ······ ·· ······· ▓▓ ░░░░░░░░░
      September ···· ······ ·· ······· ·· █████████

      0 ·░▒▓█ 0.9"
    `);
  });

  test("values beside the shades", () => {
    expect(heatGridText({ ...grid, showValues: true, range: [0, 1] })).toMatchInlineSnapshot(`
      "Cross-attention, layer 2, head 3

                Jane  visite l'    Afrique en    septembre
           Jane █ .90 ·· .02 · .01 ··· .05 · .01 ····· .01
         visits · .10 ██ .80 · .05 ··· .02 · .02 ····· .01
         Africa · .01 ·· .02 ░ .35 ▓▓▓ .60 · .01 ····· .01
             in · .01 ·· .01 · .02 ··· .06 ▓ .70 ░░░░░ .20
      September · .00 ·· .00 · .00 ··· .05 · .15 █████ .80

      0 ·░▒▓█ 1"
    `);
  });

  test("upright names where flat ones do not fit; a wide character stays one; what is missing is named", () => {
    const tokens = ["le", "日本", "e\u0301te\u0301", "🍎", "incontournables", "\n", ""];
    const table = tokens.map((_, i) => tokens.map((__, j) => (i === 1 && j === 2 ? NaN : j > i ? 0 : 1 / (i + 1))));
    expect(heatGridText({ title: "Self", rows: tokens, columns: tokens, values: table, width: 34 }))
      .toMatchInlineSnapshot(`
      "Self

                              i
                              n
                              c
                              o
                              n
                              t
                              o
                              u
                              r
                              n
                              a
                        é     b
                  l  日 t     l
                  e  本 é  🍎 …  ␊  ∅
              le ██ ·· ·· ·· ·· ·· ··
            日本 ▒▒ ▒▒ ?  ·· ·· ·· ··
             été ░░ ░░ ░░ ·· ·· ·· ··
              🍎 ░░ ░░ ░░ ░░ ·· ·· ··
      incontour… ░░ ░░ ░░ ░░ ░░ ·· ··
               ␊ ·· ·· ·· ·· ·· ·· ··
               ∅ ·· ·· ·· ·· ·· ·· ··

      0 ·░▒▓█ 1   ? 1 value is not a finite number"
    `);
  });

  test("twenty tokens fit in 80 columns, in one band", () => {
    const tokens = Array.from({ length: 20 }, (_, i) => `token-number-${i}`);
    const text = heatGridText({ title: "t", rows: tokens, columns: tokens, values: new Float32Array(400) });
    expect(Math.max(...text.split("\n").map(displayWidth))).toBeLessThanOrEqual(80);
    expect(text.split("\n").filter((line) => line.includes("token-number-7 "))).toHaveLength(1);
  });

  test("what does not fit goes into further bands: every cell is there once, no line is too wide", () => {
    const name = fc.string({ unit: "grapheme", maxLength: 8 });
    const names = fc.array(name, { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(names, names, fc.integer({ min: 30, max: 90 }), fc.boolean(), (down, across, width, showValues) => {
        const cells = new Float32Array(down.length * across.length).fill(NaN);
        const text = heatGridText({
          title: "",
          rows: down.map(() => "r"),
          columns: across,
          values: cells,
          width,
          showValues,
        });
        for (const line of text.split("\n").slice(0, -1)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        const body = text.split("\n").filter((line) => /^ *r /.test(line) && !/[^r? ]/.test(line));
        expect(body.join("").split("?").length - 1).toBe(cells.length);
      }),
      { numRuns: 60 },
    );
  });

  test("colors: the same places, a background for each cell, no code where color is not allowed", () => {
    const shaded = heatGridText(grid);
    const colored = heatGridText({ ...grid, colorDepth: "truecolor" });
    expect(shaded).not.toContain("\u001b");
    expect(colored.match(/\u001b\[48;2;[\d;]+m +\u001b\[0m/g)).toHaveLength(rows.length * columns.length + 16);
    expect(plain(colored).split("\n")[2]).toBe(shaded.split("\n")[2]);
    expect(heatGridText({ ...grid, colorDepth: "256" })).toMatch(/\u001b\[48;5;\d+m/);
  });

  test("colored bands are no wider than the terminal either", () => {
    const names = Array.from({ length: 40 }, (_, i) => `token${i}`);
    for (let width = 30; width < 60; width++) {
      const options = { title: "", rows: ["r"], columns: names, values: new Float32Array(40).fill(1), width };
      const lines = plain(heatGridText({ ...options, colorDepth: "256" })).split("\n");
      expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
    }
  });

  test("a token cannot send codes to the terminal", () => {
    const text = heatGridText({
      title: "\u001b]0;x",
      rows: ["\u001b[2J"],
      columns: ["\r"],
      values: [1],
      rowTitle: "\n",
    });
    expect(text).not.toMatch(/[\u001b\r]/);
    expect(text.split("\n")).toHaveLength(7);
  });

  test("numbers that do not fit the names", () => {
    expect(() => heatGridText({ ...grid, values: new Float32Array(29) })).toThrow(
      "A grid with 5 row names and 6 column names got 29 values; give one value for each of its cells.",
    );
    expect(() => heatGridText({ ...grid, values: values.slice(1) })).toThrow("got 4 rows of values");
    expect(() => heatGridText({ ...grid, values: values.with(2, [1, 2]) })).toThrow("got 2 values in row 3");
    expect(() => heatGridText({ ...grid, range: [1, 1] })).toThrow("give two finite numbers, the smaller one first");
    expect(() => heatGridText({ ...grid, rows: [], values: [] })).toThrow("at least one row and one column");
  });
});

describe("map with numbered axes for a terminal", () => {
  const positions = Array.from({ length: 12 }, (_, p) =>
    Array.from({ length: 24 }, (__, d) => {
      const angle = p / 10_000 ** ((d - (d % 2)) / 24);
      return d % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }),
  );
  const map = { title: "Sinusoidal positions", values: positions, rows: 12, columns: 24 };

  test("sign and size without color", () => {
    expect(numberedMapText(map)).toMatchInlineSnapshot(`
      "Sinusoidal positions
       0 ·█·█·█·█·█·█·█·█·█·█·█·█
       1 ▓▒▒█░█·█·█·█·█·█·█·█·█·█
       2 █=▓▒▒█░█·█·█·█·█·█·█·█·█
       3 ░#█░▒▓░█░█·█·█·█·█·█·█·█
       4 ≡≡█-▓▓▒█░█·█·█·█·█·█·█·█
       5 #░▓≡█▒▒█░█·█·█·█·█·█·█·█
       6 -█░#█░▒▓░█░█·█·█·█·█·█·█
       7 ▓▓·#█·▓▓░█░█·█·█·█·█·█·█
       8 █-=≡█-▓▓░█░█·█·█·█·█·█·█
       9 ▒#≡=█-▓▒▒█░█·█·█·█·█·█·█
      10 =≡#·▓=▓▒▒█░█·█·█·█·█·█·█
      11 #·#▒▓≡█▒▒▓░█·█·█·█·█·█·█
      rows: position; columns: dimension
      -1 #≡=-·░▒▓█ 1"
    `);
  });

  test("thinned where it does not fit, by an odd step, and it says so", () => {
    const text = numberedMapText({ ...map, width: 15, height: 6 });
    expect(text.split("\n")).toHaveLength(9);
    expect(text).toContain("(one row in 2, one column in 3)");
    // Columns 0, 3, 6, ...: sine and cosine in turn, so position 0 shows 0, 1, 0, 1, ...
    expect(text.split("\n")[1]).toBe(" 0 ·█·█·█·█");
  });

  test("two rows to a line with color", () => {
    const text = numberedMapText({ ...map, colorDepth: "truecolor" });
    expect(
      plain(text)
        .split("\n")
        .filter((line) => line.includes("▀")),
    ).toHaveLength(6);
    expect(plain(text)).toContain("▀".repeat(24));
  });
});
