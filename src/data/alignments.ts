import { InputError } from "../errors/index.ts";

/** Corresponding words of a sentence pair, source first, counted from 0. */
export type Alignment = readonly (readonly [source: number, target: number])[];

/**
 * Reads a line in the Pharaoh format: `0-0 1-2 …`, source first; an empty line has no links.
 * @param place what to call the line in a message, for example "train.align, line 3"
 * @throws InputError for anything else.
 */
export function parseAlignment(line: string, place = "the alignment"): Alignment {
  return line
    .split(/\s+/)
    .filter((link) => link !== "")
    .map((link) => {
      const match = /^(\d+)-(\d+)$/.exec(link);
      if (match !== null) return [Number(match[1]), Number(match[2])] as const;
      throw new InputError(`In ${place}, "${link}" is no link; it must be two word numbers, as in 0-0 1-2.`);
    });
}
