/** Generation, tokens and evaluation on screen: the numbers of the queries, by mouse and by keyboard, without a fault. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder } from "heed";
import { ask, openSubject, queries, type Subject } from "heed/inspect";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkpoint, bertWords, here } from "../tasks/checkpoints.ts";
import { toyTranslator } from "../tasks/toy.ts";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";

let opened: OpenStudio | undefined;
let folder: string;
let subject: Subject;
const text = "chat noir lapin";
const labels = { id2label: { "0": "bad", "1": "fine", "2": "good" } };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "heed-studio-"));
  const trained = await toyTranslator(60, here);
  await trained.save(diskFolder(join(folder, "toy")));
  await trained.dispose();
  const from = await checkpoint("bert-sequence-classification", bertWords, labels);
  const into = diskFolder(join(folder, "classifier"));
  for (const { name } of await from.list()) await into.write(name, await from.read(name));
  subject = await openSubject(diskFolder(join(folder, "toy")), { threads: 1 });
  opened = await openStudio([...places, join(folder, "toy"), join(folder, "classifier")]);
}, 60_000);
afterAll(async () => {
  await opened?.close();
  await subject.dispose();
  await rm(folder, { recursive: true });
});

const link = (view: string, values: Readonly<Record<string, string | number>>): string =>
  `#/${view}?${new URLSearchParams(Object.entries(values).map(([name, value]): [string, string] => [name, String(value)])).toString()}`;

/** The rows of a figure's table, as texts. */
async function rowsOf(page: Awaited<ReturnType<OpenStudio["open"]>>["page"], figure: string): Promise<string[][]> {
  const place = page.locator(`[data-figure=${figure}]`);
  await place.getByRole("button", { name: "Table" }).click();
  await place.locator("tbody tr").first().waitFor();
  const rows = await place.locator("tbody tr").all();
  return Promise.all(rows.map((row) => row.locator("td").allTextContents()));
}

describe("the studio", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it("shows the distribution of the library, follows a slider by keyboard, and writes a chosen token", async () => {
    const { page, problems } = await opened!.open(link("generation", { model: "toy", text }));
    const figure = page.locator("[data-figure=distribution]");
    await figure.locator("tbody tr").first().waitFor();
    const slider = page.getByRole("slider", { name: "Top-k" });
    await slider.focus();
    for (let i = 0; i < 3; i++) await slider.press("ArrowRight");
    await expect.poll(() => figure.locator("thead th").last().textContent()).toContain("Top-k");
    await expect.poll(() => figure.locator("tfoot tr").first().locator("td").last().textContent()).toBe("3");
    const found = await ask(queries.distribution, subject, { text, settings: { topK: 3 }, top: 12 });
    const rows = await rowsOf(page, "distribution");
    expect(rows.map(([token]) => token)).toEqual(found.tokens.map((one) => one.text));
    for (const [i, cells] of rows.entries()) {
      for (const [stage, p] of found.tokens[i]!.probabilities.entries()) {
        expect(Number(cells[3 + stage])).toBeCloseTo(p, 3);
      }
    }
    await figure.getByRole("button", { name: "Table" }).click();
    const best = found.tokens[0]!;
    await figure.getByRole("button", { name: best.text, exact: true }).first().press("Enter");
    await expect.poll(() => page.url()).toContain(`written=${best.id}`);
    await page.goBack();
    await expect.poll(() => page.url()).not.toContain("written=");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("shows the tree of the beam search, which arrow keys walk through", async () => {
    const { page, problems } = await opened!.open(link("generation", { model: "toy", text, look: "beams", beams: 3 }));
    const tree = page.getByRole("application");
    await tree.waitFor();
    const found = await ask(queries.beamTree, subject, { text, beams: 3, newTokens: 24 });
    expect(await page.locator("[data-figure=beams] svg g").count()).toBe(found.nodes.length);
    expect(await page.locator("[data-figure=beams] svg g.finished").count()).toBe(
      found.nodes.filter(({ state }) => state === "finished").length,
    );
    await tree.focus();
    await tree.press("ArrowRight");
    const said = page.locator("[data-figure=beams] [aria-live]");
    await expect.poll(() => said.textContent()).toMatch(/score -?\d/);
    const rows = await rowsOf(page, "beams");
    for (const [i, cells] of rows.entries()) expect(Number(cells[7])).toBeCloseTo(found.nodes[i]!.score, 2);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("writes the whole text, and the same with the cache and without", async () => {
    const { page, problems } = await opened!.open(link("generation", { model: "toy", text, look: "text" }));
    const { text: written } = await ask(queries.generate, subject, { text });
    await expect.poll(() => page.locator("[data-figure=written] p").first().textContent()).toContain(written);
    await page.getByRole("button", { name: "With and without the cache" }).click();
    await expect
      .poll(() => page.locator("[data-figure=cache] p").first().textContent())
      .toContain("the same tokens both ways");
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each([
    ["bert-masked-lm", "distribution"],
    ["gpt2-causal-lm", "distribution"],
    ["bart-conditional-generation", "distribution"],
  ])("shows the distribution of %s by ids", async (model, figure) => {
    const { page, problems } = await opened!.open(link("generation", { model, ids: "5,9,14" }));
    await page.locator(`[data-figure=${figure}] tbody tr`).first().waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it("says which models do not write", async () => {
    const { page } = await opened!.open(link("generation", { model: "vit-image-classification" }));
    await page.getByText("does not write").waitFor();
    await page.close();
  });

  it("shows the stages of a tokenizer, its merges by a slider, and another tokenizer beside it", async () => {
    const address = link("tokens", { model: "toy", text: "chat ☃", other: "classifier" });
    const { page, problems } = await opened!.open(address);
    await page.locator("[data-figure=other-tokens]").waitFor();
    const { own } = await ask(queries.tokens, subject, { text: "chat ☃" });
    const figure = page.locator("[data-figure=tokens]");
    await figure.getByText("part of a letter").first().waitFor();
    const word = own.words.findIndex(({ steps }) => steps.kind === "merges" && steps.merges.length > 1);
    const { steps } = own.words[word]!;
    if (steps.kind !== "merges") throw new Error("These are merges.");
    const slider = figure.getByRole("slider");
    await slider.focus();
    await slider.press("Home");
    await expect.poll(() => figure.getByRole("img").first().getAttribute("aria-label")).toBe(steps.symbols.join(", "));
    await slider.press("ArrowRight");
    await expect
      .poll(() => figure.getByRole("img").first().getAttribute("aria-label"))
      .toBe(steps.merges[0]!.symbols.join(", "));
    const rows = await rowsOf(page, "tokens");
    expect(rows.map(([, , id]) => Number(id))).toEqual(own.tokens.map(({ id }) => id));
    expect(problems).toEqual([]);
    await page.close();
  });

  it("takes BLEU apart on sentences of one's own", async () => {
    const pairs = "chat noir | cat black\nlapin blanc brun rouge | rabbit white brown red";
    const { page, problems } = await opened!.open(link("evaluation", { model: "toy", text, pairs }));
    await page.locator("[data-figure=bleu]").waitFor();
    const given = pairs.split("\n").map((line) => line.split(" | "));
    const found = await ask(queries.bleu, subject, {
      pairs: given.map(([source, target]) => ({ source: source!, target: target! })),
    });
    expect(await page.locator("[data-figure=bleu] h3").textContent()).toContain(found.score.toFixed(2));
    await page.getByRole("option").last().press("Enter");
    await expect.poll(() => page.url()).toContain("example=");
    await page.getByRole("link", { name: "Where it looked while it wrote this" }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it("judges a classifier: an error that is chosen is read everywhere", async () => {
    const rows = "good | w7 w8\nbad | w9\nfine | w10 w11";
    const { page, problems } = await opened!.open(link("evaluation", { model: "classifier", text: "w5", rows }));
    await page.locator("[data-figure=confusion]").waitFor();
    await page.locator("[data-figure=reliability] svg").waitFor();
    await page.getByRole("button", { name: "w10 w11" }).press("Enter");
    await expect.poll(() => page.url()).toContain("text=w10+w11");
    const cells = await page.locator("[data-figure=confusion] .cell").allTextContents();
    expect(cells.map((cell) => parseInt(cell, 10)).reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("shows the loss of each token", async () => {
    const address = link("evaluation", { model: "toy", text, target: "cat white rabbit", look: "surprise" });
    const { page, problems } = await opened!.open(address);
    await page.locator("[data-figure=surprise] .token").first().waitFor();
    const found = await ask(queries.perplexity, subject, { text, target: "cat white rabbit" });
    expect(await page.locator("[data-figure=surprise] h3").textContent()).toContain(found.perplexity.toFixed(2));
    expect(problems).toEqual([]);
    await page.close();
  });
});
