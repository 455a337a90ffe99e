/** Images that Python and the tests make by the same formula, and what came of them in Python. */
import { readFileSync } from "node:fs";
import type { RawImage } from "../../src/data/index.ts";

type Sizes = readonly [number, number];

/** The contents of golden/images.json, which tools/goldens/images.py writes. */
interface ImagesGolden {
  readonly resized: readonly {
    readonly from: Sizes;
    readonly to: Sizes;
    readonly resample: number;
    readonly bytes: readonly number[];
  }[];
  readonly processed: readonly {
    readonly model_type: string;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly given: Readonly<Record<string, unknown>>;
    readonly from: Sizes;
    readonly shape: readonly number[];
    readonly values: readonly number[];
  }[];
  readonly answers: {
    readonly images: readonly Sizes[];
    readonly texts: readonly string[];
  } & Readonly<
    Record<"classes" | "per_image" | "per_text" | "image_embeds" | "text_embeds", readonly (readonly number[])[]>
  >;
}

export const golden = JSON.parse(readFileSync("test/data/golden/images.json", "utf8")) as ImagesGolden;

/** `picture` of tools/goldens/images.py. */
export function picture(width: number, height: number): RawImage {
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const value = x * 37 + y * 91 + c * 53 + x * y * (7 + c) + Math.floor(x / 3) * Math.floor(y / 2) * 29;
        data[(y * width + x) * 3 + c] = value % 256;
      }
    }
  }
  return { width, height, data };
}
