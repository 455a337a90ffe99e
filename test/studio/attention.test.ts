/** Attention on screen: the numbers of the tensors that the library returns. */
import { diskFolder } from "heed";
import { ask, openSubject, queries } from "heed/inspect";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";

let opened: OpenStudio | undefined;
beforeAll(async () => {
  opened = await openStudio();
});
afterAll(() => opened?.close());

describe("attention", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each([
    ["bert-masked-lm", "attentions", 1, 1],
    ["gpt2-causal-lm", "attentions", 0, 1],
    ["bart-conditional-generation", "crossAttentions", 1, 0],
    ["vit-image-classification", "attentions", 1, 2],
  ])("of %s, %s: a map as a table has the weights of the library", async (model, group, layer, head) => {
    const address = `#/attention?model=${model}&group=${group}&layer=${layer}&head=${head}&look=map&ids=4,5,6,7,8`;
    const { page, problems } = await opened!.open(address);
    await page.getByRole("button", { name: "Table" }).click();
    await page.waitForSelector("[data-figure=attention] tbody tr");
    const cells = await page.locator("[data-figure=attention] tbody td").allTextContents();
    const subject = await openSubject(diskFolder(places.find((place) => place.endsWith(model))), { threads: 1 });
    try {
      const question = { ids: [4, 5, 6, 7, 8], group, layer, head };
      const { tensors, keys } = await ask(queries.attention, subject, question);
      const weights = tensors.weights.data as Float32Array;
      // The first cell of a row is its token.
      const shown = cells.filter((_, i) => i % (keys + 1) !== 0).map(Number);
      expect(shown).toHaveLength(weights.length);
      for (const [i, value] of shown.entries()) expect(value).toBeCloseTo(weights[i]!, 3);
    } finally {
      await subject.dispose();
    }
    expect(problems).toEqual([]);
    await page.close();
  });

  it("is chosen by keyboard, and back goes back", async () => {
    const { page, problems } = await opened!.open("#/attention?model=bert-masked-lm&look=map&ids=4,5,6,7,8");
    const map = page.getByRole("application");
    await map.focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "Enter"])
      await map.press(key);
    await expect.poll(() => page.url()).toContain("tokens=1");
    expect(page.url()).toContain("keys=3");
    await page.goBack();
    await expect.poll(() => page.url()).not.toContain("tokens=");
    expect(problems).toEqual([]);
    await page.close();
  });
});
