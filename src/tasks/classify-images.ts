/** Classes of images. */
import { InputError } from "../errors/index.ts";
import { classScores, type ClassScore } from "./classify.ts";
import { ImageModel, inBatches, type ImageInput, type ImageReadOptions } from "./image-model.ts";
import { rowOf } from "./text-model.ts";

/** A classifier of images: ViT, or the tower of CLIP with a layer of its own. */
export class ImageClassifier extends ImageModel {
  /** The names of the classes. */
  get labels(): readonly string[] {
    return this.model.architecture.config["labels"] as readonly string[];
  }

  /** The classes of each image, most probable first. Throws InputError for none, and for what is no image. */
  async classify(images: readonly ImageInput[], { batch = 8 }: ImageReadOptions = {}): Promise<ClassScore[][]> {
    if (images.length === 0) throw new InputError("There is no image to classify. Give at least one.");
    return inBatches(images, batch, async (some) => {
      const logits = (await this.read(some, { outputs: ["logits"] })).get("logits")!;
      return some.map((_, row) => classScores(rowOf(logits, row), this.model.architecture));
    });
  }
}
