/** The flow on screen: every step's matrix is the library's tensor. */
import { diskFolder } from "heed";
import { ask, openSubject, queries } from "heed/inspect";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";

let opened: OpenStudio | undefined;
beforeAll(async () => {
  opened = await openStudio();
});
afterAll(() => opened?.close());

const ids = [4, 5, 6, 7, 8];

describe("flow", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each(places.map((place) => place.split("/").at(-1)!))(
    "of %s: a step in a layer, and what comes out",
    async (model) => {
      const subject = await openSubject(diskFolder(places.find((place) => place.endsWith(model))), { threads: 1 });
      try {
        const { steps } = await ask(queries.flow, subject, { ids });
        const step = steps.findLastIndex(({ role }) => role === "contexts");
        const { page, problems } = await opened!.open(`#/flow?model=${model}&step=${step}&head=1&ids=${ids.join(",")}`);
        const figure = page.locator(`[data-figure="flow-${steps[step]!.name}"]`);
        await figure.getByRole("button", { name: "Table" }).click();
        const { tensors } = await ask(queries.tensor, subject, { ids, name: steps[step]!.name, head: 1 });
        const cells = figure.locator("tbody td:not(:first-child)");
        await expect.poll(() => cells.count()).toBe(tensors.values.data.length);
        const shown = (await cells.allTextContents()).map(Number);
        for (const [i, value] of shown.entries()) {
          const wanted = Number(tensors.values.data[i]);
          expect(Math.abs(value - wanted)).toBeLessThanOrEqual(2e-3 * Math.abs(wanted) + 1e-5);
        }
        const { top } = await ask(queries.outcome, subject, { ids, count: 8 });
        const outcome = page.locator("[data-figure=flow-outcome] li .quiet");
        await expect.poll(() => outcome.count()).toBe(top.length);
        expect(Number.parseFloat((await outcome.first().textContent())!)).toBeCloseTo(100 * top[0]!.probability, 0);
        expect(problems).toEqual([]);
        await page.close();
      } finally {
        await subject.dispose();
      }
    },
  );

  it("is walked by keyboard, plays by itself, and stands still for those who want no motion", async () => {
    const { page, problems } = await opened!.open("#/flow?model=gpt2-causal-lm&step=3&ids=4,5,6");
    const next = page.getByRole("button", { name: "Next step" });
    await next.focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.url()).toContain("step=4");
    await page.getByRole("button", { name: /^Layer 2/ }).press("Enter");
    await expect.poll(() => page.locator("[aria-current=step]").textContent()).toContain("Norm");
    await page.getByRole("button", { name: "Play" }).click();
    await expect.poll(() => Number(/step=(\d+)/.exec(page.url())![1]), { timeout: 5000 }).toBeGreaterThan(20);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.reload();
    await next.waitFor();
    expect(await page.getByRole("button", { name: "Play" }).count()).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });
});
