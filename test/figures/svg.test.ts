import { describe, expect, test } from "vitest";
import {
  barChartSvg,
  heatGridSvg,
  lineChartSvg,
  numberedMapSvg,
  scatterSvg,
  smallMultiplesSvg,
  stackedSvg,
} from "../../src/figures/index.ts";
import { drawnTexts, findAll, hasClass, parseXml, type Node } from "./parse-xml.ts";

const tokens = ["<start>", "the", "man & co", '"ordered"', "chicken's", "日本", "\u0000\ud800"];
const shown = [...tokens.slice(0, 6), "␀\ufffd"];
const values = tokens.map((_, i) => tokens.map((__, j) => (j > i ? 0 : 1 / (i + 1))));
const nasty = 'a <b> & "c" \u001b';

function cellsOf(root: Node): Node[] {
  return findAll(findAll(root, hasClass("cells"))[0]!, ({ name }) => name === "rect");
}

describe("heat grid as SVG", () => {
  const root = parseXml(
    heatGridSvg({ title: nasty, rows: tokens, columns: [...tokens, "end"], values: values.map((row) => [...row, 0]) }),
  );

  test("a cell for each value, with the value to hover over", () => {
    const cells = cellsOf(root);
    expect(cells).toHaveLength(7 * 8);
    expect(cells[8 * 2]!.children[0]!.text).toBe("man & co, <start>: 0.3333");
    expect(cells[7]!.children[0]!.text).toBe("<start>, end: 0");
  });

  test("each token once on each axis", () => {
    const texts = drawnTexts(root);
    for (const token of shown)
      expect(
        texts.filter((text) => text === token),
        token,
      ).toHaveLength(2);
    expect(texts.filter((text) => text === "end")).toHaveLength(1);
  });

  test("equal values have equal colors, the largest and the smallest the ends of the scale", () => {
    const cells = cellsOf(root);
    const fill = (i: number) => cells[i]!.attributes.get("fill");
    expect(fill(0)).not.toBe(fill(1));
    expect(fill(8)).toBe(fill(9));
    const legend = findAll(findAll(root, hasClass("legend"))[0]!, ({ name }) => name === "rect");
    expect(legend[0]!.attributes.get("fill")).toBe(fill(1));
    expect(legend.at(-1)!.attributes.get("fill")).toBe(fill(0));
  });

  test("title and description for those who cannot see it", () => {
    const [title, description] = root.children;
    expect(title!.text).toBe('a <b> & "c" ␛');
    expect(description!.text).toContain("Largest: 1 at <start>, <start>.");
    const labels = [title, description].map((node) => node!.attributes.get("id"));
    expect(root.attributes.get("aria-labelledby")).toBe(labels.join(" "));
    expect(root.attributes.get("role")).toBe("img");
  });

  test("every color has a counterpart on dark paper", () => {
    const style = findAll(root, ({ name }) => name === "style")[0]!.text;
    expect(style).toContain("prefers-color-scheme: dark");
    const classes = new Set(cellsOf(root).map(({ attributes }) => attributes.get("class")!));
    for (const name of classes) expect(style).toContain(`#${root.attributes.get("id")!} .${name}{fill:#`);
  });

  test("what is not a number is hatched and counted", () => {
    const broken = values.map((row) => [...row]);
    broken[2]![1] = NaN;
    broken[3]![1] = -Infinity;
    const figure = parseXml(heatGridSvg({ title: "t", rows: tokens, columns: tokens, values: broken }));
    const missing = findAll(findAll(figure, hasClass("cells"))[0]!, hasClass("missing"));
    expect(missing.map((node) => node.children[0]!.text)).toEqual(["man & co, the: NaN", '"ordered", the: -∞']);
    expect(drawnTexts(figure)).toContain("2 values are not finite numbers");
    const rects = cellsOf(figure).filter((node) => node.children.length === 1);
    expect(rects).toHaveLength(49 - 2);
    const nothing = heatGridSvg({ title: "t", rows: ["a"], columns: ["b"], values: [NaN] });
    expect(findAll(parseXml(nothing), ({ name }) => name === "desc")[0]!.text).toContain(
      "No value is a finite number.",
    );
  });

  test("numbers in the cells on request", () => {
    const figure = parseXml(
      heatGridSvg({ title: "t", rows: ["a", "b"], columns: ["c"], values: [0.5, 1], showValues: true }),
    );
    expect(drawnTexts(figure)).toEqual(expect.arrayContaining([".50", "1.0"]));
  });

  test("a large grid is drawn with one path per color, joined along rows", () => {
    const names = Array.from({ length: 100 }, (_, i) => `t${i}`);
    const flat = new Float32Array(10_000).fill(0.25, 0, 5_000).fill(1, 5_000);
    const figure = heatGridSvg({ title: "t", rows: names, columns: names, values: flat });
    expect(figure.length).toBeLessThan(40_000);
    const paths = findAll(findAll(parseXml(figure), hasClass("cells"))[0]!, ({ name }) => name === "path");
    expect(paths.map((node) => node.attributes.get("d")!.match(/M/g)!.length)).toEqual([50, 50]);
  });

  test("two figures on a page do not share ids, equal ones are equal to the byte", () => {
    const one = { title: "t", rows: ["a"], columns: ["b"], values: [1] };
    const id = (svg: string) => parseXml(svg).attributes.get("id");
    expect(heatGridSvg(one)).toBe(heatGridSvg(one));
    expect(id(heatGridSvg(one))).not.toBe(id(heatGridSvg({ ...one, title: "u" })));
  });
});

test("small multiples: every panel, one scale, tokens at the edges", () => {
  const panels = [1, 0.5, 0.25, 0.1].map((factor, i) => ({
    name: `layer 1, head ${i + 1}`,
    values: values.map((row) => row.map((value) => value * factor)),
  }));
  const root = parseXml(smallMultiplesSvg({ title: nasty, rows: tokens, columns: tokens, panels, perRow: 2 }));
  const drawn = findAll(root, hasClass("panel"));
  expect(drawn.map((panel) => drawnTexts(panel)[0])).toEqual(panels.map(({ name }) => name));
  for (const panel of drawn) expect(cellsOf(panel)).toHaveLength(49);
  const fills = drawn.map((panel) => cellsOf(panel)[0]!.attributes.get("fill"));
  expect(new Set(fills).size).toBe(4);
  expect(drawnTexts(root).filter((text) => text === "the")).toHaveLength(4);
  expect(() => smallMultiplesSvg({ title: "t", rows: ["a"], columns: ["b"], panels: [] })).toThrow(
    "at least one panel",
  );
});

test("map with numbered axes: zero is the middle color", () => {
  const root = parseXml(numberedMapSvg({ title: "Positions", values: [-1, 0, 0, 3], rows: 2, columns: 2 }));
  const cells = cellsOf(root).map(({ attributes }) => attributes.get("class"));
  expect(cells).toEqual(["d21", "d32", "d32", "d63"]);
  expect(drawnTexts(root)).toEqual(expect.arrayContaining(["position", "dimension", "0", "1", "-3", "3"]));
});

test("bars: as long as their values, amounts and notes written, what is not a number named", () => {
  const bars = [
    { name: "<embed> & co", value: 200, note: "V × D" },
    { name: "norm", value: -50 },
    { name: "lost", value: NaN },
  ];
  const root = parseXml(barChartSvg({ title: nasty, bars }));
  const rects = findAll(root, hasClass("bar")).map((bar) => findAll(bar, ({ name }) => name === "rect")[0]!.attributes);
  const [a, b, c] = rects.map((attributes) => Number(attributes.get("width")));
  expect(a! / b!).toBeCloseTo(4, 6);
  expect(c).toBe(0);
  expect(Number(rects[1]!.get("x")) + b!).toBeCloseTo(Number(rects[0]!.get("x")), 1);
  expect(drawnTexts(root)).toEqual(expect.arrayContaining(["<embed> & co", "200", "V × D", "-50", "NaN"]));
});

test("scatter: a mark for each point, names that do not cover each other, the rest counted", () => {
  const points = [
    { name: "man", x: 0, y: 0, group: "people" },
    { name: "woman", x: 1, y: 1, group: "people" },
    { name: "paris", x: 2, y: 0, group: "<places>" },
    { name: "gone", x: NaN, y: 0, group: "<places>" },
    ...Array.from({ length: 40 }, (_, i) => ({ name: `crowd${i}`, x: 3 + i * 1e-4, y: 0.5, group: "people" })),
  ];
  const root = parseXml(scatterSvg({ title: nasty, points, xTitle: "one", yTitle: "two" }));
  const marks = findAll(findAll(root, hasClass("points"))[0]!, ({ name }) => name === "path");
  expect(marks).toHaveLength(43);
  expect(marks[0]!.children[0]!.text).toBe("man: 0, 0");
  const texts = drawnTexts(root);
  expect(texts).toEqual(expect.arrayContaining(["man", "woman", "paris", "people", "<places>"]));
  const crowd = texts.filter((text) => text.startsWith("crowd"));
  expect(crowd.length).toBeLessThan(10);
  expect(texts.at(-1)).toBe(
    `${40 - crowd.length} names are not drawn for lack of room; 1 value is not a finite number`,
  );
});

test("every figure is well-formed when there is next to nothing to draw", () => {
  for (const svg of [
    lineChartSvg({ title: "", series: [] }),
    lineChartSvg({ title: "t", series: [{ name: nasty, x: [1], y: [NaN] }] }),
    barChartSvg({ title: "t", bars: [{ name: "", value: 0 }] }),
    scatterSvg({ title: "t", points: [{ name: nasty, x: 1, y: 1 }] }),
    numberedMapSvg({ title: "t", values: [[NaN]], rows: 1, columns: 1 }),
  ]) {
    expect(parseXml(svg).name).toBe("svg");
    expect(svg).not.toMatch(/NaN"|Infinity|undefined/);
  }
});

test("figures one below the other in one file, each with its own title", () => {
  const bars = (title: string, count: number) =>
    barChartSvg({ title, bars: Array.from({ length: count }, (_, i) => ({ name: `bar ${i}`, value: i })) });
  const [first, second] = [bars("first", 2), bars("second", 5)];
  const root = parseXml(stackedSvg(nasty, [first, second]));
  const [a, b] = [first, second].map((figure) => parseXml(figure).attributes);
  const inner = findAll(root, ({ name, attributes }) => name === "svg" && attributes.has("y"));
  expect(inner.map(({ attributes }) => [attributes.get("y"), attributes.get("id")])).toEqual([
    ["0", a!.get("id")],
    [a!.get("height"), b!.get("id")],
  ]);
  expect(Number(root.attributes.get("height"))).toBe(Number(a!.get("height")) + Number(b!.get("height")));
  expect(Number(root.attributes.get("width"))).toBe(Math.max(Number(a!.get("width")), Number(b!.get("width"))));
  expect(drawnTexts(root)).toEqual(expect.arrayContaining(["first", "second", "bar 4"]));
});
