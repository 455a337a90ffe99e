// Compiles src to dist, and the studio to dist/studio. Does nothing where the compiler is absent: an installed package
// brings its build along.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiler = `${root}node_modules/typescript/bin/tsc`;
if (existsSync(compiler) && existsSync(`${root}src`)) {
  try {
    execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  } catch {
    process.exitCode = 1;
  }
  removeOrphans(`${root}dist`, `${root}src`);
  if (process.exitCode !== 1 && existsSync(`${root}node_modules/svelte`)) await buildStudio();
}

/** The page bundles what src was compiled to, so it comes second. Vite is silent unless something is wrong. */
async function buildStudio() {
  const { build } = await import("vite");
  await build({ configFile: `${root}studio/vite.config.js`, logLevel: "error" });
}

/** Removes what an earlier build made of sources that are gone, so that it is neither imported nor packed. */
function removeOrphans(built, source) {
  for (const entry of readdirSync(built, { withFileTypes: true })) {
    const path = join(built, entry.name);
    const from = join(source, entry.name.replace(/(\.d\.ts|\.js)$/, ".ts"));
    if (entry.name === ".tsbuildinfo" || path === `${root}dist/studio`) continue;
    if (!existsSync(from)) rmSync(path, { recursive: true, force: true });
    else if (entry.isDirectory()) removeOrphans(path, from);
  }
}
