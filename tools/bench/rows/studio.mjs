/**
 * The studio in headless Chromium on this machine: how long a frame takes while maps are panned, how soon the first
 * picture is there, whether memory grows with looking around. The models are random: what is measured is the page and
 * its server.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { architectureOf } from "heed/models";
import { createModel, diskFolder, saveModel } from "heed";
import { startStudio } from "heed/server";
import { chromium } from "playwright-core";
import { median } from "../statistics.mjs";

const work = fileURLToPath(new URL("../../../.cache/bench/work/studio", import.meta.url));
const trained = fileURLToPath(new URL("../../../runs/french-english", import.meta.url));
const shapes = {
  "many-heads": { n_layer: 12, n_head: 12, n_embd: 96, n_positions: 512 },
  "long-text": { n_layer: 1, n_head: 1, n_embd: 16, n_positions: 4096 },
};
const VOCABULARY = 500;
/** How many moves of the mouse a panning has, and how many selections memory is watched over. */
const [MOVES, SELECTIONS] = [120, 50];

export async function measure({ rounds, quick, log }) {
  mkdirSync(work, { recursive: true });
  for (const [name, shape] of Object.entries(shapes)) await makeModel(name, shape);
  const program = findChromium();
  if (program === undefined) throw new Error("No Chromium was found: install one, or name it in HEED_CHROMIUM.");
  const found = { all: [], head: [], cold: [], warm: [], memory: [] };
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    log(`studio: round ${round + 1}`);
    await firstScreens(program, found);
    await withPage(program, [work], async (page, address) => {
      found.all.push(await panned(page, address, "many-heads", 512, "all"));
      if (round === 0) found.memory.push(await memory(page, address, quick ? 5 : SELECTIONS));
      found.head.push(await panned(page, address, "long-text", 4096, "map"));
    });
  }
  rmSync(work, { recursive: true, force: true });
  return { about: [ABOUT], parts: [frames(found), screens(found), heap(found)] };
}

const ABOUT =
  "Headless Chromium, 1280 × 900, no graphics processor. A frame's time is the time from one to the next while the mouse " +
  "drags the map; 16.7 ms is the screen's own pace. The first picture is the lines of a head on screen, from the start " +
  "of the navigation: of a server that was just started, before the browser was, and in a second page.";

async function makeModel(name, shape) {
  const json = { model_type: "gpt2", ...shape, n_inner: 2 * shape.n_embd, vocab_size: VOCABULARY };
  const model = await createModel(architectureOf(json, "config.json", { className: "GPT2LMHeadModel" }), {
    threads: 1,
  });
  await saveModel(model, diskFolder(join(work, name)));
  await model.dispose();
}

const idsOf = (count) => Array.from({ length: count }, (_, i) => (i * 7919 + 13) % VOCABULARY).join(",");

async function withPage(program, places, use) {
  // As heed studio does: the model is opened while the browser starts.
  const studio = await startStudio({ places, engine: { threads: 2 } });
  void studio.warm();
  const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.addInitScript(watch);
    return await use(page, studio.address, browser);
  } finally {
    await browser.close();
    await studio.close();
  }
}

/** In the page: when the first picture was there, and the times of frames while they are asked for. */
function watch() {
  const look = () => {
    if (document.querySelector('figure[aria-busy="false"] :is(svg, canvas)'))
      globalThis.firstPicture = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  globalThis.frames_ = undefined;
  const frame = (now) => {
    globalThis.frames_?.push(now);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

async function firstScreens(program, found) {
  const [places, hash] = existsSync(trained)
    ? [[trained], "#/attention"]
    : [[work], `#/attention?model=many-heads&ids=${idsOf(12)}`];
  await withPage(program, places, async (page, address, browser) => {
    const first = async (one) => {
      await one.goto(`${address}${hash}`);
      await one.waitForFunction(() => globalThis.firstPicture !== undefined, undefined, { timeout: 60_000 });
      return one.evaluate("firstPicture");
    };
    found.cold.push(await first(page));
    const second = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await second.addInitScript(watch);
    found.warm.push(await first(second));
  });
}

/** Milliseconds of frames while a map is dragged to and fro. */
async function panned(page, address, model, tokens, look) {
  await page.goto(`${address}#/attention?model=${model}&look=${look}&ids=${idsOf(tokens)}`);
  const map = page.getByRole("application");
  await map.waitFor({ timeout: 120_000 });
  await page.waitForSelector('figure[aria-busy="false"] canvas', { timeout: 120_000 });
  await page.waitForTimeout(look === "all" ? 6000 : 1500);
  if (look === "map") for (let i = 0; i < 6; i++) await map.press("+");
  const box = await map.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.evaluate("void (frames_ = [])");
  for (let i = 0; i < MOVES; i++) {
    await page.mouse.move(x + 200 * Math.sin(i / 9), y + 160 * Math.sin(i / 7));
  }
  const times = await page.evaluate("frames_.splice(0)");
  await page.evaluate("void (frames_ = undefined)");
  await page.mouse.up();
  return times.slice(1).map((time, i) => time - times[i]);
}

/** Bytes of the page's heap, after garbage was collected, before and after many selections. */
async function memory(page, address, count) {
  const session = await page.context().newCDPSession(page);
  const used = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  };
  const show = async (i) => {
    const place = `#/attention?model=many-heads&look=map&layer=${i % 12}&head=${(i * 5) % 12}&ids=${idsOf(512)}`;
    await page.evaluate((hash) => void (location.hash = hash), place);
    await page.waitForSelector('figure[aria-busy="true"]', { timeout: 1000 }).catch(() => undefined);
    await page.waitForSelector('figure[aria-busy="false"] canvas', { timeout: 60_000 });
  };
  await page.goto(`${address}#/attention?model=many-heads&look=map&ids=${idsOf(512)}`);
  await page.waitForSelector('figure[aria-busy="false"] canvas', { timeout: 60_000 });
  for (let i = 1; i < 8; i++) await show(i);
  const before = await used();
  for (let i = 0; i < count; i++) await show(i);
  return { before, after: await used(), count };
}

const milliseconds = (value) => value.toFixed(1);
const at = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];

function frames({ all, head }) {
  const row = (name, rounds) => [
    name,
    milliseconds(median(rounds.map(median))),
    milliseconds(median(rounds.map((times) => at(times, 0.95)))),
    milliseconds(50),
  ];
  return {
    kind: "facts",
    title: "Frames while panning",
    columns: ["", "median, ms", "19 of 20 within, ms", "goal: median below, ms"],
    rows: [row("all heads of 12 layers of 12 heads, 512 tokens", all), row("one head, 4,096 tokens, zoomed in", head)],
  };
}

function screens({ cold, warm }) {
  const row = (name, times) => [
    name,
    (median(times) / 1000).toFixed(2),
    (Math.max(...times) / 1000).toFixed(2),
    "2.00",
  ];
  const columns = ["", "median, s", "slowest, s", "goal: below, s"];
  return {
    kind: "facts",
    title: "The first picture",
    columns,
    rows: [row("server just started", cold), row("a second page", warm)],
  };
}

function heap({ memory: [{ before, after, count }] }) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  return {
    kind: "facts",
    title: "Memory of the page",
    columns: ["", "before, MB", `after ${count} selections, MB`],
    rows: [["heap after collection", megabytes(before), megabytes(after)]],
  };
}

function findChromium() {
  if (process.env.HEED_CHROMIUM) return process.env.HEED_CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
