import { InputError, TrainingError } from "../errors/index.ts";
import type { Content, Entry, Folder, Kind, Lock } from "./folder.ts";
import { rangeError, sorted, together } from "./folder.ts";
import { joinPaths } from "./paths.ts";

/** What is stored, by path from the root. */
interface Store {
  readonly files: Map<string, Uint8Array>;
  readonly folders: Set<string>;
  readonly locks: Set<string>;
}

/** An empty folder in memory: for tests, for pages, and for what need not be kept. */
export function memoryFolder(): Folder {
  return new MemoryFolder({ files: new Map(), folders: new Set([""]), locks: new Set() }, "");
}

class MemoryFolder implements Folder {
  readonly #store: Store;
  readonly #root: string;

  constructor(store: Store, root: string) {
    this.#store = store;
    this.#root = root;
  }

  describe(path = ""): string {
    return `memory:${joinPaths(this.#root, path)}`;
  }

  at(path: string): Folder {
    return new MemoryFolder(this.#store, joinPaths(this.#root, path));
  }

  kind(path: string): Promise<Kind | undefined> {
    const full = joinPaths(this.#root, path);
    return Promise.resolve(this.#store.files.has(full) ? "file" : this.#store.folders.has(full) ? "folder" : undefined);
  }

  async size(path: string): Promise<number> {
    return (await this.#bytes(path)).length;
  }

  async read(path: string): Promise<Uint8Array> {
    return (await this.#bytes(path)).slice();
  }

  async readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#bytes(path);
    if (offset + length > bytes.length) throw rangeError(this.describe(path), offset, length, bytes.length);
    return bytes.slice(offset, offset + length);
  }

  async *readStream(path: string): AsyncGenerator<Uint8Array> {
    const bytes = await this.#bytes(path);
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.slice(at, at + 65_536);
  }

  async list(path = ""): Promise<Entry[]> {
    if ((await this.kind(path)) !== "folder") throw new InputError(`${this.describe(path)} is not a folder.`);
    const full = joinPaths(this.#root, path);
    const start = full === "" ? "" : `${full}/`;
    const below = (paths: Iterable<string>, kind: Kind): Entry[] =>
      [...paths]
        .filter((one) => one !== "" && one.startsWith(start) && !one.slice(start.length).includes("/"))
        .map((one) => ({ name: one.slice(start.length), kind }));
    return sorted([...below(this.#store.files.keys(), "file"), ...below(this.#store.folders, "folder")]);
  }

  async write(path: string, content: Content): Promise<void> {
    const bytes = await together(content);
    if ((await this.kind(path)) === "folder") {
      throw new InputError(`${this.describe(path)} is a folder where a file was expected. Name a file in it.`);
    }
    await this.makeFolder(`${path}/..`);
    this.#store.files.set(joinPaths(this.#root, path), bytes);
  }

  async writeFolder(path: string, fill: (aside: Folder) => Promise<void>): Promise<void> {
    if ((await this.kind(path)) === "file") throw new InputError(`${this.describe(path)} is a file, not a folder.`);
    const aside = memoryFolder();
    await fill(aside);
    await this.remove(path);
    await this.makeFolder(path);
    await copy(aside, this.at(path));
  }

  async append(path: string, content: string | Uint8Array): Promise<void> {
    const before = (await this.kind(path)) === "file" ? await this.read(path) : new Uint8Array(0);
    await this.write(path, [before, await together(content)]);
  }

  makeFolder(path: string): Promise<void> {
    const parts = joinPaths(this.#root, path).split("/");
    for (let count = 1; count <= parts.length; count++) {
      const folder = parts.slice(0, count).join("/");
      if (this.#store.files.has(folder)) {
        return Promise.reject(new InputError(`${this.describe(path)}: memory:${folder} is a file, not a folder.`));
      }
      this.#store.folders.add(folder);
    }
    return Promise.resolve();
  }

  async rename(from: string, to: string): Promise<void> {
    await this.write(to, await this.read(from));
    if (joinPaths(this.#root, from) !== joinPaths(this.#root, to)) await this.remove(from);
  }

  remove(path: string): Promise<void> {
    const full = joinPaths(this.#root, path);
    for (const paths of [this.#store.files, this.#store.folders]) {
      for (const one of paths.keys()) if (one !== "" && (one === full || one.startsWith(`${full}/`))) paths.delete(one);
    }
    return Promise.resolve();
  }

  async lock(): Promise<Lock> {
    const { locks } = this.#store;
    const root = this.#root;
    await this.makeFolder("");
    if (locks.has(root)) {
      throw new TrainingError(`${this.describe()} is in use by another run. Wait for it to end.`);
    }
    locks.add(root);
    let held = true;
    const release = (): Promise<void> => {
      if (held) locks.delete(root);
      held = false;
      return Promise.resolve();
    };
    return { release };
  }

  cleanUp(): Promise<void> {
    return Promise.resolve();
  }

  async #bytes(path: string): Promise<Uint8Array> {
    const bytes = this.#store.files.get(joinPaths(this.#root, path));
    if (bytes !== undefined) return bytes;
    const what = (await this.kind(path)) === "folder" ? "is a folder where a file was expected" : "does not exist";
    throw new InputError(`${this.describe(path)} ${what}. Check the path.`);
  }
}

/** Copies all files and folders of one folder into another. */
async function copy(from: Folder, to: Folder): Promise<void> {
  for (const { name, kind } of await from.list()) {
    if (kind === "file") await to.write(name, await from.read(name));
    else {
      await to.makeFolder(name);
      await copy(from.at(name), to.at(name));
    }
  }
}
