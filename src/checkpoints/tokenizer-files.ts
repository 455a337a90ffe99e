import { CheckpointError, HeedError } from "../errors/index.ts";
import { readJson, readText, type ReadableFolder } from "../files/index.ts";
import {
  BINARY_TOKENIZER_FILES,
  openTokenizerFiles,
  PICKLED_TOKENIZER_FILES,
  TEXT_TOKENIZER_FILES,
  type Tokenizer,
} from "../tokens/index.ts";

/**
 * Opens the tokenizer of a model folder from whatever it has: `tokenizer.json`, or the older files of its family, with
 * tokenizer_config.json, special_tokens_map.json, added_tokens.json and chat_template.jinja beside them.
 * @param modelType The family; `model_type` of the folder's config.json unless told otherwise.
 * Throws CheckpointError where files are missing or damaged, for a family that is not known, and for a vocabulary
 * that is a Python object.
 */
export async function openFolderTokenizer(folder: ReadableFolder, modelType?: string): Promise<Tokenizer> {
  const files = new Map<string, string | Uint8Array>();
  for (const name of TEXT_TOKENIZER_FILES) {
    if ((await folder.kind(name)) === "file") files.set(name, await readText(folder, name));
  }
  for (const name of BINARY_TOKENIZER_FILES) {
    if ((await folder.kind(name)) === "file") files.set(name, await folder.read(name));
  }
  if (!files.has("tokenizer.json") && !files.has("vocab.txt")) await refusePickles(folder);
  try {
    return openTokenizerFiles(files, modelType ?? (await modelTypeOf(folder)));
  } catch (error) {
    if (!(error instanceof HeedError)) throw error;
    throw new CheckpointError(`The tokenizer of ${folder.describe()} cannot be opened: ${error.message}`, {
      cause: error,
    });
  }
}

async function refusePickles(folder: ReadableFolder): Promise<void> {
  for (const name of PICKLED_TOKENIZER_FILES) {
    if ((await folder.kind(name)) !== "file") continue;
    throw new CheckpointError(
      `${folder.describe(name)} is a pickled Python object, which is not opened here: unpickling runs whatever code ` +
        `the file names. Write its words, one a line and in the order of their ids, to vocab.txt: in Python, ` +
        `open("vocab.txt", "w").write("\\n".join(tokenizer.idx2sym)).`,
    );
  }
}

async function modelTypeOf(folder: ReadableFolder): Promise<string | undefined> {
  if ((await folder.kind("config.json")) !== "file") return undefined;
  const config = await readJson(folder, "config.json");
  const type = typeof config === "object" && config !== null && "model_type" in config ? config.model_type : undefined;
  return typeof type === "string" ? type : undefined;
}
