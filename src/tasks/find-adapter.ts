/** The adapter of a checkpoint, where it has one, and the base that it belongs to. */
import { findModel } from "#hub";
import { CONFIG, isAdapterFolder, readAdapter, type Adapter } from "../checkpoints/index.ts";
import { CheckpointError, InputError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { parametersOf, type Architecture, type ConfigJson, type WantedHead } from "../models/index.ts";
import { BINARY_TOKENIZER_FILES } from "../tokens/index.ts";

/** A base with an adapter. */
export interface AdaptedFolder {
  readonly adapter: Adapter;
  readonly base: ReadableFolder;
  /** The adapter's own folder. */
  readonly folder: ReadableFolder;
}

/**
 * The adapter that is asked for, or that the folder itself is; undefined where there is none. The base of a folder that is
 * an adapter is what `base_model_name_or_path` names: a folder, from where the process was started or beside the adapter,
 * or a pulled model. Throws CheckpointError where it cannot be found.
 */
export async function adaptedFolder(
  folder: ReadableFolder,
  asked: ReadableFolder | undefined,
): Promise<AdaptedFolder | undefined> {
  const place = asked ?? ((await isAdapterFolder(folder)) ? folder : undefined);
  if (place === undefined) return undefined;
  const adapter = await readAdapter(place);
  const base = asked === undefined ? await baseOf(adapter, folder) : folder;
  if (!(await isAdapterFolder(base))) return { adapter, base, folder: place };
  throw new CheckpointError(
    `${place.describe()} is an adapter of ${base.describe()}, which is itself an adapter. ` +
      `Merge that one into its base first: heed adapter merge --model ${base.describe()} --out FOLDER.`,
  );
}

async function baseOf({ base, shown }: Adapter, folder: ReadableFolder): Promise<ReadableFolder> {
  const which = `${shown} is an adapter`;
  const advice = "Give the base, and the adapter beside it: --model BASE --adapter ADAPTER.";
  if (base === undefined) throw new CheckpointError(`${which} that names no base. ${advice}`);
  const beside = await besideFolder(folder, base);
  try {
    const found = await findModel(base);
    return (await found.kind(CONFIG)) === "file" || beside === undefined ? found : beside;
  } catch (error) {
    if (beside !== undefined) return beside;
    if (!(error instanceof Error && error.name === "InputError")) throw error;
    throw new CheckpointError(`${which} of ${base}, which cannot be found. ${advice}`, { cause: error });
  }
}

async function besideFolder(folder: ReadableFolder, base: string): Promise<ReadableFolder | undefined> {
  try {
    const place = folder.at(base);
    return (await place.kind(CONFIG)) === "file" ? place : undefined;
  } catch (error) {
    // Folders other than those of a disk cannot be left.
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The keys of config.json that tell the labels of a classifier. */
const LABEL_KEYS = ["id2label", "label2id", "num_labels", "problem_type", "architectures"];

/** What the head and the labels are with an adapter: those that are asked for, else its own. */
export function wantedWith<T extends WantedHead & { readonly config?: ConfigJson | undefined }>(
  wanted: T,
  { task, config }: Adapter,
): T {
  const own = Object.fromEntries(Object.entries(config?.values ?? {}).filter(([key]) => LABEL_KEYS.includes(key)));
  const named = config !== undefined || wanted.className !== undefined || wanted.task !== undefined;
  return { ...wanted, ...(!named && { task }), config: { ...own, ...wanted.config } };
}

/** Labels by number where an adapter's head has another number of classes than the base's config says. */
export function labelsFor({ full }: Adapter, architecture: Architecture): ConfigJson | undefined {
  const { labels } = architecture.config;
  if (!Array.isArray(labels)) return undefined;
  const shapes = new Map(parametersOf(architecture).map(({ name, shape }) => [name, shape]));
  for (const [name, { shape }] of full) {
    const [rows, ...rest] = shape;
    const known = shapes.get(name);
    if (known?.[0] !== labels.length || rows === labels.length || known.slice(1).join() !== rest.join()) continue;
    const names = Array.from({ length: rows! }, (_, i) => `LABEL_${i}`);
    return {
      id2label: Object.fromEntries(names.entries()),
      label2id: Object.fromEntries(names.map((label, i) => [label, i])),
    };
  }
  return undefined;
}

/** The folder of the two that has the tokenizer: the adapter's, if it brought one along. */
export async function tokenizerPlace(adapter: ReadableFolder, base: ReadableFolder): Promise<ReadableFolder> {
  const files = ["tokenizer.json", "vocab.txt", "vocab.json", ...BINARY_TOKENIZER_FILES];
  const kinds = await Promise.all(files.map((file) => adapter.kind(file)));
  return kinds.includes("file") ? adapter : base;
}
