/** What is looked into: a model with its tokenizer or its image settings, from a folder of any kind that Heed opens. */
import { CONFIG, openFolderTokenizer, readSettings } from "../checkpoints/index.ts";
import type { ImageSettings } from "../data/index.ts";
import { CheckpointError, ConfigError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { attentionGroups, type AttentionGroup, type InspectedModel } from "../insight/index.ts";
import { neededInputs, TRANSFORMER, type Architecture } from "../models/index.ts";
import type { ModelParameters } from "../nn/index.ts";
import type { EngineOptions } from "../runtime/index.ts";
import { imageSettingsOf } from "../tasks/image-model.ts";
import { Model } from "../tasks/model.ts";
import { openModel } from "../tasks/open.ts";
import { TextModel } from "../tasks/text-model.ts";
import { translatorArchitecture } from "../tasks/translator-model.ts";
import { Translator } from "../tasks/translator.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { Traces } from "./traces.ts";

/** A model that is looked into. Dispose of it when done. */
export interface Subject {
  readonly architecture: Architecture;
  readonly model: Model & InspectedModel;
  readonly parameters: ModelParameters;
  /** Undefined for a model of images alone, and for a folder without a tokenizer. */
  readonly tokenizer: Tokenizer | undefined;
  /** How images are read; undefined for a model of text. */
  readonly images: ImageSettings | undefined;
  /** Its attention, as far as it is published for the inputs that `reading` gives. */
  readonly attention: readonly AttentionGroup[];
  /** The translator that Heed trained, where it is one. */
  readonly translator: Translator | undefined;
  /** A model that reads text, where it is one that came from another folder. */
  readonly text: TextModel | undefined;
  /** Where it came from; undefined for one that was made in this process. */
  readonly folder: ReadableFolder | undefined;
  /** Tensors that were computed lately. */
  readonly traces: Traces;
  dispose(): Promise<void>;
}

/** Opens a folder to look into it. Throws CheckpointError or ConfigError as `open` does. */
export async function openSubject(folder: ReadableFolder, given: EngineOptions = {}): Promise<Subject> {
  // Many small programs, each run a few times: what counts is how soon one is ready, as in generation.
  const options = { purpose: "generation" as const, ...given };
  const described = (await folder.kind(CONFIG)) === "file";
  // Of a folder without a config, the translator says what is missing: it knows trainings that are not finished.
  if (!described || (await readSettings(folder, CONFIG)).values["model_type"] === TRANSFORMER) {
    return translatorSubject(await Translator.open(folder, options), folder);
  }
  const model = await openModel(folder, options);
  try {
    return modelSubject(model, await tokenizerOf(folder, model.architecture), folder);
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** A translator as something to look into; whoever opened it may go on using it. */
export function translatorSubject(translator: Translator, folder?: ReadableFolder): Subject {
  const architecture = translatorArchitecture(translator.config);
  return {
    architecture,
    model: new Model(architecture, translator.parameters),
    parameters: translator.parameters,
    tokenizer: translator.tokenizer,
    images: undefined,
    attention: attentionGroups(architecture),
    translator,
    text: undefined,
    folder,
    traces: new Traces(),
    dispose: () => translator.dispose(),
  };
}

/** Any other model as something to look into. */
export function modelSubject(model: Model, tokenizer?: Tokenizer, folder?: ReadableFolder): Subject {
  const { architecture } = model;
  const images = architecture.inputs["pixelValues"] === undefined ? undefined : settingsOf(model);
  return {
    architecture,
    model,
    parameters: model.parameters,
    tokenizer,
    images,
    attention: attentionGroups(architecture, readInputs(architecture)),
    translator: undefined,
    text: tokenizer === undefined ? undefined : new TextModel(model, tokenizer),
    folder,
    traces: new Traces(),
    dispose: () => model.dispose(),
  };
}

/** The inputs that a text, an image or both become. Heads that write read what they wrote; others make it of the text. */
export function readInputs(architecture: Architecture): string[] {
  const { task, inputs } = architecture;
  const both = task === "image-text" ? ["inputIds", "pixelValues"] : [];
  const writes = task === "conditional-generation" || inputs["decoderInputIds"]?.needed === true;
  const target = writes && inputs["decoderInputIds"] !== undefined ? ["decoderInputIds"] : [];
  const given = [...both, ...target];
  return [...new Set([...given, ...neededInputs(architecture, given)])];
}

/** How images are read; models without settings read images of their own size, from -1 to 1. */
function settingsOf(model: Model): ImageSettings {
  try {
    return imageSettingsOf(model);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    const [, , height, width] = model.architecture.inputs["pixelValues"]!.shape as readonly number[];
    const half = [0.5, 0.5, 0.5];
    return {
      resize: { width: width!, height: height! },
      resampling: "bilinear",
      crop: undefined,
      scale: 1 / 255,
      normalize: { mean: half, deviation: half },
    };
  }
}

async function tokenizerOf(folder: ReadableFolder, architecture: Architecture): Promise<Tokenizer | undefined> {
  if (architecture.inputs["inputIds"] === undefined) return undefined;
  try {
    return await openFolderTokenizer(folder, architecture.modelType);
  } catch (error) {
    // Ids can still be given where the folder has no tokenizer.
    if (error instanceof CheckpointError || error instanceof ConfigError) return undefined;
    throw error;
  }
}
