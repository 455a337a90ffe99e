/** Embeddings and positions on screen: the numbers that the library gives, by mouse and by keyboard. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder, Translator } from "heed";
import { ask, openSubject, queries, type Subject } from "heed/inspect";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";

const pairs = [
  { source: "le roi et la reine", target: "the king and the queen" },
  { source: "un homme et une femme", target: "a man and a woman" },
  { source: "le roi voit une femme", target: "the king sees a woman" },
];
const family = (name: string): string => join(places[0]!, "..", name);

let opened: OpenStudio | undefined;
let root = "";
let subject: Subject | undefined;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "heed-studio-"));
  const translator = await Translator.create(pairs, { width: 16, heads: 2, layers: 1, vocabulary: 400, threads: 1 });
  await translator.save(diskFolder(join(root, "tiny-translator")));
  await translator.dispose();
  opened = await openStudio([join(root, "tiny-translator"), ...places, family("t5-model"), family("llama-model")]);
  subject = await openSubject(diskFolder(join(root, "tiny-translator")), { threads: 1 });
});
afterAll(async () => {
  await opened?.close();
  await subject?.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** The cells of a figure as a table, row by row. */
async function tableOf(page: Page, figure: string): Promise<string[][]> {
  const frame = page.locator(`[data-figure=${figure}]`);
  await frame.getByRole("button", { name: "Table" }).click();
  const rows = frame.locator("tbody tr");
  await rows.first().waitFor();
  return Promise.all((await rows.all()).map((row) => row.locator("td").allTextContents()));
}

const words = "king,queen,man,woman,roi,reine";

describe("embeddings", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it("are the points, lengths and kinds that the library gives", async () => {
    const { page, problems } = await opened!.open(`#/embeddings?model=tiny-translator&list=${words}`);
    const cells = await tableOf(page, "embeddings");
    const rows = { of: "table" as const, words: words.split(",") };
    const { names, tensors } = await ask(queries.projection, subject!, { rows, groups: 8 });
    expect(cells.map(([label]) => label)).toEqual(names.map(({ label }) => label));
    const points = tensors["points"]!.data as Float32Array;
    cells.forEach(([, id, kind, x, y], row) => {
      expect([Number(id), kind]).toEqual([names[row]!.id, names[row]!.kind]);
      expect(Number(x)).toBeCloseTo(points[2 * row]!, 3);
      expect(Number(y)).toBeCloseTo(points[2 * row + 1]!, 3);
    });
    expect(problems).toEqual([]);
    await page.close();
  });

  it("list the neighbors of a word that is found, and of a point that is chosen by keyboard", async () => {
    const { page, problems } = await opened!.open(`#/embeddings?model=tiny-translator&list=${words}`);
    await page.getByLabel("Find").fill("queen");
    await page.getByLabel("Find").press("Enter");
    await page.getByRole("heading", { name: "Neighbors of queen" }).waitFor();
    const shown = await tableOf(page, "neighbors");
    const { neighbors } = await ask(queries.neighbors, subject!, { word: "queen", count: 12 });
    expect(shown.map(([label]) => label)).toEqual(neighbors.map(({ label }) => label));
    shown.forEach(([, , value], i) => {
      expect(Number(value)).toBeCloseTo(neighbors[i]!.value, 3);
    });
    const plot = page.getByRole("application");
    await plot.focus();
    for (const key of ["ArrowRight", "ArrowUp", "ArrowRight", "Enter"]) await plot.press(key);
    await expect.poll(() => page.url()).toMatch(/near=id%3A\d+/);
    await page.goBack();
    await page.getByRole("heading", { name: "Neighbors of queen" }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it("answer an analogy", async () => {
    const { page, problems } = await opened!.open("#/embeddings?model=tiny-translator");
    for (const [name, word] of [
      ["first", "man"],
      ["second", "woman"],
      ["third", "king"],
    ] as const) {
      await page.getByLabel(`${name} word`).fill(word);
    }
    await page.getByRole("button", { name: "…?" }).click();
    await page.locator("[data-figure=analogy] li").first().waitFor();
    const shown = await tableOf(page, "analogy");
    const { found } = await ask(queries.analogy, subject!, { words: ["man", "woman", "king"], count: 8 });
    expect(shown.map(([label]) => label)).toEqual(found.map(({ label }) => label));
    expect(problems).toEqual([]);
    await page.close();
  });

  it("are chosen by a lasso, everywhere", async () => {
    const text = "le roi voit une femme";
    const address = `#/embeddings?model=tiny-translator&space=hidden&text=${text}&target=the king sees a woman`;
    const { page, problems } = await opened!.open(address);
    await page.getByRole("button", { name: "Lasso" }).click();
    const box = (await page.locator("[data-figure=embeddings] canvas").boundingBox())!;
    const corners = [[4, 4], [box.width - 4, 4], [box.width - 4, box.height - 4], [4, box.height - 4]] as const; // prettier-ignore
    await page.mouse.move(box.x + 4, box.y + 4);
    await page.mouse.down();
    for (const [x, y] of corners) await page.mouse.move(box.x + x, box.y + y, { steps: 4 });
    await page.mouse.up();
    // Of the encoder: the source, which attention calls keys.
    const { axes } = await ask(queries.reading, subject!, { text, target: "the king sees a woman" });
    const all = axes.source!.labels.map((_, i) => i).join("%2C");
    await expect.poll(() => page.url()).toContain(`keys=${all}`);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("come as t-SNE and UMAP, with progress, and can be given up", async () => {
    const { page, problems } = await opened!.open("#/embeddings?model=tiny-translator&most=100");
    for (const [name, note] of [
      ["t-SNE", "nats are lost"],
      ["UMAP", "neighbors of each"],
    ] as const) {
      await page.getByRole("button", { name, exact: true }).click();
      await page.locator("[data-figure=embeddings] > .quiet", { hasText: note }).waitFor({ timeout: 30_000 });
    }
    await page.goto(page.url().replace("most=100", "most=300&seed=7").replace("method=umap", "method=tsne"));
    await page.getByRole("button", { name: "Cancel" }).click({ timeout: 10_000 });
    await page.getByRole("button", { name: "PCA", pressed: true }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it("of an image are its patches, and of a model without a tokenizer its ids", async () => {
    const { page, problems } = await opened!.open("#/embeddings?model=vit-image-classification");
    expect((await tableOf(page, "embeddings")).slice(0, 2).map(([label, , kind]) => [label, kind])).toEqual([
      ["[CLS]", "patch"],
      ["1, 1", "patch"],
    ]);
    await page.goto(page.url().replace(/#.*/, "#/embeddings?model=gpt2-causal-lm&most=20"));
    await page.getByRole("heading", { name: "Token vectors: PCA" }).waitFor();
    expect((await tableOf(page, "embeddings")).map(([label]) => label)).toEqual(Array.from({ length: 20 }, (_, i) => `#${i}`)); // prettier-ignore
    expect(problems).toEqual([]);
    await page.close();
  });
});

describe("positions", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each([
    ["tiny-translator", "look=values&count=16", "values"],
    ["tiny-translator", "look=cosines&count=16", "cosines"],
    ["bert-masked-lm", "look=products&count=16", "products"],
    ["llama-model", "look=cosines&count=16", "cosines"],
    ["vit-image-classification", "look=all", "cosines"],
  ] as const)("of %s, %s, are the numbers of the library", async (model, look, tensor) => {
    const { page, problems } = await opened!.open(`#/positions?model=${model}&${look}`);
    const cells = await tableOf(page, "positions");
    const place = model === "tiny-translator" ? join(root, model) : family(model);
    const own = await openSubject(diskFolder(place), { threads: 1 });
    try {
      const { tensors } = await ask(queries.positions, own, { count: 16 });
      const values = tensors[tensor]!.data as Float32Array;
      const shown = cells.flatMap((row) => row.slice(1).map(Number));
      expect(shown).toHaveLength(values.length);
      shown.forEach((value, i) => {
        expect(Math.abs(value - values[i]!)).toBeLessThan(2e-3 * Math.max(1, Math.abs(values[i]!)));
      });
    } finally {
      await own.dispose();
    }
    expect(problems).toEqual([]);
    await page.close();
  });

  it("of T5 are a curve for each head and stack, read by keyboard", async () => {
    const { page, problems } = await opened!.open("#/positions?model=t5-model&which=1");
    await page.getByRole("heading", { name: "Biases for distances of the decoder" }).waitFor();
    const chart = page.getByRole("application");
    await chart.focus();
    await chart.press("ArrowRight");
    await expect.poll(() => page.locator("[data-figure=positions] .said").textContent()).toMatch(/-7: head 1 -?\d/);
    expect((await tableOf(page, "positions"))[0]).toHaveLength(5);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("of patches are chosen by keyboard, for all views", async () => {
    const { page, problems } = await opened!.open("#/positions?model=vit-image-classification");
    const grids = page.getByRole("application");
    await grids.focus();
    for (const key of ["ArrowRight", "ArrowDown"]) await grids.press(key);
    await expect.poll(() => page.url()).toContain("tokens=5");
    await grids.press("Enter");
    await page.getByRole("heading", { name: /of patch 2, 2/ }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it("turn with the place, in LLaMA's circles", async () => {
    const { page, problems } = await opened!.open("#/positions?model=llama-model");
    const slider = page.getByRole("slider");
    await slider.focus();
    await slider.press("ArrowRight");
    await page.getByRole("heading", { name: "Rotary angles at place 2" }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });
});

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** What axe-core finds, as far as it is looked at. */
interface Fault {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe("for everyone", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each([
    [`embeddings?model=tiny-translator&list=${words}&near=word:queen&analogy=man,woman,king`, "analogy"],
    ["embeddings?model=tiny-translator&space=mean&method=pca&color=length", "embeddings"],
    ["positions?model=tiny-translator&look=curves", "positions"],
    ["positions?model=t5-model&look=map", "positions"],
    ["positions?model=llama-model", "positions"],
    ["positions?model=vit-image-classification", "positions"],
  ])("%s has no serious fault for assistive technology, nor is it wider than a phone", async (address, figure) => {
    const { page, problems } = await opened!.open(`#/${address}`, { width: 390, height: 844 });
    await page.locator(`[data-figure=${figure}][aria-busy=false]`).waitFor();
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    for (const theme of ["light", "dark"]) {
      await page.evaluate(`document.documentElement.dataset.theme = "${theme}"`);
      await page.evaluate(axe);
      const found = await page.evaluate<Fault[]>("axe.run().then(({ violations }) => violations)");
      const faults = found
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 100)).join("; ")}`);
      expect(faults).toEqual([]);
    }
    expect(problems).toEqual([]);
    await page.close();
  });
});
