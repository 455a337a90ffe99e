import { InputError, TrainingError } from "../errors/index.ts";
import type { Content, Entry, Folder, Kind, Lock } from "./folder.ts";
import { pieces, rangeError, sorted } from "./folder.ts";
import { partsOf } from "./paths.ts";

// The parts of the File System and Web Locks standards that are used here, so that no DOM library is needed.
interface StoredFile {
  readonly size: number;
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
  arrayBuffer(): Promise<ArrayBuffer>;
}
interface Writable {
  seek(position: number): Promise<void>;
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}
interface FileHandle {
  readonly kind: "file";
  getFile(): Promise<StoredFile>;
  createWritable(options?: { keepExistingData: boolean }): Promise<Writable>;
}
interface DirectoryHandle {
  readonly kind: "directory";
  getDirectoryHandle(name: string, options?: { create: boolean }): Promise<DirectoryHandle>;
  getFileHandle(name: string, options?: { create: boolean }): Promise<FileHandle>;
  removeEntry(name: string, options?: { recursive: boolean }): Promise<void>;
  entries(): AsyncIterable<[string, FileHandle | DirectoryHandle]>;
}
interface BrowserNavigator {
  readonly storage?: { getDirectory?(): Promise<DirectoryHandle> };
  readonly locks?: {
    request(
      name: string,
      options: { ifAvailable: true },
      use: (lock: unknown) => Promise<void> | undefined,
    ): Promise<void>;
  };
}

/** A folder of the browser's private storage (OPFS), which stays when the page is closed. @throws InputError where there is none */
export async function browserFolder(path = ""): Promise<Folder> {
  const { storage } = theNavigator();
  if (storage?.getDirectory === undefined) {
    throw new InputError("This place has no private storage (OPFS). Open the page over https, or use memoryFolder().");
  }
  return new BrowserFolder(await storage.getDirectory(), partsOf(path));
}

class BrowserFolder implements Folder {
  readonly #storage: DirectoryHandle;
  readonly #root: readonly string[];

  constructor(storage: DirectoryHandle, root: readonly string[]) {
    this.#storage = storage;
    this.#root = root;
  }

  describe(path = ""): string {
    return `storage:${this.#parts(path).join("/")}`;
  }

  at(path: string): Folder {
    return new BrowserFolder(this.#storage, this.#parts(path));
  }

  async kind(path: string): Promise<Kind | undefined> {
    const parts = this.#parts(path);
    const name = parts.pop();
    if (name === undefined) return "folder";
    const around = await found(this.#directory(parts, false));
    if (around === undefined) return undefined;
    if ((await found(around.getFileHandle(name))) !== undefined) return "file";
    return (await found(around.getDirectoryHandle(name))) === undefined ? undefined : "folder";
  }

  async size(path: string): Promise<number> {
    return (await this.#file(path)).size;
  }

  async read(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#file(path)).arrayBuffer());
  }

  async readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
    const file = await this.#file(path);
    if (offset + length > file.size) throw rangeError(this.describe(path), offset, length, file.size);
    return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
  }

  async *readStream(path: string): AsyncGenerator<Uint8Array> {
    const file = await this.#file(path);
    const step = 1 << 20;
    for (let at = 0; at < file.size; at += step) {
      yield new Uint8Array(await file.slice(at, Math.min(at + step, file.size)).arrayBuffer());
    }
  }

  async list(path = ""): Promise<Entry[]> {
    const entries: Entry[] = [];
    for await (const [name, { kind }] of (await this.#try(path, this.#directory(this.#parts(path), false))).entries()) {
      entries.push({ name, kind: kind === "file" ? "file" : "folder" });
    }
    return sorted(entries);
  }

  /** The standard itself writes aside and puts the file in place on close. */
  async write(path: string, content: Content): Promise<void> {
    await this.#write(path, content, false);
  }

  /**
   * The storage cannot rename folders, so this one is not whole at every moment: a reader tells a complete folder by
   * what `fill` writes last (a checkpoint's manifest).
   */
  async writeFolder(path: string, fill: (aside: Folder) => Promise<void>): Promise<void> {
    await this.remove(path);
    try {
      await this.makeFolder(path);
      await fill(this.at(path));
    } catch (error) {
      await this.remove(path);
      throw error;
    }
  }

  async append(path: string, content: string | Uint8Array): Promise<void> {
    await this.#write(path, content, true);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#try(path, this.#directory(this.#parts(path), true));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.write(to, this.readStream(from));
    if (this.describe(from) !== this.describe(to)) await this.remove(from);
  }

  async remove(path: string): Promise<void> {
    const parts = this.#parts(path);
    const name = parts.pop();
    const around = await found(this.#directory(parts, false));
    if (name !== undefined) await found(around?.removeEntry(name, { recursive: true }) ?? Promise.resolve());
  }

  async lock(): Promise<Lock> {
    const { locks } = theNavigator();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let ended: Promise<void> | undefined;
    const granted = await new Promise<boolean>((resolve, reject) => {
      ended = locks?.request(`heed:${this.describe()}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : held;
      });
      if (ended === undefined) resolve(true); // a browser without locks
      ended?.catch(reject);
    });
    if (!granted)
      throw new TrainingError(`${this.describe()} is in use by another page. Close it or choose another folder.`);
    return {
      async release() {
        release();
        await ended;
      },
    };
  }

  cleanUp(): Promise<void> {
    return Promise.resolve();
  }

  async #write(path: string, content: Content, atEnd: boolean): Promise<void> {
    const parts = this.#parts(path);
    const name = parts.pop() ?? "";
    const around = await this.#try(path, this.#directory(parts, true));
    const handle = await this.#try(path, around.getFileHandle(name, { create: true }));
    const writable = await this.#try(path, handle.createWritable({ keepExistingData: atEnd }));
    try {
      if (atEnd) await writable.seek((await handle.getFile()).size);
      for await (const piece of pieces(content)) await this.#try(path, writable.write(piece));
      await this.#try(path, writable.close());
    } catch (error) {
      await writable.abort().catch(() => undefined);
      throw error;
    }
  }

  #parts(path: string): string[] {
    return partsOf([...this.#root, path].join("/"));
  }

  async #directory(parts: readonly string[], create: boolean): Promise<DirectoryHandle> {
    let at = this.#storage;
    for (const part of parts) at = await at.getDirectoryHandle(part, { create });
    return at;
  }

  async #file(path: string): Promise<StoredFile> {
    const parts = this.#parts(path);
    const name = parts.pop() ?? "";
    const read = async (): Promise<StoredFile> =>
      (await (await this.#directory(parts, false)).getFileHandle(name)).getFile();
    return this.#try(path, read());
  }

  async #try<T>(path: string, doing: Promise<T>): Promise<T> {
    try {
      return await doing;
    } catch (error) {
      throw this.#explained(error, path);
    }
  }

  #explained(error: unknown, path: string): unknown {
    const shown = this.describe(path);
    switch (error instanceof Error ? error.name : "") {
      case "NotFoundError":
        return new InputError(`${shown} does not exist. Check the path.`, { cause: error });
      case "TypeMismatchError":
        return new InputError(`${shown}: a file stands where a folder was expected, or the reverse. Check the path.`, {
          cause: error,
        });
      case "QuotaExceededError":
        return new InputError(
          `The browser's storage is full: ${shown} could not be written. What was saved before is intact. Free some space and try again.`,
          { cause: error },
        );
      default:
        return error;
    }
  }
}

function theNavigator(): BrowserNavigator {
  return (globalThis as { readonly navigator?: BrowserNavigator }).navigator ?? {};
}

/** What a look-up found; undefined where there is nothing of that name and kind. */
async function found<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Error && ["NotFoundError", "TypeMismatchError"].includes(error.name)) return undefined;
    throw error;
  }
}
