import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { mkdir, mkdtemp, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { InputError, nearest } from "../errors/index.ts";
import { isLocked, LOCK, lockFolder } from "./disk-lock.ts";
import type { Content, Entry, Folder, Kind, Lock } from "./folder.ts";
import { largerPieces, rangeError, sorted, together } from "./folder.ts";
import { parseAside } from "./paths.ts";
import type { Action } from "./system-errors.ts";
import { codeOf, explained } from "./system-errors.ts";

const STREAM_BYTES = 1 << 18;
// One system call takes less than 2 GiB.
const CALL_BYTES = 1 << 28;

/** A folder of the disk; without a path, the one the process was started in. An absolute path in it stays absolute. */
export function diskFolder(path = "."): Folder {
  return new DiskFolder(resolve(path), path);
}

/** A new, empty folder for files that are soon removed; who asked for it removes it. */
export async function temporaryFolder(): Promise<Folder> {
  return diskFolder(await mkdtemp(join(tmpdir(), "heed-")));
}

/** A path with all links followed; undefined where nothing is there. */
export function realPath(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}

/** Whether a process is writing into a folder: one that trains holds its lock. */
export function isBeingWritten(path: string): Promise<boolean> {
  return isLocked(resolve(path));
}

/** Which file or folder lies at a path: it differs when another one has its name, or when it was written to. */
export async function stampOf(path: string): Promise<string | undefined> {
  const found = await statOf(path);
  return found === undefined ? undefined : `${found.ino}-${found.mtimeMs}-${found.size}`;
}

class DiskFolder implements Folder {
  readonly #root: string;
  readonly #shown: string;

  constructor(root: string, shown: string) {
    this.#root = root;
    this.#shown = shown;
  }

  describe(path = ""): string {
    return isAbsolute(path) ? path : join(this.#shown, path);
  }

  at(path: string): Folder {
    return new DiskFolder(this.#full(path), this.describe(path));
  }

  async kind(path: string): Promise<Kind | undefined> {
    const found = await this.#try("read", path, (full) => statOf(full));
    return found === undefined ? undefined : found.isDirectory() ? "folder" : "file";
  }

  async size(path: string): Promise<number> {
    return this.#reading(path, async (handle) => (await handle.stat()).size);
  }

  async read(path: string): Promise<Uint8Array> {
    return this.#reading(path, async (handle) => {
      const { size } = await handle.stat();
      // A pipe has no size: it is read to its end.
      return size > 0 ? await readFully(handle, 0, size) : await together(handlePieces(handle));
    });
  }

  async readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
    return this.#reading(path, async (handle) => {
      const { size } = await handle.stat();
      if (offset + length > size) throw rangeError(this.describe(path), offset, length, size);
      return readFully(handle, offset, length);
    });
  }

  async *readStream(path: string): AsyncGenerator<Uint8Array> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(this.#full(path), "r");
      yield* handlePieces(handle);
    } catch (error) {
      throw await this.#withNearest(error, path);
    } finally {
      await handle?.close();
    }
  }

  async list(path = ""): Promise<Entry[]> {
    const found = await this.#try("listed", path, (full) => readdir(full, { withFileTypes: true }));
    const entries = found.filter(({ name }) => parseAside(name) === undefined && !name.startsWith(LOCK));
    return sorted(entries.map((one) => ({ name: one.name, kind: one.isDirectory() ? "folder" : "file" })));
  }

  async write(path: string, content: Content): Promise<void> {
    await this.#try("written", path, async (full) => {
      const found = await statOf(full);
      if (found !== undefined && !found.isFile() && !found.isDirectory()) {
        await writeDirectly(full, content); // a pipe or a device must not be replaced by a file
        return;
      }
      const target = found === undefined ? full : await realpath(full); // a link stays, its file is replaced
      await makeSynced(dirname(target));
      const aside = asideOf(target, "new");
      try {
        await writeSynced(aside, content);
        await rename(aside, target);
      } catch (error) {
        await rm(aside, { force: true });
        throw error;
      }
      await syncFolder(dirname(target));
    });
  }

  async writeFolder(path: string, fill: (aside: Folder) => Promise<void>): Promise<void> {
    await this.#try("written", path, async (target) => {
      const aside = asideOf(target, "new");
      await makeSynced(dirname(target));
      try {
        await mkdir(aside);
        await fill(new DiskFolder(aside, this.describe(path)));
        await syncFolder(aside);
        await this.#putInPlace(aside, target, path);
      } catch (error) {
        await rm(aside, { recursive: true, force: true });
        throw error;
      }
    });
  }

  async append(path: string, content: string | Uint8Array, options: { readonly sync?: boolean } = {}): Promise<void> {
    await this.#try("written", path, async (full) => {
      if ((await statOf(full)) === undefined) await makeSynced(dirname(full));
      const handle = await open(full, "a");
      try {
        const { size } = await handle.stat();
        try {
          await writeFully(handle, await together(content));
        } catch (error) {
          await handle.truncate(size).catch(() => undefined);
          throw error;
        }
        if (options.sync === true) await handle.sync();
      } finally {
        await handle.close();
      }
    });
  }

  async makeFolder(path: string): Promise<void> {
    await this.#try("written", path, makeSynced);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#try("written", from, async (full) => {
      const target = this.#full(to);
      await makeSynced(dirname(target));
      await rename(full, target);
      await syncFolder(dirname(target));
    });
  }

  async remove(path: string): Promise<void> {
    await this.#try("removed", path, async (full) => {
      const found = await statOf(full);
      if (found?.isDirectory() !== true) {
        await rm(full, { force: true });
        return;
      }
      const aside = asideOf(full, "new");
      await rename(full, aside);
      await syncFolder(dirname(full));
      await rm(aside, { recursive: true, force: true });
    });
  }

  async lock(): Promise<Lock> {
    return this.#try("locked", "", async (full) => {
      await makeSynced(full);
      return lockFolder(full, this.#shown);
    });
  }

  async cleanUp(): Promise<void> {
    await this.#try("removed", "", async (full) => {
      for (const name of await readdir(full)) {
        if (name.startsWith(`${LOCK}-`)) await rm(join(full, name), { force: true });
        const aside = parseAside(name);
        if (aside === undefined) continue;
        const target = join(full, aside.name);
        // Killed between the two renames of #putInPlace: the new folder is not in place yet, so the old one goes back.
        if (aside.age === "old" && (await statOf(target)) === undefined) await rename(join(full, name), target);
        else await rm(join(full, name), { recursive: true, force: true });
      }
      await syncFolder(full);
    });
  }

  async #putInPlace(aside: string, target: string, path: string): Promise<void> {
    const found = await statOf(target);
    if (found !== undefined && !found.isDirectory()) {
      throw new InputError(`${this.describe(path)} is a file where a folder was to be written. Choose another name.`);
    }
    const old = found === undefined ? undefined : asideOf(target, "old");
    if (old !== undefined) await rename(target, old);
    try {
      await rename(aside, target);
    } catch (error) {
      if (old !== undefined) await rename(old, target);
      throw error;
    }
    await syncFolder(dirname(target));
    if (old !== undefined) await rm(old, { recursive: true, force: true });
  }

  #full(path: string): string {
    return resolve(this.#root, path);
  }

  async #reading<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(this.#full(path), "r");
      return await use(handle);
    } catch (error) {
      throw await this.#withNearest(error, path);
    } finally {
      await handle?.close();
    }
  }

  async #try<T>(action: Action, path: string, use: (full: string) => Promise<T>): Promise<T> {
    try {
      return await use(this.#full(path));
    } catch (error) {
      throw explained(error, action, this.describe(path));
    }
  }

  /** The error of a read; for a missing file with the name of the file next to it that was probably meant. */
  async #withNearest(error: unknown, path: string): Promise<unknown> {
    const known = explained(error, "read", this.describe(path));
    if (codeOf(error) !== "ENOENT" || !(known instanceof InputError)) return known;
    const names = await readdir(dirname(this.#full(path))).catch(() => []);
    const guess = nearest(basename(path), names);
    if (guess === undefined) return known;
    const shown = this.describe(join(dirname(path), guess));
    return new InputError(`${this.describe(path)} does not exist. Did you mean ${shown}?`, { cause: error });
  }
}

let asides = 0;

/** A new name beside `target` for what is written or kept aside; see parseAside. */
function asideOf(target: string, age: "new" | "old"): string {
  const id = `${process.pid.toString(36)}-${process.hrtime.bigint().toString(36)}-${(asides++).toString(36)}`;
  return join(dirname(target), `.${basename(target)}.${id}.heed-${age}`);
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function* handlePieces(handle: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const buffer = new Uint8Array(STREAM_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Up to `length` bytes from `offset` on, fewer where the file ends. */
async function readFully(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(CALL_BYTES, length - done), offset + done);
    if (bytesRead === 0) return bytes.slice(0, done);
    done += bytesRead;
  }
  return bytes;
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, Math.min(CALL_BYTES, bytes.length - done), null)).bytesWritten;
  }
}

async function writeSynced(path: string, content: Content): Promise<void> {
  const handle = await open(path, "wx");
  try {
    for await (const piece of largerPieces(content)) await writeFully(handle, piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeDirectly(path: string, content: Content): Promise<void> {
  const handle = await open(path, "w");
  try {
    for await (const piece of largerPieces(content)) await writeFully(handle, piece);
  } finally {
    await handle.close();
  }
}

/** Makes a folder and those around it, and syncs the folder in which the first new name stands. */
async function makeSynced(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first !== undefined) await syncFolder(dirname(first));
}

/** Puts the names in a folder on the disk. Windows opens no folders and needs no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
