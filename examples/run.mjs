// Runs an example: `node examples/run.mjs 01-toy-attention --quick`. Installs and builds first where that has not
// happened yet. Node 20 does not read TypeScript, so the types are taken off; nothing else is changed. On Node 22.18 and
// newer, `node examples/01-toy-attention.ts --quick` does the same once the package is built.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setUp } from "../tools/setup.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const examples = readdirSync(here).filter((file) => /^\d\d-.*\.ts$/.test(file));
const [asked = "", ...rest] = process.argv.slice(2);
const example = examples.find((file) => asked !== "" && file.startsWith(asked.replace(/^.*\//, "")));
if (example === undefined) {
  const names = examples.map((file) => `  node examples/run.mjs ${file.replace(/\.ts$/, "")}`);
  console.error(`There is no example "${asked}". Try one of these, each also with --quick:\n${names.join("\n")}`);
  process.exit(1);
}

setUp();
const { default: typescript } = await import("typescript");
const { ESNext: module, ES2023: target } = { ...typescript.ModuleKind, ...typescript.ScriptTarget };
const { outputText } = typescript.transpileModule(readFileSync(join(here, example), "utf8"), {
  compilerOptions: { module, target, verbatimModuleSyntax: true },
});
// Inside the package, so that "heed" means this package.
const folder = join(here, "..", ".cache", "examples");
const file = join(folder, example.replace(/\.ts$/, ".mjs"));
mkdirSync(folder, { recursive: true });
if (!existsSync(file) || readFileSync(file, "utf8") !== outputText) writeFileSync(file, outputText);
process.argv.splice(1, process.argv.length, file, ...rest);
await import(pathToFileURL(file).href);
