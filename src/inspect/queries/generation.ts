/** How a model writes: the distribution of the next token through each processor, searches, and what the cache saves. */
import { z } from "zod";
import { InputError, Stopped } from "../../errors/index.ts";
import {
  beamTree as treeOf,
  distributionStages,
  generate as generateIds,
  idsTo,
  type BeamStep,
  type Generated,
  type GenerationOptions,
} from "../../generation/index.ts";
import { dimension, input } from "../../graph/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import { MaskFiller } from "../../tasks/fill.ts";
import type { Model } from "../../tasks/model.ts";
import type { Tokenizer } from "../../tokens/index.ts";
import { query, type QueryContext } from "../query.ts";
import { read } from "../reading.ts";
import type { Subject } from "../subject.ts";
import { shownToken, shownTokens, textOfIds, writingInput, writingOf, type Writing } from "../writing.ts";

/** What changes the distribution; the model's own settings hold where one is left out, and top-k is then off. */
const settings = z.object({
  temperature: z.number().optional(),
  topK: z.number().optional(),
  topP: z.number().optional(),
  minP: z.number().optional(),
  typicalP: z.number().optional(),
  topH: z.number().optional(),
  epsilonCutoff: z.number().optional(),
  etaCutoff: z.number().optional(),
  repetitionPenalty: z.number().optional(),
  encoderRepetitionPenalty: z.number().optional(),
  noRepeatNgramSize: z.number().optional(),
});
const shown = z.int().positive().max(200).default(10);
const newTokens = z.int().positive().max(512).optional();

/** Logits of one place, and all that the processors need beside them. */
interface Place {
  readonly logits: Float32Array;
  readonly before: Parameters<typeof distributionStages>[1];
  readonly options: GenerationOptions;
  readonly tokenizer: Tokenizer | undefined;
}

export const distribution = query({
  about:
    "The distribution of the next token, or of a masked one, behind each processor: what each changes and rules out.",
  input: writingInput.extend({
    settings: settings.default({}),
    /** Of an encoder: which token is masked; the first mask of the text where it is left out. */
    position: z.int().nonnegative().optional(),
    /** So many tokens are listed, the most probable before and after all processors. */
    top: shown,
  }),
  answer: async (subject, { settings: chosen, top, position, ...given }) => {
    const masked = subject.architecture.task === "masked-lm";
    const place = masked ? await maskedPlace(subject, given, position) : await nextPlace(subject, given);
    const { logits, before, tokenizer } = place;
    const options = { ...place.options, ...defined(chosen) };
    const stages = distributionStages(logits, before, options);
    const [first, last] = [stages[0]!.probabilities, stages.at(-1)!.probabilities];
    const listed = [...new Set([...highest(first, top), ...highest(last, top)])];
    const { temperature, topK, topP, minP, typicalP, repetitionPenalty, noRepeatNgramSize } = options;
    return {
      kind: masked ? ("mask" as const) : ("next" as const),
      vocabulary: logits.length,
      settings: { temperature, topK, topP, minP, typicalP, repetitionPenalty, noRepeatNgramSize },
      prompt: shownTokens(tokenizer, before.prompt),
      written: shownTokens(tokenizer, before.written ?? []),
      text: textOfIds({ tokenizer, prompt: before.prompt, written: [], source: before.source }, before.written ?? []),
      endIds: [options.eosTokenId ?? []].flat(),
      stages: stages.map(({ processor, entropy, kept, removed, moved }) => ({
        ...{ processor, entropy, kept, removed, moved },
      })),
      tokens: listed
        .map((id) => ({
          ...shownToken(tokenizer, id),
          logit: logits[id]!,
          /** One a stage. */
          probabilities: stages.map(({ probabilities }) => probabilities[id]!),
        }))
        .sort((a, b) => b.probabilities[0]! - a.probabilities[0]!),
    };
  },
});

async function nextPlace(subject: Subject, given: z.output<typeof writingInput>): Promise<Place> {
  const { cached, feeds, prompt, written, source, options, tokenizer } = writingOf(subject, given);
  const { data } = await subject.traces.of(`next ${JSON.stringify(given)}`, async () => {
    const session = await cached.start(feeds, { kind: "logits" });
    try {
      const { selected } = session;
      if (selected.kind !== "logits") throw new TypeError("The session gave other scores than it was asked for.");
      return { dtype: "float32", shape: [selected.width], data: selected.logits };
    } finally {
      await session.close();
    }
  });
  return { logits: data as Float32Array, before: { prompt, written, source }, options, tokenizer };
}

async function maskedPlace(
  subject: Subject,
  { text, ids }: z.output<typeof writingInput>,
  position: number | undefined,
): Promise<Place> {
  const { model, tokenizer } = subject;
  const { feeds } = await read(subject, { text, ids });
  const inputIds = Int32Array.from(feeds["inputIds"]!.data as Int32Array);
  const mask = tokenizer === undefined ? undefined : maskOf(model, tokenizer);
  const found = mask === undefined ? inputIds.length - 1 : inputIds.indexOf(mask.id);
  const place = position ?? found;
  if (place < 0) throw new InputError(`The text has no mask. Write ${mask!.token} where a word is to be found.`);
  if (place >= inputIds.length) {
    throw new InputError(`The text has the tokens 1 to ${inputIds.length}; token ${place + 1} was asked for.`);
  }
  if (mask !== undefined) inputIds[place] = mask.id;
  const { data } = await subject.traces.of(`mask ${place} ${JSON.stringify([...inputIds])}`, () =>
    logitsAt(model, { ...feeds, inputIds: { ...feeds["inputIds"]!, data: inputIds } }, place),
  );
  const prompt = Array.from(inputIds);
  return { logits: data as Float32Array, before: { prompt }, options: {}, tokenizer };
}

/** The token that hides a word. Throws InputError where the tokenizer has none. */
export function maskOf(model: Model, tokenizer: Tokenizer): { readonly token: string; readonly id: number } {
  const filler = new MaskFiller(model as Model<"masked-lm">, tokenizer);
  return { token: filler.mask, id: tokenizer.tokenToId(filler.mask)! };
}

async function logitsAt(model: Model, feeds: Readonly<Record<string, HostTensor>>, place: number): Promise<HostTensor> {
  const chosen = await model.derive(
    "logits of a place",
    feeds,
    ({ outputs }) => {
      const logits = outputs.get("logits")!;
      const at = input("place", "int32", [dimension("chosen")]);
      return new Map([["chosen", logits.reshape([-1, logits.fixed(-1)]).gather(at)]]);
    },
    { feeds: { place: { dtype: "int32", shape: [1], data: Int32Array.of(place) } } },
  );
  return chosen.get("chosen")!;
}

export const generate = query({
  about:
    "A text that the model writes, greedily, drawn or by beams: each token's probability, and what else might have come.",
  input: writingInput.extend({
    settings: settings.default({}),
    beams: z.int().positive().max(32).default(1),
    sample: z.boolean().default(false),
    seed: z.int().nonnegative().default(0),
    newTokens,
    /** So many alternatives of each token. */
    top: shown,
  }),
  answer: async (subject, { settings: chosen, beams, sample, seed, newTokens: limit, top, ...given }, context) => {
    const writing = writingOf(subject, given);
    const found = await search(writing, context, {
      ...(sample ? { topK: 0, ...writing.options, ...defined(chosen) } : penaltiesOf(chosen)),
      ...{ doSample: sample, seed, numBeams: beams, alternatives: top },
      ...(limit === undefined ? {} : { maxNewTokens: limit }),
    });
    return writtenText(writing, found[0]!);
  },
});

export const beamTree = query({
  about:
    "A beam search step by step, as a tree: which continuations were looked at, kept and given up, with their scores.",
  input: writingInput.extend({
    beams: z.int().min(2).max(16).default(4),
    lengthPenalty: z.number().default(1),
    earlyStopping: z.union([z.boolean(), z.literal("never")]).default(false),
    settings: settings.default({}),
    newTokens,
  }),
  answer: async (
    subject,
    { beams, lengthPenalty, earlyStopping, settings: chosen, newTokens: limit, ...given },
    context,
  ) => {
    const writing = writingOf(subject, given);
    const steps: BeamStep[] = [];
    const found = await search(writing, context, {
      ...penaltiesOf(chosen),
      ...{ numBeams: beams, numReturnSequences: beams, lengthPenalty, earlyStopping },
      ...(limit === undefined ? {} : { maxNewTokens: limit }),
      onBeamStep: (step) => {
        steps.push(step);
        context.progress?.(step.step + 1, writing.options.maxNewTokens as number, "steps");
      },
    });
    const nodes = treeOf(steps);
    const paths = new Map(
      nodes.flatMap(({ node, state }) => (state === "finished" ? [[idsTo(nodes, node).join(), node] as const] : [])),
    );
    return {
      beams,
      steps: steps.length,
      nodes: nodes.map((node) => ({ ...node, text: shownToken(writing.tokenizer, node.id).text })),
      /** What the search gives, best first, with the node that each ends in. */
      results: found.map(({ ids, endId, score, finished }) => {
        const whole = endId === undefined ? [...ids] : [...ids, endId];
        return { node: paths.get(whole.join()), score, finished, text: textOfIds(writing, [...ids]) };
      }),
    };
  },
});

async function search(
  { cached: model, feeds, options }: Writing,
  { stop }: QueryContext,
  more: GenerationOptions,
): Promise<readonly Generated[]> {
  const found = await generateIds(model, feeds, { ...options, ...more, stop });
  goesOn({ stop });
  return found[0]!;
}

/** Throws Stopped where nobody waits for the answer any more. */
export function goesOn({ stop }: QueryContext): void {
  if (stop?.aborted === true) throw new Stopped();
}

/** Of the settings those that act without a draw. */
function penaltiesOf(chosen: z.output<typeof settings>): GenerationOptions {
  const { repetitionPenalty, encoderRepetitionPenalty, noRepeatNgramSize } = chosen;
  return defined({ repetitionPenalty, encoderRepetitionPenalty, noRepeatNgramSize });
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function writtenText(writing: Writing, { ids, endId, score, finished, ...more }: Generated) {
  const all = endId === undefined ? [...ids] : [...ids, endId];
  const { tokenizer } = writing;
  const { logProbabilities, alternatives } = more;
  return {
    text: textOfIds(writing, [...ids]),
    score,
    finished,
    tokens: shownTokens(tokenizer, all).map((token, i) => ({
      ...token,
      probability: Math.exp(logProbabilities[i]!),
      alternatives: (alternatives?.[i] ?? []).map(({ id, logProbability }) => ({
        ...shownToken(tokenizer, id),
        probability: Math.exp(logProbability),
      })),
    })),
  };
}

/** The places of the largest values, largest first; those that are 0 are left out. */
function highest(values: Float32Array, count: number): number[] {
  return [...values.keys()]
    .filter((id) => values[id]! > 0)
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, count);
}
