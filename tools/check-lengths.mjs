// Fails when a source file is longer than 420 lines: it is time for a second file, or for less.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const LIMIT = 420;
const files = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.ts", "*.mjs", "*.js", "*.py", "*.svelte"],
  {
    encoding: "utf8",
  },
).split("\n");
const long = files
  .filter((file) => file !== "")
  .map((file) => [file, readFileSync(file, "utf8").split("\n").length])
  .filter(([, lines]) => lines > LIMIT);
for (const [file, lines] of long) console.error(`${file}: ${lines} lines, at most ${LIMIT}`);
process.exit(long.length === 0 ? 0 : 1);
