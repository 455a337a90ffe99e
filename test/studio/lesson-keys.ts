/** A learner who has a keyboard only, and tries answers until one is right. */
import type { Page } from "playwright-core";
import { expect } from "vitest";

/** Goals are reached with sliders: what is pressed on which one, by the number of the card. */
export type Goals = Readonly<Record<number, readonly (readonly [slider: string, key: string])[]>>;

const ARTICLE = "article[data-lesson]";

/** Goes through all cards of the lesson that is open, and completes it. */
export async function completeLesson(page: Page, goals: Goals = {}, timeout = 60_000): Promise<void> {
  await page.waitForSelector(ARTICLE);
  const title = await page.locator("nav[aria-label=Lessons] a[aria-current]").textContent();
  for (let card = 0; ; card++) {
    const article = page.locator(`${ARTICLE}[data-card="${card}"]`);
    await article.waitFor();
    await train(page, timeout);
    if ((await article.locator("form[data-question]").count()) > 0) await answer(page, goals[card]);
    const next = await article.getByRole("button", { name: /^(Next card|Skip)/ }).count();
    if (next === 0) break;
    await press(page, "Next card");
  }
  const done = page.locator("nav[aria-label=Lessons] a[aria-current]");
  await expect.poll(() => done.textContent(), { message: `${title ?? ""} is completed` }).toContain("completed");
}

/** Trains where the card asks for it, and waits for the model. */
async function train(page: Page, timeout: number): Promise<void> {
  const article = page.locator(ARTICLE);
  const button = article.getByRole("button", { name: "Train", exact: true });
  const going = article.locator("progress").or(page.locator(`${ARTICLE}[data-ready=true]`));
  await button.or(going).first().waitFor();
  if (await button.isVisible()) await press(page, "Train");
  await article.locator("progress").waitFor({ state: "detached", timeout });
  const problem = article.locator("[role=alert]");
  if ((await problem.count()) > 0) throw new Error((await problem.first().textContent()) ?? "");
}

async function answer(page: Page, goal: Goals[number] | undefined): Promise<void> {
  const form = page.locator("form[data-question]");
  const kind = await form.getAttribute("data-question");
  if (kind === "choice") {
    const count = await form.getByRole("radio").count();
    for (let place = 0; place < count; place++) {
      await tabTo(page, "input[type=radio]");
      if (place === 0) await page.keyboard.press("Space");
      else await page.keyboard.press("ArrowDown");
      if (await checked(page)) return;
    }
    throw new Error("No answer was right.");
  }
  if (kind === "number") {
    await tabTo(page, "form input");
    await page.keyboard.type("-1");
    expect(await checked(page)).toBe(false);
    await press(page, "Show the answer");
    const text = (await form.locator(".feedback").textContent()) ?? "";
    const [, shown] = /The answer is (-?[\d.]+)\. /.exec(text) ?? [];
    await tabTo(page, "form input", "Shift+Tab");
    await page.keyboard.press("Control+a");
    await page.keyboard.type(shown!);
    expect(await checked(page)).toBe(true);
    return;
  }
  await tabTo(page, "form button");
  expect(await checked(page)).toBe(false);
  for (const [slider, key] of goal ?? []) {
    await tabTo(page, `input[aria-label="${slider}"]`, "Shift+Tab");
    await page.keyboard.press(key);
  }
  await tabTo(page, "form button");
  expect(await checked(page)).toBe(true);
}

/** Checks the answer; whether it was right. */
async function checked(page: Page): Promise<boolean> {
  const form = page.locator("form[data-question]");
  const before = await form.getAttribute("data-tries");
  await page.keyboard.press("Enter");
  await expect.poll(() => form.getAttribute("data-tries")).not.toBe(before);
  return (await form.getAttribute("data-state")) === "right";
}

/** Presses a button by its name. */
async function press(page: Page, name: string): Promise<void> {
  await tabTo(page, `${ARTICLE} button`, "Tab", name);
  await page.keyboard.press("Enter");
}

/** Presses Tab until the focus is on what the selector and the beginning of its text say. */
async function tabTo(page: Page, selector: string, key = "Tab", text = ""): Promise<void> {
  const focused = page.locator(`${selector}:focus`).filter({ hasText: new RegExp(`^\\s*${text}`) });
  for (let i = 0; i < 120; i++) {
    if ((await focused.count()) > 0) return;
    await page.keyboard.press(key);
  }
  throw new Error(`The focus never came to ${selector} "${text}".`);
}
