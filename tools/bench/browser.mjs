/**
 * The row of the bench for browsers: Heed beside jax-js (training) and Transformers.js (generation) in one headless
 * Chromium, in turn. `node tools/bench/browser.mjs [rounds]`, after `npm run build`; HEED_CHROMIUM names the program.
 *
 * Training: a step is loss, gradients, clipping by the global norm and AdamW, of a GPT-2 in fp32.
 * Generation: greedy, one text, with a cache; Transformers.js runs the ONNX file that Heed writes of the same weights.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "../../examples/05-training-in-a-page/serve.mjs";
import { exportGpt2 } from "./browser/export.mjs";
import { generation, shapes } from "./browser/shapes.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const peers = join(root, ".cache/peers/node");
const models = join(root, ".cache/bench/models");
const versions = { "@huggingface/transformers": "4.3.1", "@jax-js/jax": "0.1.25" };
/** Timed and untimed steps of a round: browsers run WebAssembly slowly at first, and compile it well as they go. */
const steps = {
  "0.81 M": { timed: 20, before: 20 },
  "10.8 M": { timed: 2, before: 1 },
  "10.8 M, batch of 8": { timed: 2, before: 1 },
};
const PATIENCE = 600_000;

/** Who takes part: in which page, and what to call there. Names of places are those of `places`. */
const threads = Math.min(2, availableParallelism());
const training = [
  {
    name: `Heed, WebAssembly, ${threads} threads`,
    place: "isolated",
    call: heedTraining({ threads, backend: "wasm" }),
  },
  { name: "jax-js, WebAssembly, all threads", place: "isolated", call: jaxTraining("wasm") },
  { name: "Heed, WebAssembly, page not isolated", place: "open", call: heedTraining({ backend: "wasm" }) },
  { name: "jax-js, WebAssembly, page not isolated", place: "open", call: jaxTraining("wasm") },
  { name: "Heed, WebGPU", place: "graphics", call: heedTraining({ backend: "webgpu" }) },
  { name: "jax-js, WebGPU", place: "graphics", call: jaxTraining("webgpu") },
];
const generating = [
  {
    name: `Heed, WebAssembly, ${threads} threads`,
    place: "isolated",
    call: heedGeneration({ threads, backend: "wasm" }),
  },
  { name: `Transformers.js, WebAssembly, ${threads} threads`, place: "isolated", call: transformers("wasm", threads) },
  { name: "Heed, WebAssembly, page not isolated", place: "open", call: heedGeneration({ backend: "wasm" }) },
  { name: "Transformers.js, WebAssembly, page not isolated", place: "open", call: transformers("wasm", 1) },
  { name: "Heed, WebGPU", place: "graphics", call: heedGeneration({ backend: "webgpu" }) },
  { name: "Transformers.js, WebGPU", place: "graphics", call: transformers("webgpu", 1) },
];

function heedTraining(options) {
  return (shape, count) => inPage("heed", "train", shape, options, count, "data");
}
function jaxTraining(device) {
  return (shape, count) => inPage("jax", "train", shape, device, count, "data");
}
function heedGeneration(options) {
  return (shape) => inPage("heed", "generate", shape, options, generation);
}
function transformers(device, count) {
  return (shape) => inPage("transformers", "generate", folderOf(shape), device, count, generation);
}

/** JavaScript for the page; `shape` is a key of `shapes`, and "data" the function that makes a step's ids. */
function inPage(file, name, shape, ...args) {
  const first = shape in shapes ? `shapes[${JSON.stringify(shape)}]` : JSON.stringify(shape);
  const rest = args.map((arg) => (arg === "data" ? `(step) => data(${first}, step)` : JSON.stringify(arg)));
  return `Promise.all([import("/${file}.js"), import("/shapes.js")])
    .then(([{ ${name} }, { shapes, data }]) => ${name}(${[first, ...rest].join(", ")}))`;
}

const folderOf = (shape) => `gpt2-${shape.split(" ")[0]}`;

/** Installs the peers once, into a folder that git ignores. */
function installPeers() {
  if (Object.keys(versions).every((name) => existsSync(join(peers, "node_modules", name)))) return;
  mkdirSync(peers, { recursive: true });
  writeFileSync(join(peers, "package.json"), JSON.stringify({ private: true, dependencies: versions }));
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  // No scripts: those of onnxruntime-node and sharp fetch binaries for Node, which pages do not need.
  execFileSync(npm, ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: peers, stdio: "inherit" });
}

function findChromium() {
  if (process.env.HEED_CHROMIUM) return process.env.HEED_CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

const quiet = [
  "no-sandbox",
  "no-first-run",
  "disable-quic",
  "disable-background-networking",
  "disable-component-update",
  "disable-sync",
];
const offline = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1";

async function launch(executablePath, flags) {
  const profile = mkdtempSync(join(tmpdir(), "heed-bench-"));
  const args = [...[...quiet, ...flags].map((flag) => `--${flag}`), offline];
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args });
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context, close };
}

/** Evaluates in a fresh page. Throws what the page throws. */
async function evaluate({ context }, address, script) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  try {
    await page.goto(`${address}page.html`);
    return await page.evaluate(script);
  } finally {
    await page.close();
  }
}

/** Why nothing can be measured on the graphics processor; undefined where it can. */
async function noGraphics(browser, address) {
  const script = `(async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    return adapter && { vendor: adapter.info.vendor, architecture: adapter.info.architecture };
  })()`;
  const adapter = await evaluate(browser, address, script);
  if (!adapter) return "this Chromium offers no graphics processor";
  return adapter.architecture === "swiftshader"
    ? "only a graphics processor in software (SwiftShader) is there"
    : undefined;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Runs all in turn, `rounds` times; medians over rounds of each round's median, in milliseconds. */
async function measure(entries, rounds, places, once, log) {
  const results = entries.map(({ name, place }) => ({ name, medians: [], skipped: places[place].skipped }));
  for (let round = 0; round < rounds; round++) {
    for (const [i, { name, place, call }] of entries.entries()) {
      const result = results[i];
      if (result.skipped !== undefined) continue;
      const { browser, address } = places[place];
      try {
        const { times, ...found } = await once(call, (script) => evaluate(browser, address, script));
        result.medians.push(median(times));
        Object.assign(result, found);
        log(`  ${name}: ${median(times).toFixed(1)} ms`);
      } catch (error) {
        result.skipped = error.message.split("\n")[0].replace("page.evaluate: ", "");
      }
    }
  }
  return results.map(({ name, medians, skipped, ...found }) => {
    if (skipped !== undefined) return { name, skipped };
    const spread = [Math.min(...medians), Math.max(...medians)];
    return { name, milliseconds: median(medians), spread, ...found };
  });
}

/** How many times faster Heed is than the peer in the same kind of page. */
function ratios(results) {
  const pairs = [];
  for (let i = 0; i < results.length; i += 2) {
    const [heed, peer] = results.slice(i, i + 2);
    if (heed.milliseconds && peer.milliseconds)
      pairs.push({ heed: heed.name, peer: peer.name, ratio: peer.milliseconds / heed.milliseconds });
  }
  return pairs;
}

/** Measures the row. Results are plain data; `log` is told what happens. */
export async function run({ rounds = 3, log = console.error } = {}) {
  const program = findChromium();
  if (program === undefined)
    return { row: "browser", skipped: "no Chromium: install it, or name one in HEED_CHROMIUM" };
  installPeers();
  for (const name of generation.models) await exportGpt2(join(models, folderOf(name)), shapes[name]);
  const folders = {
    "/heed/": root,
    "/node_modules/": join(root, "node_modules"),
    "/peers/": join(peers, "node_modules"),
    "/models/": models,
    "/": join(root, "tools/bench/browser"),
  };
  const servers = [await serve(folders), await serve(folders, { isolated: false })];
  const browsers = [await launch(program, ["disable-gpu"]), await launch(program, ["enable-unsafe-webgpu"])];
  try {
    const places = {
      isolated: { browser: browsers[0], address: servers[0].address },
      open: { browser: browsers[0], address: servers[1].address },
      graphics: { browser: browsers[1], address: servers[0].address },
    };
    places.graphics.skipped = await noGraphics(browsers[1], servers[0].address);
    return {
      row: "browser",
      chromium: browsers[0].context.browser()?.version(),
      threads,
      ...(await rows(places, rounds, log)),
    };
  } finally {
    for (const each of [...browsers, ...servers]) await each.close();
  }
}

async function rows(places, rounds, log) {
  const found = { training: {}, generation: {} };
  for (const shape of Object.keys(shapes)) {
    log(`training, ${shape} parameters`);
    const { timed, before } = steps[shape];
    const trained = await measure(
      training,
      rounds,
      places,
      async (call, page) => {
        const { times, losses } = await page(call(shape, before + timed));
        return { times: times.slice(before), firstLoss: losses[0], lastLoss: losses.at(-1) };
      },
      log,
    );
    found.training[shape] = { results: trained, ratios: ratios(trained) };
    if (!generation.models.includes(shape)) continue;
    log(`generation, ${shape} parameters, ${generation.tokens} tokens`);
    const generated = await measure(
      generating,
      rounds,
      places,
      async (call, page) => {
        const { times, ids } = await page(call(shape));
        return { times: times.slice(8), text: ids.join(" ") };
      },
      log,
    );
    const perSecond = ({ milliseconds, ...rest }) =>
      milliseconds ? { milliseconds, tokensPerSecond: (1000 * generation.tokens) / milliseconds, ...rest } : rest;
    const same = new Set(generated.flatMap(({ text }) => text ?? [])).size <= 1;
    found.generation[shape] = { results: generated.map(perSecond), ratios: ratios(generated), sameText: same };
  }
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  console.log(JSON.stringify(await run({ rounds: Number(process.argv[2] ?? 3) }), null, 2));
}
