/** Counts on screen: those of the library, with their formulas, by keyboard. */
import { diskFolder } from "heed";
import { ask, openSubject, queries } from "heed/inspect";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";
import { tableOf } from "./table-of.ts";

let opened: OpenStudio | undefined;
beforeAll(async () => {
  opened = await openStudio();
});
afterAll(() => opened?.close());

describe("parameters", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each(["bert-masked-lm", "gpt2-causal-lm", "bart-conditional-generation", "vit-image-classification"])(
    "of %s are those of the library, by part and in all",
    async (model) => {
      const { page, problems } = await opened!.open(`#/parameters?model=${model}`);
      const subject = await openSubject(diskFolder(places.find((place) => place.endsWith(model)) ?? model), {
        threads: 1,
      });
      try {
        const { total, units } = await ask(queries.parameters, subject, {});
        await expect.poll(() => page.getByTestId("total").textContent()).toBe(total.toLocaleString("en"));
        const { numbers } = await tableOf(page, "parameters");
        expect(numbers.map((row) => row.at(-1))).toEqual(units.map(({ count }) => count));
      } finally {
        await subject.dispose();
      }
      expect(problems).toEqual([]);
      await page.close();
    },
  );

  it("have formulas, areas in proportion, known models beside them, and are reached by keyboard", async () => {
    const { page, problems } = await opened!.open("#/parameters?model=gpt2-causal-lm");
    const body = page.locator("main");
    await page.getByTestId("total").waitFor();
    const text = await body.textContent();
    for (const due of ["V·D", "53·16", "4·D² + 4·D", "D = 16 (width)", "counts once"]) expect(text).toContain(due);
    for (const due of ["GPT-2 small", "124 M", "GPT-2 XL", "1.56 B", "LLaMA 2 7B", "6.74 B"])
      expect(text).toContain(due);
    const cells: { area: number; count: number }[] = [];
    for (const cell of await page.locator("[data-unit]").all()) {
      const { width, height } = (await cell.boundingBox())!;
      const label = await cell.getAttribute("aria-label");
      cells.push({ area: width * height, count: Number(/[\d,]+$/.exec(label!)![0].replaceAll(",", "")) });
    }
    const area = cells.reduce((sum, one) => sum + one.area, 0);
    const count = cells.reduce((sum, one) => sum + one.count, 0);
    const largest = cells.reduce((a, b) => (b.count > a.count ? b : a));
    expect(largest.area / area).toBeCloseTo(largest.count / count, 1);
    await page.locator("[data-unit]").first().focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.url()).toContain("part=transformer.wpe.weight");
    const focused = page.locator("[data-unit]:focus");
    await expect.poll(() => focused.getAttribute("data-unit")).toBe("transformer.wpe.weight");
    await page.getByRole("link", { name: "weight [16 × 16]" }).click();
    await expect.poll(() => page.url()).toContain("#/weights");
    expect(problems).toEqual([]);
    await page.close();
  });
});
