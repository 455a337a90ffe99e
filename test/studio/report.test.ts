/** A report is one file: it opens from the disk, asks for nothing, and has the library's numbers. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { diskFolder } from "heed";
import { ask, openSubject, queries } from "heed/inspect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, NO_CHROMIUM, startChromium, type Browser } from "../browser/chromium.ts";
import { files, heed } from "../cli/heed.ts";
import { places } from "./open-studio.ts";

let browser: Browser | undefined;
beforeAll(async () => {
  const program = findChromium();
  if (program !== undefined) browser = await startChromium(program);
});
afterAll(() => browser?.close());

const ids = [4, 9, 5, 7, 6];

/** The report on one of the tiny models. */
async function reportOf(index: number, more: readonly string[] = []): Promise<string> {
  const out = (await files())("report.html");
  const { code, err } = await heed(["report", places[index]!, "--ids", ids.join(","), "--out", out, ...more]);
  expect(err).toBe("");
  expect(code).toBe(0);
  return out;
}

describe("heed report", () => {
  it.each(places.map((_, index) => index))("of model %i opens from the disk and asks for nothing", async (index) => {
    const out = await reportOf(index);
    if (browser === undefined) throw new Error(NO_CHROMIUM);
    const address = pathToFileURL(out).href;
    const { page, problems } = await browser.open(address);
    await page.waitForSelector(".large .map td");
    // The page itself is all that was asked for, and nothing was said.
    expect(problems).toEqual([`request: ${address}`]);
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
    const { violations } = await page.evaluate<{ violations: { id: string; impact: string }[] }>("axe.run()");
    expect(
      violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id),
    ).toEqual([]);
    await page.close();
  });

  it("has the weights of the library, of the head that is chosen by keyboard", async () => {
    const out = await reportOf(2);
    if (browser === undefined) throw new Error(NO_CHROMIUM);
    const { page } = await browser.open(pathToFileURL(out).href);
    const section = page.locator("section[data-group]").filter({ hasText: "Cross-attention" });
    await section.getByRole("tab").first().focus();
    await section.getByRole("tab", { name: "Layer 1" }).click();
    await page.keyboard.press("ArrowRight");
    await section.getByRole("button", { name: "Layer 2, head 2" }).press("Enter");
    const cells = await section.locator(".large td[title]").all();
    const shown = await Promise.all(cells.map(async (cell) => Number(await cell.getAttribute("title"))));
    const subject = await openSubject(diskFolder(places[2]), { threads: 1 });
    const question = { ids, group: "crossAttentions", layer: 1, head: 1 };
    const { tensors } = await ask(queries.attention, subject, question);
    await subject.dispose();
    expect(shown).toEqual(Array.from(tensors.weights.data as Float32Array));
    await section.getByRole("checkbox").check();
    expect(await section.locator(".large td[title] span").first().textContent()).toBe(shown[0]!.toFixed(2));
    await page.close();
  });

  it("holds no byte of a token that would end its script, and refuses ids that are none", async () => {
    const out = await reportOf(1);
    expect(readFileSync(out, "utf8").split("</script>")).toHaveLength(3);
    const { code, err } = await heed(["report", places[1]!, "--ids", "4,x", "--out", out]);
    expect(code).not.toBe(0);
    expect(err).toContain("whole numbers with commas");
  });
});
