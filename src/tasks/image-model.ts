/** A model of images: from images to the model's inputs, by the settings in its folder. */
import { decodeImage, imageSettings, pixelValues, type ImageSettings, type RawImage } from "../data/index.ts";
import { CheckpointError, InputError } from "../errors/index.ts";
import type { Folder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Model, Results, RunOptions } from "./model.ts";
import { saveModel } from "./open.ts";

/** Pixels, or the bytes of an image file (see `decodeImage`). */
export type ImageInput = RawImage | Uint8Array;

/** How many are read at once. */
export interface ImageReadOptions {
  /** Default: 8 images, 32 texts. */
  readonly batch?: number | undefined;
}

/** The settings for a model's images. Throws CheckpointError where its folder has none, ConfigError for others. */
export function imageSettingsOf({ checkpoint, architecture }: Model): ImageSettings {
  const [file, whole] = ["preprocessor_config.json", "processor_config.json"];
  const { modelType } = architecture;
  const shown = (name: string): string => checkpoint?.folder.describe(name) ?? name;
  const own = checkpoint?.beside.get(file)?.values;
  if (own !== undefined) return imageSettings(own, modelType, shown(file));
  const part = checkpoint?.beside.get(whole)?.values["image_processor"];
  if (typeof part === "object" && part !== null) {
    return imageSettings(part as Readonly<Record<string, unknown>>, modelType, `${shown(whole)}, image_processor`);
  }
  throw new CheckpointError(
    `${shown(file)} is not there, so nothing says how large and how bright the model wants its images. ` +
      `Copy the file from where the model is from.`,
  );
}

/** Images as one input of a model. Throws InputError for none, and as `decodeImage` does. */
export async function readImages(images: readonly ImageInput[], settings: ImageSettings): Promise<HostTensor> {
  const decoded = images.map(async (image) => (image instanceof Uint8Array ? decodeImage(image) : image));
  return pixelValues(await Promise.all(decoded), settings);
}

/** Calls `read` with some images at a time, and gives what came of each, in their order. */
export async function inBatches<T, R>(
  items: readonly T[],
  batch: number,
  read: (some: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  if (!Number.isInteger(batch) || batch < 1) {
    throw new InputError(`batch is ${batch}; expected a whole number from 1 on.`);
  }
  const results: R[] = [];
  for (let start = 0; start < items.length; start += batch) {
    results.push(...(await read(items.slice(start, start + batch))));
  }
  return results;
}

/** A model that reads images. Dispose of it when done. */
export class ImageModel {
  readonly model: Model;
  readonly settings: ImageSettings;

  constructor(model: Model) {
    this.model = model;
    this.settings = imageSettingsOf(model);
  }

  /**
   * Outputs and inner tensors for images: `read([image], { outputs: ["logits", "attentions.0"] })`. Throws InputError
   * for none, for what is no image, and as `Model.run` does.
   */
  async read(images: readonly ImageInput[], options: RunOptions = {}): Promise<Results> {
    return this.model.run({ pixelValues: await readImages(images, this.settings) }, options);
  }

  /** Writes config.json, weights and the settings for images: a folder that Python opens. */
  async save(folder: Folder): Promise<void> {
    await saveModel(this.model, folder);
  }

  /** Frees the engine and all that it holds. */
  async dispose(): Promise<void> {
    await this.model.dispose();
  }
}
