/** The record of a run, `run.json`: all that repeating it needs. */
import { z } from "zod";
import { CheckpointError, InputError } from "../errors/index.ts";
import { readJson, type Folder, type ReadableFolder } from "../files/index.ts";

/** The file's name in a run folder. */
export const RECORD = "run.json";

const schema = z.object({
  way: z.string(),
  /** With all defaults filled in. */
  config: z.record(z.string(), z.unknown()),
  /** The engine in words (build, threads), and whatever else numbers may depend on, by name. */
  machine: z.record(z.string(), z.string()),
  engine: z.record(z.string(), z.unknown()),
  data: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })),
  updates: z.number().optional(),
  seconds: z.number().optional(),
  scores: z.record(z.string(), z.number()).optional(),
});
/** What a run was made from and came to. */
export type RunRecord = z.infer<typeof schema>;

/** A file that a run reads, as it was. */
export type DataFile = RunRecord["data"][number];

/** Sizes and SHA-256 sums of files. Throws InputError for one that is not there. */
export async function dataFiles(files: ReadableFolder, paths: readonly string[]): Promise<DataFile[]> {
  const found: DataFile[] = [];
  for (const path of paths) {
    if ((await files.kind(path)) !== "file") {
      throw new InputError(`${files.describe(path)} is not there, or is no file. Give a file of examples.`);
    }
    const bytes = await files.read(path);
    const sum = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
    const sha256 = [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    found.push({ path, bytes: bytes.length, sha256 });
  }
  return found;
}

/** Writes a run's record. */
export async function writeRecord(folder: Folder, record: RunRecord): Promise<void> {
  await folder.write(RECORD, `${JSON.stringify(record, undefined, 2)}\n`);
}

/** Reads a run's record. Throws CheckpointError where the folder has none, or another kind of file. */
export async function readRecord(folder: ReadableFolder): Promise<RunRecord> {
  if ((await folder.kind(RECORD)) !== "file") {
    throw new CheckpointError(
      `${folder.describe()} has no ${RECORD}: it is no finished run of heed pretrain, finetune or the like.`,
    );
  }
  const result = schema.safeParse(await readJson(folder, RECORD));
  if (result.success) return result.data;
  throw new CheckpointError(
    `${folder.describe(RECORD)} is not the record of a run: ${result.error.issues[0]!.message}.`,
  );
}
