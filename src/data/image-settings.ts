/** `preprocessor_config.json`: how a model wants its images, as the image processors of `transformers` apply it. */
import { ConfigError } from "../errors/index.ts";
import { resamplings, type Resampling } from "./resample.ts";

/** What becomes of an image, in this order; what is undefined is left out. */
export interface ImageSettings {
  /** A width and height, or what the shorter side becomes. */
  readonly resize: { readonly width: number; readonly height: number } | { readonly shortest: number } | undefined;
  readonly resampling: Resampling;
  /** What of the middle is kept. */
  readonly crop: { readonly width: number; readonly height: number } | undefined;
  /** What every byte is multiplied by. */
  readonly scale: number | undefined;
  /** What is then taken off each channel, and what the rest is divided by. */
  readonly normalize: { readonly mean: readonly number[]; readonly deviation: readonly number[] } | undefined;
}

type Json = Readonly<Record<string, unknown>>;
const HALF = [0.5, 0.5, 0.5];
const CLIP = { image_mean: [0.48145466, 0.4578275, 0.40821073], image_std: [0.26862954, 0.26130258, 0.27577711] };
const everything = { do_resize: true, do_rescale: true, do_normalize: true, rescale_factor: 1 / 255 };

/** What keys that a file leaves out are for the processors of ViT and CLIP. */
const defaults: Readonly<Record<"vit" | "clip", Json>> = {
  vit: { ...everything, size: { height: 224, width: 224 }, resample: 2, image_mean: HALF, image_std: HALF },
  clip: {
    ...{ ...everything, size: { shortest_edge: 224 }, resample: 3, do_center_crop: true, crop_size: 224 },
    ...CLIP,
  },
};

/** Keys that change pixels, and what they may say here. */
const only: Readonly<Record<string, readonly unknown[]>> = {
  do_pad: [false],
  do_flip_channel_order: [false],
  do_thumbnail: [false],
  do_align_long_axis: [false],
  do_reduce_labels: [false],
  do_convert_grayscale: [false],
  do_color_quantize: [false],
  crop_pct: [],
};

/**
 * The settings in a `preprocessor_config.json` of a model of this type. Throws ConfigError that names the key that
 * cannot be honored.
 */
export function imageSettings(json: Json, modelType: string, where: string): ImageSettings {
  const name = [json["image_processor_type"], json["feature_extractor_type"], modelType].find(isText)!;
  const kind = /^clip/i.test(name) ? "clip" : /^vit/i.test(name) ? "vit" : undefined;
  if (kind === undefined) {
    throw new ConfigError(`${where} is of ${name}; the processors known here are those of ViT and CLIP.`);
  }
  for (const [key, allowed] of Object.entries(only)) {
    const value = json[key] ?? undefined;
    if (value === undefined || allowed.includes(value)) continue;
    throw new ConfigError(`${where}: ${key} is ${JSON.stringify(value)}, which this version cannot do to an image.`);
  }
  const given = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
  const values = new Values({ ...defaults[kind], ...given }, where);
  return {
    resize: values.is("do_resize") ? values.size("size", kind === "vit") : undefined,
    resampling: values.resampling(),
    crop: values.is("do_center_crop") ? values.box("crop_size") : undefined,
    scale: values.is("do_rescale") ? values.number("rescale_factor") : undefined,
    normalize: values.is("do_normalize")
      ? { mean: values.channels("image_mean"), deviation: values.channels("image_std") }
      : undefined,
  };
}

const isText = (value: unknown): value is string => typeof value === "string";

/** Checked values of the file. */
class Values {
  readonly #json: Json;
  readonly #where: string;

  constructor(json: Json, where: string) {
    this.#json = json;
    this.#where = where;
  }

  is(key: string): boolean {
    const value = this.#json[key] ?? false;
    return typeof value === "boolean" ? value : this.#refuse(key, "true or false");
  }

  number(key: string): number {
    const value = this.#json[key];
    return typeof value === "number" && value > 0 ? value : this.#refuse(key, "a number above 0");
  }

  resampling(): Resampling {
    const value = this.#json["resample"];
    const found = resamplings[value as number];
    const names = resamplings.map((name, i) => `${i} (${name})`).join(", ");
    return typeof value === "number" && found !== undefined ? found : this.#refuse("resample", `one of ${names}`);
  }

  /** One number for each of three channels. */
  channels(key: string): readonly number[] {
    const value = this.#json[key];
    const list: unknown = typeof value === "number" ? [value, value, value] : value;
    const fits = Array.isArray(list) && list.length === 3 && list.every((one) => typeof one === "number");
    return fits ? list : this.#refuse(key, "three numbers");
  }

  /** A size in full, or one number for both sides. */
  box(key: string): { readonly width: number; readonly height: number } {
    const { width, height } = this.#sizes(key, ["height", "width"]);
    return width !== undefined && height !== undefined
      ? { width, height }
      : this.#refuse(key, `{"height", "width"} or a whole number`);
  }

  size(key: string, square: boolean): NonNullable<ImageSettings["resize"]> {
    const sizes = this.#sizes(key, square ? ["height", "width"] : ["shortest_edge"]);
    const { width, height, shortest_edge: shortest } = sizes;
    if (shortest !== undefined) return { shortest };
    if (width !== undefined && height !== undefined) return { width, height };
    return this.#refuse(key, `{"height", "width"}, {"shortest_edge"} or a whole number`);
  }

  #sizes(key: string, ofNumber: readonly string[]): Readonly<Record<string, number | undefined>> {
    const value = this.#json[key];
    const sizes: Json =
      typeof value === "number" ? Object.fromEntries(ofNumber.map((name) => [name, value])) : ((value ?? {}) as Json);
    const known = ["height", "width", "shortest_edge"];
    const entries = Object.entries(sizes).filter(([, size]) => size !== null);
    const fits = entries.every(([name, size]) => known.includes(name) && Number.isInteger(size) && Number(size) > 0);
    return fits
      ? (Object.fromEntries(entries) as Record<string, number>)
      : this.#refuse(key, `whole numbers under ${known.join(", ")}`);
  }

  #refuse(key: string, expected: string): never {
    throw new ConfigError(`${this.#where}: ${key} must be ${expected}, not ${JSON.stringify(this.#json[key])}.`);
  }
}
