/** What every search is told, and what it gives back. */
import { InputError } from "../errors/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { LogitsProcessor } from "./processors.ts";

/** Asks a search or a training to stop between two steps, with what it has: an AbortSignal is one. */
export interface StopSignal {
  readonly aborted: boolean;
}

/** What every search is told. */
export interface SearchOptions {
  /** The token that ends a sentence. */
  readonly endId: number;
  /** The most tokens a row may get, the end token included: one number for all rows, or one a row. */
  readonly maximumLength: number | readonly number[];
  /** The fewest tokens before the end token. Default: 0. */
  readonly minimumLength?: number | undefined;
  /** Tokens that are never generated, such as padding and start. */
  readonly suppress?: readonly number[] | undefined;
  /** Change the scores before a token is chosen, one after another. All scores leave the engine then. */
  readonly processors?: readonly LogitsProcessor[] | undefined;
  readonly stop?: StopSignal | undefined;
}

/** A generated sentence. */
export interface Generated {
  /** The tokens, without the prompt and without the end token. */
  readonly ids: Int32Array;
  /** The sum of the log-probabilities over their number to the power of the length penalty (1 unless given). */
  readonly score: number;
  /** One a token, in nats; the end token's is the last one where the sentence is finished. */
  readonly logProbabilities: Float32Array;
  /** Whether the end token came; otherwise the length or a signal ended the sentence. */
  readonly finished: boolean;
}

/** Checked options, with what is left out filled in. */
export interface SearchPlan {
  readonly endId: number;
  readonly minimumLength: number;
  readonly processors: readonly LogitsProcessor[];
  readonly stop: StopSignal | undefined;
  /** The most tokens of a row. */
  readonly limit: (place: number) => number;
  /** Whether a token must not come as the `step`-th one, counted from 0. */
  readonly forbids: (id: number, step: number) => boolean;
  /** How many tokens can be forbidden at once: so many more candidates must leave the engine. */
  readonly forbidden: number;
}

/** Whether the caller wants the search to end. */
export const stopped = ({ stop }: SearchPlan): boolean => stop?.aborted ?? false;

/** Throws InputError for lengths below 1, or a number of lengths that is not the number of rows. */
export function planOf(options: SearchOptions, rows: number): SearchPlan {
  const { endId, maximumLength, minimumLength = 0, processors = [], stop } = options;
  const limits = typeof maximumLength === "number" ? undefined : maximumLength;
  if (limits !== undefined && limits.length !== rows) {
    throw new InputError(`maximumLength has ${limits.length} numbers for ${rows} rows. Give one number, or one a row.`);
  }
  for (const limit of limits ?? [maximumLength as number]) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new InputError(`maximumLength is ${limit}; expected a whole number from 1 on.`);
    }
  }
  const suppressed = new Set(options.suppress);
  return {
    endId,
    minimumLength,
    processors,
    stop,
    limit: (place) => limits?.[place] ?? (maximumLength as number),
    forbids: (id, step) => suppressed.has(id) || (id === endId && step < minimumLength),
    forbidden: suppressed.size + (minimumLength > 0 ? 1 : 0),
  };
}

/** Prompts of one token for `rows` rows: what the decoder of an encoder-decoder starts from. int32[rows, 1]. */
export function startTokens(rows: number, startId: number): HostTensor {
  return { dtype: "int32", shape: [rows, 1], data: new Int32Array(rows).fill(startId) };
}
