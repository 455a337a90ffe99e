/** `open`: a checkpoint as the thing that it is used for. */
import { findModel } from "#hub";
import type { ReadableFolder } from "../files/index.ts";
import type { ModelTask } from "../models/index.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { QuestionAnswerer } from "./answer.ts";
import { ImageClassifier } from "./classify-images.ts";
import { TextClassifier } from "./classify.ts";
import { TextEmbedder } from "./embed.ts";
import { MaskFiller } from "./fill.ts";
import { TextConverter, TextGenerator } from "./generate-text.ts";
import { ImageTextMatcher } from "./match.ts";
import type { Model } from "./model.ts";
import { openModel, type OpenOptions } from "./open.ts";
import { TokenTagger } from "./tag.ts";
import { TextModel, tokenizerOf } from "./text-model.ts";

/** What `open` gives for each task. */
export interface TaskModels {
  readonly fill: MaskFiller;
  readonly generate: TextGenerator;
  readonly classify: TextClassifier;
  readonly tag: TokenTagger;
  readonly answer: QuestionAnswerer;
  readonly translate: TextConverter;
  readonly summarize: TextConverter;
  readonly embed: TextEmbedder;
  readonly "classify-images": ImageClassifier;
  /** Images with texts. */
  readonly match: ImageTextMatcher;
  /** Any head, with the tokenizer. */
  readonly read: TextModel;
}
/** The name of a task. */
export type TaskName = keyof TaskModels;

/** The head that a task needs; undefined for the one that the checkpoint was saved with. */
const heads: Readonly<Record<TaskName, ModelTask | undefined>> = {
  fill: "masked-lm",
  generate: "causal-lm",
  classify: "sequence-classification",
  tag: "token-classification",
  answer: "question-answering",
  translate: "conditional-generation",
  summarize: "conditional-generation",
  embed: "features",
  "classify-images": "image-classification",
  match: "image-text",
  read: undefined,
};

const withTokenizer =
  <M>(Made: new (model: Model, tokenizer: Tokenizer) => M) =>
  async (model: Model): Promise<M> =>
    new Made(model, await tokenizerOf(model));

const makers: { readonly [T in TaskName]: (model: Model) => TaskModels[T] | Promise<TaskModels[T]> } = {
  fill: withTokenizer(MaskFiller),
  generate: withTokenizer(TextGenerator),
  classify: withTokenizer(TextClassifier),
  tag: withTokenizer(TokenTagger),
  answer: withTokenizer(QuestionAnswerer),
  translate: withTokenizer(TextConverter),
  summarize: withTokenizer(TextConverter),
  embed: withTokenizer(TextEmbedder),
  "classify-images": (model) => new ImageClassifier(model),
  match: withTokenizer(ImageTextMatcher),
  read: withTokenizer(TextModel),
};

/** How `open` opens. */
export type OpenTaskOptions<T extends TaskName> = Omit<OpenOptions, "task"> & { readonly task: T };

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
export async function open(place: string | ReadableFolder, options?: OpenOptions): Promise<Model>;
export async function open(
  place: string | ReadableFolder,
  options: OpenOptions | OpenTaskOptions<TaskName> = {},
): Promise<Model | TaskModels[TaskName]> {
  const folder = typeof place === "string" ? await findModel(place) : place;
  const { task } = options;
  if (task === undefined || !(task in makers)) return openModel(folder, options as OpenOptions);
  const name = task as TaskName;
  const model = await openModel(folder, { ...options, task: heads[name] });
  try {
    return await makers[name](model);
  } catch (error) {
    await model.dispose();
    throw error;
  }
}
