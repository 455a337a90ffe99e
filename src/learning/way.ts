/** What a way of learning is: a config that is checked, and what it trains once data and model are there. */
import type { Folder, ReadableFolder } from "../files/index.ts";
import type { Schema } from "../errors/schema.ts";
import type { ConfigKeys } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { EngineOptions } from "../runtime/index.ts";
import type { FitJob, FitOptions, Goal, Step, TrainingMemory } from "../training/index.ts";
import type { SideTexts } from "./duplicate-warnings.ts";
import type { FitConfig } from "./fit-config.ts";

/** What all configs have. */
export interface WayConfig {
  readonly seed: number;
  readonly training: FitConfig;
}

/** What a way gets to prepare with. */
export interface WayContext {
  /** Where the paths of the config lead. */
  readonly files: ReadableFolder;
  /** The checkpoint that a resumed run goes on from; undefined for a new run. */
  readonly from: ReadableFolder | undefined;
  readonly engine: EngineOptions;
  readonly warn: (message: string) => void;
}

/** What is about to be learned: the job, and how its result is written. Whoever runs it disposes of it. */
export interface Lesson extends Omit<FitJob, "run" | "write" | "goal"> {
  /** For people, before training starts: rows, labels, lengths, model. A line each. */
  readonly summary: readonly string[];
  /** A loop of its own, for what makes its batches while it learns; `epoch` is then not asked for. Default: `fit`. */
  readonly loop?: ((job: FitJob, options: FitOptions) => AsyncGenerator<Step, unknown>) | undefined;
  /** Updates of an epoch, where `epochs` may be asked for. */
  readonly updatesPerEpoch?: number | undefined;
  /** What training takes of the machine's memory. */
  readonly memory?: TrainingMemory | undefined;
  /** The text of each row to train, validate or test on: what is there twice is said before training starts. */
  readonly texts?: SideTexts | undefined;
  /**
   * The name under which a parameter is written to the model's folder; undefined for one that is not, such as a
   * teacher's. Default: its own name.
   */
  readonly stored?: ((name: string) => string | undefined) | undefined;
  /** Writes the whole model folder, from the parameters that have stored names, under those. */
  readonly write: (folder: Folder, weights: ReadonlyMap<string, HostTensor>) => Promise<void>;
  /** Writes the finished run's folder, from all parameters under their own names, where it is not as a checkpoint is. */
  readonly result?: ((folder: Folder, weights: ReadonlyMap<string, HostTensor>) => Promise<void>) | undefined;
  /** Scores of the finished model for the record and the last line. */
  readonly finish?: (() => Promise<Readonly<Record<string, number>>>) | undefined;
  readonly dispose: () => Promise<void>;
}

/** A way of learning. */
export interface Way<C extends WayConfig = WayConfig> {
  /** As the command is called: `finetune`. */
  readonly name: string;
  readonly schema: Schema<C>;
  /** The keys of the config and of its sections, for messages. */
  readonly keys: ConfigKeys;
  /** A JSON schema of the config, for editors. */
  readonly jsonSchema: () => Readonly<Record<string, unknown>>;
  /** The files that a config names, which a repeated run must find unchanged. */
  readonly files: (config: C) => readonly string[];
  /** The score that decides which checkpoint is best. Default: the lowest `loss`. */
  readonly goal?: ((config: C) => Goal) | undefined;
  /** Updates of a run that says neither updates, epochs nor minutes. */
  readonly updates: number;
  /** Opens data and model. Throws InputError, ConfigError or CheckpointError for what cannot be used. */
  readonly prepare: (config: C, context: WayContext) => Promise<Lesson>;
}
