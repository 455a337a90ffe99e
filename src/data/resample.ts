/**
 * Images at another size, as the `Image.resize` of Pillow 13 makes them, to the bit: weights of a filter that grows with
 * the reduction (so that every pixel counts), in fixed-point numbers, along rows and along columns. Older versions of
 * Pillow always take rows first; bytes then differ by one here and there.
 */
import type { Pixels } from "./pixels.ts";

/** How pixels become others, by the numbers that Pillow gives the ways. */
export const resamplings = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"] as const;
export type Resampling = (typeof resamplings)[number];

/** The weight of a pixel at a distance, and how far pixels count. */
interface Filter {
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
/** Of cubic convolution (Keys 1981). */
const SLOPE = -0.5;

const filters: Readonly<Record<Exclude<Resampling, "nearest">, Filter>> = {
  box: { reach: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    reach: 1,
    weight: (x) => (Math.abs(x) >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x))),
  },
  bicubic: {
    reach: 2,
    weight: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return ((SLOPE + 2) * x - (SLOPE + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * SLOPE : 0;
    },
  },
  lanczos: { reach: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Binary places of the weights: 32, less 8 of a pixel and 2 for sums that leave its range. */
const PLACES = 22;

/** Which pixels make a new one, and with what weights. */
interface Window {
  readonly first: number;
  readonly weights: Int32Array;
}

function windowsOf(from: number, to: number, { reach, weight }: Filter): Window[] {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = reach * stretch;
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(from, Math.trunc(center + support + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, k) => weight((k + first - center + 0.5) / stretch));
    const sum = weights.reduce((total, value) => total + value, 0);
    const fixed = Int32Array.from(weights, (value) => roundAway((sum === 0 ? value : value / sum) * 2 ** PLACES));
    return { first, weights: fixed };
  });
}

/** To the nearest whole number, and from halves away from zero. */
const roundAway = (x: number): number => Math.trunc(x < 0 ? x - 0.5 : x + 0.5);

/** The image at another size. Nothing is copied where it has the size. */
export function resize(image: Pixels, width: number, height: number, resampling: Resampling): Pixels {
  if (image.width === width && image.height === height) return image;
  if (resampling === "nearest") return nearest(image, width, height);
  const filter = filters[resampling];
  const rows = (from: Pixels): Pixels => (from.width === width ? from : alongRows(from, width, filter));
  const columns = (from: Pixels): Pixels => (from.height === height ? from : alongColumns(from, height, filter));
  // Each pass rounds to bytes, so their order shows. Columns come first where that leaves out the more.
  const lost = image.height - height;
  return lost > 0 && lost > 2 * (image.width - width) ? rows(columns(image)) : columns(rows(image));
}

function alongRows({ data, width, height, channels }: Pixels, to: number, filter: Filter): Pixels {
  const windows = windowsOf(width, to, filter);
  const result = new Uint8ClampedArray(to * height * channels);
  for (let y = 0, at = 0; y < height; y++) {
    for (const { first, weights } of windows) {
      const start = (y * width + first) * channels;
      for (let c = 0; c < channels; c++) result[at++] = weighed(data, start + c, channels, weights);
    }
  }
  return { data: result, width: to, height, channels };
}

function alongColumns({ data, width, height, channels }: Pixels, to: number, filter: Filter): Pixels {
  const row = width * channels;
  const result = new Uint8ClampedArray(to * row);
  for (const [y, { first, weights }] of windowsOf(height, to, filter).entries()) {
    for (let x = 0; x < row; x++) result[y * row + x] = weighed(data, first * row + x, row, weights);
  }
  return { data: result, width, height: to, channels };
}

/** Σ weight · pixel, rounded; a clamped array keeps it within 0 to 255. */
function weighed(data: Pixels["data"], start: number, step: number, weights: Int32Array): number {
  let sum = 1 << (PLACES - 1);
  for (let k = 0; k < weights.length; k++) sum += data[start + k * step]! * weights[k]!;
  return sum >> PLACES;
}

function nearest({ data, width, height, channels }: Pixels, toWidth: number, toHeight: number): Pixels {
  const result = new Uint8ClampedArray(toWidth * toHeight * channels);
  for (let y = 0, at = 0; y < toHeight; y++) {
    const row = Math.floor(((y + 0.5) * height) / toHeight) * width;
    for (let x = 0; x < toWidth; x++) {
      const start = (row + Math.floor(((x + 0.5) * width) / toWidth)) * channels;
      for (let c = 0; c < channels; c++) result[at++] = data[start + c]!;
    }
  }
  return { data: result, width: toWidth, height: toHeight, channels };
}
