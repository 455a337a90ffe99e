/** The page and its server: a lost connection, two tabs, a wrong token, a run that is being written. */
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder } from "heed";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";

const attention = "#/attention?model=bert-masked-lm&group=attentions&look=map&ids=4,5,6,7,8";
const bert = places.find((place) => place.endsWith("bert-masked-lm"))!;

/** Chooses something that was not asked yet. */
const OTHER_IDS = 'location.hash = location.hash.replace("ids=4,5,6,7,8", "ids=8,7,6,5,4")';

let opened: OpenStudio | undefined;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "heed-studio-"));
  await mkdir(join(folder, "run"));
  await writeFile(join(folder, "run/log.jsonl"), '{"step":1,"loss":2}\n');
  await cp(bert, join(folder, "doomed"), { recursive: true });
  opened = await openStudio([bert, folder]);
});
afterAll(async () => {
  await opened?.close();
  await rm(folder, { recursive: true, force: true });
});

describe("the page and its server", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it("says that the connection is lost, and that it is there again", async () => {
    const { page } = await opened!.open(attention);
    await page.waitForSelector("[data-figure=attention] canvas");
    await page.context().setOffline(true);
    await page.evaluate(OTHER_IDS);
    const lost = page.getByText(/connection lost/i);
    await lost.waitFor();
    await page.context().setOffline(false);
    await lost.waitFor({ state: "detached" });
    await page.waitForSelector("[data-figure=attention] canvas");
    await page.close();
  });

  it("works in two tabs at once", async () => {
    const tabs = await Promise.all([opened!.open(attention), opened!.open(attention.replace("ids=4", "ids=9"))]);
    for (const { page, problems } of tabs) {
      await page.waitForSelector("[data-figure=attention] canvas");
      expect(await page.evaluate("crossOriginIsolated")).toBe(true);
      expect(problems).toEqual([]);
      // The token is in no address and no script's reach.
      expect(page.url()).not.toContain("token");
      expect(await page.evaluate("document.cookie")).toBe("");
    }
    for (const { page } of tabs) await page.close();
  });

  it("shows nothing to who has a wrong token", async () => {
    const { page } = await opened!.open(attention);
    await page.context().clearCookies();
    await page.goto(`http://127.0.0.1:${opened!.studio.port}/?token=${"0".repeat(32)}`);
    expect(await page.textContent("body")).toBe("401");
    await page.close();
  });

  it("says in a sentence that a run is being written, and that a model was deleted", async () => {
    const lock = await diskFolder(join(folder, "run")).lock();
    const { page } = await opened!.open("#/attention?model=run");
    await page
      .getByText(/is being written/)
      .first()
      .waitFor();
    await lock.release();
    await page.close();
    const other = await opened!.open(attention.replace("bert-masked-lm", "doomed"));
    await other.page.waitForSelector("[data-figure=attention] canvas");
    await rm(join(folder, "doomed"), { recursive: true });
    await other.page.evaluate(OTHER_IDS);
    await other.page
      .getByText(/is gone: it was deleted/)
      .first()
      .waitFor();
    await other.page.close();
  });
});
