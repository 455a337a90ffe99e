/** A checkpoint as ONNX files, with what another program needs to run them. */
import {
  besideKey,
  CONFIG,
  exportOnnx,
  openFolderTokenizer,
  portsText,
  readWeights,
  TOKENIZER,
  writeSettings,
  type ExportedProgram,
  type ExportOptions,
} from "../checkpoints/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import { parametersOf } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { BINARY_TOKENIZER_FILES, TEXT_TOKENIZER_FILES, type Tokenizer } from "../tokens/index.ts";
import { inspectCheckpoint, type OpenOptions } from "./open.ts";

const TOKENIZER_CONFIG = "tokenizer_config.json";

/** What of a checkpoint is exported. */
export type ExportModelOptions = ExportOptions & Pick<OpenOptions, "task" | "className" | "adapter">;

/**
 * Writes a checkpoint of any family as Transformers.js opens it: config.json, the tokenizer's files and
 * generation_config.json as they are, and under `onnx/` the files that `exportPlans` describes.
 * Throws CheckpointError or ConfigError for what cannot be opened, InputError for an output that is not computed.
 */
export async function exportModel(
  checkpoint: ReadableFolder,
  folder: Folder,
  options: ExportModelOptions = {},
): Promise<ExportedProgram[]> {
  const { architecture, config, match, beside, ...from } = await inspectCheckpoint(checkpoint, options);
  const parameters = parametersOf(architecture);
  const weights = new Map<string, HostTensor>();
  const stored = readWeights(from.weights, match, { parameters, seed: 1 });
  for await (const [name, value] of stored) weights.set(name, value);
  const programs = await exportOnnx(folder, architecture, weights, options);
  for (const [file, settings] of beside) await writeSettings(folder, file, settings.values, settings);
  await writeTokenizer(from.tokenizerFolder, folder, architecture.modelType);
  const json = { ...architecture.toJson(config.values), ...besideKey(programs) };
  await writeSettings(folder, CONFIG, json, config);
  await folder.write("README.md", `# ${architecture.className} as ONNX\n\n${portsText(programs)}`);
  return programs;
}

/** Writes the tokenizer of a folder into another one, if it has one: models of images, and goldens, have none. */
export async function writeTokenizer(from: ReadableFolder, to: Folder, modelType: string): Promise<void> {
  const names = (await from.list()).map(({ name }) => name);
  if (![...TEXT_TOKENIZER_FILES, ...BINARY_TOKENIZER_FILES].some((name) => names.includes(name))) return;
  await writeTokenizerFiles(to, await openFolderTokenizer(from, modelType));
}

/** A tokenizer's files, with the two that Transformers.js asks for: tokenizer.json and tokenizer_config.json. */
export async function writeTokenizerFiles(folder: Folder, tokenizer: Tokenizer): Promise<void> {
  const files = new Map(tokenizer.files());
  if (!files.has(TOKENIZER)) files.set(TOKENIZER, tokenizer.toText());
  for (const [name, content] of files) await folder.write(name, content);
  if (files.has(TOKENIZER_CONFIG)) return;
  const special = Object.entries(tokenizer.special).map(([role, { token }]) => [`${role}_token`, token] as const);
  const json = { ...Object.fromEntries(special), tokenizer_class: "PreTrainedTokenizerFast" };
  await writeSettings(folder, TOKENIZER_CONFIG, json);
}
