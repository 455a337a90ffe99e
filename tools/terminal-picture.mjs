// Draws what a command printed as an SVG that looks like a terminal: docs/images/start.svg is made with it.
//
//     FORCE_COLOR=3 npm start -- --once 2>&1 | node tools/terminal-picture.mjs "npm start" > docs/images/start.svg
//
// Of several progress lines in a row only the last is kept, as a terminal shows it. Colors (ANSI codes with 24 bits) are
// kept. Shades, braille and cells of color are drawn, and every word has its place and length: no font moves a column.
import { text } from "node:stream/consumers";

const CELL = { width: 7.8, height: 16 };
const MARGIN = { side: 16, top: 44, bottom: 14 };
const PAPER = "#14181f";
const INK = "#d8dee6";
const QUIET = "#7d8792";
const progressLine = /^[a-z ]+: [\d,]+\/[\d,]+ /;

/** The lines as they stand when the command is done. */
function lastLines(printed) {
  const lines = printed.replaceAll("\r\n", "\n").trimEnd().split("\n");
  return lines.filter((line, i) => !(progressLine.test(line) && progressLine.test(lines[i + 1] ?? "")));
}

/** The cells of a line: a character with its ink, its background and whether it is bold. */
function cellsOf(line) {
  const cells = [];
  let look = {};
  for (const [, codes, character] of line.matchAll(/\u001b\[([\d;]*)m|(.)/gsu)) {
    if (codes === undefined) cells.push({ character, ...look });
    else look = lookAfter(look, codes.split(";").map(Number));
  }
  return cells;
}

function lookAfter(look, [code, kind, ...color]) {
  if (code === 1) return { ...look, bold: true };
  if (code === 38 && kind === 2) return { ...look, ink: `rgb(${color.slice(0, 3)})` };
  if (code === 48 && kind === 2) return { ...look, background: `rgb(${color.slice(0, 3)})` };
  return {};
}

const escape = (word) => word.replace(/[&<>]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[letter]);
const round = (value) => Math.round(value * 100) / 100;
const rectangle = (x, y, width, height, fill, more = "") =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"${more}/>`;

/** Dots of a braille character: bit i of its code is the dot in this column and row. */
const DOTS = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 1],
  [1, 2],
  [0, 3],
  [1, 3],
];

function drawn({ character, ink = INK }, x, y) {
  const shade = "░▒▓█".indexOf(character);
  // A hair wider than the cell: no seams between neighbors.
  if (shade >= 0)
    return rectangle(x, y, CELL.width + 0.3, CELL.height + 0.3, ink, ` opacity="${[0.3, 0.55, 0.8, 1][shade]}"`);
  const braille = character.codePointAt(0) - 0x2800;
  if (braille < 0 || braille > 0xff) return undefined;
  return DOTS.filter((_, bit) => braille & (1 << bit))
    .map(
      ([column, row]) =>
        `<circle cx="${round(x + CELL.width * (0.28 + 0.44 * column))}" cy="${round(y + CELL.height * (0.14 + 0.24 * row))}" r="1.25" fill="${ink}"/>`,
    )
    .join("");
}

/** Words of one look: each has its place and its length, so that another font moves no column. */
function letters(cells, row) {
  const words = [];
  for (const [column, cell] of cells.entries()) {
    const { character, ink = INK, bold = false } = cell;
    if (character === " " || drawn(cell, 0, 0) !== undefined) continue;
    const look = `fill="${character === "·" ? QUIET : ink}"${bold ? ' font-weight="bold"' : ""}`;
    const last = words.at(-1);
    if (last?.end === column && last.look === look)
      words[words.length - 1] = { ...last, end: column + 1, text: last.text + character };
    else words.push({ column, end: column + 1, look, text: character });
  }
  const y = round(MARGIN.top + (row + 0.76) * CELL.height);
  return words.map(({ column, end, look, text: word }) => {
    const [x, length] = [round(MARGIN.side + column * CELL.width), round((end - column) * CELL.width)];
    return `<text x="${x}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs" ${look}>${escape(word)}</text>`;
  });
}

function shapes(cells, row) {
  return cells.flatMap((cell, column) => {
    const [x, y] = [MARGIN.side + column * CELL.width, MARGIN.top + row * CELL.height];
    const under = cell.background && rectangle(x, y, CELL.width + 0.3, CELL.height + 0.3, cell.background);
    return [under, drawn(cell, x, y)].filter(Boolean);
  });
}

function picture(title, lines) {
  const rows = lines.map(cellsOf);
  const width = Math.ceil(2 * MARGIN.side + CELL.width * Math.max(40, ...rows.map((cells) => cells.length)));
  const height = MARGIN.top + MARGIN.bottom + CELL.height * rows.length;
  const buttons = ["#ff5f57", "#febc2e", "#28c840"].map(
    (fill, i) => `<circle cx="${20 + 18 * i}" cy="20" r="5.5" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="What ${escape(title)} prints" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13">`,
    rectangle(0, 0, width, height, PAPER, ' rx="8"'),
    ...buttons,
    `<text x="${width / 2}" y="24.5" fill="${QUIET}" text-anchor="middle">${escape(title)}</text>`,
    ...rows.flatMap((cells, row) => [...shapes(cells, row), ...letters(cells, row)]),
    "</svg>\n",
  ].join("\n");
}

const [title = "heed"] = process.argv.slice(2);
process.stdout.write(picture(title, lastLines(await text(process.stdin))));
