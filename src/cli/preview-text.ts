/** Rows as a model sees them, as text for a terminal. */
import { displayWidth, pad, paint, visibleToken, type ColorDepth, type Rgb } from "../figures/index.ts";
import type { PreviewMark, PreviewRow } from "../learning/index.ts";

/** How wide a text may be, and in which colors. */
export interface Look {
  readonly depth: ColorDepth;
  readonly width: number;
}

/** What became of a token, by color and, where there is none, by a sign above it. */
const marks: Readonly<Record<PreviewMark, { readonly sign: string; readonly ink: Rgb }>> = {
  masked: { sign: "masked", ink: [214, 112, 0] },
  replaced: { sign: "replaced", ink: [204, 51, 68] },
  kept: { sign: "kept", ink: [34, 139, 87] },
  inserted: { sign: "inserted", ink: [204, 51, 68] },
  boundary: { sign: "begins", ink: [56, 110, 200] },
  padding: { sign: "padding", ink: [128, 128, 128] },
};

/**
 * A row with its number: lists of one length stand one below the other, with what became of each token; lists of several
 * lengths one after the other.
 */
export function previewText(row: PreviewRow, number: number, look: Look): string {
  const title = `row ${number}${row.about === undefined ? "" : `: ${row.about}`}`;
  const { original, input, targets } = row;
  const same = original.length === input.length && input.length === targets.length;
  const body = same ? alignedLines(row, look) : listedLines(row, look);
  return [title, ...body].join("\n");
}

/** The columns that names of lines take. */
const NAMES = 10;

interface Cell {
  readonly text: string;
  readonly mark?: PreviewMark | undefined;
}

/** Lists of one length: each token stands above what is asked for in its place. */
function alignedLines({ original, input, targets, marks: done = [], inputs = {} }: PreviewRow, look: Look): string[] {
  const plain = (texts: readonly (string | number | undefined)[]): Cell[] =>
    texts.map((text) => ({ text: text === undefined ? "" : visibleToken(String(text)) }));
  const changed = original.some((token, i) => token !== input[i]);
  const lines: [string, Cell[]][] = [
    ...(changed ? ([["original", plain(original)]] as [string, Cell[]][]) : []),
    ["input", input.map((token, i) => ({ text: visibleToken(token), mark: done[i] }))],
    ...(done.some((mark) => mark !== undefined)
      ? ([["", done.map((mark) => ({ text: mark === undefined ? "" : marks[mark].sign, mark }))]] as [string, Cell[]][])
      : []),
    ["target", plain(targets)],
    ...Object.entries(inputs).map(([name, values]): [string, Cell[]] => [name, plain(values)]),
  ];
  const widths = input.map((_, i) => Math.max(...lines.map(([, cells]) => displayWidth(cells[i]!.text))));
  const groups = wrapped(widths, look.width - NAMES);
  return groups.flatMap(([start, end], group) => [
    ...(group === 0 ? [] : [""]),
    ...lines.map(([name, cells]) => {
      const written = cells
        .slice(start, end)
        .map((cell, i) => colored(pad(cell.text, widths[start + i]!), cell.mark, look));
      return `${pad(name, NAMES)}${written.join(" ")}`.trimEnd();
    }),
  ]);
}

const colored = (text: string, mark: PreviewMark | undefined, { depth }: Look): string =>
  mark === undefined ? text : paint(text, depth, { ink: marks[mark].ink, bold: true });

/** Ranges of columns that fit into a width, with a blank between them. */
function wrapped(widths: readonly number[], room: number): [number, number][] {
  const ranges: [number, number][] = [];
  let [start, used] = [0, 0];
  for (const [i, width] of widths.entries()) {
    if (i > start && used + width > room) {
      ranges.push([start, i]);
      [start, used] = [i, 0];
    }
    used += width + 1;
  }
  ranges.push([start, widths.length]);
  return ranges;
}

/** Lists of several lengths: one below the other, each as a text of tokens. */
function listedLines(row: PreviewRow, look: Look): string[] {
  const lists: [string, readonly Cell[]][] = [
    ["original", row.original.map((token) => ({ text: visibleToken(token) }))],
    ["input", row.input.map((token, i) => ({ text: visibleToken(token), mark: row.marks?.[i] }))],
    ["target", row.targets.map((token) => ({ text: token === undefined ? "·" : visibleToken(token) }))],
    ...Object.entries(row.inputs ?? {}).map(([name, values]): [string, Cell[]] => [
      name,
      values.map((value) => ({ text: String(value) })),
    ]),
  ];
  return lists.flatMap(([name, cells]) => {
    const widths = cells.map(({ text }) => displayWidth(text));
    return wrapped(widths, look.width - NAMES).map(([start, end], line) => {
      const written = cells.slice(start, end).map(({ text, mark }) => colored(text, mark, look));
      return `${pad(line === 0 ? name : "", NAMES)}${written.join(" ")}`.trimEnd();
    });
  });
}
