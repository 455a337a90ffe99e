/**
 * Encoders with decoders learn to write a damaged text as it was (BART, Lewis et al. 2020), or the spans that are missing
 * from it (T5, Raffel et al. 2020). Both read documents cut into parts that fit, at sentence ends where that is possible.
 */
import { z } from "zod";
import { addNoise, corruptSpans, IGNORED, longestText, padRows, spanCounts } from "../data/index.ts";
import { ConfigError, InputError } from "../errors/index.ts";
import { batchedOnce, writtenTokens } from "../objectives/index.ts";
import { random, type Random } from "../random/index.ts";
import type { TextModel } from "../tasks/text-model.ts";
import type { Tokenizer } from "../tokens/index.ts";
import type { Batch } from "../training/index.ts";
import { countOf, linesOf, readDocuments, type TextDocument } from "./documents.ts";
import { judgeBy } from "./held-out.ts";
import type { PreparedPretraining, PretrainObjective, PreviewRow } from "./pretrain-objective.ts";
import type { PretrainConfig } from "./pretrain.ts";
import { idOf, lengthsOf, rowLength, tokensOf } from "./token-rows.ts";

const share = z.number().min(0).lt(1);
const probability = z.number().min(0).max(1);

/** The section `noise` of the config; the defaults are BART's own. */
export const noiseKeys = {
  infill: share.default(0.3),
  meanLength: z.number().min(1).default(3),
  mask: share.default(0),
  delete: share.default(0),
  permute: probability.default(1),
  rotate: probability.default(0),
};

/** The section `spans` of the config; the defaults are T5's own. */
export const spanKeys = {
  density: z.number().positive().lt(1).default(0.15),
  meanLength: z.number().min(1).default(3),
  /** Whether texts may end with tokens that are not hidden; see SpanCorruption. */
  roll: z.boolean().default(true),
};

/** A part of a document: the ids of its sentences, without special tokens. */
export type Sentences = readonly (readonly number[])[];

/** What is read and what is to be written, without special tokens. */
interface Damaged {
  readonly input: readonly number[];
  readonly target: readonly number[];
}

/** A way to damage texts. */
interface Damage {
  /** The most tokens of a part, where a model reads so many. */
  readonly longest: (room: number) => number;
  readonly apply: (sentences: Sentences, generator: Random) => Damaged;
  readonly about: string;
}

/** Writing a text as it was before it was damaged. */
export const denoising = writing((tokenizer, { noise }) => {
  const mask = idOf(tokenizer, "mask");
  const needs = noise.infill > 0 || noise.mask > 0;
  if (mask === undefined && needs) {
    throw new ConfigError(
      "The tokenizer has no mask token, which infilling and masking need. Use one of a family that has it, such as " +
        "bart or roberta, or set noise.infill and noise.mask to 0.",
    );
  }
  const kinds = Object.entries(noise).filter(([name, value]) => name !== "meanLength" && value > 0);
  if (kinds.length === 0)
    throw new ConfigError("All of noise is 0, so there is nothing to learn. Set noise.infill, say.");
  return {
    longest: (room) => room,
    apply: (sentences, generator) => ({
      input: addNoise(sentences, noise, mask ?? 0, generator),
      target: sentences.flat(),
    }),
    about: `noise: ${kinds.map(([name, value]) => `${name} ${value}`).join(", ")}, spans of ${noise.meanLength} on average`,
  };
});

/** Writing the spans that sentinels stand for. */
export const spanCorruption = writing((tokenizer, { spans }) => {
  const sentinels = sentinelsOf(tokenizer);
  return {
    longest: (room) => longestWith(sentinels.length, longestText(room + 1, spans), spans),
    apply: (sentences, generator) => corruptSpans(sentences.flat(), sentinels, spans, generator),
    about: `${spans.density * 100} % of the tokens in spans of ${spans.meanLength} on average, behind sentinels`,
  };
});

/** T5's sentinels, in their order. Throws ConfigError where there are none. */
function sentinelsOf(tokenizer: Tokenizer): number[] {
  const ids: number[] = [];
  const next = (): number | undefined => tokenizer.tokenToId(`<extra_id_${ids.length}>`);
  for (let id = next(); id !== undefined; id = next()) ids.push(id);
  if (ids.length > 1) return ids;
  throw new ConfigError("The tokenizer has no sentinels <extra_id_0>, <extra_id_1>, …. Use one of the family t5.");
}

/** The longest text that sentinels suffice for. */
function longestWith(sentinels: number, length: number, spans: PretrainConfig["spans"]): number {
  while (length > 2 && spanCounts(length, spans).spans >= sentinels) length--;
  return length;
}

function writing(damageOf: (tokenizer: Tokenizer, config: PretrainConfig) => Damage): PretrainObjective<TextDocument> {
  return {
    head: { task: "conditional-generation" },
    read: (files, paths, { unit = "document" }) => readDocuments(files, paths, unit),
    texts: linesOf,
    prepare: (model, documents, config) => prepare(model, documents, config, damageOf(model.tokenizer, config)),
  };
}

function prepare(
  model: TextModel,
  documents: readonly TextDocument[],
  config: PretrainConfig,
  damage: Damage,
): PreparedPretraining<TextDocument> {
  const { tokenizer } = model;
  const { seed, training } = config;
  const frame = frameOf(tokenizer);
  const room = rowLength(model, config) - frame.before.length - frame.after.length;
  const partsIn = (read: readonly TextDocument[]): Sentences[] =>
    read.flatMap((document) => partsOf(tokenizer, document, damage.longest(room)));
  const parts = partsIn(documents);
  if (parts.length === 0) throw new InputError("There is no text of two tokens or more to learn from.");
  const draw = (example: number, epoch: number): Damaged =>
    damage.apply(parts[example]!, random(seed, "damage", epoch, example));
  const lengths = parts.map((part) => frame.before.length + part.flat().length + frame.after.length);
  const batch = (damaged: readonly Damaged[]): Omit<Batch, "examples"> => damagedBatch(model, frame, damaged);
  const objective = writtenTokens(model.model.architecture, Object.keys(batch([draw(0, 0)]).feeds));
  const guess = unigram(parts.map((_, example) => framed(frame, draw(example, 0).target)));
  const held = new WeakMap<object, number>();
  const judge = judgeBy<TextDocument>(
    model.model.parameters,
    objective,
    (read) => {
      const damaged = partsIn(read).map((part, i) => damage.apply(part, random("held-out damage", i)));
      held.set(read, guess(damaged.map(({ target }) => framed(frame, target))));
      const sizes = damaged.map(({ input, target }) => Math.max(input.length, target.length));
      return batchedOnce(sizes, training.batchTokens, (places) => batch(places.map((place) => damaged[place]!)));
    },
    ({ loss, right }) => ({ loss: loss!, perplexity: Math.exp(loss!), accuracy: right! }),
  );
  return {
    ...{ lengths, objective },
    batch: (examples, { epoch }) => batch(examples.map((example) => draw(example, epoch))),
    judge: async (read) => ({ ...(await judge(read)), "unigram loss": held.get(read)! }),
    preview: (examples, { epoch }) =>
      examples.map((example) => previewOf(tokenizer, frame, parts[example]!, draw(example, epoch))),
    summary: [countOf(documents), lengthsOf(lengths), damage.about],
  };
}

/** The special tokens that stand before and after every text: the last ones tell mBART's language. */
interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

function frameOf(tokenizer: Tokenizer): Frame {
  const { ids, specialTokensMask } = tokenizer.encode("a");
  const first = specialTokensMask.indexOf(0);
  const last = specialTokensMask.lastIndexOf(0);
  return { before: ids.slice(0, first), after: ids.slice(last + 1) };
}

const framed = ({ before, after }: Frame, ids: readonly number[]): number[] => [...before, ...ids, ...after];

/**
 * A document as parts of at most `longest` tokens, each of whole sentences where they fit. The tokens are those of the
 * whole text; sentences end at its line ends and behind full stops, question and exclamation marks.
 */
export function partsOf(tokenizer: Tokenizer, lines: TextDocument, longest: number): Sentences[] {
  const text = lines.join(" ");
  const { ids, offsets } = tokenizer.encode(text, { addSpecialTokens: false });
  const ends = sentenceEnds(lines);
  const parts: number[][][] = [];
  let sentence: number[] = [];
  let open: number[][] = [];
  let size = 0;
  const close = (): void => {
    if (sentence.length === 0) return;
    if (size + sentence.length > longest && open.length > 0) {
      parts.push(open);
      [open, size] = [[], 0];
    }
    open.push(sentence);
    size += sentence.length;
    sentence = [];
  };
  let next = 0;
  for (const [i, id] of ids.entries()) {
    while (next < ends.length && offsets[i]![0] >= ends[next]!) {
      close();
      next++;
    }
    if (sentence.length === longest) close();
    sentence.push(id);
  }
  close();
  if (open.length > 0) parts.push(open);
  return parts.filter((part) => part.flat().length > 1);
}

/** Where in the joined lines sentences end, rising. */
function sentenceEnds(lines: readonly string[]): number[] {
  const ends: number[] = [];
  let start = 0;
  for (const line of lines) {
    for (const { index, 0: mark } of line.matchAll(/[.!?。！？]+["'”’)]*(?=\s|$)/gu)) {
      ends.push(start + index + mark.length);
    }
    start += line.length;
    if (ends.at(-1) !== start) ends.push(start);
    start++;
  }
  return ends;
}

function damagedBatch(model: TextModel, frame: Frame, damaged: readonly Damaged[]): Omit<Batch, "examples"> {
  const inputs = damaged.map(({ input }) => {
    const ids = framed(frame, input);
    return { ids, typeIds: ids.map(() => 0), attentionMask: ids.map(() => 1) };
  });
  const { data, shape } = padRows(damaged.map(({ target }) => framed(frame, target)), IGNORED); // prettier-ignore
  return {
    feeds: { ...model.feeds(inputs), labels: { dtype: "int32", shape, data } },
    targets: data.reduce((sum, label) => sum + Number(label >= 0), 0),
  };
}

/**
 * What a guess costs that knows how often each token is written and nothing else: in nats a token, for targets that it has
 * not seen (each count one higher, so that none is 0).
 */
function unigram(targets: readonly (readonly number[])[]): (held: readonly (readonly number[])[]) => number {
  const counts = new Map<number, number>();
  let total = 0;
  for (const target of targets) {
    for (const id of target) counts.set(id, (counts.get(id) ?? 0) + 1);
    total += target.length;
  }
  return (held) => {
    let [nats, tokens] = [0, 0];
    for (const target of held) {
      for (const id of target) nats -= Math.log(((counts.get(id) ?? 0) + 1) / (total + counts.size + 1));
      tokens += target.length;
    }
    return nats / Math.max(tokens, 1);
  };
}

function previewOf(tokenizer: Tokenizer, frame: Frame, part: Sentences, { input, target }: Damaged): PreviewRow {
  const tokens = (ids: readonly number[]): string[] => tokensOf(tokenizer, Int32Array.from(framed(frame, ids)));
  const original = new Set(part.flat());
  const read = tokens(input);
  return {
    original: tokens(part.flat()),
    input: read,
    targets: tokens(target),
    marks: framed(frame, input).map((id, i) => {
      const inside = i >= frame.before.length && i < read.length - frame.after.length;
      return inside && !original.has(id) ? "masked" : undefined;
    }),
  };
}
