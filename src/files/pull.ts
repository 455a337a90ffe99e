/** Downloading a model from the Hugging Face hub, so that it can be opened without the network. Only Node uses this. */
import { createHash } from "node:crypto";
import { CheckpointError, InputError } from "../errors/index.ts";
import type { Folder } from "./folder.ts";
import { modelCache, repoFolder, requireRepoName, revisionFile, type Environment } from "./hub-cache.ts";
import { HubClient, type HubFile, type HubOptions } from "./hub-client.ts";
import { isForeign, isModelFile, isPickle } from "./model-files.ts";

/** What is pulled, from where, and who hears of it. */
export interface PullOptions extends HubOptions {
  /** A branch, a tag or a commit. Default: main. */
  readonly revision?: string | undefined;
  /** `safetensors`: only configs, tokenizers and safetensors. Default: all but pickles and other libraries' weights. */
  readonly only?: "safetensors" | undefined;
  /** Default: the process's; HF_ENDPOINT, HF_TOKEN and HEED_CACHE are read from it. */
  readonly environment?: Environment | undefined;
  /** Where pulled models lie. Default: `modelCache(environment)`. */
  readonly cache?: Folder | undefined;
  /** Called after every piece. */
  readonly progress?: ((state: PullProgress) => void) | undefined;
}

/** How far a pull is, in bytes. */
export interface PullProgress {
  /** Of all files: those that were there before, and what has come since. */
  readonly done: number;
  readonly total: number;
  /** What has come over the network since the last call. */
  readonly received: number;
  readonly file: string;
}

/** What was pulled. */
export interface Pulled {
  readonly folder: Folder;
  readonly commit: string;
  readonly files: readonly HubFile[];
  /** Files of the repository that were not downloaded. */
  readonly left: readonly HubFile[];
}

/** Bytes that are gathered before they are written. */
const WRITE_BYTES = 1 << 20;

/**
 * Pulls a repository's files into the cache, where `findModel` finds them. What is there already is not downloaded
 * again; what broke off goes on where it stopped. Every file is checked against the hub's checksum before it gets its
 * name, and the revision is written down last: at any moment a model in the cache is whole or not there.
 *
 * @throws InputError where the hub refuses, cannot be reached, or the disk is full
 * @throws CheckpointError where a file is not what the hub says it is, or the weights are pickles only
 * @throws TrainingError where another process pulls the same model
 */
export async function pull(repo: string, options: PullOptions = {}): Promise<Pulled> {
  const { revision = "main", environment = process.env, only } = options;
  requireRepoName(repo);
  const { HF_ENDPOINT: address, HF_TOKEN: secret } = environment;
  const endpoint = options.endpoint ?? (address === "" ? undefined : address);
  const client = new HubClient(repo, revision, { ...options, endpoint, token: options.token ?? secret });
  const { commit, files: all } = await client.listing();
  const files = all.filter(({ path }) =>
    only === "safetensors" ? isModelFile(path) : !isPickle(path) && !isForeign(path),
  );
  const left = all.filter((file) => !files.includes(file));
  for (const { path } of files) requireSafe(path, repo);
  requireWeights(repo, all);
  const home = repoFolder(options.cache ?? modelCache(environment), repo);
  const lock = await home.lock();
  try {
    await home.cleanUp();
    const folder = home.at(commit);
    const total = files.reduce((sum, { size = 0 }) => sum + size, 0);
    let before = 0;
    for (const file of files) {
      const tell = (done: number, received: number): void => {
        options.progress?.({ done: before + done, total, received, file: file.path });
      };
      before += await pullFile(client, commit, file, folder, tell);
    }
    for (const name of new Set([revision, commit])) await home.write(revisionFile(name), `${commit}\n`);
    return { folder, commit, files, left };
  } finally {
    await lock.release();
  }
}

/** Downloads one file where it is not there yet; returns its length. */
async function pullFile(
  client: HubClient,
  commit: string,
  file: HubFile,
  folder: Folder,
  tell: (done: number, received: number) => void,
): Promise<number> {
  const { path, size } = file;
  if ((await folder.kind(path)) === "file") {
    const there = await folder.size(path);
    if (size === undefined || there === size) {
      tell(there, 0);
      return there;
    }
  }
  const part = `${path}.part`;
  const length = async (): Promise<number> => ((await folder.kind(part)) === "file" ? folder.size(part) : 0);
  let done = await length();
  if (size !== undefined && done > size) await folder.remove(part);
  const restart = async (): Promise<void> => {
    done = 0;
    await folder.write(part, "");
  };
  await client.persist(
    async () => {
      done = await length();
      tell(done, 0);
      if (done > 0 && done === size) return;
      for await (const pieces of gathered(client.file(commit, file, done, restart))) {
        await folder.append(part, pieces);
        done += pieces.length;
        tell(done, pieces.length);
      }
    },
    () => done,
  );
  await folder.append(part, "", { sync: true }); // on the disk; and there at all, where it is empty
  await requireChecksum(folder, part, file, client.repo);
  await folder.rename(part, path);
  return done;
}

/** Pieces put together to a megabyte; what came before a failure is passed on, too. */
async function* gathered(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  const take = (): Uint8Array => {
    const whole = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    [pieces, length] = [[], 0];
    return whole;
  };
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const piece of source) {
      pieces.push(piece);
      length += piece.length;
      if (length >= WRITE_BYTES) yield take();
    }
  } catch (error) {
    failure = { error };
  }
  if (length > 0) yield take();
  if (failure !== undefined) throw failure.error;
}

/** Checks a finished download; one that is wrong is removed. */
async function requireChecksum(folder: Folder, part: string, file: HubFile, repo: string): Promise<void> {
  const { path, size, checksum } = file;
  const got = await folder.size(part);
  let wrong = size !== undefined && got !== size ? `it has ${got} bytes, and ${size} were expected` : undefined;
  if (wrong === undefined && checksum !== undefined) {
    const hash = createHash(checksum.kind === "git" ? "sha1" : "sha256");
    if (checksum.kind === "git") hash.update(`blob ${got}\0`);
    for await (const piece of folder.readStream(part)) hash.update(piece);
    const found = hash.digest("hex");
    if (found !== checksum.value) wrong = `its checksum is ${found}, and the hub says ${checksum.value}`;
  }
  if (wrong === undefined) return;
  await folder.remove(part);
  throw new CheckpointError(
    `${path} of ${repo} was not downloaded as the hub has it: ${wrong}. It was deleted. ` +
      `Pull again; if it happens again, something between the hub and this machine changes the file.`,
  );
}

/** The hub's list is not trusted with paths. */
function requireSafe(path: string, repo: string): void {
  const parts = path.split("/");
  const plain = parts.every((part) => part !== "" && part !== "." && part !== "..") && !/\\|^[A-Za-z]:|\0/.test(path);
  if (plain && !path.endsWith(".part")) return;
  throw new InputError(`${repo} lists a file named ${JSON.stringify(path)}, which no model has. It was not pulled.`);
}

function requireWeights(repo: string, files: readonly HubFile[]): void {
  if (files.some(({ path }) => path.endsWith(".safetensors"))) return;
  const pickle = files.find(({ path }) => isPickle(path));
  if (pickle === undefined) return;
  throw new CheckpointError(
    `${repo} has no safetensors, only pickles such as ${pickle.path}: opening one runs whatever code is in it, so Heed ` +
      `opens none. Convert it in Python: from transformers import AutoModel; ` +
      `AutoModel.from_pretrained("${repo}").save_pretrained("a-new-folder"). ` +
      `Or look for a branch with safetensors, such as --revision refs/pr/1.`,
  );
}
