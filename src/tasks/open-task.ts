/** `open`: a checkpoint as the thing that it is used for. */
import { findModel } from "#hub";
import { openFolderTokenizer } from "../checkpoints/index.ts";
import { InputError, nearest } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { WantedHead } from "../models/index.ts";
import { QuestionAnswerer } from "./answer.ts";
import { ImageClassifier } from "./classify-images.ts";
import { TextClassifier } from "./classify.ts";
import { TextSummarizer, TextTranslator } from "./convert.ts";
import { TextEmbedder } from "./embed.ts";
import { MaskFiller } from "./fill.ts";
import { TextGenerator } from "./generate-text.ts";
import { ImageTextMatcher } from "./match.ts";
import type { Model } from "./model.ts";
import { inspectCheckpoint, loadModel, openModel, type OpenOptions } from "./open.ts";
import { requireOneScore, RewardModel } from "./reward-model.ts";
import { TokenTagger } from "./tag.ts";
import { TextModel } from "./text-model.ts";

/** Of each task: what opens it, and the head that it needs. */
const tasks = {
  fill: { opens: MaskFiller, head: { task: "masked-lm" } },
  generate: { opens: TextGenerator, head: { task: "causal-lm" } },
  classify: { opens: TextClassifier, head: { task: "sequence-classification" } },
  /** How good an answer is. */
  reward: { opens: RewardModel, head: { task: "sequence-classification" } },
  tag: { opens: TokenTagger, head: { task: "token-classification" } },
  answer: { opens: QuestionAnswerer, head: { task: "question-answering" } },
  translate: { opens: TextTranslator, head: { task: "conditional-generation" } },
  summarize: { opens: TextSummarizer, head: { task: "conditional-generation" } },
  embed: { opens: TextEmbedder, head: { task: "features", reads: ["inputIds"] } },
  "classify-images": { opens: ImageClassifier, head: { task: "image-classification" } },
  /** Images with texts. */
  match: { opens: ImageTextMatcher, head: { task: "image-text" } },
  /** Whatever head the checkpoint has. */
  read: { opens: TextModel, head: {} },
} as const satisfies Readonly<Record<string, { readonly opens: unknown; readonly head: WantedHead }>>;

/** The name of a task. */
export type TaskName = keyof typeof tasks;
/** What `open` gives for each task. */
export type TaskModels = { readonly [T in TaskName]: InstanceType<(typeof tasks)[T]["opens"]> };

/** The names of the tasks that a checkpoint can be opened for. */
export const taskNames = Object.keys(tasks) as readonly TaskName[];

/** What `open` takes whatever the task. */
type Opening = Omit<OpenOptions, keyof WantedHead | "adapter"> & {
  /** An adapter of the model: a folder, or the name of one that was pulled. It is merged into the weights. */
  readonly adapter?: string | ReadableFolder | undefined;
};

/** How `open` opens. */
export type OpenTaskOptions<T extends TaskName> = Opening & {
  readonly task: T;
  /** The class of the family, by Hugging Face's name, where there are several for the task. */
  readonly className?: string | undefined;
};

/**
 * Opens a checkpoint for a task: a folder, or the name of one that was pulled from the hub. What comes back follows the
 * task: `(await open("DIR", { task: "fill" })).fill("Paris is the [MASK] of France.")`. Without a task, the model alone:
 * `(await open("DIR")).run({ inputIds }, { outputs: ["logits", "hiddenStates.1"] })`.
 * Throws CheckpointError or ConfigError that says what is wrong with the checkpoint, or that it has no such head.
 */
export async function open<T extends TaskName>(
  place: string | ReadableFolder,
  options: OpenTaskOptions<T>,
): Promise<TaskModels[T]>;
export async function open(
  place: string | ReadableFolder,
  options?: Opening & Omit<WantedHead, "task"> & { readonly task?: undefined },
): Promise<Model>;
export async function open(
  place: string | ReadableFolder,
  options: Opening & {
    readonly task?: TaskName | undefined;
    readonly className?: string | undefined;
  } = {},
): Promise<Model | TaskModels[TaskName]> {
  const { task: name, adapter: asked, ...others } = options;
  if (name !== undefined) requireTask(name);
  const find = async (one: string | ReadableFolder): Promise<ReadableFolder> =>
    typeof one === "string" ? findModel(one) : one;
  const folder = await find(place);
  const rest = { ...others, adapter: asked === undefined ? undefined : await find(asked) };
  if (name === undefined) return openModel(folder, rest);
  const { opens, head }: { readonly opens: unknown; readonly head: WantedHead } = tasks[name];
  // Vectors are made of hidden states: a pooler that the checkpoint lacks is not used.
  const checkpoint = await inspectCheckpoint(folder, { ...rest, ...head, ...(name === "embed" && { fresh: true }) });
  const { architecture } = checkpoint;
  if (head.task !== undefined && architecture.task !== head.task) {
    throw new InputError(
      `${architecture.className} is for ${architecture.task}; to ${name} takes one for ${head.task}.`,
    );
  }
  if (opens === RewardModel) requireOneScore(architecture);
  if (opens === ImageClassifier) return new ImageClassifier(await loadModel(checkpoint, rest));
  const tokenizer = await openFolderTokenizer(checkpoint.tokenizerFolder, architecture.modelType);
  const made = opens as new (...parts: ConstructorParameters<typeof TextModel>) => TextModel;
  return new made(await loadModel(checkpoint, rest), tokenizer);
}

function requireTask(name: string): asserts name is TaskName {
  if ((taskNames as readonly string[]).includes(name)) return;
  const near = nearest(name, taskNames);
  throw new InputError(
    `There is no task "${name}".${near === undefined ? "" : ` Did you mean "${near}"?`} The tasks are ${taskNames.join(", ")}.`,
  );
}
