/** Where pulled models lie, and finding one of them. Only Node uses this. */
import { homedir } from "node:os";
import { join } from "node:path";
import { InputError, nearest } from "../errors/index.ts";
import { diskFolder } from "./disk.ts";
import { fetchFolder } from "./fetch.ts";
import type { Folder, ReadableFolder } from "./folder.ts";
import { readText } from "./text.ts";

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where and at which revision a model is looked for. */
export interface FindOptions {
  /** A branch, a tag or a commit. Default: main. */
  readonly revision?: string | undefined;
  /** Default: the process's; HEED_CACHE says where pulled models lie. */
  readonly environment?: Environment | undefined;
}

/** The folder of all pulled models: `$HEED_CACHE/models`, or `~/.cache/heed/models`. */
export function modelCache(environment: Environment = process.env): Folder {
  const { HEED_CACHE: root } = environment;
  return diskFolder(join(root === undefined || root === "" ? join(homedir(), ".cache", "heed") : root, "models"));
}

/** A repository's folder in the cache: one folder for each commit, and what revisions stand for. */
export function repoFolder(cache: Folder, repo: string): Folder {
  return cache.at(repo.replace("/", "--"));
}

/** The file that says which commit a revision stood for when it was pulled whole. */
export function revisionFile(revision: string): string {
  return `revisions/${encodeURIComponent(revision)}`;
}

/** Throws InputError where this is no name of a repository on the hub. */
export function requireRepoName(repo: string): void {
  if (isRepoName(repo)) return;
  throw new InputError(
    `"${repo}" is not the name of a model on the hub. Write it as OWNER/NAME, as on the model's page.`,
  );
}

function isRepoName(name: string): boolean {
  return /^(?!.*(\.\.|--))[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)?$/.test(name);
}

/**
 * A model by the path of its folder, by its web address, or by the name of a repository that was pulled. No request is
 * made. A folder of that name comes before a repository.
 *
 * @throws InputError where there is none; it names the command that pulls one
 */
export async function findModel(name: string, options: FindOptions = {}): Promise<ReadableFolder> {
  const { revision = "main", environment } = options;
  if (/^https?:/i.test(name)) return fetchFolder(name);
  const folder = diskFolder(name);
  if (name === "" || (await folder.kind("")) !== undefined) return folder;
  if (!isRepoName(name))
    throw new InputError(`${name} does not exist. Check the path, or give the name of a pulled model.`);
  const cache = modelCache(environment);
  const pulled = repoFolder(cache, name);
  if ((await pulled.kind(revisionFile(revision))) === "file") {
    const commit = (await readText(pulled, revisionFile(revision))).trim();
    if (/^[0-9a-f]+$/.test(commit) && (await pulled.kind(commit)) === "folder") return pulled.at(commit);
  }
  const flag = revision === "main" ? "" : ` --revision ${revision}`;
  if ((await pulled.kind("")) === "folder") {
    const revisions = await listed(pulled, "revisions");
    const others =
      revisions.length === 0 ? "is half a download" : `was pulled at ${revisions.join(", ")}, not at ${revision}`;
    throw new InputError(`${name} ${others}. Pull it, which goes on where it stopped: heed pull ${name}${flag}`);
  }
  const known = (await listed(cache, "")).map((one) => one.replace("--", "/"));
  const near = nearest(name, known);
  const guess = near === undefined ? "" : ` Did you mean ${near}, which was pulled?`;
  throw new InputError(
    `${name} is neither a folder nor a model that was pulled.${guess} Check the path, or download it: heed pull ${name}${flag}`,
  );
}

async function listed(folder: Folder, path: string): Promise<string[]> {
  if ((await folder.kind(path)) !== "folder") return [];
  return (await folder.list(path)).map(({ name }) => decodeURIComponent(name));
}
