// What experiments share: the data, a run to its end, and figures with their spread.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { learn, wayConfig } from "heed/learning";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A path in the folder of data that nobody here wrote; the script ends, and says so, where it is not there. */
export function dataPath(name) {
  const path = join(process.env.HEED_DATA ?? join(root, "..", "shared", "data"), name);
  if (existsSync(path)) return path;
  console.log(`${name} is not here (in the folder that HEED_DATA names, or in ../shared/data beside the clone).`);
  process.exit(0);
}

/** Runs a way of learning to its end; gives what it came to and the seconds it took. */
export async function run(way, config, folder, files, { title, every = Infinity, engine = {} } = {}) {
  const started = performance.now();
  const learning = learn(way, wayConfig(way, config, title), {
    ...{ folder, files, engine, replace: true },
    warn: (line) => console.error(`  ${title}: ${line}`),
    begin: ({ summary }) => summary.forEach((line) => console.error(`  ${title}: ${line}`)),
  });
  for (;;) {
    const { done, value } = await learning.next();
    const seconds = (performance.now() - started) / 1000;
    if (done) return { ...value, seconds };
    const { update, loss, validation } = value;
    if (validation === undefined && update % every !== 0) continue;
    const scores = Object.entries(validation ?? {}).map(([name, score]) => `${name} ${score.toFixed(4)}`);
    console.error(
      `  ${title}: update ${update}, ${seconds.toFixed(0)} s, loss ${loss.toFixed(4)} ${scores.join(", ")}`,
    );
  }
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The deviation of single values around their mean (n − 1). */
export const deviation = (values) =>
  values.length < 2 ? 0 : Math.sqrt(values.reduce((sum, v) => sum + (v - mean(values)) ** 2, 0) / (values.length - 1));

/** `82.31 ± 0.42`: mean and deviation. */
export const meanAndSpread = (values, digits = 2) =>
  `${mean(values).toFixed(digits)} ± ${deviation(values).toFixed(digits)}`;

/** Prints rows with aligned columns, all but the first to the right. */
export function printTable(header, rows) {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? "").length)));
  for (const row of cells)
    console.log(
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join("  ")
        .trimEnd(),
    );
}
