import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TrainingError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "heed-lock-"));
});
afterEach(() => {
  rmSync(path, { recursive: true, force: true });
});

const lockFile = (): string => join(path, ".heed-lock");
const id = "01234567-89ab-cdef-0123-456789abcdef";

/** The lock that this process would write, with some of it changed, as if it had been left behind. */
async function leaveLock(change: Readonly<Record<string, unknown>>): Promise<void> {
  const lock = await diskFolder(path).lock();
  const mine = JSON.parse(readFileSync(lockFile(), "utf8")) as Record<string, unknown>;
  await lock.release();
  writeFileSync(lockFile(), JSON.stringify({ ...mine, id, ...change }));
}

/** The number of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "exit");
  return child.pid!;
}

describe("the lock of a folder on the disk", () => {
  it("names the process that holds it, and is taken over when that is killed", async () => {
    const script = fileURLToPath(new URL("hold-lock.mjs", import.meta.url));
    const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
    await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    expect(child.exitCode, "the locking process ended by itself").toBeNull();
    const refused = diskFolder(path).lock();
    await expect(refused).rejects.toThrow(TrainingError);
    await expect(refused).rejects.toThrow(`${path} is in use: process ${child.pid!} has been writing there since 20`);
    child.kill("SIGKILL");
    await once(child, "exit");
    const lock = await diskFolder(path).lock();
    expect(readdirSync(path)).toEqual([".heed-lock"]);
    await lock.release();
    expect(readdirSync(path)).toEqual([]);
  });

  it("is given to exactly one of many that find a dead process's lock at the same time", async () => {
    const pid = await deadProcess();
    for (let round = 0; round < 10; round++) {
      await leaveLock({ pid });
      const tries = Array.from({ length: 12 }, () => diskFolder(path).lock());
      const taken = (await Promise.allSettled(tries)).filter(({ status }) => status === "fulfilled");
      expect(taken.length).toBe(1);
      expect(readdirSync(path)).toEqual([".heed-lock"]);
      expect(readFileSync(lockFile(), "utf8")).not.toContain(id);
      rmSync(lockFile());
    }
  });

  it("is taken over when the one who was taking it over was killed too", async () => {
    const pid = await deadProcess();
    await leaveLock({ pid });
    const second = "11111111-89ab-cdef-0123-456789abcdef";
    const holder = JSON.parse(readFileSync(lockFile(), "utf8")) as object;
    writeFileSync(`${lockFile()}-${id}`, JSON.stringify({ ...holder, id: second }));
    await diskFolder(path).lock();
    expect(readdirSync(path)).toEqual([".heed-lock"]);
  });

  it.skipIf(process.platform !== "linux")("tells a process from another one with its number", async () => {
    await leaveLock({ started: "1" });
    await (await diskFolder(path).lock()).release();
    await leaveLock({ boot: "an earlier boot" });
    await (await diskFolder(path).lock()).release();
    await leaveLock({});
    await expect(diskFolder(path).lock()).rejects.toThrow(`this same process (${process.pid})`);
  });

  it("is not taken from a machine or a container that cannot be looked into", async () => {
    await leaveLock({ host: "elsewhere", pid: 7 });
    await expect(diskFolder(path).lock()).rejects.toThrow(
      /in use by process 7 on the machine "elsewhere" since .* delete .*\.heed-lock and try again/,
    );
    await leaveLockOver({ host: hostname(), space: "pid:[1]", pid: 7 });
    await expect(diskFolder(path).lock()).rejects.toThrow("by process 7 in another container of this machine");
    for (const text of ["", "{", '{"id":"../x","pid":1,"host":"h","since":"s"}']) {
      writeFileSync(lockFile(), text);
      await expect(diskFolder(path).lock()).rejects.toThrow("its lock file cannot be read");
    }
  });

  async function leaveLockOver(change: Readonly<Record<string, unknown>>): Promise<void> {
    rmSync(lockFile());
    await leaveLock(change);
  }
});
