import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunOptions } from "../../src/checkpoints/run-folder.ts";
import { bestCheckpoint, latestCheckpoint, openRun, stepsOf } from "../../src/checkpoints/run-folder.ts";
import { readLog } from "../../src/checkpoints/run-log.ts";
import { CheckpointError, TrainingError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import type { Folder } from "../../src/files/index.ts";
import { memoryFolder } from "../../src/files/index.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "heed-run-"));
});
afterEach(() => {
  rmSync(path, { recursive: true, force: true });
});

const model = "model.safetensors";
const write = (step: number) => async (aside: Folder) => {
  await aside.write(model, new Uint8Array(100).fill(step));
  await aside.write("data/position.json", `{"step":${step}}`);
};
const stepPath = (step: number, file = ""): string =>
  join(path, "checkpoints", `step-${String(step).padStart(6, "0")}`, file);

async function saved(
  steps: readonly number[],
  options: RunOptions = {},
  scores: readonly number[] = [],
): Promise<void> {
  const run = await openRun(diskFolder(path), options);
  for (const [i, step] of steps.entries()) await run.save(step, write(step), scores[i]);
  await run.close();
}

describe("a run folder", () => {
  it("has no checkpoint at first, then the newest", async () => {
    const folder = memoryFolder();
    expect(await latestCheckpoint(folder)).toBeUndefined();
    expect(await bestCheckpoint(folder)).toBeUndefined();
    const run = await openRun(folder);
    expect(await run.latest()).toBeUndefined();
    await run.save(500, write(1), 2.5);
    await run.save(1_000_000, write(2));
    const latest = await run.latest();
    expect([latest?.step, latest?.score]).toEqual([1_000_000, undefined]);
    expect(await latest?.folder.read(model)).toEqual(new Uint8Array(100).fill(2));
    expect((await run.best())?.step).toBe(500);
    expect(await folder.kind("checkpoints/step-000500/data/position.json")).toBe("file");
  });

  it("keeps the last ones and the best one", async () => {
    await saved([1, 2, 3, 4, 5, 6], { keep: 2 }, [9, 3, 4, NaN, 3.5, 8]);
    expect(await stepsOf(diskFolder(path))).toEqual([2, 5, 6]);
    expect((await bestCheckpoint(diskFolder(path)))?.step).toBe(2);
    await saved([7, 8], { keep: 1, better: "higher" }, [8, 1]);
    expect(await stepsOf(diskFolder(path))).toEqual([7, 8]);
    await expect(openRun(diskFolder(path), { keep: 0 })).rejects.toThrow("at least 1 checkpoint must be kept");
  });

  it("passes over damaged checkpoints with a warning that names the file", async () => {
    await saved([1, 2, 3, 4, 5], { keep: 5 }, [5, 4, 3, 2, 1]);
    truncateSync(stepPath(5, model), 99);
    writeFileSync(stepPath(4, model), new Uint8Array(100).fill(4).with(50, 5));
    rmSync(stepPath(3, "data/position.json"));
    writeFileSync(stepPath(2, "manifest.json"), '{"format":"heed-');
    const warnings: string[] = [];
    const warn = (message: string): void => void warnings.push(message);
    expect((await latestCheckpoint(diskFolder(path), warn))?.step).toBe(1);
    expect(warnings).toEqual([
      `The checkpoint of step 5 is passed over: ${stepPath(5, model)} has 99 bytes, and 100 were saved. It is damaged.`,
      `The checkpoint of step 4 is passed over: ${stepPath(4, model)} is not what was saved (its checksum differs).`,
      `The checkpoint of step 3 is passed over: ${stepPath(3, "data/position.json")} is missing from its checkpoint.`,
      expect.stringContaining(`step 2 is passed over: ${stepPath(2, "manifest.json")} is not valid JSON`),
    ]);
    expect((await bestCheckpoint(diskFolder(path)))?.step).toBe(1);
    rmSync(stepPath(1, "manifest.json"));
    await expect(latestCheckpoint(diskFolder(path))).rejects.toThrow(CheckpointError);
    await expect(latestCheckpoint(diskFolder(path))).rejects.toThrow("has 5 checkpoints, all damaged");
  });

  it("removes what a resumed run has left behind, but only when it has saved again", async () => {
    await saved([10, 20, 30]);
    truncateSync(stepPath(30, model), 0);
    const run = await openRun(diskFolder(path));
    expect((await run.latest())?.step).toBe(20);
    expect(await stepsOf(run.folder)).toEqual([10, 20, 30]);
    await run.save(25, write(25));
    expect(await stepsOf(run.folder)).toEqual([10, 20, 25]);
    await run.save(25, write(26));
    expect(await (await run.latest())?.folder.read(model)).toEqual(new Uint8Array(100).fill(26));
    await run.close();
  });

  it("is written by one run at a time, and free again when opening fails", async () => {
    const run = await openRun(diskFolder(path));
    await expect(openRun(diskFolder(path))).rejects.toThrow(TrainingError);
    await run.close();
    await saved([1]);
    rmSync(join(path, "checkpoints"), { recursive: true });
    writeFileSync(join(path, "checkpoints"), "a file in the way");
    await expect(openRun(diskFolder(path))).rejects.toThrow("checkpoints");
    rmSync(join(path, "checkpoints"));
    await saved([1]);
  });

  it("keeps what was saved when saving fails", async () => {
    await saved([1]);
    const run = await openRun(diskFolder(path));
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const failing = run.save(2, async (aside) => {
      await aside.write(model, new Uint8Array(100));
      throw full;
    });
    await expect(failing).rejects.toThrow(
      /The disk is full: .*step-000002 could not be written. What was saved before is/,
    );
    expect(readdirSync(join(path, "checkpoints"))).toEqual(["step-000001"]);
    expect((await run.latest())?.step).toBe(1);
    await run.save(2, write(2));
    expect((await run.latest())?.step).toBe(2);
    await run.close();
  });

  it("survives a disk that is really full", async ({ skip }) => {
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]).status === 0;
    if (!mounted) skip("only root can mount a small disk");
    try {
      const run = await openRun(diskFolder(path), { keep: 2 });
      const save = (step: number): Promise<void> =>
        run.save(step, (aside) => aside.write(model, new Uint8Array(300_000).fill(step)));
      await save(1);
      await save(2);
      await expect(save(3)).resolves.toBeUndefined(); // three fit while the oldest is still there
      writeFileSync(join(path, "somebody-else"), new Uint8Array(200_000));
      await expect(save(4)).rejects.toThrow(/^The disk is full: .*model.safetensors could not be written/);
      expect((await run.latest())?.step).toBe(3);
      expect(readdirSync(join(path, "checkpoints"))).toEqual(["step-000002", "step-000003"]);
      await run.close();
    } finally {
      spawnSync("umount", [path]);
    }
  });

  it("has a whole newest checkpoint and a seamless log after kill -9 at any moment", async () => {
    const script = fileURLToPath(new URL("save-in-a-loop.mjs", import.meta.url));
    const folder = diskFolder(path);
    let before = 0;
    for (const delay of [3, 41, 17, 97, 60, 29]) {
      const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
      let printed = "";
      child.stdout.on("data", (data: Buffer) => (printed += data.toString()));
      await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
      expect(child.exitCode, "the saving process ended by itself").toBeNull();
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill("SIGKILL");
      await once(child, "close");

      const last = Number(printed.trim().split("\n").at(-1));
      const latest = await latestCheckpoint(folder, (message) => expect.fail(message));
      expect(latest!.step).toBeGreaterThanOrEqual(last);
      expect(latest!.step).toBeLessThanOrEqual(last + 2);
      expect(latest!.step).toBeGreaterThan(before);
      before = latest!.step;
      for (const name of ["model", "optimizer/state", "data"]) {
        const expected = new Uint8Array(300_000).fill(before);
        expect(Buffer.compare(await latest!.folder.read(name), expected), name).toBe(0);
      }
    }
    await (await openRun(folder)).close();
    expect(readdirSync(path).sort()).toEqual(["checkpoints", "log.jsonl"]);
    expect(readdirSync(join(path, "checkpoints")).length).toBeLessThanOrEqual(3);
    expect(readdirSync(join(path, "checkpoints")).every((name) => name.startsWith("step-"))).toBe(true);

    const records: Readonly<Record<string, unknown>>[] = [];
    for await (const record of readLog(folder, "log.jsonl")) records.push(record);
    const resumes = records.filter(({ event }) => event === "resume");
    expect(resumes.length).toBe(6);
    for (const { repeated } of resumes) expect(repeated).toBeLessThanOrEqual(2);
    const steps = records.filter(({ event }) => event === undefined).map(({ step }) => step);
    expect(steps.length).toBeGreaterThanOrEqual(before);
    expect(steps).toEqual(steps.map((_, i) => i + 1));
    expect(readFileSync(join(path, "log.jsonl"), "utf8").split("\n").length).toBeGreaterThanOrEqual(records.length);
  });
});
