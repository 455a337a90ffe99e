// What experiments with fine-tuning share: a run in memory, tables, mean and spread.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryFolder } from "heed";
import { finetune, learn, wayConfig } from "heed/learning";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A folder of ../shared/data, or of the one that HEED_DATA names; says so and ends where it is not there. */
export function dataFolder(name) {
  const folder = join(process.env.HEED_DATA ?? join(root, "..", "shared", "data"), name);
  if (existsSync(folder)) return folder;
  console.log(`${name} is not here (in the folder that HEED_DATA names, or in ../shared/data beside the clone).`);
  process.exit(0);
}

/** Fine-tunes in memory; gives the finished folder and the scores on the test rows. */
export async function finetuned(config, files, name = "") {
  const folder = memoryFolder();
  const started = performance.now();
  const run = learn(finetune, wayConfig(finetune, config, "the experiment's config"), {
    folder,
    files,
    warn: (line) => console.error(`  ${name} ${line}`),
    begin: ({ summary }) => summary.forEach((line) => console.error(`  ${name} ${line}`)),
  });
  for (;;) {
    const next = await run.next();
    if (next.done) return { folder, ...next.value, seconds: (performance.now() - started) / 1000 };
    const { position, loss, validation } = next.value;
    if (validation === undefined) continue;
    const shown = Object.entries(validation).map(([metric, score]) => `${metric} ${score.toFixed(4)}`);
    console.error(`  ${name} update ${position.update}: loss ${loss.toFixed(4)}, ${shown.join(", ")}`);
  }
}

/** `82.31 ± 0.42`: mean and standard deviation over seeds. */
export function meanAndSpread(values, digits = 2) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const square = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(values.length - 1, 1);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(square).toFixed(digits)}`;
}

/** Rows as aligned columns, the first row being the header. */
export function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join("  "),
    )
    .join("\n");
}
