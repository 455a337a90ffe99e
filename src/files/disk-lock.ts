import { randomUUID } from "node:crypto";
import { link, open, readFile, readlink, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { TrainingError } from "../errors/index.ts";
import type { Lock } from "./folder.ts";
import { codeOf } from "./system-errors.ts";

/** The lock's file; files whose names begin so belong to locking. */
export const LOCK = ".heed-lock";

/**
 * Who holds a lock. On Linux, `boot` and `started` tell a process from a later one with the same number, and `space`
 * says among which processes the number counts (a container has its own).
 */
interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  readonly boot?: string | undefined;
  readonly space?: string | undefined;
  readonly started?: string | undefined;
}

/**
 * Locks a folder by a file in it that names its holder. The lock of a process that no longer lives is taken over.
 * @throws TrainingError where the holder lives, or may live (another machine, an unreadable lock)
 */
export async function lockFolder(folder: string, shown: string): Promise<Lock> {
  const path = join(folder, LOCK);
  const me = await thisProcess();
  await acquire(path, path, me, shown);
  const release = async (): Promise<void> => {
    const holder = await readHolder(path);
    if (holder !== "unreadable" && holder?.id === me.id) await rm(path, { force: true });
  };
  return { release };
}

/** Whether a process that lives, or may live, has the lock of a folder. */
export async function isLocked(folder: string): Promise<boolean> {
  const holder = await readHolder(join(folder, LOCK));
  if (holder === undefined) return false;
  return holder === "unreadable" || (await mayLive(holder, await thisProcess()));
}

/**
 * Creates the lock file, which only one process can. Where a dead process left it, the right to replace it is a lock
 * of its own, named after the dead holder: two processes that find the same dead lock cannot both replace it, nor can
 * one of them replace the lock that the other has just taken.
 */
async function acquire(path: string, folderLock: string, me: Holder, shown: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await create(path, me)) return;
    const holder = await readHolder(path);
    if (holder === undefined) continue; // released in between
    if (holder === "unreadable" || (await mayLive(holder, me))) throw inUse(holder, me, shown, folderLock);
    const right = `${folderLock}-${holder.id}`;
    await acquire(right, folderLock, me, shown);
    try {
      const now = await readHolder(path);
      if (now === undefined || now === "unreadable" || now.id !== holder.id) continue; // another one was faster
      await replace(path, me);
      return;
    } finally {
      await rm(right, { force: true });
    }
  }
  throw inUse("unreadable", me, shown, folderLock);
}

/** Creates a file with the holder in it, at once; false where the file exists. */
async function create(path: string, holder: Holder): Promise<boolean> {
  const aside = `${path}-${randomUUID()}`;
  await writeHolder(aside, holder);
  try {
    await link(aside, path);
    return true;
  } catch (error) {
    // ENOENT: the holder of the lock has cleaned up the file aside.
    if (codeOf(error) === "EEXIST" || codeOf(error) === "ENOENT") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(codeOf(error) ?? "")) throw error;
  } finally {
    await rm(aside, { force: true });
  }
  // A file system without hard links.
  try {
    await writeHolder(path, holder);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function replace(path: string, holder: Holder): Promise<void> {
  const aside = `${path}-${randomUUID()}`;
  await writeHolder(aside, holder);
  await rename(aside, path);
}

async function writeHolder(path: string, holder: Holder): Promise<void> {
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(JSON.stringify(holder));
    await handle.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function readHolder(path: string): Promise<Holder | "unreadable" | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    return isHolder(value) ? value : "unreadable";
  } catch {
    return "unreadable";
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== "object" || value === null) return false;
  const { id, pid, host, since } = value as Record<string, unknown>;
  // The id becomes part of a file name, so it must look like one of ours.
  if (typeof id !== "string" || !/^[0-9a-f-]{36}$/.test(id)) return false;
  return Number.isInteger(pid) && (pid as number) > 0 && typeof host === "string" && typeof since === "string";
}

async function thisProcess(): Promise<Holder> {
  const { pid } = process;
  const space = await readlink("/proc/self/ns/pid").catch(() => undefined);
  const since = new Date().toISOString();
  return { id: randomUUID(), pid, host: hostname(), since, boot: await bootId(), space, started: await startOf(pid) };
}

/** False only where the holder is known to be gone. */
async function mayLive(holder: Holder, me: Holder): Promise<boolean> {
  if (holder.host !== me.host) return true;
  if (holder.boot !== me.boot) return false;
  if (holder.space !== me.space) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  const started = await startOf(holder.pid);
  if (started === "dead") return false;
  return started === undefined || holder.started === undefined || started === holder.started;
}

async function bootId(): Promise<string | undefined> {
  const text = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => undefined);
  return text?.trim();
}

/** When a process started, in clock ticks since the boot; "dead" for one that only waits for its parent (proc(5)). */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? "dead" : fields[19];
}

function inUse(holder: Holder | "unreadable", me: Holder, shown: string, path: string): TrainingError {
  if (holder === "unreadable") {
    return new TrainingError(
      `${shown} is locked, and its lock file cannot be read. If no other run writes there, delete ${path} and try again.`,
    );
  }
  const { pid, host, since } = holder;
  if (host === me.host && holder.space === me.space) {
    const who = pid === me.pid ? `this same process (${pid})` : `process ${pid}`;
    return new TrainingError(
      `${shown} is in use: ${who} has been writing there since ${since}. ` +
        `Wait for it to end, stop it, or choose another folder.`,
    );
  }
  const where = host === me.host ? "in another container of this machine" : `on the machine "${host}"`;
  return new TrainingError(
    `${shown} is in use by process ${pid} ${where} since ${since}. Wait for it to end or choose another folder. ` +
      `If you know that it has ended, delete ${path} and try again.`,
  );
}
