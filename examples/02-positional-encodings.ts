/**
 * 2. Positional encodings, drawn
 *
 *   node examples/run.mjs 02-positional-encodings            about a second
 *   node examples/run.mjs 02-positional-encodings --quick    a smaller table
 *   … --out pictures                                         where the SVG files go
 *
 * Expect: PE(3) · PE(7) = PE(10) · PE(14), in both layouts; PE(p) · PE(p) = half the width.
 */
import { parseArgs } from "node:util";
import { diskFolder } from "heed";
import { numberedMapSvg, numberedMapText, type NumberedMap } from "heed/figures";
import { sinusoids } from "heed/nn";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/02-positional-encodings" },
  },
});
const folder = diskFolder(options.out);
const [count, width] = options.quick ? [16, 32] : [48, 64];

/** Prints a map, and writes it as SVG. */
async function draw(file: string, map: NumberedMap): Promise<void> {
  console.log(`\n${numberedMapText(map)}\n`);
  await folder.write(file, numberedMapSvg(map));
}

// Attention alone does not know the order of words: it sees a set. So the paper adds to each word a vector that says
// where it stands (Vaswani et al. 2017, section 3.5):
//
//   PE(pos, 2i) = sin(pos / 10000^(2i / width))        PE(pos, 2i + 1) = cos(pos / 10000^(2i / width))
//
// Sines and cosines take turns. The left columns change from word to word, the right ones hardly at all, as the digits
// of a counter do. This is the table that the models of this package use.

const interleaved = sinusoids(count, width, "interleaved"); // [count, width]
await draw("interleaved.svg", { title: "Sinusoids, interleaved", values: interleaved, rows: count, columns: width });

// Many lectures draw the same numbers in another order: all sines first, then all cosines.

const halves = sinusoids(count, width, "halves");
await draw("halves.svg", { title: "Sinusoids, in halves", values: halves, rows: count, columns: width });

// How near are two positions? Their dot product tells, and it depends on their distance only, since
// sin a sin b + cos a cos b = cos(a − b): the grid below is the same along each diagonal. Of the same kind is the paper's
// reason for sinusoids: PE(pos + k) is PE(pos) turned by angles that depend on k only, so a head can learn to look "k
// words back" wherever it stands.

function dot(table: Float32Array, a: number, b: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += table[a * width + i]! * table[b * width + i]!;
  return sum;
}

const near = Array.from({ length: 16 }, (_, a) => Array.from({ length: 16 }, (__, b) => dot(interleaved, a, b)));
const title = "PE(row) · PE(column)";
await draw("dot-products.svg", {
  title,
  values: near,
  rows: 16,
  columns: 16,
  columnTitle: "position",
  scale: "sequential",
});

// The numbers. The order of the columns does not change a sum, so both layouts agree.

let reached = true;
for (const [name, table] of [
  ["interleaved", interleaved],
  ["in halves", halves],
] as const) {
  const [first, second, self] = [dot(table, 3, 7), dot(table, 10, 14), dot(table, 5, 5)];
  console.log(
    `${name}: PE(3) · PE(7) = ${first.toFixed(4)}   PE(10) · PE(14) = ${second.toFixed(4)}   PE(5) · PE(5) = ${self.toFixed(4)}`,
  );
  reached &&= Math.abs(first - second) < 1e-4 && Math.abs(self - width / 2) < 1e-4 && first < self;
}
const distances = Array.from({ length: 6 }, (_, distance) => near[0]![distance]!.toFixed(2));
console.log(`by distance, from 0 to 5: ${distances.join("  ")}`);

console.log(`\nThe maps are in ${options.out}.`);
console.log(
  `Expected: equal dot products at equal distance, and ${width / 2} at none. ${reached ? "Reached." : "NOT reached."}`,
);
process.exitCode = reached ? 0 : 1;
