/** The options of sampling. */
import { InputError } from "../errors/index.ts";
import { minP, repetitionPenalty, temperature, topK, topP, type LogitsProcessor } from "./processors.ts";

/** How tokens are drawn. */
export interface SamplingOptions {
  /** The same seed gives the same sentences. */
  readonly seed: number;
  /** The place of each row in the whole input, where a batch is a part of it. Default: the place in the batch. */
  readonly places?: readonly number[] | undefined;
  /** Below 1 sharpens the distribution, above 1 flattens it. Default: 1. */
  readonly temperature?: number | undefined;
  /** Draws from so many of the most probable tokens. Default: from all. */
  readonly topK?: number | undefined;
  /** Draws from the fewest tokens that together have this probability. Default: 1. */
  readonly topP?: number | undefined;
  /** Draws from tokens with at least this share of the best one's probability. Default: 0. */
  readonly minP?: number | undefined;
  /** Above 1 makes tokens that are there already less probable. Default: 1. */
  readonly repetitionPenalty?: number | undefined;
}

/** The options as processors, in the order in which they act. Throws InputError for values outside their range. */
export function samplingProcessors(options: SamplingOptions): LogitsProcessor[] {
  const processors: LogitsProcessor[] = [];
  const add = (
    name: Exclude<keyof SamplingOptions, "seed" | "places">,
    make: (value: number) => LogitsProcessor,
    valid: (value: number) => boolean,
    range: string,
  ): void => {
    const value = options[name];
    if (value === undefined) return;
    if (!valid(value)) throw new InputError(`${name} is ${value}; expected ${range}.`);
    processors.push(make(value));
  };
  const positive = (value: number): boolean => value > 0 && value < Infinity;
  add("repetitionPenalty", repetitionPenalty, positive, "a number above 0");
  add("temperature", temperature, positive, "a number above 0; greedy search is what 0 would mean");
  add("topK", topK, (value) => Number.isInteger(value) && value > 0, "a whole number from 1 on");
  add("topP", topP, (value) => value > 0 && value <= 1, "a number above 0, up to 1");
  add("minP", minP, (value) => value >= 0 && value <= 1, "a number from 0 to 1");
  return processors;
}
