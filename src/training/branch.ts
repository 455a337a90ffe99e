/** A branch of a run: a copy of one of its checkpoints in a folder of its own, to go on from with other settings. */
import { openCheckpoint, openRun } from "../checkpoints/index.ts";
import { ConfigError } from "../errors/index.ts";
import { readJson, type Folder, type ReadableFolder } from "../files/index.ts";

/** Settings of the section `training` that may differ in a branch: those that the optimizer's state does not depend on. */
export const branchSettings = [
  "updates",
  "minutes",
  "epochs",
  "patience",
  "learningRate",
  "schedule",
  "warmUp",
  "weightDecay",
  "clipNorm",
  "labelSmoothing",
  "validateEvery",
  "saveEvery",
] as const;

type Values = Readonly<Record<string, unknown>>;
const LOG = "log.jsonl";
const POSITION = "training.json";
const MANIFEST = "manifest.json";

/**
 * Copies the checkpoint of a step, and the log, into a new run folder, whose run goes on with `--resume` and the changed
 * settings. Throws ConfigError for a setting that cannot differ and for a folder that is there already, CheckpointError
 * for a checkpoint that is missing or damaged.
 */
export async function branchRun(from: ReadableFolder, step: number, to: Folder, changed: Values): Promise<void> {
  requireBranchSettings(changed);
  if ((await to.kind("")) !== undefined) {
    throw new ConfigError(`${to.describe()} is there already. Give the branch another name.`);
  }
  const { folder, score } = await openCheckpoint(from, step);
  const stored = (await readJson(folder, POSITION)) as { readonly position: Values; readonly settings: Values };
  const run = await openRun(to);
  try {
    if ((await from.kind(LOG)) === "file") await to.write(LOG, from.readStream(LOG));
    const write = async (aside: Folder): Promise<void> => {
      await copyFiles(folder, aside, new Set([MANIFEST, POSITION]));
      const settings = changedSettings(stored.settings, changed);
      await aside.write(POSITION, `${JSON.stringify({ ...stored, settings }, undefined, 2)}\n`);
    };
    await run.save(step, write, score);
  } finally {
    await run.close();
  }
}

/** Throws ConfigError that names the settings that a branch cannot have of its own. */
function requireBranchSettings(changed: Values): void {
  const allowed: readonly string[] = branchSettings;
  const others = Object.keys(changed).filter((name) => !allowed.includes(name));
  if (others.length === 0) return;
  throw new ConfigError(`A branch cannot change ${others.join(", ")}; it can change ${allowed.join(", ")}.`);
}

/** As the run would write them with the changed settings: ends are told only where the curve depends on them. */
function changedSettings(settings: Values, { patience, ...changed }: Values): Values {
  const { updates, minutes, epochs, ...training } = { ...(settings["training"] as Values), ...changed } as Values;
  const ends =
    training["schedule"] === "linear" || training["schedule"] === "cosine" ? { updates, minutes, epochs } : {};
  const told = patience === undefined ? {} : { patience };
  return { ...settings, ...told, training: { ...training, ...ends } };
}

async function copyFiles(from: ReadableFolder, to: Folder, except: ReadonlySet<string>, below = ""): Promise<void> {
  for (const { name, kind } of await from.list(below)) {
    const path = below === "" ? name : `${below}/${name}`;
    if (kind === "folder") await copyFiles(from, to, except, path);
    else if (!except.has(path)) await to.write(path, from.readStream(path));
  }
}
