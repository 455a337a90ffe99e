/** Every lesson is completed with a keyboard alone, with quick settings. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { lessons } from "../../studio/src/lessons/index.ts";
import { completeLesson } from "./lesson-keys.ts";
import { goals } from "./lesson-goals.ts";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";

let opened: OpenStudio | undefined;
beforeAll(async () => {
  opened = await openStudio(places.slice(0, 1));
});
afterAll(() => opened?.close());

describe("lessons", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each(lessons.map(({ id }) => id))("%s is completed by keyboard", async (id) => {
    const { page, problems } = await opened!.open(`#/lessons?lesson=${id}&quick=true`);
    await completeLesson(page, goals[id]);
    expect(problems).toEqual([]);
    await page.close();
  });
});
