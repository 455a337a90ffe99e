import { z } from "zod";
import { CheckpointError, InputError } from "../errors/index.ts";
import { slicePart, type Encoding, type Part } from "./encoding.ts";
import { readSettings } from "./stages.ts";

/** How a text that is too long is cut off. */
export interface TruncationOptions {
  /** At most how many tokens an encoding has, the added ones included. */
  readonly maxLength: number;
  /** Which text of a pair loses tokens: the longer one first, or always the first or the second. */
  readonly strategy?: "longest_first" | "only_first" | "only_second" | undefined;
  /** The end that is cut off; "right" unless told otherwise. */
  readonly direction?: "left" | "right" | undefined;
  /** By how many tokens the parts in `overflowing` overlap. */
  readonly stride?: number | undefined;
}

/** How encodings are filled up to the same length. */
export interface PaddingOptions {
  /** The length to fill up to; the longest of the batch unless told otherwise. */
  readonly length?: number | undefined;
  /** The side that is filled; "right" unless told otherwise. */
  readonly direction?: "left" | "right" | undefined;
  /** Makes the length a multiple of this. */
  readonly multipleOf?: number | undefined;
  readonly id: number;
  readonly token: string;
  readonly typeId?: number | undefined;
}

const strategies = { LongestFirst: "longest_first", OnlyFirst: "only_first", OnlySecond: "only_second" } as const;
const sides = { Left: "left", Right: "right" } as const;
const truncationSchema = z.object({
  direction: z.enum(["Left", "Right"]).default("Right"),
  max_length: z.number().int().nonnegative(),
  strategy: z.enum(["LongestFirst", "OnlyFirst", "OnlySecond"]).default("LongestFirst"),
  stride: z.number().int().nonnegative().default(0),
});
const paddingSchema = z.object({
  strategy: z.union([z.literal("BatchLongest"), z.object({ Fixed: z.number().int().nonnegative() })]),
  direction: z.enum(["Left", "Right"]),
  pad_to_multiple_of: z.number().int().nullish(),
  pad_id: z.number().int().nonnegative(),
  pad_type_id: z.number().int().nonnegative(),
  pad_token: z.string(),
});

/** `truncation` of `tokenizer.json`; undefined where it has none. */
export function readTruncation(json: unknown): TruncationOptions | undefined {
  if (json === undefined || json === null) return undefined;
  const read = readSettings(truncationSchema, json, "truncation");
  const { max_length, stride } = read;
  return { maxLength: max_length, stride, direction: sides[read.direction], strategy: strategies[read.strategy] };
}

/** `padding` of `tokenizer.json`; undefined where it has none. */
export function readPadding(json: unknown): PaddingOptions | undefined {
  if (json === undefined || json === null) return undefined;
  const read = readSettings(paddingSchema, json, "padding");
  return {
    length: read.strategy === "BatchLongest" ? undefined : read.strategy.Fixed,
    direction: sides[read.direction],
    multipleOf: read.pad_to_multiple_of ?? undefined,
    id: read.pad_id,
    token: read.pad_token,
    typeId: read.pad_type_id,
  };
}

/**
 * Cuts one text, or a pair, down to `room` tokens in all.
 * @returns For each text its parts: first what is kept, then what was cut off.
 */
export function truncate(texts: readonly Part[], room: number, options: TruncationOptions): Part[][] {
  const { strategy = "longest_first", direction = "right", stride = 0 } = options;
  if (room < 0) {
    throw new InputError(
      `A maximum length of ${options.maxLength} has no room for the ${options.maxLength - room} added tokens.`,
    );
  }
  const lengths = texts.map(({ ids }) => ids.length);
  const excess = lengths.reduce((sum, length) => sum + length, 0) - room;
  if (excess <= 0) return texts.map((text) => [text]);
  return keptLengths(lengths, room, excess, strategy).map((kept, i) => cut(texts[i]!, kept, stride, direction));
}

/** How many tokens each text keeps. */
function keptLengths(lengths: readonly number[], room: number, excess: number, strategy: string): number[] {
  if (room === 0) return lengths.map(() => 0);
  if (strategy === "longest_first") {
    if (lengths.length === 1) return [room];
    const [first, second] = [lengths[0]!, lengths[1]!];
    const short = Math.min(first, second);
    const [less, more] = 2 * short <= room ? [short, room - short] : [Math.floor(room / 2), Math.ceil(room / 2)];
    return first > second ? [more, less] : [less, more];
  }
  const target = strategy === "only_first" ? 0 : 1;
  const length = lengths[target];
  if (length === undefined) throw new InputError(`"only_second" cuts the second text, and there is only one.`);
  if (length <= excess) {
    throw new InputError(
      `The ${target === 0 ? "first" : "second"} text has ${length} tokens, and ${excess} would have to go. ` +
        `Allow a larger maximum length, or the strategy "longest_first".`,
    );
  }
  return lengths.map((all, i) => (i === target ? all - excess : all));
}

function cut(part: Part, kept: number, stride: number, direction: "left" | "right"): Part[] {
  const { length } = part.ids;
  if (kept >= length) return [part];
  if (kept === 0) return [slicePart(part, 0, 0), part];
  if (stride >= kept) {
    throw new InputError(`A stride of ${stride} tokens needs parts that are longer, and these have ${kept}.`);
  }
  const parts: Part[] = [];
  for (let done = 0; ; done += kept - stride) {
    const rest = length - done;
    if (direction === "right") parts.push(slicePart(part, done, Math.min(done + kept, length)));
    else parts.push(slicePart(part, Math.max(rest - kept, 0), rest));
    if (rest <= kept) return parts;
  }
}

/** All ways to put the parts of a pair together, the kept ones first, in Hugging Face's order. */
export function combine(parts: readonly (readonly Part[])[]): Part[][] {
  const [first = [], second] = parts;
  if (second === undefined) return first.map((part) => [part]);
  const rest = first.slice(1).flatMap((a) => second.map((b) => [a, b]));
  return [[first[0]!, second[0]!], ...rest, ...second.slice(1).map((b) => [first[0]!, b])];
}

/** Fills encodings, and what overflowed from them, up to one length. */
export function pad(encodings: readonly Encoding[], options: PaddingOptions): Encoding[] {
  const { direction = "right", multipleOf = 0 } = options;
  if (!Number.isInteger(options.id) || options.id < 0) {
    throw new CheckpointError(`Padding has ${options.id} for an id, which is none.`);
  }
  let length = options.length ?? Math.max(0, ...encodings.map(({ ids }) => ids.length));
  if (multipleOf > 0) length = Math.ceil(length / multipleOf) * multipleOf;
  const fill = <Value>(values: Value[], make: () => Value): Value[] => {
    const added = Array.from({ length: Math.max(0, length - values.length) }, make);
    return direction === "right" ? [...values, ...added] : [...added, ...values];
  };
  const fillOne = (encoding: Encoding): Encoding => ({
    ids: fill(encoding.ids, () => options.id),
    tokens: fill(encoding.tokens, () => options.token),
    offsets: fill(encoding.offsets, () => [0, 0]),
    typeIds: fill(encoding.typeIds, () => options.typeId ?? 0),
    attentionMask: fill(encoding.attentionMask, () => 0),
    specialTokensMask: fill(encoding.specialTokensMask, () => 1),
    wordIds: fill(encoding.wordIds, () => undefined),
    sequenceIds: fill(encoding.sequenceIds, () => undefined),
    overflowing: encoding.overflowing.map(fillOne),
  });
  return encodings.map(fillOne);
}
