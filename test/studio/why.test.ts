/** "Why this answer" on screen: the numbers of the library, and all of it by keyboard. */
import { diskFolder } from "heed";
import { ask, openSubject, queries, type Subject } from "heed/inspect";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";

let opened: OpenStudio | undefined;
beforeAll(async () => {
  opened = await openStudio();
});
afterAll(() => opened?.close());

const ids = [4, 5, 6, 7, 8];
const models = ["bert-masked-lm", "gpt2-causal-lm", "bart-conditional-generation", "vit-image-classification"];

async function library<T>(model: string, use: (subject: Subject) => Promise<T>): Promise<T> {
  const subject = await openSubject(diskFolder(places.find((place) => place.endsWith(model))), { threads: 1 });
  try {
    return await use(subject);
  } finally {
    await subject.dispose();
  }
}

/** The cells of a picture's table. */
async function tableOf(page: Page, figure: string): Promise<string[][]> {
  const frame = page.locator(`[data-figure=${figure}][aria-busy=false]`);
  await frame.getByRole("button", { name: "Table" }).click();
  await frame.locator("tbody tr").first().waitFor();
  const rows = await frame.locator("tbody tr").all();
  return Promise.all(rows.map((row) => row.locator("td").allTextContents()));
}

describe("why", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each(models)("of %s has the numbers of the library", async (model) => {
    const address = (look: string): string => `#/why?model=${model}&ids=4,5,6,7,8&look=${look}`;
    const { page, problems } = await opened!.open(address("ablation"));
    const show = async (look: string): Promise<void> => {
      await page.getByRole("button", { name: look, exact: true }).click();
    };
    await library(model, async (subject) => {
      const ablation = await ask(queries.ablation, subject, { ids });
      const cells = (await tableOf(page, "ablation")).flatMap((row) => row.slice(1).map(Number));
      const wanted = Array.from(ablation.tensors.probabilityChange.data, Number);
      expect(cells).toHaveLength(wanted.length);
      for (const [i, value] of cells.entries()) expect(value).toBeCloseTo(wanted[i]!, 4);

      await show("Attribution");
      const shares = await ask(queries.attribution, subject, { ids });
      const bars = (await tableOf(page, "attribution")).map((row) => Number(row[1]));
      const known = [shares.embeddings, ...shares.sublayers.map(({ share }) => share), shares.remainder];
      expect(bars).toHaveLength(known.length);
      for (const [i, value] of bars.entries()) expect(value).toBeCloseTo(known[i]!, 3);

      await show("Salience");
      const salience = await ask(queries.saliency, subject, { ids });
      const rows = await tableOf(page, "salience");
      const tokens = salience.methods.map(({ values }) => values.flat());
      expect(rows).toHaveLength(tokens[0]!.length);
      for (const [t, row] of rows.entries()) {
        for (const [m, values] of tokens.entries()) expect(Number(row[3 + m])).toBeCloseTo(values[t]!, 3);
      }

      await show("Rollout");
      const rollout = await ask(queries.rollout, subject, { ids });
      const mixes = (await tableOf(page, "rollout")).flatMap((row) => row.slice(1).map(Number));
      expect(mixes).toHaveLength(rollout.tensors.mixes.data.length);
      for (const [i, value] of mixes.entries()) expect(value).toBeCloseTo(Number(rollout.tensors.mixes.data[i]), 3);

      await show("Lens");
      const lens = await ask(queries.lens, subject, { ids });
      const layers = await tableOf(page, "lens");
      expect(layers.map((row) => row[3])).toEqual(lens.best.filter((_, i) => i % lens.kept === 0));
      expect(layers.map((row) => Number(row[6]))).toEqual(Array.from(lens.tensors.ranks.data, (rank) => rank + 1));
    });
    expect(problems).toEqual([]);
    await page.close();
  });

  it("patches a second text into the first", async () => {
    const { page, problems } = await opened!.open("#/why?model=gpt2-causal-lm&ids=4,5,6,7,8&look=patching");
    await page.getByLabel("Other token ids").fill("4,5,30,7,8");
    await page.keyboard.press("Enter");
    const cells = await tableOf(page, "patching");
    await library("gpt2-causal-lm", async (subject) => {
      const { tensors } = await ask(queries.patching, subject, { ids, corrupted: { ids: [4, 5, 30, 7, 8] } });
      const shown = cells.flatMap((row) => row.slice(1).map(Number));
      expect(shown).toHaveLength(tensors.restored.data.length);
      for (const [i, value] of shown.entries()) expect(value).toBeCloseTo(tensors.restored.data[i]!, 3);
    });
    expect(page.url()).toContain("other=4%2C5%2C30%2C7%2C8");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("asks by keyboard about another place and another answer, and says what is wrong", async () => {
    const { page, problems } = await opened!.open("#/why?model=gpt2-causal-lm&ids=4,5,6,7,8");
    const lens = page.getByRole("application");
    await lens.focus();
    for (const key of ["ArrowLeft", "ArrowLeft", "ArrowDown", "Enter"]) await lens.press(key);
    await expect.poll(() => page.url()).toContain("at=2");
    const answer = page.getByLabel("Answer", { exact: true });
    await answer.fill("17");
    await answer.press("Enter");
    await expect.poll(() => page.url()).toContain("answer=17");
    await answer.fill("170");
    await answer.press("Enter");
    await expect.poll(() => page.getByRole("alert").first().textContent()).toContain("170 is not one of the 53");
    await page.goBack();
    await expect.poll(() => page.getByRole("alert").count()).toBe(0);
    expect(problems.filter((problem) => !/400/.test(problem))).toEqual([]);
    await page.close();
  });
});
