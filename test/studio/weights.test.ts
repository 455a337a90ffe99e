/** Values of parameters on screen: those that the model has. */
import { diskFolder } from "heed";
import { openSubject } from "heed/inspect";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";
import { tableOf } from "./table-of.ts";

const NAME = "transformer.h.1.mlp.c_fc.weight";
let opened: OpenStudio | undefined;
let values: number[];
beforeAll(async () => {
  opened = await openStudio();
  const subject = await openSubject(diskFolder(places.find((place) => place.endsWith("gpt2-causal-lm")) ?? ""), {
    threads: 1,
  });
  values = Array.from((await subject.parameters.read()).get(NAME)!.data as Float32Array);
  await subject.dispose();
});
afterAll(() => opened?.close());

describe("weights", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it("of one parameter are those of the model: map, window, lengths, singular values", async () => {
    const { page, problems } = await opened!.open(`#/weights?model=gpt2-causal-lm&parameter=${NAME}`);
    const map = await tableOf(page, "weights-map");
    expect(map.numbers).toHaveLength(16);
    map.numbers.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(values[i]!, 3);
    });
    const { numbers } = await tableOf(page, "weights-rows");
    numbers.forEach(([norm], row) => {
      expect(norm).toBeCloseTo(Math.hypot(...values.slice(row * 27, (row + 1) * 27)), 2);
    });
    await page.getByRole("button", { name: "Compute them" }).click();
    await page.getByRole("application", { name: `Singular values of ${NAME}` }).waitFor();
    const spectrum = await tableOf(page, "weights-singular");
    const squares = spectrum.numbers.reduce((sum, [value]) => sum + value! ** 2, 0);
    expect(Math.sqrt(squares)).toBeCloseTo(Math.hypot(...values), 2);
    await page.goto(`${page.url()}&rows=3,5&columns=20,22`);
    const region = page.locator('[data-figure="weights-map"]').getByRole("region");
    await expect.poll(() => region.locator("tbody tr").count()).toBe(2);
    const corner = await region.locator("tbody td").nth(1).textContent();
    expect(Number(corner)).toBeCloseTo(values[3 * 27 + 20]!, 3);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("are listed, found, sorted and opened", async () => {
    const { page, problems } = await opened!.open("#/weights?model=gpt2-causal-lm");
    const lines = page.getByRole("region", { name: "All parameters", exact: true }).locator("tbody tr");
    await expect.poll(() => lines.count()).toBe(28);
    await page.getByLabel("Find").fill("c_fc.weight");
    await expect.poll(() => lines.count()).toBe(2);
    await page.getByRole("button", { name: NAME }).click();
    await page.getByRole("heading", { name: NAME, exact: true }).waitFor();
    await expect.poll(() => page.url()).toContain(`parameter=${NAME}`);
    expect(problems).toEqual([]);
    await page.close();
  });
});
