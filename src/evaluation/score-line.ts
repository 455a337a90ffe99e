/** How a score is printed: the same line, digits and signature as sacreBLEU 2 prints. */
import type { Interval } from "./resampling.ts";
import { VERSION } from "./version.ts";

/** How `format()` of a score prints it. */
export interface ScoreFormat {
  /** Decimals of the score: 2 as in sacreBLEU's library (its command prints 1). */
  readonly width?: number | undefined;
  /** Put the signature into the line: `BLEU|nrefs:1|… = 41.02 …`. */
  readonly signature?: boolean | undefined;
  /** A bootstrap interval of this score, printed as `(μ = mean ± half width)`. */
  readonly interval?: Interval | undefined;
}

/** The fields of a signature in the order in which they are printed; undefined ones are left out. */
export type SignatureFields = readonly (readonly [name: string, value: string | number | undefined])[];

/**
 * `value` with `digits` decimals, exact halves rounded to the even neighbor as C and Python print them
 * (6.25 gives 6.2, 18.75 gives 18.8); `toFixed` alone rounds them up.
 */
export function fixed(value: number, digits: number): string {
  // A double lies exactly between two decimals of `digits` places only if it is an odd multiple of 1 / 2^(digits + 1).
  const halves = Math.abs(value) * 2 ** (digits + 1);
  if (Math.abs(halves % 2) !== 1) return value.toFixed(digits);
  const below = Math.floor(value * 10 ** digits);
  return ((below % 2 === 0 ? below : below + 1) / 10 ** digits).toFixed(digits);
}

/** The line that says how a score came about: `nrefs:1|…|version:heed-0.1.0`. */
export function signatureLine(references: number, fields: SignatureFields, interval?: Interval): string {
  const all: SignatureFields = [
    ["nrefs", references],
    ["bs", interval?.samples],
    ["seed", interval?.seed],
    ...fields,
    ["version", `heed-${VERSION}`],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [`${name}:${value}`])).join("|");
}

/** `name = score`, with signature, interval and the metric's details where they are asked for. */
export function scoreLine(
  name: string,
  score: number,
  details: string,
  signature: (interval?: Interval) => string,
  { width = 2, signature: signed = false, interval }: ScoreFormat,
): string {
  const label = signed ? `${name}|${signature(interval)}` : name;
  const around =
    interval === undefined ? "" : ` (μ = ${fixed(interval.mean, width)} ± ${fixed(interval.halfWidth, width)})`;
  return `${label} = ${fixed(score, width)}${around}${details === "" ? "" : ` ${details}`}`;
}
