/** How a model writes: what it goes on from, with its own settings, ready for a search. */
import { z } from "zod";
import { InputError } from "../errors/index.ts";
import { textOf, type CachedModel, type GenerationOptions } from "../generation/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { promptIds } from "../tasks/answers.ts";
import { limited, withoutSegments } from "../tasks/generate-text.ts";
import { cachedModel, generationInputs, modelGenerationOptions, withMask } from "../tasks/generation.ts";
import { tokenLabels } from "../tasks/token-labels.ts";
import { translationSearch } from "../tasks/translate.ts";
import type { Tokenizer } from "../tokens/index.ts";
import type { Subject } from "./subject.ts";

const id = z.int().nonnegative();

/** What is written behind. */
export const writingInput = z.object({
  /** The prompt of a decoder, or the source of a model that writes another text. */
  text: z.string().default(""),
  /** Token ids instead of a text, for a model without a tokenizer. */
  ids: z.array(id).optional(),
  /** What was written already: ids behind the prompt, or behind what the decoder starts from. */
  written: z.array(id).max(2048).default([]),
});
export type WritingInput = z.output<typeof writingInput>;

/** A model about to write. */
export interface Writing {
  readonly cached: CachedModel;
  /** The prompt included, with what was written behind it. */
  readonly feeds: Values;
  /** The model's own settings. */
  readonly options: GenerationOptions;
  /** What an encoder reads. */
  readonly source: readonly number[] | undefined;
  /** What the decoder goes on from, without what was written. */
  readonly prompt: readonly number[];
  readonly written: readonly number[];
  /** Of what is written. */
  readonly tokenizer: Tokenizer | undefined;
}

/** A token as pictures show it. */
export interface ShownToken {
  readonly id: number;
  /** As people read it. */
  readonly text: string;
  /** As the vocabulary has it; undefined without a tokenizer. */
  readonly token: string | undefined;
}

/** New tokens of a model whose settings do not say. */
const NEW_TOKENS = 32;

// The programs with a cache stay with the model, and go with its engine.
const caches = new WeakMap<Subject, CachedModel>();

function cachedOf(subject: Subject): CachedModel {
  if (subject.translator !== undefined) return subject.translator.cached;
  const before = caches.get(subject);
  if (before !== undefined) return before;
  const made = cachedModel(subject.model);
  caches.set(subject, made);
  return made;
}

/** Makes a model ready to write. Throws InputError for one that does not write, and for a text that it cannot read. */
export function writingOf(subject: Subject, given: WritingInput): Writing {
  requireVocabulary(subject, [...(given.ids ?? []), ...given.written]);
  if (subject.translator !== undefined) return translating(subject, given);
  generationInputs(subject.architecture);
  return subject.architecture.task === "causal-lm" ? goingOn(subject, given) : converting(subject, given);
}

function translating(subject: Subject, { text, written }: WritingInput): Writing {
  const translator = subject.translator!;
  requireText(text);
  const [source] = translator.encodeAll([text]);
  const { feeds, options } = translationSearch(translator, [source!], { beams: 1 });
  const prompt = [translator.config.startId];
  return {
    cached: cachedOf(subject),
    feeds: { ...feeds, target: row([...prompt, ...written]) },
    ...{ options, source: Array.from(source!), prompt, written, tokenizer: translator.tokenizer },
  };
}

/** A decoder alone. */
function goingOn(subject: Subject, { text, ids, written }: WritingInput): Writing {
  const { model, tokenizer, architecture } = subject;
  const prompt = tokenizer === undefined || ids !== undefined ? idsOr(ids) : promptIds(tokenizer, text);
  const options = { ...settingsOf(subject), tokenizer };
  const feeds = withMask(model, { inputIds: row([...prompt, ...written]) }, options);
  requireRoom(architecture.longest, prompt.length + written.length);
  return {
    cached: cachedOf(subject),
    options: limited(options, NEW_TOKENS),
    ...{ feeds, source: undefined, prompt, written, tokenizer },
  };
}

/** An encoder-decoder. */
function converting(subject: Subject, { text, ids, written }: WritingInput): Writing {
  const { text: reader, tokenizer, architecture, model } = subject;
  const read = (): Values => {
    if (reader === undefined || ids !== undefined) return withMask(model, { inputIds: row(idsOr(ids)) }, {});
    requireText(text);
    return withoutSegments(reader.encode([text]).feeds);
  };
  const feeds = read();
  const source = Array.from(feeds["inputIds"]!.data as Int32Array);
  const settings = settingsOf(subject);
  const { startId, endId, paddingId } = architecture.config as Readonly<Record<string, number | undefined>>;
  const start = settings.decoderStartTokenId ?? startId ?? endId ?? paddingId ?? 0;
  requireRoom(architecture.longest, written.length + 1);
  return {
    cached: cachedOf(subject),
    feeds: { ...feeds, decoderInputIds: row([start, ...written]) },
    options: {
      ...limited(settings, Math.ceil(1.5 * source.length) + 20),
      ...{ decoderStartTokenId: undefined, tokenizer: tokenizer?.target },
    },
    ...{ source, prompt: [start], written, tokenizer: tokenizer?.target },
  };
}

/** The model's settings without those that say which search is made: questions say that. */
function settingsOf({ model, architecture }: Subject): GenerationOptions {
  const settings = modelGenerationOptions(model);
  const { longest } = architecture;
  return {
    ...settings,
    maxPositions: longest,
    doSample: false,
    numBeams: 1,
    numReturnSequences: 1,
    maxLength: undefined,
  };
}

const idsOr = (ids: readonly number[] | undefined): readonly number[] =>
  ids === undefined || ids.length === 0 ? [4, 5, 6, 7] : ids;

function requireText(text: string): void {
  if (text.trim() === "") throw new InputError("The text is empty. Write something to go on from.");
}

function requireRoom(longest: number | undefined, length: number): void {
  if (longest === undefined || length < longest) return;
  throw new InputError(
    `The text has ${length} tokens already; this model has ${longest} positions. Give a shorter one.`,
  );
}

function requireVocabulary({ architecture: { config, className } }: Subject, ids: readonly number[]): void {
  const vocabulary = config["vocabulary"] as number | undefined;
  const unknown = ids.find((one) => vocabulary !== undefined && one >= vocabulary);
  if (unknown === undefined) return;
  throw new InputError(`There is no token ${unknown}: ${className} has the ids 0 to ${vocabulary! - 1}.`);
}

const row = (ids: readonly number[]): HostTensor => ({
  dtype: "int32",
  shape: [1, ids.length],
  data: Int32Array.from(ids),
});

/** Tokens that stand behind one another, as people read them. */
export function shownTokens(tokenizer: Tokenizer | undefined, ids: readonly number[]): ShownToken[] {
  const texts = tokenizer === undefined ? ids.map(String) : tokenLabels(tokenizer, Int32Array.from(ids));
  return ids.map((one, i) => ({ id: one, text: texts[i]!, token: tokenizer?.idToToken(one) }));
}

/** A token by itself: a space in front of a word shows, as does what is no whole letter. */
export function shownToken(tokenizer: Tokenizer | undefined, one: number): ShownToken {
  const token = tokenizer?.idToToken(one);
  if (token === undefined) return { id: one, text: String(one), token };
  const [label] = tokenLabels(tokenizer!, Int32Array.of(one));
  // Special tokens, and pieces that a decoder leaves nothing of, show as the vocabulary has them.
  return { id: one, text: label === "␣" || label === "\ufffd" ? token : label!, token };
}

/** What new ids say behind what was there; the ids themselves without a tokenizer. */
export function textOfIds(
  { tokenizer, prompt, written, source }: Pick<Writing, "tokenizer" | "prompt" | "written" | "source">,
  ids: readonly number[],
): string {
  if (tokenizer === undefined) return ids.join(" ");
  // What a decoder begins with is no text.
  return textOf(ids, { tokenizer, before: source === undefined ? [...prompt, ...written] : written });
}
