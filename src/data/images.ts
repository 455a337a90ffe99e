/** Images as a model reads them: resized, cropped, scaled and normalized. */
import { InputError } from "../errors/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { ImageSettings } from "./image-settings.ts";
import { centerCrop, rgb, type Pixels, type RawImage } from "./pixels.ts";
import { resize } from "./resample.ts";

/**
 * Images as one batch float32[B, 3, height, width], as the processors of `transformers` with Pillow give it. Throws
 * InputError for none, for sizes and bytes that disagree, and where the settings leave images of different sizes.
 */
export function pixelValues(images: readonly RawImage[], settings: ImageSettings): HostTensor {
  if (images.length === 0) throw new InputError("There is no image to read. Give at least one.");
  const prepared = images.map((image) => fitted(rgb(image), settings));
  const { width, height } = prepared[0]!;
  const other = prepared.find((image) => image.width !== width || image.height !== height);
  if (other !== undefined) {
    throw new InputError(
      `Images of ${width} × ${height} and ${other.width} × ${other.height} pixels cannot be read together; ` +
        `the model's settings neither resize nor crop them to one size. Read them one by one.`,
    );
  }
  const area = width * height;
  const values = new Float32Array(images.length * 3 * area);
  const tables = [0, 1, 2].map((channel) => byteValues(settings, channel));
  for (const [i, { data }] of prepared.entries()) {
    for (const [channel, table] of tables.entries()) {
      const start = (3 * i + channel) * area;
      for (let pixel = 0; pixel < area; pixel++) values[start + pixel] = table[data[3 * pixel + channel]!]!;
    }
  }
  return { dtype: "float32", shape: [images.length, 3, height, width], data: values };
}

function fitted(image: Pixels, { resize: to, resampling, crop }: ImageSettings): Pixels {
  const resized = to === undefined ? image : resize(image, ...sizeFor(image, to), resampling);
  return crop === undefined ? resized : centerCrop(resized, crop.width, crop.height);
}

/** The width and height that an image gets. */
function sizeFor({ width, height }: Pixels, to: NonNullable<ImageSettings["resize"]>): [number, number] {
  if ("width" in to) return [to.width, to.height];
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const other = Math.trunc((to.shortest * long) / short);
  return width <= height ? [to.shortest, other] : [other, to.shortest];
}

/** What each byte becomes in a channel, in float32 at every step. */
function byteValues({ scale, normalize }: ImageSettings, channel: number): Float32Array {
  const [mean, deviation] = [normalize?.mean[channel] ?? 0, normalize?.deviation[channel] ?? 1].map(Math.fround);
  return Float32Array.from({ length: 256 }, (_, byte) => {
    const scaled = Math.fround(scale === undefined ? byte : byte * scale);
    return normalize === undefined ? scaled : Math.fround(scaled - mean!) / deviation!;
  });
}
