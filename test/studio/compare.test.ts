/** Two selections side by side: one scale, the difference of what the library returns, and words where there is none. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder } from "heed";
import { ask, openSubject, queries, weightChanges, type Subject } from "heed/inspect";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { grow } from "./grow.ts";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";
import { tableOf } from "./table-of.ts";

const NAMES = ["gpt2-causal-lm", "grown"] as const;
let folder: string;
let opened: OpenStudio | undefined;
const subjects: Subject[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heed-compare-"));
  const first = places.find((place) => place.endsWith(NAMES[0]))!;
  for (const name of NAMES) cpSync(first, join(folder, name), { recursive: true });
  grow(join(folder, NAMES[1], "model.safetensors"));
  opened = await openStudio([folder]);
  for (const name of NAMES) subjects.push(await openSubject(diskFolder(join(folder, name)), { threads: 1 }));
});
afterAll(async () => {
  await Promise.all(subjects.map((subject) => subject.dispose()));
  await opened?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The address of two sides; the left one is pinned, or chosen in the view. */
const address = (left: Record<string, string>, right: Record<string, string>, name: "left" | "pin" = "left"): string =>
  `#/compare?${new URLSearchParams({ ...right, [name]: new URLSearchParams(left).toString() }).toString()}`;

async function weights(side: 0 | 1, question: object): Promise<number[]> {
  const { tensors } = await ask(queries.attention, subjects[side]!, { ids: [4, 5, 6, 7], ...question });
  return Array.from(tensors.weights.data as Float32Array);
}

describe("compare", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each(["left", "pin"] as const)(
    "two heads of two models, the first by %s: both maps and the difference",
    async (name) => {
      const [left, right] = [
        { model: NAMES[0], ids: "4,5,6,7", layer: "0", head: "1" },
        { model: NAMES[1], ids: "4,5,6,7", layer: "1", head: "2" },
      ];
      const { page, problems } = await opened!.open(address(left, right, name));
      const [before, after] = [await weights(0, { layer: 0, head: 1 }), await weights(1, { layer: 1, head: 2 })];
      for (const [figure, due] of [
        ["compare-left", before],
        ["compare-right", after],
        ["compare-difference", after.map((value, i) => value - before[i]!)],
      ] as const) {
        const { numbers } = await tableOf(page, figure);
        expect(numbers.flat()).toHaveLength(16);
        numbers.flat().forEach((value, i) => {
          expect(value).toBeCloseTo(due[i]!, 3);
        });
      }
      // One column, although something is pinned: the view shows both sides itself.
      expect(await page.locator("section[data-pinned]").count()).toBe(1);
      expect(problems).toEqual([]);
      await page.close();
    },
  );

  it("says it where the texts have other numbers of tokens", async () => {
    const sides = [
      { model: NAMES[0], ids: "4,5,6" },
      { model: NAMES[0], ids: "4,5,6,7" },
    ] as const;
    const { page, problems } = await opened!.open(address(...sides));
    await expect.poll(() => page.getByTestId("unlike").textContent()).toContain("3 by 3 tokens");
    expect(await page.locator('[data-figure="compare-difference"]').count()).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("all heads: the mean size of each one's difference", async () => {
    const sides = [
      { model: NAMES[0], ids: "4,5,6,7" },
      { model: NAMES[1], ids: "4,5,6,7", what: "heads" },
    ] as const;
    const { page, problems } = await opened!.open(address(...sides));
    await page.getByRole("application").waitFor();
    const { numbers } = await tableOf(page, "compare-heads");
    const due: number[] = [];
    for (let layer = 0; layer < 2; layer++) {
      const [before, after] = [await weights(0, { layer }), await weights(1, { layer })];
      for (let head = 0; head < 4; head++) {
        let sum = 0;
        for (let i = 16 * head; i < 16 * (head + 1); i++) sum += Math.abs(after[i]! - before[i]!);
        due.push(sum / 16);
      }
    }
    numbers.forEach(([, mean], i) => {
      expect(mean).toBeCloseTo(due[i]!, 4);
    });
    expect(problems).toEqual([]);
    await page.close();
  });

  it("answers: the probabilities of both", async () => {
    const sides = [
      { model: NAMES[0], ids: "4,5,6,7" },
      { model: NAMES[1], ids: "4,5,6,7", what: "answer" },
    ] as const;
    const { page, problems } = await opened!.open(address(...sides));
    await page.locator('[data-figure="compare-answer"] .bar').first().waitFor();
    const { numbers } = await tableOf(page, "compare-answer");
    const answers = await Promise.all(
      subjects.map((subject) => ask(queries.distribution, subject, { ids: [4, 5, 6, 7], top: 200 })),
    );
    for (const [id, left, right, difference] of numbers) {
      const [a, b] = answers.map(({ tokens }) => tokens.find((token) => token.id === id)!.probabilities[0]!);
      expect(left).toBeCloseTo(a!, 3);
      expect(right).toBeCloseTo(b!, 3);
      expect(difference).toBeCloseTo(b! - a!, 3);
    }
    expect(problems).toEqual([]);
    await page.close();
  });

  it("weights: how far each part is apart", async () => {
    const sides = [{ model: NAMES[0] }, { model: NAMES[1], what: "weights" }] as const;
    const { page, problems } = await opened!.open(address(...sides));
    const source = (subject: Subject) => ({
      list: () => ask(queries.weights, subject, {}),
      values: (question: { name: string }) => ask(queries.values, subject, question),
    });
    const due = await weightChanges(source(subjects[0]!), source(subjects[1]!));
    const { names, numbers } = await tableOf(page, "compare-weights");
    expect(names).toEqual([...due.parts.map(({ name }) => name), "all"]);
    expect(due.all.relative).toBeCloseTo(0.1, 4);
    [...due.parts, due.all].forEach(({ difference }, i) => {
      expect(numbers[i]![0]).toBeCloseTo(difference, 2);
    });
    expect(problems).toEqual([]);
    await page.close();
  });

  it("a pinned column stands beside the current one, and each keeps its own choice", async () => {
    const pin = new URLSearchParams({ model: NAMES[0], ids: "4,5,6", head: "1" }).toString();
    const right = { model: NAMES[1], ids: "4,5,6,7", look: "map", pin };
    const { page, problems } = await opened!.open(`#/attention?${new URLSearchParams(right).toString()}`);
    const [pinned, current] = [page.locator("section[data-pinned=true]"), page.locator("section[data-pinned=false]")];
    await expect.poll(() => pinned.locator("figure h3").textContent()).toContain("head 2");
    await expect.poll(() => current.locator("figure h3").textContent()).toContain("head 1");
    await pinned.getByRole("combobox", { name: "Head" }).selectOption({ value: "3" });
    await expect.poll(() => pinned.locator("figure h3").textContent()).toContain("head 4");
    expect(await current.locator("figure h3").textContent()).toContain("head 1");
    await page.getByRole("button", { name: "Unpin" }).click();
    await expect.poll(() => pinned.count()).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });
});
