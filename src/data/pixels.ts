/** Images as arrays of pixels. */
import { InputError } from "../errors/index.ts";

/** An image as a page's `ImageData` has it, row by row: gray, RGB or RGBA, as many bytes a pixel. */
export interface RawImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** An image whose channels were counted. */
export interface Pixels extends RawImage {
  readonly channels: number;
}

/** The image in red, green and blue; how opaque it is is left out. Throws InputError where sizes and bytes disagree. */
export function rgb(image: RawImage): Pixels {
  const { width, height, data } = image;
  const count = width * height;
  const channels = data.length / count;
  if (!Number.isInteger(width) || !Number.isInteger(height) || count < 1 || ![1, 2, 3, 4].includes(channels)) {
    throw new InputError(
      `An image of ${width} × ${height} pixels came with ${data.length} bytes. ` +
        `Expected one byte a pixel (gray), three (RGB) or four (RGBA).`,
    );
  }
  if (channels === 3) return { ...image, channels };
  const result = new Uint8ClampedArray(count * 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) result[3 * i + c] = data[channels * i + (channels < 3 ? 0 : c)]!;
  }
  return { width, height, data: result, channels: 3 };
}

/** The middle of an image; where the image is smaller, it lies in the middle of black. */
export function centerCrop(image: Pixels, width: number, height: number): Pixels {
  const { channels } = image;
  const [left, top] = [startOf(image.width, width), startOf(image.height, height)];
  const result = new Uint8ClampedArray(width * height * channels);
  const [first, end] = [Math.max(0, -left), Math.min(width, image.width - left)];
  for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++) {
    const from = ((y + top) * image.width + left) * channels;
    result.set(image.data.subarray(from + first * channels, from + end * channels), (y * width + first) * channels);
  }
  return { data: result, width, height, channels };
}

/** Where a crop starts. Of an odd remainder the larger half is behind the crop, and before the image in black. */
const startOf = (from: number, to: number): number =>
  from >= to ? Math.floor((from - to) / 2) : -Math.ceil((to - from) / 2);
