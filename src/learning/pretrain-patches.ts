/** Masked patches of images (Xie et al.: "SimMIM: A simple framework for masked image modeling", 2022), for ViT. */
import { z } from "zod";
import { writeSettings } from "../checkpoints/index.ts";
import {
  decodeImage,
  imageSettings,
  maskPatches,
  pixelValues,
  type ImageSettings,
  type RawImage,
} from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { batchedOnce, lossOf } from "../objectives/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { random } from "../random/index.ts";
import { imageSettingsOf } from "../tasks/image-model.ts";
import type { Model } from "../tasks/model.ts";
import { saveModel } from "../tasks/open.ts";
import type { Batch } from "../training/index.ts";
import { judgeBy } from "./held-out.ts";
import type { ImageObjective, PreparedPretraining, PreviewRow } from "./pretrain-objective.ts";
import type { PretrainConfig } from "./pretrain.ts";

/** The section `patches` of the config. */
export const patchKeys = {
  /** The share of an image that is hidden. */
  share: z.number().positive().lt(1).default(0.6),
  /** The side of a square that is hidden as a whole, in patches. */
  side: z.int().positive().default(1),
};

/** The pixels of hidden patches from those that are seen. */
export const maskedPatches: ImageObjective<RawImage> = {
  head: { task: "masked-image" },
  read: readImages,
  texts: () => [],
  prepareImages: prepare,
};

/** Each file is an image. */
async function readImages(files: ReadableFolder, paths: readonly string[]): Promise<RawImage[]> {
  const images: RawImage[] = [];
  for (const path of paths) {
    try {
      images.push(await decodeImage(await files.read(path)));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`${files.describe(path)}: ${error.message}`, { cause: error });
    }
  }
  return images;
}

/** The file that says how images become numbers. */
const SETTINGS = "preprocessor_config.json";

function prepare(model: Model, images: readonly RawImage[], config: PretrainConfig): PreparedPretraining<RawImage> {
  const { seed, patches: masking, training } = config;
  const { architecture } = model;
  const { imageSize, patch } = architecture.config as { readonly imageSize: number; readonly patch: number };
  const across = Math.floor(imageSize / patch);
  const fresh = model.checkpoint?.beside.has(SETTINGS) === true ? undefined : settingsFor(imageSize);
  const settings =
    fresh === undefined ? imageSettingsOf(model) : imageSettings(fresh, architecture.modelType, SETTINGS);
  const mask = (...stream: readonly (number | string)[]): Int32Array => maskPatches(across, masking, random(...stream));
  const drawn = (example: number, epoch: number): Int32Array => mask(seed, "patches", epoch, example);
  const objective = lossOf(architecture, ["pixelValues", "boolMaskedPos"]);
  const tokens = across * across + 1;
  const judge = judgeBy<RawImage>(
    model.parameters,
    objective,
    (held) =>
      batchedOnce(held.map(() => tokens), training.batchTokens, (places) => batchOf(places.map((i) => held[i]!), places.map((i) => mask("held-out patches", i)), settings)), // prettier-ignore
    ({ loss }) => ({ loss: loss! }),
  );
  return {
    lengths: images.map(() => tokens),
    objective,
    batch: (examples, { epoch }) =>
      batchOf(examples.map((example) => images[example]!), examples.map((example) => drawn(example, epoch)), settings), // prettier-ignore
    judge: async (held) => {
      const masks = held.map((_, i) => mask("held-out patches", i));
      return { ...(await judge(held)), "mean color loss": meanColorLoss(held, masks, { settings, across, patch }) };
    },
    preview: (examples, { epoch }) => examples.map((example) => previewOf(drawn(example, epoch), across)),
    summary: [
      `${images.length} images of ${imageSize} × ${imageSize} pixels, ${across} × ${across} patches`,
      `${Math.round(masking.share * 100)} % of the patches hidden, in squares of ${masking.side}`,
    ],
    write: async (folder, weights) => {
      await saveModel(model, folder, weights);
      if (fresh !== undefined) await writeSettings(folder, SETTINGS, fresh);
    },
  };
}

/** What the processor of ViT does to images of any size. */
const settingsFor = (size: number): Record<string, unknown> => ({
  image_processor_type: "ViTImageProcessor",
  do_resize: true,
  size: { height: size, width: size },
  resample: 2,
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
});

/** The loss of the head is a mean, so a batch is one target. */
function batchOf(
  images: readonly RawImage[],
  masks: readonly Int32Array[],
  settings: ImageSettings,
): Omit<Batch, "examples"> {
  const size = masks[0]!.length;
  const data = new Int32Array(masks.length * size);
  for (const [i, mask] of masks.entries()) data.set(mask, i * size);
  const boolMaskedPos: HostTensor = { dtype: "int32", shape: [masks.length, size], data };
  return { feeds: { pixelValues: pixelValues(images, settings), boolMaskedPos }, targets: 1 };
}

/** What a guess costs that paints hidden patches in the mean color of those that are seen: its mean |difference|. */
function meanColorLoss(
  images: readonly RawImage[],
  masks: readonly Int32Array[],
  { settings, across, patch }: { readonly settings: ImageSettings; readonly across: number; readonly patch: number },
): number {
  let [error, count] = [0, 0];
  for (const [i, image] of images.entries()) {
    const { shape, data: values } = pixelValues([image], settings);
    const data = values as Float32Array;
    const [, channels, height, width] = shape as readonly [number, number, number, number];
    const sides = across * patch;
    for (let channel = 0; channel < channels; channel++) {
      const [seen, hidden]: [number[], number[]] = [[], []];
      for (let y = 0; y < sides; y++) {
        for (let x = 0; x < sides; x++) {
          const place = Math.floor(y / patch) * across + Math.floor(x / patch);
          (masks[i]![place] === 1 ? hidden : seen).push(data[(channel * height + y) * width + x]!);
        }
      }
      const mean = seen.reduce((sum, value) => sum + value, 0) / seen.length;
      for (const value of hidden) error += Math.abs(value - mean);
      count += hidden.length;
    }
  }
  return error / count;
}

/** Patches in rows, ▓ where one is hidden. */
function previewOf(mask: Int32Array, across: number): PreviewRow {
  const rows = (sign: string): string[] =>
    Array.from({ length: across }, (_, row) =>
      Array.from(mask.subarray(row * across, (row + 1) * across), (hidden) => (hidden === 1 ? sign : "░")).join(""),
    );
  const hidden = mask.filter((one) => one === 1).length;
  return {
    about: `${hidden} of ${mask.length} patches are hidden`,
    original: rows("░"),
    input: rows("▓"),
    targets: [],
  };
}
