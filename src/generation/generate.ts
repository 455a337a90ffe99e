/** The one way to generate: greedy search, sampling and beam search behind one function, all at once or token by token. */
import { InputError } from "../errors/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { beamSearch } from "./beam-search.ts";
import type { CachedModel } from "./cached-model.ts";
import { collect, decode, generatedOf, type Step } from "./decode.ts";
import type { Alternative, Generated, GenerationOptions } from "./options.ts";
import { planOf, type SearchPlan } from "./plan.ts";

/**
 * Goes on from prompts, as Hugging Face's `generate` does: with one beam the most probable token at each step, or drawn
 * ones (`doSample`); with several beams beam search, or drawn beams. Gives the sequences of each row of the prompts.
 *
 * A draw depends on the seed, the row's place in the input and the step alone, not on the batch around it.
 * @param feeds The inputs of the model function; the growing one holds the prompts, int32[rows, length], padded at the
 * left. Of an encoder-decoder it may be absent where `decoderStartTokenId` is given.
 * @throws InputError where an option or a prompt cannot be used.
 */
export async function generate(
  model: CachedModel,
  feeds: Values,
  options: GenerationOptions = {},
): Promise<Generated[][]> {
  const plan = planOf(model, feeds, options);
  return plan.beams > 1 ? beamSearch(model, plan) : collect(decode(model, plan), plan);
}

/** A token that has just come. */
export interface StreamedToken {
  readonly id: number;
  /** In nats, under the model alone; 0 for a forced one. */
  readonly logProbability: number;
  /** The most probable tokens of the step, best first, where they were asked for. */
  readonly alternatives?: readonly Alternative[];
}

/**
 * The tokens of one sequence as they come, without the end token: greedily, or drawn. The whole sequence is the
 * iterator's return value. Leaving the loop ends the search and frees its cache.
 * @throws InputError where an option or the prompt cannot be used, for several rows, sequences or beams.
 */
export async function* streamTokens(
  model: CachedModel,
  feeds: Values,
  options: GenerationOptions = {},
): AsyncGenerator<StreamedToken, Generated, undefined> {
  const plan = planOf(model, feeds, options);
  requireOne(plan);
  const taken: Step[] = [];
  for await (const [step] of decode(model, plan)) {
    taken.push(step!);
    const { id, logProbability, alternatives } = step!;
    if (step!.ending === "end token") break;
    yield { id, logProbability, ...(alternatives === undefined ? {} : { alternatives }) };
  }
  return generatedOf(taken, plan);
}

function requireOne({ prompt, beams, sequences }: SearchPlan): void {
  const rows = prompt.shape[0]!;
  const counts = { "rows of prompts": rows, numBeams: beams, numReturnSequences: sequences };
  for (const [what, count] of Object.entries(counts)) {
    if (count !== 1) throw new InputError(`A stream is one sequence, token by token; got ${count} ${what}.`);
  }
}

/**
 * Prompts and what was generated, end tokens included, as the one matrix that Hugging Face's `generate` returns: the
 * sequences of the first row, those of the second one, … Shorter ones are filled up with the padding token; where there
 * is none, or it is 0 and beams were followed, with the first end token.
 */
export function sequencesOf(
  model: CachedModel,
  feeds: Values,
  options: GenerationOptions,
  found: readonly (readonly Generated[])[],
): HostTensor {
  const { prompt, endIds, beams } = planOf(model, feeds, options);
  const length = prompt.shape[1]!;
  const [firstEnd = -1] = endIds;
  const pad = options.padTokenId ?? firstEnd;
  const fill = beams > 1 && (pad === 0 || endIds.size === 0) ? firstEnd : pad;
  const rows = found.flatMap((row, place) =>
    row.map(({ ids, endId }) => {
      const start = Array.from(prompt.data.subarray(place * length, (place + 1) * length), Number);
      return [...start, ...ids, ...(endId === undefined ? [] : [endId])];
    }),
  );
  const width = Math.max(0, ...rows.map((row) => row.length));
  const data = new Int32Array(rows.length * width).fill(fill);
  for (const [i, row] of rows.entries()) data.set(row, i * width);
  return { dtype: "int32", shape: [rows.length, width], data };
}
