/** Every lesson is completed with a keyboard alone, with models trained in full, and without a translator to ask. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { lessons } from "../../studio/src/lessons/index.ts";
import { goals } from "./lesson-goals.ts";
import { completeLesson } from "./lesson-keys.ts";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";

let opened: OpenStudio | undefined;
beforeAll(async () => {
  opened = await openStudio(places.slice(0, 1));
});
afterAll(() => opened?.close());

describe("lessons in full", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each(lessons.map(({ id }) => id))("%s", async (id) => {
    const { page, problems } = await opened!.open(`#/lessons?lesson=${id}`);
    await completeLesson(page, goals[id], 600_000);
    expect(problems).toEqual([]);
    await page.close();
  });
});
