// `npm run bench [-- ROW…] [--rounds N] [--quick] [--json]`: measures the rows, keeps the results in .cache/bench and
// renders docs/benchmarks.md from all that there are. --quick only checks that rows run: nothing is kept.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setUp } from "./setup.mjs";

setUp();
const { rows, scriptOf } = await import("./bench/rows.mjs");
const { machine, versions } = await import("./bench/machine.mjs");
const { keep, kept } = await import("./bench/results.mjs");
const { figures, page } = await import("./bench/render.mjs");

const log = (text) => process.stderr.write(`${text}\n`);
const docs = fileURLToPath(new URL("../docs/", import.meta.url));
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "1.5" },
    seed: { type: "string", default: "1" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    render: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (flags.help) {
  console.log(`npm run bench [-- ROW…]   Heed beside its peers; all rows but those that must be asked for, unless named.

${rows.map(({ name, title, asked }) => `  ${name.padEnd(12)}${title}${asked ? " (asked for only)" : ""}`).join("\n")}

  --rounds N    rounds in which all take their turn (3)
  --seconds S   how long a turn lasts at least (1.5)
  --seed N      of weights and made-up tokens (1)
  --quick       one short round, nothing kept: checks that rows run
  --render      measures nothing, renders docs/benchmarks.md again
  --json        prints the results instead of the page`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
if (unknown.length > 0) {
  log(`There is no row ${unknown.join(", ")}. The rows are ${rows.map(({ name }) => name).join(", ")}.`);
  process.exit(1);
}

const chosen = flags.render
  ? []
  : rows.filter(({ name, asked }) => (positionals.length > 0 ? positionals.includes(name) : !asked));
const results = [];
for (const row of chosen) {
  const result = await measured(row);
  results.push(result);
  if (!flags.quick) keep(result);
}
const all = flags.quick ? results : kept();
const text = await formatted(page(all, existing()));
if (!flags.quick) write(text, figures(all));
process.stdout.write(flags.json ? `${JSON.stringify(flags.quick || chosen.length > 0 ? results : all)}\n` : text);
rmSync(new URL("../.cache/bench/work", import.meta.url), { recursive: true, force: true });

async function measured(row) {
  log(`${row.name} …`);
  const start = performance.now();
  const rounds = flags.quick ? 1 : Number(flags.rounds);
  const seconds = flags.quick ? 0.1 : Number(flags.seconds);
  const seed = Number(flags.seed);
  const results = kept();
  const { measure } = await import(scriptOf(row));
  const found = await measure({ rounds, seconds, seed, quick: flags.quick, log, results });
  log(`${row.name}: ${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
  const given = process.argv.slice(2).filter((word) => !rows.some(({ name }) => name === word));
  const command = ["npm run bench --", row.name, ...given].join(" ");
  const date = new Date().toISOString().slice(0, 10);
  return { row: row.name, date, command, seed, rounds, machine: machine(), versions: versions(), ...found };
}

function existing() {
  const path = `${docs}benchmarks.md`;
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Tables aligned, as `npm run format` would. */
async function formatted(markdown) {
  const prettier = await import("prettier");
  const path = `${docs}benchmarks.md`;
  return prettier.format(markdown, { ...(await prettier.resolveConfig(path)), filepath: path });
}

function write(markdown, drawn) {
  writeFileSync(`${docs}benchmarks.md`, markdown);
  for (const [path, svg] of drawn) {
    mkdirSync(dirname(docs + path), { recursive: true });
    writeFileSync(docs + path, svg);
  }
}
