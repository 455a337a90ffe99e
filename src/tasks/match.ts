/** Images and texts in one space: how near they are, and classes by what describes them (Radford et al. 2021). */
import { imageSettingsOf, inBatches, readImages, type ImageInput, type ImageReadOptions } from "./image-model.ts";
import type { ImageSettings } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { PARAMETERS } from "../nn/index.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { ranked, type ClassScore } from "./classify.ts";
import type { Model } from "./model.ts";
import { probabilities, rowOf, TextModel, type ReadOptions } from "./text-model.ts";

/** How images and texts are read. */
export interface MatchOptions extends ReadOptions, ImageReadOptions {}

/** How images and texts fit each other. */
export interface Match {
  /** For each image, the probability that each of the texts is its caption. */
  readonly perImage: readonly Float32Array[];
  /** For each text, the probability that it is the caption of each of the images. */
  readonly perText: readonly Float32Array[];
}

/** What a class is called, with `{}` for its name. */
export interface ZeroShotOptions extends MatchOptions {
  /** Default: "This is a photo of {}.". Of several prompts, the mean of their directions counts (section 3.1.4). */
  readonly prompts?: string | readonly string[] | undefined;
}

/** A model that reads both images and texts, with its tokenizer. */
export class ImageTextMatcher extends TextModel {
  readonly settings: ImageSettings;

  constructor(model: Model, tokenizer: Tokenizer) {
    super(model, tokenizer);
    this.settings = imageSettingsOf(model);
  }

  /** The direction of each image, of length 1. Throws InputError for none, and for what is no image. */
  async embedImages(images: readonly ImageInput[], { batch = 8 }: ImageReadOptions = {}): Promise<Float32Array[]> {
    if (images.length === 0) throw new InputError("There is no image to read. Give at least one.");
    return inBatches(images, batch, async (some) => {
      const pixelValues = await readImages(some, this.settings);
      const embeds = (await this.model.run({ pixelValues }, { outputs: ["imageEmbeds"] })).get("imageEmbeds")!;
      return some.map((_, row) => rowOf(embeds, row));
    });
  }

  /** The direction of each text, of length 1. Throws InputError for none, and for a text that is too long. */
  async embedTexts(texts: readonly string[], { batch = 32, ...options }: MatchOptions = {}): Promise<Float32Array[]> {
    if (texts.length === 0) throw new InputError("There is no text to read. Give at least one.");
    return inBatches(texts, batch, async (some) => {
      const { feeds } = this.encode(some, options);
      const embeds = (await this.model.run(feeds, { outputs: ["textEmbeds"] })).get("textEmbeds")!;
      return some.map((_, row) => rowOf(embeds, row));
    });
  }

  /** How probable each text is for each image, and each image for each text. Throws InputError as the two above. */
  async match(images: readonly ImageInput[], texts: readonly string[], options: MatchOptions = {}): Promise<Match> {
    const ofTexts = await this.embedTexts(texts, options);
    const ofImages = await this.embedImages(images, options);
    const logits = await this.#logits(ofImages, ofTexts);
    return {
      perImage: logits.map(probabilities),
      perText: texts.map((_, i) => probabilities(Float32Array.from(logits, (row) => row[i]!))),
    };
  }

  /**
   * Classes that the model was not trained on, by their names: `classify([image], ["cat", "dog"])`. Most probable
   * first. Throws InputError for no class, for a prompt without `{}`, and as `match` does.
   */
  async classify(
    images: readonly ImageInput[],
    labels: readonly string[],
    { prompts = "This is a photo of {}.", ...options }: ZeroShotOptions = {},
  ): Promise<ClassScore[][]> {
    const templates = typeof prompts === "string" ? [prompts] : prompts;
    const empty = templates.find((template) => !template.includes("{}"));
    if (templates.length === 0 || empty !== undefined) {
      throw new InputError(`The prompt "${empty ?? ""}" has no {} where the name of a class goes.`);
    }
    if (labels.length === 0) throw new InputError("There is no class to choose from. Give the names of some.");
    const texts = labels.flatMap((label) => templates.map((template) => template.replaceAll("{}", () => label)));
    const vectors = await this.embedTexts(texts, options);
    const means = labels.map((_, i) => direction(vectors.slice(i * templates.length, (i + 1) * templates.length)));
    const logits = await this.#logits(await this.embedImages(images, options), means);
    return logits.map((row) => ranked(labels, probabilities(row)));
  }

  /** Scaled cosines: a row for each of the first, a column for each of the second. */
  async #logits(rows: readonly Float32Array[], columns: readonly Float32Array[]): Promise<Float32Array[]> {
    const scale = await this.#scale();
    return rows.map((row) =>
      Float32Array.from(columns, (column) => scale * row.reduce((sum, value, i) => sum + value * column[i]!, 0)),
    );
  }

  /** The learned inverse temperature (section 2.3). */
  async #scale(): Promise<number> {
    const { offset } = this.model.parameters.layout.places.get("logit_scale")!;
    return Math.exp((await this.model.engine.read(PARAMETERS, offset, 1)).data[0] as number);
  }
}

/** The mean of vectors, with length 1. */
function direction(vectors: readonly Float32Array[]): Float32Array {
  if (vectors.length === 1) return vectors[0]!;
  const sum = vectors[0]!.map((_, i) => vectors.reduce((total, vector) => total + vector[i]!, 0));
  const length = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
  return sum.map((value) => value / length);
}
