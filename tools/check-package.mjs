// Packs Heed as npm would publish it and uses the tarball as somebody else would: in Node, from TypeScript, in a page.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => join(root, "node_modules/.bin", name);
const scratch = mkdtempSync(join(tmpdir(), "heed-package-"));
/** Bytes. Bundled corpus, build and the studio; what is larger than this was packed by mistake. */
const LARGEST = 2_600_000;

// What npm tells its scripts of this clone, its .npmrc above all, is not what another project has.
const kept = /^npm_config_(registry|cafile|proxy|https_proxy|noproxy|userconfig|cache)$/;
const env = Object.fromEntries(
  // The package alone is checked, as where OpenVINO is not found.
  Object.entries(process.env).filter(
    ([name]) => name !== "HEED_OPENVINO" && (!name.startsWith("npm_") || kept.test(name)),
  ),
);
// onnxruntime-node's install script goes through this proxy, which is none: as where NVIDIA's hosts cannot be reached.
const unreachable = { GLOBAL_AGENT_HTTP_PROXY: "http://127.0.0.1:9", GLOBAL_AGENT_HTTPS_PROXY: "http://127.0.0.1:9" };

/** Runs a program. Throws with what it printed where it fails. */
async function run(program, args, { cwd = root, more = {} } = {}) {
  try {
    return await promisify(execFile)(program, args, {
      cwd,
      env: { ...env, ...more },
      maxBuffer: 1 << 26,
      shell: process.platform === "win32",
    });
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")}\n${error.stdout ?? ""}${error.stderr ?? ""}${error.code ?? ""}`);
  }
}

function requireThat(condition, message) {
  if (!condition) throw new Error(message);
}

let failed = 0;
let passed = 0;
/** One check: prints what it found, or why it failed. */
async function check(name, work) {
  try {
    console.log(`ok      ${name}: ${await work()}`);
    passed++;
  } catch (error) {
    console.log(`FAILED  ${name}: ${error.message}`);
    failed++;
  }
}

/** An empty project with the tarball installed. */
async function project(name, tarball, flags, more) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  await run("npm", ["install", tarball, "--no-audit", "--no-fund", ...flags], { cwd: folder, more });
  const installed = readdirSync(join(folder, "node_modules")).filter((entry) => entry.startsWith("onnxruntime-"));
  return { folder, text: `installed with ${installed.join(", ")}` };
}

const PROGRAM = `
import { memoryFolder, train, Translator } from "heed";
const pairs = [{ source: "un chat", target: "a cat" }, { source: "un chien", target: "a dog" }];
const model = await Translator.create(pairs, { layers: 1, width: 16, heads: 2, feedForward: 32, vocabulary: 280 });
let last;
for await (const { loss } of train(model, pairs, { updates: 30, learningRate: 0.02, warmUp: 5 })) last = loss;
const folder = memoryFolder();
await model.save(folder);
const again = await Translator.open(folder);
const { text } = await again.translate("un chat", { beams: 2 });
console.log(\`\${model.engine.description}; un chat → \${text}\`);
await model.dispose();
await again.dispose();
`;

/** Trains, saves, opens and translates in Node; nothing may be written to stderr. */
async function useInNode(folder) {
  writeFileSync(join(folder, "program.mjs"), PROGRAM);
  const { stdout, stderr } = await run(process.execPath, ["program.mjs"], { cwd: folder });
  requireThat(stderr === "", `stderr is not empty: ${stderr}`);
  requireThat(stdout.includes("un chat → a cat"), `unexpected output: ${stdout}`);
  return stdout.trim();
}

/** Configs of `heed/learning` and questions of `heed/inspect` are zod's types, and those name the DOM's URL. */
const WITH_DOM = ["heed/learning", "heed/inspect"];

/** Compiles a consumer that imports everything, against the declarations alone: no DOM, no Node, no skipLibCheck. */
async function compile(folder, entries, settings) {
  const plain = entries.filter((entry) => !WITH_DOM.includes(entry));
  await compileWith(folder, plain, ["es2023"], settings);
  await compileWith(folder, entries, ["es2023", "dom"], settings);
  return `${plain.length} entry points without DOM and Node types, ${WITH_DOM.join(", ")} with the DOM's`;
}

async function compileWith(folder, entries, lib, settings) {
  const imports = entries.map((entry, i) => `import * as room${i} from "${entry}";`);
  const rooms = entries.map((_, i) => `room${i}`).join(", ");
  writeFileSync(join(folder, "consumer.ts"), `${imports.join("\n")}\nexport const rooms = [${rooms}];\n`);
  const compilerOptions = {
    ...{ strict: true, target: "es2023", lib, types: [], noEmit: true, skipLibCheck: false },
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...settings,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  await run(bin("tsc"), ["-p", folder]);
}

/** Runs the example's page with what the tarball brought, as it is and built by Vite. */
async function useInPage(folder) {
  const program = process.env.HEED_CHROMIUM || findProgram(["chromium", "chromium-browser", "google-chrome"]);
  if (!program) return "skipped, no Chromium was found";
  const page = join(folder, "page");
  cpSync(join(root, "examples/05-training-in-a-page"), page, { recursive: true });
  const { build } = await import("vite");
  const { default: config } = await import("../examples/05-training-in-a-page/vite.config.js");
  const here = { root: page, build: { outDir: join(folder, "built") } };
  await build({ ...config, ...here, configFile: false, logLevel: "error" });
  const { serve } = await import("../examples/05-training-in-a-page/serve.mjs");
  const { chromium } = await import("playwright-core");
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"];
  const context = await chromium.launchPersistentContext(join(scratch, "profile"), { executablePath: program, args });
  const plain = { "/node_modules/": join(folder, "node_modules"), "/": page };
  try {
    await runPage(context, await serve(plain), "plain.html");
    await runPage(context, await serve({ "/": join(folder, "built") }), "");
  } finally {
    await context.close();
  }
  return "trains, without a bundler and built by Vite";
}

async function runPage(context, server, path) {
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", ({ message }) => said.push(message));
  await page.goto(`${server.address}${path}?quick`);
  await page.waitForSelector("body[data-state]", { timeout: 120_000 });
  const state = await page.evaluate("document.body.dataset.state");
  requireThat(
    state === "done" && said.length === 0,
    `the page ${path} ended as "${state}" and said: ${said.join("; ")}`,
  );
  await page.close();
  await server.close();
}

function findProgram(names) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

let tarball;
let contents;
await run(process.execPath, ["tools/build.mjs"]);
await check("packing", async () => {
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", scratch]);
  [contents] = JSON.parse(stdout);
  tarball = join(scratch, contents.filename);
  const paths = contents.files.map(({ path }) => path);
  const wanted = [
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "bin/heed.js",
    "dist/index.js",
    "dist/index.d.ts",
    "dist/cli/main.js",
    "dist/studio/index.html",
  ];
  const missing = wanted.filter((path) => !paths.includes(path));
  requireThat(missing.length === 0, `not in the tarball: ${missing.join(", ")}`);
  const strange = paths.filter(
    (path) =>
      !/^(bin\/heed\.js|dist\/.*(\.js|\.d\.ts)|dist\/studio\/(index\.html|assets\/[\w.-]+\.css)|corpus\/.*|[A-Z]+(\.md)?|package\.json)$/.test(
        path,
      ),
  );
  requireThat(strange.length === 0, `in the tarball by mistake: ${strange.slice(0, 5).join(", ")}`);
  requireThat(contents.size <= LARGEST, `the tarball has ${contents.size} bytes, at most ${LARGEST}`);
  return `${contents.entryCount} files, ${(contents.size / 1e6).toFixed(2)} MB, ${(contents.unpackedSize / 1e6).toFixed(1)} MB unpacked`;
});
if (tarball !== undefined) {
  await check("publint", async () => {
    const { stdout } = await run(bin("publint"), ["run", tarball, "--strict"]);
    requireThat(stdout.includes("All good!"), stdout);
    return "all good";
  });
  await check("are the types wrong", async () => {
    await run(bin("attw"), [tarball, "--profile", "esm-only"]);
    return "no";
  });
  let native;
  await check("npm install with --onnxruntime-node-install=skip", async () => {
    native = await project("native", tarball, ["--onnxruntime-node-install=skip"], unreachable);
    return native.text;
  });
  if (native !== undefined) await useProject(native.folder);
  await check("npm install without it, NVIDIA's hosts out of reach", async () => {
    const { folder, text } = await project("plain", tarball, [], unreachable);
    return `${text}; ${await useInNode(folder)}`;
  });
  await check("npm install without optional dependencies", async () => {
    const { folder, text } = await project("wasm", tarball, ["--omit=optional"], unreachable);
    const said = await useInNode(folder);
    requireThat(said.includes("WebAssembly"), `expected the WebAssembly build: ${said}`);
    return `${text}; ${said}`;
  });
}

async function useProject(folder) {
  const { exports: offered } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const entries = Object.keys(offered)
    .filter((entry) => entry !== "./package.json")
    .map((entry) => entry.replace(".", "heed"));
  await check("in Node", () => useInNode(folder));
  await check("in TypeScript, nodenext", () => compile(folder, entries, { module: "nodenext" }));
  await check("in TypeScript, bundler", () =>
    compile(folder, entries, { module: "esnext", moduleResolution: "bundler" }),
  );
  await check("npx heed --help", async () => {
    const { stdout, stderr } = await run("npx", ["--no-install", "heed", "--help"], { cwd: folder });
    requireThat(/usage: heed/i.test(stdout), `unexpected output: ${stdout}${stderr}`);
    return stdout.split("\n")[0];
  });
  await check("in a page", () => useInPage(folder));
}

rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
