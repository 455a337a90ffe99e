import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HeedError, InputError, TrainingError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import type { Folder } from "../../src/files/index.ts";
import { joinPaths, memoryFolder, together } from "../../src/files/index.ts";
import { diskFolder as noDisk } from "../../src/files/no-disk.ts";

const scratch = mkdtempSync(join(tmpdir(), "heed-files-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});
let count = 0;
const newPath = (): string => {
  const path = join(scratch, String(count++));
  mkdirSync(path);
  return path;
};
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = async (folder: Folder, path: string): Promise<string> => new TextDecoder().decode(await folder.read(path));

describe.each<[string, () => Folder]>([
  ["disk", () => diskFolder(newPath())],
  ["memory", memoryFolder],
])("a folder on %s", (_, make) => {
  it("gives back what was written, whole, in ranges and in pieces", async () => {
    const folder = make();
    const long = Uint8Array.from({ length: 700_000 }, (_, i) => i * 31);
    await folder.write("a/b/long", long);
    expect(Buffer.compare(await folder.read("a/b/long"), long)).toBe(0);
    expect((await folder.read("a/b/long")).constructor).toBe(Uint8Array);
    expect(await folder.size("a/b/long")).toBe(700_000);
    const range = await folder.at("a").readRange("b/long", 99_999, 3);
    expect(range).toEqual(long.slice(99_999, 100_002));
    expect(range.buffer.byteLength).toBe(3);
    const read: Uint8Array[] = [];
    for await (const piece of folder.readStream("a/b/long")) read.push(piece);
    expect(read.length).toBeGreaterThan(1);
    expect(Buffer.compare(await together(read), long)).toBe(0);
  });

  it("takes texts, pieces and streams, and copies what its caller may use again", async () => {
    const folder = make();
    await folder.write("text", "élève");
    expect(await text(folder, "text")).toBe("élève");
    const reused = new Uint8Array(2);
    await folder.write(
      "pieces",
      (async function* () {
        for (let i = 0; i < 70_000; i++) {
          reused.fill(i);
          yield await Promise.resolve(reused);
        }
      })(),
    );
    const whole = await folder.read("pieces");
    expect(whole.length).toBe(140_000);
    expect(whole.every((value, i) => value === (i >> 1) % 256)).toBe(true);
    await folder.write("empty", []);
    expect(await folder.size("empty")).toBe(0);
    expect(await folder.readRange("empty", 0, 0)).toEqual(bytes());
  });

  it("keeps the old file, and nothing else, when writing fails", async () => {
    const folder = make();
    await folder.write("file", "old");
    const failing = function* (): Generator<Uint8Array> {
      yield new Uint8Array(100_000);
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    };
    await expect(folder.write("file", failing())).rejects.toThrow();
    expect(await text(folder, "file")).toBe("old");
    expect(await folder.list()).toEqual([{ name: "file", kind: "file" }]);
  });

  it("makes a whole folder appear at once, replaces it at once, and keeps it when that fails", async () => {
    const folder = make();
    await folder.writeFolder("made/x", async (aside) => {
      await aside.write("deep/file", "1");
      await aside.write("left", "1");
      expect(await folder.kind("made/x")).toBeUndefined();
    });
    await folder.writeFolder("made/x", async (aside) => {
      await aside.write("deep/file", "2");
      expect(await text(folder, "made/x/deep/file")).toBe("1");
    });
    expect(await text(folder, "made/x/deep/file")).toBe("2");
    const fails = folder.writeFolder("made/x", async (aside) => {
      await aside.write("deep/file", "3");
      throw new Error("stopped");
    });
    await expect(fails).rejects.toThrow("stopped");
    expect(await text(folder, "made/x/deep/file")).toBe("2");
    expect(await folder.list("made")).toEqual([{ name: "x", kind: "folder" }]);
    expect(await folder.list("made/x")).toEqual([{ name: "deep", kind: "folder" }]);
    await folder.write("file", "kept");
    await expect(folder.writeFolder("file", () => Promise.resolve())).rejects.toThrow("is a file");
    expect(await text(folder, "file")).toBe("kept");
  });

  it("appends, renames, removes and lists in order", async () => {
    const folder = make();
    await folder.append("logs/log", "a\n");
    await folder.append("logs/log", bytes(98, 10), { sync: true });
    expect(await text(folder, "logs/log")).toBe("a\nb\n");
    await folder.write("b", "moved");
    await folder.rename("b", "logs/a");
    expect(await folder.kind("b")).toBeUndefined();
    expect(await folder.list("logs")).toEqual([
      { name: "a", kind: "file" },
      { name: "log", kind: "file" },
    ]);
    await folder.remove("logs/a");
    await folder.remove("absent");
    await folder.remove("logs");
    expect(await folder.list()).toEqual([]);
  });

  it("says in a sentence what is missing or not a file", async () => {
    const folder = make();
    await folder.write("folder/file", "abc");
    const start = folder.describe("folder/");
    for (const read of [
      () => folder.read("none"),
      () => folder.size("none"),
      () => folder.readRange("none", 0, 1),
      () => folder.readStream("none")[Symbol.asyncIterator]().next(),
    ]) {
      const error: unknown = await read().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toBe(`${folder.describe("none")} does not exist. Check the path.`);
    }
    await expect(folder.read("folder")).rejects.toThrow(/folder is a folder where a file was expected/);
    await expect(folder.readRange("folder/file", 2, 2)).rejects.toThrow(
      `${start.replace(/\/$/, "")}/file ends too early: it has 3 bytes, and bytes 2 to 4 were asked for`,
    );
    await expect(folder.write("folder", "x")).rejects.toThrow(HeedError);
    await expect(folder.write("folder/file/below", "x")).rejects.toThrow(HeedError);
    expect(await folder.kind("folder/file/below")).toBeUndefined();
    expect(await folder.kind("folder")).toBe("folder");
  });

  it("refuses a second lock until the first is released", async () => {
    const folder = make().at("run");
    const lock = await folder.lock();
    await expect(folder.lock()).rejects.toThrow(TrainingError);
    await lock.release();
    await lock.release();
    await (await folder.lock()).release();
    expect(await folder.list()).toEqual([]);
  });
});

describe("the disk", () => {
  it("leaves nothing aside when writing fails", async () => {
    const path = newPath();
    const folder = diskFolder(path);
    const stop = (): never => {
      throw new Error("stopped");
    };
    const failing = function* (): Generator<Uint8Array> {
      yield new Uint8Array(100_000);
      stop();
    };
    await expect(folder.write("file", failing())).rejects.toThrow("stopped");
    await expect(folder.writeFolder("folder", stop)).rejects.toThrow("stopped");
    await folder.writeFolder("kept", (aside) => aside.write("x", "1"));
    await folder.writeFolder("kept", (aside) => aside.write("x", "2"));
    await folder.write("file", "kept");
    expect(readdirSync(path).sort()).toEqual(["file", "kept"]);
    expect(readdirSync(join(path, "kept"))).toEqual(["x"]);
  });

  it("guesses the file that was meant", async () => {
    const path = newPath();
    writeFileSync(join(path, "train.fr"), "x");
    await expect(diskFolder(path).read("trian.fr")).rejects.toThrow(`Did you mean ${join(path, "train.fr")}?`);
  });

  it("names paths as they were given, and takes absolute ones as they are", async () => {
    const path = newPath();
    await diskFolder(path).write("x", "1");
    expect(await text(diskFolder("."), join(path, "x"))).toBe("1");
    expect(diskFolder("runs").describe("a/b")).toBe("runs/a/b");
    expect(diskFolder().describe("a.txt")).toBe("a.txt");
    expect(diskFolder("runs").at("x").describe()).toBe("runs/x");
  });

  it("keeps a link and replaces the file behind it", async () => {
    const path = newPath();
    mkdirSync(join(path, "real"));
    writeFileSync(join(path, "real", "file"), "old");
    symlinkSync(join("real", "file"), join(path, "link"));
    await diskFolder(path).write("link", "new");
    expect(readFileSync(join(path, "real", "file"), "utf8")).toBe("new");
    expect(readdirSync(join(path, "real"))).toEqual(["file"]);
  });

  it.skipIf(process.platform === "win32")("reads from and writes to pipes", async () => {
    const path = newPath();
    execFileSync("mkfifo", [join(path, "pipe")]);
    const folder = diskFolder(path);
    const [, read] = await Promise.all([folder.write("pipe", "through"), text(folder, "pipe")]);
    expect(read).toBe("through");
    expect(existsSync(join(path, "pipe"))).toBe(true);
  });

  it("finishes or undoes what a killed process left, and touches nothing else", async () => {
    const path = newPath();
    const folder = diskFolder(path);
    const left = (name: string): string => join(path, `.${name}.1a-2b-3c.heed-`);
    mkdirSync(`${left("step-1")}new`);
    writeFileSync(join(`${left("step-1")}new`, "half"), "x");
    mkdirSync(`${left("step-2")}old`);
    writeFileSync(join(`${left("step-2")}old`, "file"), "back");
    mkdirSync(`${left("step-3")}old`);
    mkdirSync(join(path, "step-3"));
    writeFileSync(`${left("config.json")}new`, "half");
    writeFileSync(join(path, ".config.new"), "the user's");
    writeFileSync(join(path, ".heed-lock-0123"), "half");
    expect((await folder.list()).map(({ name }) => name)).toEqual([".config.new", "step-3"]);
    await folder.cleanUp();
    expect(readdirSync(path).sort()).toEqual([".config.new", "step-2", "step-3"]);
    expect(await text(folder, "step-2/file")).toBe("back");
  });

  it.skipIf(!existsSync("/dev/full"))("says that the disk is full", async () => {
    await expect(diskFolder("/dev").append("full", "x")).rejects.toThrow(
      "The disk is full: /dev/full could not be written. What was saved before is intact.",
    );
  });

  it("says what may not be read or written", async (context) => {
    if (process.getuid?.() === 0) context.skip("root may read and write everything");
    const path = newPath();
    writeFileSync(join(path, "secret"), "x");
    chmodSync(join(path, "secret"), 0);
    await expect(diskFolder(path).read("secret")).rejects.toThrow("secret may not be read: permission denied");
    chmodSync(path, 0o500);
    await expect(diskFolder(path).write("new", "x")).rejects.toThrow("new may not be written: permission denied");
    chmodSync(path, 0o700);
  });
});

describe("paths", () => {
  it("resolves dots and does not leave the root", () => {
    expect(joinPaths("a/b", "./../c//d/")).toBe("a/c/d");
    expect(joinPaths("", "")).toBe("");
    expect(() => joinPaths("a", "../../b")).toThrow("leaves its folder");
  });

  it("says in a page that there is no disk", () => {
    expect(() => noDisk("runs")).toThrow("A page has no disk to open runs on");
  });
});
