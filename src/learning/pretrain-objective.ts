/** What is particular to an objective that a model learns from raw text (or images) by. */
import type { ReadableFolder } from "../files/index.ts";
import type { ConfigJson, WantedHead } from "../models/index.ts";
import type { ModelParameters } from "../nn/index.ts";
import type { Model } from "../tasks/model.ts";
import type { TextModel } from "../tasks/text-model.ts";
import type { Batch, Objective, Scores } from "../training/index.ts";
import type { PretrainConfig } from "./pretrain.ts";
import type { Lesson, WayContext } from "./way.ts";

/** Which draw of an example: what is drawn anew each epoch depends on the seed and on this. */
export interface Draw {
  readonly epoch: number;
  /** The batch's place in its epoch. */
  readonly batch: number;
}

/** What objectives of texts and of images share. `R` is what was read. */
interface AnyObjective<R> {
  /** Of the model that is written. */
  readonly head: WantedHead;
  /** Documents, pairs, images. Throws InputError that names file and line of what cannot be read; no files give none. */
  readonly read: (files: ReadableFolder, paths: readonly string[], config: PretrainConfig) => Promise<readonly R[]>;
  /** What a tokenizer is trained on. */
  readonly texts: (rows: readonly R[]) => Iterable<string>;
  /** What config.json must say for these rows. */
  readonly config?: (rows: readonly R[]) => ConfigJson;
}

/** Tokens, draws and loss. Throws InputError or ConfigError for what the model cannot learn from. */
type Prepare<M, R> = (
  model: M,
  rows: readonly R[],
  config: PretrainConfig,
  context: WayContext,
) => PreparedPretraining<R> | Promise<PreparedPretraining<R>>;

/** An objective of texts. */
export interface TextObjective<R = never> extends AnyObjective<R> {
  readonly prepare: Prepare<TextModel, R>;
}

/** An objective of images, whose models have no tokenizer. */
export interface ImageObjective<R = never> extends AnyObjective<R> {
  readonly prepareImages: Prepare<Model, R>;
}

/** An objective: from files to examples, from examples to inputs, targets and a loss. */
export type PretrainObjective<R = never> = TextObjective<R> | ImageObjective<R>;

/** An objective with its examples as a model reads them. */
export interface PreparedPretraining<R = never> {
  /** Tokens of each example. */
  readonly lengths: readonly number[];
  /** Rows of the inputs that an example makes; see RowBatchOptions. Default: 1. */
  readonly rowsOfExample?: number | undefined;
  readonly objective: Objective;
  /** The batch of the examples of these numbers, drawn anew each epoch, by the seed. */
  readonly batch: (examples: readonly number[], draw: Draw) => Omit<Batch, "examples">;
  /** Held-out loss and the like; the score that decides is `loss`. */
  readonly judge?: (rows: readonly R[]) => Promise<Scores>;
  /** What `heed data preview` prints. */
  readonly preview: (examples: readonly number[], draw: Draw) => PreviewRow[];
  /** For people: rows, lengths, what is drawn. */
  readonly summary: readonly string[];
  /** Where more is trained than the model itself (a generator). */
  readonly parameters?: ModelParameters;
  readonly stored?: Lesson["stored"];
  readonly write?: Lesson["write"];
}

/** What happened to a token of the input. */
export type PreviewMark = "masked" | "replaced" | "kept" | "inserted" | "boundary" | "padding";

/** A row as a model sees it, in tokens. Lists of one length stand one below the other; others one after the other. */
export interface PreviewRow {
  /** What the row is, where tokens do not say it: `pair: the second text is from elsewhere`. */
  readonly about?: string | undefined;
  /** Before anything was drawn. */
  readonly original: readonly string[];
  /** As the model reads it. */
  readonly input: readonly string[];
  /** What it must give at each place of the input, or, for models that write, what they must write; undefined: no loss. */
  readonly targets: readonly (string | undefined)[];
  /** For each token of the input, what happened to it. */
  readonly marks?: readonly (PreviewMark | undefined)[] | undefined;
  /** Further rows of the input, by name: segments, documents, positions. */
  readonly inputs?: Readonly<Record<string, readonly (string | number)[]>> | undefined;
}
