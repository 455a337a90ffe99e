import { InputError } from "../errors/index.ts";

/** What may be written: a text (as UTF-8), bytes, or pieces of bytes one after the other. */
export type Content = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** What lies under a path. */
export type Kind = "file" | "folder";

/** One line of a folder's listing. */
export interface Entry {
  readonly name: string;
  readonly kind: Kind;
}

/** The exclusive right to write into a folder. */
export interface Lock {
  /** Gives the right back. Calling it again does nothing. */
  release(): Promise<void>;
}

/**
 * A folder that can be read: on a disk, in memory, in the browser's private storage, or behind a web address.
 * Paths are relative to it, with "/" between their parts. Where no other error is named, what the system refuses
 * is thrown as an InputError in a sentence that names the path.
 */
export interface ReadableFolder {
  /** The path as a message should name it; without a path, the folder itself. */
  describe(path?: string): string;
  /** What lies under the path; undefined where nothing does. */
  kind(path: string): Promise<Kind | undefined>;
  /** The file's length in bytes. */
  size(path: string): Promise<number>;
  /** The whole file. */
  read(path: string): Promise<Uint8Array>;
  /** Exactly `length` bytes from byte `offset` on, in a buffer of their own. Throws where the file ends before. */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array>;
  /** The file's bytes in pieces, as they are stored (`unpacked` opens .gz). The file is closed when the loop ends. */
  readStream(path: string): AsyncIterable<Uint8Array>;
  /** What is in the folder (without a path: in this one), by name; files that were being written are left out. */
  list(path?: string): Promise<Entry[]>;
  /** The folder under this path, as the root of its own paths. It need not exist yet. */
  at(path: string): ReadableFolder;
}

/** A folder that can also be written. Missing folders on the way to a file are made. */
export interface Folder extends ReadableFolder {
  at(path: string): Folder;
  /**
   * Writes a file so that there is the whole old one or the whole new one at every moment, whatever happens: it is
   * written aside, synced to the disk and renamed. When that fails (a full disk, an error of `content`) the old file
   * stays and nothing is left aside.
   */
  write(path: string, content: Content): Promise<void>;
  /**
   * Makes a whole folder appear at once: `fill` writes into a folder aside, which is renamed when `fill` is done.
   * An older folder of this name is replaced. When `fill` fails nothing changes.
   */
  writeFolder(path: string, fill: (aside: Folder) => Promise<void>): Promise<void>;
  /** Adds bytes at the end of a file, all or none of them; with `sync`, they are on the disk on return. */
  append(path: string, content: string | Uint8Array, options?: { readonly sync?: boolean }): Promise<void>;
  /** Makes a folder and those around it. Nothing happens where it exists. */
  makeFolder(path: string): Promise<void>;
  /** Gives a file another name, replacing a file of that name. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all that is in it. A folder vanishes at once. Nothing happens where none is. */
  remove(path: string): Promise<void>;
  /**
   * Takes the exclusive right to write into this folder, until released or until the process ends, however it ends.
   * @throws TrainingError where somebody else has it; the message names the process.
   */
  lock(): Promise<Lock>;
  /**
   * Undoes or finishes what a killed process was writing directly in this folder, when it left something aside.
   * Only for the holder of the lock: it cannot tell a dead writer from a living one.
   */
  cleanUp(): Promise<void>;
}

/** The pieces of a content, texts as UTF-8. */
export async function* pieces(content: Content): AsyncGenerator<Uint8Array> {
  if (typeof content === "string") yield new TextEncoder().encode(content);
  else if (content instanceof Uint8Array) yield content;
  else yield* content;
}

/** The pieces of a content with small ones put together, so that a line at a time costs no system call each. */
export async function* largerPieces(content: Content, bytes = 1 << 16): AsyncGenerator<Uint8Array> {
  let small: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces(content)) {
    if (piece.length < bytes) small.push(piece.slice());
    length += piece.length;
    if (length < bytes) continue;
    if (small.length > 0) yield together(small);
    if (piece.length >= bytes) yield piece;
    [small, length] = [[], 0];
  }
  if (small.length > 0) yield together(small);
}

/** All pieces in one array. */
export async function together(content: Content): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces(content)) parts.push(piece.slice());
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Entries by name, in the order of their UTF-16 code units: the same on every system. */
export function sorted(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The error of a file that ends before the bytes that were asked for. */
export function rangeError(shown: string, offset: number, length: number, size: number): InputError {
  return new InputError(
    `${shown} ends too early: it has ${size} bytes, and bytes ${offset} to ${offset + length} were asked for. ` +
      `Check that it was copied or downloaded whole.`,
  );
}
