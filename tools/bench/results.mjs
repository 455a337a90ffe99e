// Results as JSON in an ignored folder, a file a row: rows are measured one by one, and the page shows all there are.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rows } from "./rows.mjs";

const folder = fileURLToPath(new URL("../../.cache/bench", import.meta.url));

export function keep(result) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${result.row}.json`), `${JSON.stringify(result, undefined, 1)}\n`);
}

/** All results there are, in the order of the rows. */
export function kept() {
  return rows.flatMap(({ name }) => {
    try {
      return [JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"))];
    } catch {
      return [];
    }
  });
}
