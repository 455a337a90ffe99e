// Takes the pictures of docs/studio.md: every view of the studio on real models, in a headless Chromium.
//
//     npm start -- --once && node tools/studio-pictures.mjs [NAME…]      into docs/images/studio
//
// The models are runs/french-english and those of tools/studio-models.mjs, which trains what is missing.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startStudio } from "heed/server";
import { chromium } from "playwright-core";
import { studioModels, trainStudioModels } from "./studio-models.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "docs", "images", "studio");
const sentence = "Jane visite l'Afrique en septembre";
const phone = { width: 390, height: 800 };

/** Name of the picture: view, selection, what else is done before it is taken. */
const pictures = {
  lines: ["attention", { model: "french-english", text: sentence, layer: 1, head: 2, look: "lines" }],
  map: ["attention", { model: "french-english", text: sentence, layer: 1, head: 2, look: "map" }],
  heads: ["attention", { model: "encoder", text: "the old man never sees the black cat in winter .", look: "all" }],
  neuron: [
    "attention",
    { model: "decoder", text: "the old man never sees the black cat", layer: 1, head: 1, look: "neuron" },
  ],
  patches: ["attention", { model: "vit", layer: 2, head: 1, look: "patches" }],
  flow: ["flow", { model: "decoder", text: "the old man never sees the black", step: 10, head: 1 }],
  positions: ["positions", { model: "french-english" }],
  embeddings: ["embeddings", { model: "french-english" }],
  tokens: ["tokens", { model: "french-english", text: sentence }],
  generation: ["generation", { model: "decoder", text: "the old man never sees" }],
  why: ["why", { model: "encoder", text: "the old man never sees the black [MASK] in winter ." }],
  training: ["training", { model: "french-english", text: sentence }],
  evaluation: ["evaluation", { model: "french-english" }],
  parameters: ["parameters", { model: "french-english" }],
  weights: ["weights", { model: "french-english" }],
  compare: [
    "compare",
    {
      model: "french-english",
      text: sentence,
      layer: 1,
      head: 2,
      pin: `model=french-english.step-000300&text=${encodeURIComponent(sentence)}&layer=1&head=2`,
    },
  ],
  lessons: ["lessons", { lesson: "attention" }, { button: "Train" }],
  phone: ["attention", { model: "french-english", text: sentence, layer: 1, head: 2, look: "map" }, phone],
  dark: ["attention", { model: "french-english", text: sentence, layer: 1, head: 2, look: "all" }, { dark: true }],
};

await trainStudioModels();
mkdirSync(out, { recursive: true });
const wanted = process.argv.slice(2);
const studio = await startStudio({ places: [join(root, "runs", "french-english"), studioModels] });
const browser = await chromium.launch({
  executablePath: process.env.HEED_CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const context = await browser.newContext();
const first = await context.newPage();
await first.goto(studio.address);
for (const [name, [view, selection, { dark = false, button, width = 1200, height = 760 } = {}]] of Object.entries(
  pictures,
)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const page = await context.newPage();
  page.on("pageerror", ({ message }) => console.error(`${name}: ${message}`));
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" });
  await page.addInitScript((theme) => localStorage.setItem("theme", theme), dark ? "dark" : "light");
  await page.goto(`http://127.0.0.1:${studio.port}/#/${view}?${new URLSearchParams(selection)}`);
  await page.waitForSelector("main [data-figure], main article", { timeout: 60_000 });
  await page.waitForFunction(() => document.querySelectorAll('[aria-busy="true"]').length === 0, undefined, {
    timeout: 60_000,
  });
  if (button !== undefined) await page.getByRole("button", { name: button, exact: true }).click();
  // Pictures that follow others, and what is trained in the page.
  await page.waitForTimeout(button === undefined ? 4000 : 30_000);
  const tall = Math.min(1400, await page.evaluate(() => document.documentElement.scrollHeight));
  await page.screenshot({
    path: join(out, `${name}.png`),
    clip: { x: 0, y: 0, width, height: Math.max(420, tall) },
    fullPage: true,
  });
  console.log(`docs/images/studio/${name}.png`);
  await page.close();
}
await browser.close();
await studio.close();
