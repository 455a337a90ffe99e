import { describe, expect, it } from "vitest";
import { openLog, readLog } from "../../src/checkpoints/run-log.ts";
import type { Folder } from "../../src/files/index.ts";
import { memoryFolder, readText } from "../../src/files/index.ts";

async function logged(folder: Folder): Promise<unknown[]> {
  const records: unknown[] = [];
  for await (const record of readLog(folder, "log.jsonl")) records.push(record);
  return records;
}

describe("the log of a run", () => {
  it("keeps the order of the calls, and refuses to go on with another run's log by mistake", async () => {
    const folder = memoryFolder();
    const log = await openLog(folder, "log.jsonl");
    await Promise.all(Array.from({ length: 20 }, (_, step) => log.write({ step, text: "été" })));
    await log.sync();
    expect(await logged(folder)).toEqual(Array.from({ length: 20 }, (_, step) => ({ step, text: "été" })));
    await expect(openLog(folder, "log.jsonl")).rejects.toThrow("memory:log.jsonl exists already");
  });

  it("goes on as if nothing had happened, and says what will be repeated", async () => {
    const folder = memoryFolder();
    const log = await openLog(folder, "log.jsonl");
    await log.write({ event: "start", seed: 1 });
    for (let step = 1; step <= 5; step++) await log.write({ step, loss: 1 / 3, text: "é" });
    const whole = await readText(folder, "log.jsonl");
    // Cut within the é of the last record.
    await folder.write("log.jsonl", whole.slice(0, whole.lastIndexOf("\\u00e9") + 3));
    const resumed = await openLog(folder, "log.jsonl", { step: 3, details: { at: "noon" } });
    await resumed.write({ step: 4, loss: 1 / 3, text: "é" });
    await resumed.write({ step: 5, loss: 1 / 3, text: "é" });
    const text = await readText(folder, "log.jsonl");
    const resume = { event: "resume", step: 3, lastStep: 4, repeated: 1, at: "noon" };
    expect(await logged(folder)).toContainEqual(resume);
    expect(text.replace(`${JSON.stringify(resume)}\n`, "")).toBe(whole);
    await openLog(folder, "log.jsonl", { step: 2 });
    expect(await logged(folder)).toEqual([
      { event: "start", seed: 1 },
      { step: 1, loss: 1 / 3, text: "é" },
      { step: 2, loss: 1 / 3, text: "é" },
      resume,
      { event: "resume", step: 2, lastStep: 5, repeated: 3 },
    ]);
  });

  it("starts an absent log, and goes on after a write that failed", async () => {
    const folder = memoryFolder();
    const append = folder.append.bind(folder);
    const log = await openLog(folder, "log.jsonl", { step: 0 });
    folder.append = () => Promise.reject(new Error("full"));
    await expect(log.write({ step: 1 })).rejects.toThrow("full");
    folder.append = append;
    await log.write({ step: 2 });
    expect(await logged(folder)).toEqual([{ event: "resume", step: 0, lastStep: 0, repeated: 0 }, { step: 2 }]);
  });
});
