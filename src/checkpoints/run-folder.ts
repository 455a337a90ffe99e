import { CheckpointError, HeedError } from "../errors/index.ts";
import type { Folder, Lock, ReadableFolder } from "../files/index.ts";
import { crc32, readJson } from "../files/index.ts";

// A run folder holds checkpoints/step-000500/…, each a folder that appears at once when it is complete. Its
// manifest.json says what belongs to it, so that damage after the saving is found too.

const MANIFEST = "manifest.json";
const FORMAT = "heed-checkpoint-1";

/** A complete checkpoint whose files are as they were written. */
export interface Checkpoint {
  /** The number of updates it was saved after. */
  readonly step: number;
  /** What it is compared by (a validation loss, BLEU), where it was given. */
  readonly score?: number | undefined;
  /** Its files. */
  readonly folder: ReadableFolder;
}

/** Which scores are better. */
export type Better = "lower" | "higher";

/** How a run keeps its checkpoints. */
export interface RunOptions {
  /** How many of the last checkpoints are kept; 3 by default. The best one is kept beside them. */
  readonly keep?: number;
  /** Which scores are better; "lower" by default, as for a loss. */
  readonly better?: Better;
  /** Called with a sentence about each damaged checkpoint that was passed over, and each that could not be removed. */
  readonly warn?: (message: string) => void;
}

/** A run folder that this process alone writes into. */
export interface RunFolder {
  readonly folder: Folder;
  /**
   * Saves a checkpoint: `write` writes its files into a folder aside, which appears under its name when all of them
   * are on the disk. Then older checkpoints are removed, but not the last ones and not the best one; those of later
   * steps too, which a resumed run has left behind. When it fails, on a full disk for instance, what was saved before
   * is intact.
   */
  save(step: number, write: (aside: Folder) => Promise<void>, score?: number): Promise<void>;
  /** The newest checkpoint; see latestCheckpoint. */
  latest(): Promise<Checkpoint | undefined>;
  /** The checkpoint with the best score; see bestCheckpoint. */
  best(): Promise<Checkpoint | undefined>;
  /** Gives the folder free. Calling it again does nothing. */
  close(): Promise<void>;
}

/**
 * Takes a run folder for writing, and clears away what a killed process left half done.
 * @throws TrainingError where another process writes into it
 */
export async function openRun(folder: Folder, options: RunOptions = {}): Promise<RunFolder> {
  const { keep = 3, better = "lower", warn } = options;
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new CheckpointError(`keep is ${keep}, but at least 1 checkpoint must be kept. Give a whole number.`);
  }
  const lock: Lock = await folder.lock();
  try {
    await folder.makeFolder("checkpoints");
    await folder.cleanUp();
    await folder.at("checkpoints").cleanUp();
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    folder,
    async save(step, write, score) {
      if (!Number.isSafeInteger(step) || step < 0) throw new CheckpointError(`A checkpoint's step cannot be ${step}.`);
      await folder.writeFolder(pathOf(step), async (aside) => {
        await write(aside);
        await writeManifest(aside, step, score);
      });
      try {
        await prune(folder, step, keep, better);
      } catch (error) {
        if (!(error instanceof HeedError)) throw error;
        warn?.(`Older checkpoints could not be removed: ${error.message}`);
      }
    },
    latest: () => latestCheckpoint(folder, warn),
    best: () => bestCheckpoint(folder, better, warn),
    close: () => lock.release(),
  };
}

/**
 * The newest checkpoint of a run whose files are all there and unchanged, damaged ones being passed over with a
 * warning; undefined where the run has none. It reads every file of the checkpoint once.
 * @throws CheckpointError where there are checkpoints and all are damaged
 */
export async function latestCheckpoint(
  run: ReadableFolder,
  warn?: (message: string) => void,
): Promise<Checkpoint | undefined> {
  return firstWhole(run, (await stepsOf(run)).reverse(), warn);
}

/** As latestCheckpoint, for the checkpoint with the best score; the newer one of equals. */
export async function bestCheckpoint(
  run: ReadableFolder,
  better: Better = "lower",
  warn?: (message: string) => void,
): Promise<Checkpoint | undefined> {
  return firstWhole(run, await byScore(run, await stepsOf(run), better), warn);
}

/** The steps of all checkpoints of a run, in rising order, whole or not. */
export async function stepsOf(run: ReadableFolder): Promise<number[]> {
  if ((await run.kind("checkpoints")) !== "folder") return [];
  const steps = (await run.list("checkpoints"))
    .filter(({ name, kind }) => kind === "folder" && /^step-\d{6,}$/.test(name))
    .map(({ name }) => Number(name.slice("step-".length)));
  return steps.sort((a, b) => a - b);
}

/** Opens one checkpoint and compares its files with its manifest. @throws CheckpointError naming the damaged file */
export async function openCheckpoint(run: ReadableFolder, step: number): Promise<Checkpoint> {
  const folder = run.at(pathOf(step));
  const { score, files } = await readManifest(folder, step);
  for (const [path, { bytes, crc32: sum }] of Object.entries(files)) {
    const shown = folder.describe(path);
    if ((await folder.kind(path)) !== "file") throw new CheckpointError(`${shown} is missing from its checkpoint.`);
    const found = await measure(folder, path);
    if (found.bytes !== bytes) {
      throw new CheckpointError(`${shown} has ${found.bytes} bytes, and ${bytes} were saved. It is damaged.`);
    }
    if (found.crc32 !== sum) throw new CheckpointError(`${shown} is not what was saved (its checksum differs).`);
  }
  return { step, score, folder };
}

interface FileRecord {
  readonly bytes: number;
  readonly crc32: string;
}

interface Manifest {
  readonly step: number;
  readonly score?: number | undefined;
  readonly files: Readonly<Record<string, FileRecord>>;
}

/** Where the checkpoint of a step is, in its run. */
export function pathOf(step: number): string {
  return `checkpoints/step-${String(step).padStart(6, "0")}`;
}

async function writeManifest(folder: Folder, step: number, score: number | undefined): Promise<void> {
  const files: Record<string, FileRecord> = {};
  for (const path of await filesOf(folder)) if (path !== MANIFEST) files[path] = await measure(folder, path);
  const known = score !== undefined && Number.isFinite(score) ? { score } : {};
  await folder.write(MANIFEST, `${JSON.stringify({ format: FORMAT, step, ...known, files }, undefined, 2)}\n`);
}

async function readManifest(folder: ReadableFolder, step: number): Promise<Manifest> {
  const shown = folder.describe(MANIFEST);
  let value: unknown;
  try {
    value = await readJson(folder, MANIFEST);
  } catch (error) {
    if (!(error instanceof HeedError)) throw error;
    throw new CheckpointError(error.message, { cause: error });
  }
  if (!isManifest(value) || value.step !== step) {
    throw new CheckpointError(`${shown} is not the list of files of the checkpoint of step ${step}. It is damaged.`);
  }
  return value;
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  const { format, step, score, files } = value as Record<string, unknown>;
  if (format !== FORMAT || typeof step !== "number" || !["undefined", "number"].includes(typeof score)) return false;
  if (typeof files !== "object" || files === null) return false;
  return Object.values(files as Record<string, Partial<FileRecord> | null>).every(
    (file) => typeof file?.bytes === "number" && typeof file.crc32 === "string",
  );
}

/** Length and checksum of a file, read piece by piece. */
async function measure(folder: ReadableFolder, path: string): Promise<FileRecord> {
  let [bytes, sum] = [0, 0];
  for await (const piece of folder.readStream(path)) {
    bytes += piece.length;
    sum = crc32(piece, sum);
  }
  return { bytes, crc32: sum.toString(16).padStart(8, "0") };
}

/** The paths of all files in a folder and in the folders in it. */
async function filesOf(folder: ReadableFolder, below = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, kind } of await folder.list(below)) {
    const path = below === "" ? name : `${below}/${name}`;
    if (kind === "file") paths.push(path);
    else paths.push(...(await filesOf(folder, path)));
  }
  return paths;
}

async function firstWhole(
  run: ReadableFolder,
  steps: readonly number[],
  warn: ((message: string) => void) | undefined,
): Promise<Checkpoint | undefined> {
  for (const step of steps) {
    try {
      return await openCheckpoint(run, step);
    } catch (error) {
      if (!(error instanceof HeedError)) throw error;
      warn?.(`The checkpoint of step ${step} is passed over: ${error.message}`);
    }
  }
  if (steps.length === 0) return undefined;
  throw new CheckpointError(
    `${run.describe("checkpoints")} has ${steps.length} checkpoint${steps.length > 1 ? "s" : ""}, all damaged. ` +
      `Restore one from a copy, or start again in another folder.`,
  );
}

/** The steps whose checkpoints have a score, the best first. */
async function byScore(run: ReadableFolder, steps: readonly number[], better: Better): Promise<number[]> {
  const scored: { step: number; score: number }[] = [];
  for (const step of steps) {
    try {
      const { score } = await readManifest(run.at(pathOf(step)), step);
      if (score !== undefined) scored.push({ step, score });
    } catch (error) {
      if (!(error instanceof HeedError)) throw error;
    }
  }
  const sign = better === "lower" ? 1 : -1;
  return scored.sort((a, b) => sign * (a.score - b.score) || b.step - a.step).map(({ step }) => step);
}

async function prune(run: Folder, current: number, keep: number, better: Better): Promise<void> {
  const steps = await stepsOf(run);
  const past = steps.filter((step) => step <= current);
  const [best] = await byScore(run, past, better);
  const kept = new Set(past.slice(-keep));
  for (const step of steps) if (!kept.has(step) && step !== best) await run.remove(pathOf(step));
}
