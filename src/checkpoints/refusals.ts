/** What is refused instead of opened, with the reason and the way out. */
import { CheckpointError } from "../errors/index.ts";
import { isForeign, isPartial, isPickle, type Entry, type ReadableFolder } from "../files/index.ts";

const CONVERT =
  "Convert it in Python: from transformers import AutoModel; " +
  'AutoModel.from_pretrained("the-model").save_pretrained("a-new-folder"). ' +
  "Or download its safetensors: heed pull REPO --only safetensors.";

/** The error of a pickle file. */
export function pickleError(shown: string): CheckpointError {
  return new CheckpointError(
    `${shown} is a pickle: opening it runs whatever code is in it, so Heed opens none. ` +
      `Weights are read from model.safetensors. ${CONVERT}`,
  );
}

/**
 * Checks that this is a folder that may hold a model: it exists, is no file, and has a config.json.
 * @throws CheckpointError with what is there instead and what to give
 */
export async function requireModelFolder(folder: ReadableFolder): Promise<void> {
  const shown = folder.describe();
  const kind = await folder.kind("");
  if (kind === "file" && isPickle(shown)) throw pickleError(shown);
  if (kind === "file") {
    throw new CheckpointError(
      `${shown} is a file. Give the folder that holds config.json and model.safetensors, not one of its files.`,
    );
  }
  if ((await folder.kind("config.json")) === "file") return;
  if (kind === undefined) {
    throw new CheckpointError(`${shown} does not exist. Give a model's folder, or download one with: heed pull REPO.`);
  }
  const entries = await listed(folder);
  if (entries.some(({ name }) => isPartial(name))) throw halfDownload(shown, entries);
  const inside = entries.filter(({ kind: one }) => one === "folder").map(({ name }) => name);
  for (const name of inside) {
    if ((await folder.kind(`${name}/config.json`)) !== "file") continue;
    throw new CheckpointError(
      `${shown} is not a model folder: it has no config.json. ${folder.describe(name)} has one: give that folder.`,
    );
  }
  throw new CheckpointError(
    `${shown} is not a model folder: it has no config.json. Give a folder that Heed or save_pretrained wrote.`,
  );
}

/** The error of a folder without weights; of one without the file `wanted`, which its index lists, where given. */
export async function noWeights(folder: ReadableFolder, wanted?: string): Promise<CheckpointError> {
  const shown = folder.describe();
  const entries = await listed(folder);
  if (entries.some(({ name }) => isPartial(name))) return halfDownload(shown, entries);
  if (wanted !== undefined) {
    return new CheckpointError(
      `${shown} is not whole: the file ${wanted}, which the index of its weights lists, is missing. ` +
        `Copy or download the missing file.`,
    );
  }
  const named = (is: (name: string) => boolean): string | undefined => entries.find(({ name }) => is(name))?.name;
  const pickle = named(isPickle);
  if (pickle !== undefined) return pickleError(folder.describe(pickle));
  const foreign = named(isForeign);
  const other = foreign === undefined ? "" : ` Heed does not read ${foreign}.`;
  return new CheckpointError(
    `${shown} has no weights: neither model.safetensors nor model.safetensors.index.json is in it.${other} ` +
      `Give a folder that Heed or save_pretrained wrote, or download one with: heed pull REPO --only safetensors.`,
  );
}

function halfDownload(shown: string, entries: readonly Entry[]): CheckpointError {
  const partial = entries.find(({ name }) => isPartial(name))!.name;
  return new CheckpointError(
    `${shown} is half a download: ${partial} is not whole. ` +
      `Download it again with heed pull, which goes on where it stopped.`,
  );
}

/**
 * What a file is whose header claims more bytes than it has, told from its first eight; undefined where they tell
 * nothing.
 */
export function foreignContent(start: Uint8Array): string | undefined {
  const text = String.fromCharCode(...start.subarray(0, 8));
  if (text.startsWith("version ")) {
    return "it is a Git LFS pointer, a small text that stands for the file. Run git lfs pull, or download the model with heed pull";
  }
  if (text.startsWith("PK\u0003\u0004") || (start[0] === 0x80 && start[1]! <= 5)) {
    return `it is a pickle under another name, which runs code when it is opened. ${CONVERT.replace(/\.$/, "")}`;
  }
  if (/^\s*<(!doc|html)/i.test(text)) {
    return "it is a web page, such as a server's error message. Download the file again";
  }
  return undefined;
}

/** The folder's entries; none where they cannot be listed, as behind a web address. */
async function listed(folder: ReadableFolder): Promise<readonly Entry[]> {
  return folder.list().catch(() => []);
}
