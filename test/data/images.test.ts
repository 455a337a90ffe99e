import { afterEach, describe, expect, it, vi } from "vitest";
import { decodeImage, imageSettings, pixelValues } from "../../src/data/index.ts";
import { rgb } from "../../src/data/pixels.ts";
import { resamplings, resize } from "../../src/data/resample.ts";
import { golden, picture } from "./pictures.ts";

describe("resizing", () => {
  it.each(golden.resized)("gives the bytes that Pillow gives: $from to $to, filter $resample", (one) => {
    const { from, to, resample, bytes } = one;
    const { data } = resize(rgb(picture(...from)), ...to, resamplings[resample]!);
    expect(Array.from(data)).toEqual(bytes);
  });
});

describe("preprocessor_config.json", () => {
  it.each(golden.processed)("is applied as Python does: $model_type $given from $from", (one) => {
    for (const json of [one.settings, one.given]) {
      const settings = imageSettings(json, one.model_type, "preprocessor_config.json");
      const { shape, data } = pixelValues([picture(...one.from)], settings);
      expect(shape).toEqual([1, ...one.shape]);
      for (const [i, value] of one.values.entries()) expect(Math.abs((data[i]! as number) - value)).toBeLessThan(1e-6);
    }
  });

  it("names the key that cannot be honored", () => {
    const read = (json: Record<string, unknown>) => () => imageSettings(json, "vit", "preprocessor_config.json");
    expect(read({ do_pad: true })).toThrow("preprocessor_config.json: do_pad is true, which this version cannot do");
    expect(read({ resample: 9 })).toThrow("resample must be one of 0 (nearest), 1 (lanczos), 2 (bilinear)");
    expect(read({ size: { longest_edge: 8 } })).toThrow(
      "size must be whole numbers under height, width, shortest_edge",
    );
    expect(read({ image_std: [1, 2] })).toThrow("image_std must be three numbers, not [1,2]");
    expect(read({ image_processor_type: "OwlViTImageProcessor" })).toThrow("is of OwlViTImageProcessor");
  });

  it("reads several images at once, and refuses different sizes and none", () => {
    const settings = imageSettings({ do_resize: false }, "vit", "preprocessor_config.json");
    const { shape, data } = pixelValues([picture(3, 2), picture(3, 2)], settings);
    expect(shape).toEqual([2, 3, 2, 3]);
    expect(data.slice(0, 18)).toEqual(data.slice(18));
    expect(() => pixelValues([picture(3, 2), picture(2, 3)], settings)).toThrow("Images of 3 × 2 and 2 × 3 pixels");
    expect(() => pixelValues([], settings)).toThrow("There is no image to read");
  });
});

describe("pixels", () => {
  it("come in gray, RGB and RGBA", () => {
    expect([...rgb({ width: 2, height: 1, data: Uint8Array.of(7, 9) }).data]).toEqual([7, 7, 7, 9, 9, 9]);
    expect([...rgb({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3, 4) }).data]).toEqual([1, 2, 3]);
    expect(() => rgb({ width: 2, height: 2, data: new Uint8Array(5) })).toThrow("2 × 2 pixels came with 5 bytes");
  });
});

describe("files of images", () => {
  const file = (header: string, ...bytes: readonly number[]): Uint8Array =>
    Uint8Array.of(...new TextEncoder().encode(header), ...bytes);

  it("are decoded from PPM and PGM", async () => {
    const ppm = await decodeImage(file("P6\n# made by hand\n2 1\n255\n", 10, 1, 2, 3, 4, 5));
    expect(ppm).toMatchObject({ width: 2, height: 1 });
    expect([...ppm.data]).toEqual([10, 1, 2, 3, 4, 5]);
    expect([...(await decodeImage(file("P5 1 2 255\n", 8, 35))).data]).toEqual([8, 8, 8, 35, 35, 35]);
  });

  it("that are cut off or deeper than a byte are refused", async () => {
    await expect(decodeImage(file("P6 2 1 255\n", 1))).rejects.toThrow("ends after 1 of 6 bytes");
    await expect(decodeImage(file("P5 2 1 65535\n", 1))).rejects.toThrow("has values up to 65535");
    await expect(decodeImage(file("P5 2"))).rejects.toThrow("has no whole header");
  });

  afterEach(() => vi.unstubAllGlobals());

  it("of other formats are decoded by the page, where there is one", async () => {
    const bitmap = { width: 1, height: 1, close: vi.fn() };
    const getImageData = () => ({ width: 1, height: 1, data: Uint8ClampedArray.of(5, 6, 7, 255) });
    vi.stubGlobal("createImageBitmap", () => Promise.resolve(bitmap));
    vi.stubGlobal(
      "OffscreenCanvas",
      class {
        getContext = () => ({ drawImage: vi.fn(), getImageData });
      },
    );
    expect(await decodeImage(file("RIFF"))).toMatchObject({ width: 1, height: 1, data: Uint8ClampedArray.of(5, 6, 7) });
    expect(bitmap.close).toHaveBeenCalled();
  });

  it("of other formats need sharp in Node, or are no images for it", async () => {
    await expect(decodeImage(file("no image"))).rejects.toThrow(/npm install sharp|no image that sharp can read/);
  });
});
