/** Translating with a trained translator, measuring the translations, and looking at its attention. */
import { alignmentWords, contentWords, tokenSpans, type Alignment, type TextPair } from "../data/index.ts";
import { alignmentAccuracy, bleu, chrf, mergeAttention, type BleuScore, type Span } from "../evaluation/index.ts";
import {
  generate,
  startTokens,
  textOf,
  type Generated,
  type GenerationOptions,
  type StopSignal,
} from "../generation/index.ts";
import { loadRecords, recordsOf, type LoadedRecords } from "../insight/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import type { Translator } from "./translator.ts";
import { pairFeeds, translatorForward } from "./translator-model.ts";

/** How sentences are searched for. */
export interface TranslateOptions {
  /** Sentences followed at once; 1 is greedy search. Default: 5. */
  readonly beams?: number | undefined;
  readonly nBest?: number | undefined;
  readonly lengthPenalty?: number | undefined;
  /** Further options of the search: how tokens are drawn, what must not come, what ends a translation. */
  readonly search?: Omit<GenerationOptions, "numBeams" | "numReturnSequences" | "lengthPenalty"> | undefined;
  /** The most tokens of a translation. Default: one and a half times the source's and 20, within the model's positions. */
  readonly maximumLength?: number | undefined;
  /** Sentences that go through the model together. Default: 64. */
  readonly batch?: number | undefined;
  readonly stop?: StopSignal | undefined;
  /** Told how many sentences are done. */
  readonly progress?: ((done: number) => void) | undefined;
}

/** A translation. */
export interface Translation {
  readonly text: string;
  /** The mean log-probability of its tokens, in nats (with another length penalty: the sum over tokens to its power). */
  readonly score: number;
  readonly ids: Int32Array;
  /** False where the length ended it before the end token came. */
  readonly finished: boolean;
}

/**
 * The best translations of each sentence, best first, in the order of the sentences. Sentences of like length go
 * through the model together; an empty sentence gives empty translations. Where `stop` ends the work early, sentences
 * that were not reached have empty translations that are not `finished`.
 * Throws InputError for a sentence that is longer than the model's positions.
 */
export async function translateAll(
  model: Translator,
  sentences: readonly string[],
  options: TranslateOptions = {},
): Promise<Translation[][]> {
  const { batch = 64, nBest = 1, progress, stop } = options;
  const empty = { text: "", score: 0, ids: new Int32Array(0) };
  const results = sentences.map((sentence): Translation[] =>
    Array.from({ length: nBest }, () => ({ ...empty, finished: sentence.trim() === "" })),
  );
  const encoded = model.encodeAll(sentences);
  const order = [...sentences.keys()]
    .filter((i) => sentences[i]!.trim() !== "")
    .sort((a, b) => encoded[a]!.length - encoded[b]!.length || a - b);
  const stopped = (): boolean => stop?.aborted === true;
  let done = sentences.length - order.length;
  for (let start = 0; start < order.length && !stopped(); start += batch) {
    const group = order.slice(start, start + batch);
    const rows = group.map((i) => encoded[i]!);
    const found = await searchFor(model, rows, { ...options, search: { places: group, ...options.search } });
    // A search that was stopped midway found nothing that could be told from a translation.
    if (stopped()) break;
    for (const [row, i] of group.entries()) results[i] = found[row]!.map((one) => translationOf(model, one, options));
    progress?.((done += group.length));
  }
  return results;
}

function searchFor(model: Translator, rows: readonly Int32Array[], options: TranslateOptions): Promise<Generated[][]> {
  const search = translationSearch(model, rows, options);
  return generate(model.cached, search.feeds, search.options);
}

/** What the search for translations of tokenized sentences is fed and told. */
export function translationSearch(
  model: Translator,
  rows: readonly Int32Array[],
  options: TranslateOptions,
): { readonly feeds: Values; readonly options: GenerationOptions } {
  const { beams = 5, nBest = 1, lengthPenalty, maximumLength, search = {}, stop } = options;
  const { paddingId, startId, endId, maxPositions } = model.config;
  const limit = (length: number): number => Math.min(maximumLength ?? Math.ceil(1.5 * length) + 20, maxPositions - 1);
  return {
    feeds: { source: model.padded(rows), target: startTokens(rows.length, startId) },
    options: {
      ...search,
      numBeams: beams,
      numReturnSequences: nBest,
      lengthPenalty,
      eosTokenId: endId,
      maxNewTokens: search.maxNewTokens ?? rows.map((row) => limit(row.length)),
      maxPositions,
      suppressTokens: [paddingId, startId, ...(search.suppressTokens ?? [])],
      tokenizer: model.tokenizer,
      stop,
    },
  };
}

function translationOf(
  { tokenizer }: Translator,
  { ids, score, finished }: Generated,
  { search }: TranslateOptions,
): Translation {
  return { text: textOf(ids, { tokenizer, stopStrings: search?.stopStrings }).trim(), score, ids, finished };
}

/** How good translations are, with the baseline that copies the source. */
export interface TranslationScores {
  readonly bleu: BleuScore;
  readonly chrf: ReturnType<typeof chrf>;
  readonly copy: BleuScore;
  readonly hypotheses: readonly string[];
}

/** BLEU (sacreBLEU's 13a, cased) and chrF of the best translations, beside BLEU of the sources left as they are. */
export async function evaluateTranslator(
  model: Translator,
  pairs: readonly Pick<TextPair, "source" | "target">[],
  options: TranslateOptions = {},
): Promise<TranslationScores> {
  const translations = await translateAll(
    model,
    pairs.map(({ source }) => source),
    options,
  );
  const hypotheses = translations.map(([best]) => best!.text);
  const references = [pairs.map(({ target }) => target)];
  const copy = bleu(
    pairs.map(({ source }) => source),
    references,
  );
  return { bleu: bleu(hypotheses, references), chrf: chrf(hypotheses, references), copy, hypotheses };
}

/** The attentions of an encoder-decoder. */
export const attentionKinds = ["encoder", "decoder", "cross"] as const;
/** Which attention: of the encoder, of the decoder, or from the decoder to the encoder. */
export type AttentionKind = (typeof attentionKinds)[number];

const attentionRecords = {
  encoder: /encoder.*self_attn\.attention$/,
  decoder: /decoder.*self_attn\.attention$/,
  cross: /encoder_attn\.attention$/,
};

/** Recorded attention without the batch axis, whose size is 1. */
const layersOf = (records: ReadonlyMap<string, HostTensor>): HostTensor[] =>
  [...records.values()].map(({ dtype, shape, data }) => ({ dtype, shape: shape.slice(1), data }));

/** The attention of one kind while a sentence was translated. */
export interface TranslatorAttention {
  readonly kind: AttentionKind;
  /** Tokens of the axis that looks, and of the axis that is looked at. */
  readonly queries: readonly string[];
  readonly keys: readonly string[];
  /** Layers, each [heads, queries, keys]. */
  readonly layers: readonly HostTensor[];
  readonly translation: string;
}

/**
 * Attention weights of every layer and head. Row t of decoder and cross-attention is where the decoder looked when it
 * predicted token t of the translation. Without `target` the model's own translation is looked into.
 */
export async function attentionOf(
  model: Translator,
  source: string,
  { kind = "cross", target, ...options }: TranslateOptions & { kind?: AttentionKind; target?: string } = {},
): Promise<TranslatorAttention> {
  const { pair, feeds, translation } = await lookedInto(model, source, target, options);
  const forward = translatorForward(model.config);
  const layers = layersOf(await recordsOf(model.parameters, forward, feeds, attentionRecords[kind]));
  const sources = model.tokensOf(pair.source);
  const targets = model.tokensOf(pair.target);
  const read = [model.tokensOf(Int32Array.of(model.config.startId))[0]!, ...targets.slice(0, -1)];
  const axes = { encoder: [sources, sources], decoder: [targets, read], cross: [targets, sources] } as const;
  const [queries, keys] = axes[kind];
  return { kind, queries, keys, layers, translation };
}

/**
 * Inner tensors by name while a sentence is translated: hidden states, embeddings, positions, attention (`recordNames`
 * of the forward pass tells which). The batch axis, where there is one, has the size 1.
 * Throws InputError for a name that is not recorded.
 */
export async function recordsWhile(
  model: Translator,
  source: string,
  names: readonly string[],
  { target, ...options }: TranslateOptions & { target?: string } = {},
): Promise<Map<string, HostTensor>> {
  const { feeds } = await lookedInto(model, source, target, options);
  return recordsOf(model.parameters, translatorForward(model.config), feeds, names);
}

/** A sentence with its translation as one batch of token ids. */
async function lookedInto(model: Translator, source: string, target: string | undefined, options: TranslateOptions) {
  const translation = target ?? (await translateAll(model, [source], options))[0]![0]!.text;
  const pair = { source: model.encodeAll([source])[0]!, target: model.encodeAll([translation])[0]! };
  return { pair, translation, feeds: pairFeeds(model.config, [pair]).feeds };
}

/** The rows of one head of a layer: [queries][keys]. */
export function headRows({ shape, data }: HostTensor, head: number): Float32Array[] {
  const [, queries, keys] = shape as readonly [number, number, number];
  return Array.from({ length: queries }, (_, row) => {
    const start = (head * queries + row) * keys;
    return (data as Float32Array).subarray(start, start + keys);
  });
}

/** The mean over heads of a layer: [queries][keys]. */
export function meanOfHeads(layer: HostTensor): Float32Array[] {
  const [heads, queries, keys] = layer.shape as readonly [number, number, number];
  const mean = Array.from({ length: queries }, () => new Float32Array(keys));
  for (let head = 0; head < heads; head++) {
    for (const [row, weights] of headRows(layer, head).entries()) {
      for (let key = 0; key < keys; key++) mean[row]![key]! += weights[key]! / heads;
    }
  }
  return mean;
}

/** A sentence pair with its gold word alignment. */
export interface AlignedPair extends Pick<TextPair, "source" | "target"> {
  readonly alignment: Alignment;
}

/** How well a head of cross-attention aligns words. Layers and heads are counted from 1. */
export interface HeadAlignment {
  readonly layer: number;
  readonly head: number;
  /** The share of content words whose largest weight lies on a gold word. */
  readonly accuracy: number;
  readonly words: number;
}

/**
 * For every head of cross-attention, the share of the references' content words whose largest weight is on a source
 * word of the gold alignment; best first. The reference is read word by word (teacher forcing).
 */
export async function headAlignments(
  model: Translator,
  pairs: readonly AlignedPair[],
  functionWords: ReadonlySet<string>,
): Promise<HeadAlignment[]> {
  const forward = translatorForward(model.config);
  const records = await loadRecords(model.parameters, forward, attentionRecords.cross);
  try {
    return await alignmentsWith(records, model, pairs, functionWords);
  } finally {
    await records.dispose();
  }
}

async function alignmentsWith(
  records: LoadedRecords,
  model: Translator,
  pairs: readonly AlignedPair[],
  functionWords: ReadonlySet<string>,
): Promise<HeadAlignment[]> {
  const sums = new Map<string, { layer: number; head: number; correct: number; total: number }>();
  for (const { source, target, alignment } of pairs) {
    const { feeds } = await lookedInto(model, source, target, {});
    const layers = layersOf(await records.of(feeds));
    const sourceWords = alignmentWords(source);
    const targetWords = alignmentWords(target);
    const sourceSpans = spansWithEnd(model, source, sourceWords);
    const targetSpans = spansWithEnd(model, target, targetWords);
    const targets = contentWords(targetWords, functionWords);
    for (const [l, layer] of layers.entries()) {
      for (let head = 0; head < layer.shape[0]!; head++) {
        const words = mergeAttention(headRows(layer, head), sourceSpans, targetSpans);
        const { correct, total } = alignmentAccuracy(words, alignment, { targets });
        const key = `${l} ${head}`;
        const sum = sums.get(key) ?? { layer: l + 1, head: head + 1, correct: 0, total: 0 };
        sums.set(key, { ...sum, correct: sum.correct + correct, total: sum.total + total });
      }
    }
  }
  return [...sums.values()]
    .map(({ layer, head, correct, total }) => ({ layer, head, accuracy: correct / Math.max(total, 1), words: total }))
    .sort((a, b) => b.accuracy - a.accuracy);
}

/** The tokens of each word; the end token is a word of its own, so that looking at it counts as a miss. */
function spansWithEnd(model: Translator, text: string, words: ReturnType<typeof alignmentWords>): Span[] {
  const { ids, offsets } = model.tokenizer.encode(text);
  return [...tokenSpans(words, offsets), [ids.length - 1, ids.length]];
}
