/** Image files as pixels: PPM and PGM here, all other formats by what a page has, or by the package sharp in Node. */
import { InputError } from "../errors/index.ts";
import { rgb, type RawImage } from "./pixels.ts";

/**
 * The pixels of an image file, turned as the file says and without color management, as Python's Pillow reads them: a
 * PPM or PGM of one byte a channel (P5, P6), or a file of a format that the page or sharp knows (JPEG, PNG, WebP, …).
 * Throws InputError for what is no image, and in Node where a format needs sharp and it is not installed.
 */
export async function decodeImage(bytes: Uint8Array): Promise<RawImage> {
  if (isNetpbm(bytes)) return decodeNetpbm(bytes);
  const page = globalThis as unknown as Partial<Page>;
  const { createImageBitmap: bitmap, OffscreenCanvas: Canvas, Blob: Content } = page;
  if (bitmap !== undefined && Canvas !== undefined && Content !== undefined) {
    return decodeInPage(bytes, { createImageBitmap: bitmap, OffscreenCanvas: Canvas, Blob: Content });
  }
  return decodeBySharp(bytes, await loadSharp());
}

const isNetpbm = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && (bytes[1] === 0x35 || bytes[1] === 0x36);

/** Width, height and largest value, with comments between them, then one white space and the bytes. */
const HEADER = /^P([56])(?:\s+|#[^\n]*\n)+(\d+)(?:\s+|#[^\n]*\n)+(\d+)(?:\s+|#[^\n]*\n)+(\d+)\s/;

function decodeNetpbm(bytes: Uint8Array): RawImage {
  const [whole, kind, width, height, largest] =
    HEADER.exec(new TextDecoder("latin1").decode(bytes.subarray(0, 1024))) ?? [];
  if (whole === undefined || largest !== "255") {
    throw new InputError(
      `This ${kind === "5" ? "PGM" : "PPM"} file ${whole === undefined ? "has no whole header" : `has values up to ${largest!}`}; ` +
        `expected a width, a height and 255, the largest value of a byte.`,
    );
  }
  const size = Number(width) * Number(height) * (kind === "5" ? 1 : 3);
  const data = bytes.slice(whole.length, whole.length + size);
  if (data.length < size) {
    throw new InputError(`This image of ${width!} × ${height!} pixels ends after ${data.length} of ${size} bytes.`);
  }
  return rgb({ width: Number(width), height: Number(height), data });
}

/** What a page has for images. */
interface Page {
  readonly createImageBitmap: (content: object, options: object) => Promise<Bitmap>;
  readonly OffscreenCanvas: new (width: number, height: number) => Canvas;
  readonly Blob: new (parts: readonly Uint8Array[]) => object;
}
interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
interface Canvas {
  getContext(kind: "2d", options: object): { drawImage(image: Bitmap, x: number, y: number): void; getImageData: Read };
}
type Read = (x: number, y: number, width: number, height: number) => RawImage;

async function decodeInPage(bytes: Uint8Array, { createImageBitmap, OffscreenCanvas, Blob }: Page): Promise<RawImage> {
  const options = { imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "none" };
  const bitmap = await createImageBitmap(new Blob([bytes]), options).catch((error: unknown) => {
    throw new InputError(`This is no image that the page can read: ${messageOf(error)}`, { cause: error });
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return rgb(context.getImageData(0, 0, width, height));
}

/** What is used of sharp; its own types would need the package. */
interface SharpImage {
  rotate(): SharpImage;
  toColorspace(name: "srgb"): SharpImage;
  raw(): SharpImage;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    readonly data: Uint8Array;
    readonly info: { readonly width: number; readonly height: number };
  }>;
}
type Sharp = (bytes: Uint8Array, options: { ignoreIcc: boolean }) => SharpImage;

/** Not written into `import`, so that tools which make bundles for pages do not look for it. */
const SHARP = "sharp";

async function loadSharp(): Promise<Sharp> {
  try {
    return ((await import(/* @vite-ignore */ /* webpackIgnore: true */ SHARP)) as { readonly default: Sharp }).default;
  } catch (error) {
    throw new InputError(
      "Images other than PPM and PGM are decoded by the package sharp, which does not load here. " +
        "Install it: npm install sharp. Or give pixels: { width, height, data }.",
      { cause: error },
    );
  }
}

async function decodeBySharp(bytes: Uint8Array, sharp: Sharp): Promise<RawImage> {
  try {
    const image = sharp(bytes, { ignoreIcc: true }).rotate().toColorspace("srgb").raw();
    const { data, info } = await image.toBuffer({ resolveWithObject: true });
    return rgb({ width: info.width, height: info.height, data });
  } catch (error) {
    throw new InputError(`This is no image that sharp can read: ${messageOf(error)}`, { cause: error });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
