/** From what a person gives, a text, a pair of texts or an image, to the inputs of a model and the axes of its pictures. */
import { z } from "zod";
import { alignmentWords, decodeImage, pixelValues, tokenSpans, type RawImage } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import type { Side } from "../insight/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { TextSummarizer } from "../tasks/convert.ts";
import type { Model } from "../tasks/model.ts";
import { tokenLabels } from "../tasks/token-labels.ts";
import type { Encoding, Tokenizer } from "../tokens/index.ts";
import { readInputs, type Subject } from "./subject.ts";

/** What is read. */
export const readingInput = z.object({
  /** The text, or the source of a model that writes another. */
  text: z.string().default(""),
  /** A second text of a pair, for an encoder. */
  pair: z.string().optional(),
  /** What a model with a decoder writes; its own best answer where it is left out. */
  target: z.string().optional(),
  /** An image file, base64; models of images read a test card where it is left out. */
  image: z.string().optional(),
  /** Token ids instead of a text, for a model without a tokenizer. */
  ids: z.array(z.int().nonnegative()).optional(),
});
export type ReadingInput = z.output<typeof readingInput>;

/** One axis of a picture: the tokens of a text, or the patches of an image. */
export interface Axis {
  /** A text for each token; of patches, "row, column". */
  readonly labels: readonly string[];
  /** Token ids; none for patches. */
  readonly ids: readonly number[];
  /** The tokens of each word, [first, last + 1), with the word; tokens outside of words are words of their own. */
  readonly words: readonly { readonly text: string; readonly first: number; readonly end: number }[];
  /** Of patches: how many rows and columns there are, and how many tokens come before them. */
  readonly grid?: { readonly rows: number; readonly columns: number; readonly before: number } | undefined;
}

/** A text or image as a model sees it. */
export interface Reading {
  readonly feeds: Values;
  readonly axes: Readonly<Partial<Record<Side, Axis>>>;
  /** What was written, where the model wrote it itself. */
  readonly target?: string | undefined;
  /** Tells readings of one subject apart. */
  readonly key: string;
}

/** What subjects read lately: views ask many questions about one text, and a translation takes its time. */
const readings = new WeakMap<Subject, Map<string, Promise<Reading>>>();
const KEPT = 8;

/** Reads. Throws InputError for an empty text, one that is too long, and an image that cannot be decoded. */
export function read(subject: Subject, given: ReadingInput): Promise<Reading> {
  const key = JSON.stringify(readingInput.parse(given));
  const kept = readings.get(subject) ?? new Map<string, Promise<Reading>>();
  readings.set(subject, kept);
  const before = kept.get(key);
  if (before !== undefined) return before;
  const reading = readAnew(subject, given, key);
  kept.set(key, reading);
  reading.catch(() => kept.delete(key));
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  return reading;
}

async function readAnew(subject: Subject, given: ReadingInput, key: string): Promise<Reading> {
  if (subject.translator !== undefined) return { ...(await readPair(subject, given)), key };
  const { inputs } = subject.architecture;
  const image = inputs["pixelValues"] === undefined ? undefined : await readImage(subject, given);
  if (inputs["inputIds"] === undefined) return { feeds: image!.feeds, axes: { image: image!.axis }, key };
  const text = await readText(subject, given);
  return {
    feeds: { ...text.feeds, ...image?.feeds },
    axes: { ...text.axes, ...(image && { image: image.axis }) },
    target: text.target,
    key,
  };
}

type Part = Pick<Reading, "feeds" | "axes" | "target">;

async function readPair(subject: Subject, { text, target }: ReadingInput): Promise<Part> {
  const translator = subject.translator!;
  requireText(text);
  const written = target ?? (await translator.translate(text)).text;
  const [source] = translator.encodeAll([text]);
  const [whole] = translator.encodeAll([written]);
  const shifted = Int32Array.of(translator.config.startId, ...whole!.subarray(0, -1));
  return {
    feeds: { inputIds: translator.padded([source!]), decoderInputIds: translator.padded([shifted]) },
    axes: {
      source: axisOf(translator.tokenizer, text, source!),
      target: axisOf(translator.tokenizer, written, whole!),
    },
    target: written,
  };
}

function requireText(text: string): void {
  if (text.trim() === "") throw new InputError("The text is empty. Write something to look at.");
}

async function readText(subject: Subject, given: ReadingInput): Promise<Part> {
  const { architecture, tokenizer, text: reader } = subject;
  const writes = readInputs(architecture).includes("decoderInputIds");
  if (tokenizer === undefined || reader === undefined || given.ids !== undefined) {
    return readIds(subject, given.ids ?? [], writes);
  }
  requireText(given.text);
  const { feeds, encodings } = reader.encode([given.pair === undefined ? given.text : [given.text, given.pair]]);
  const axis = axisOfEncoding(subject, given, encodings[0]!);
  if (!writes) return oneText(subject, feeds, axis);
  const written = given.target ?? (await ownAnswer(subject, given.text));
  const ids = tokenizer.target.ids(written);
  const first = startOf(subject);
  const shifted = Int32Array.of(first, ...ids.subarray(0, -1));
  const decoderInputIds: HostTensor = { dtype: "int32", shape: [1, shifted.length], data: shifted };
  return {
    feeds: { ...feeds, decoderInputIds },
    axes: { source: axis, target: axisOf(tokenizer.target, written, ids) },
    target: written,
  };
}

/** One text; where a head takes several for a choice, it is the only one. What has a decoder reads it there, too. */
function oneText({ architecture: { inputs } }: Subject, feeds: Values, axis: Axis): Part {
  const choices = inputs["inputIds"]!.shape.length === 3;
  const shaped = ([name, tensor]: [string, HostTensor]): [string, HostTensor] => [
    name,
    { ...tensor, shape: [1, ...tensor.shape] },
  ];
  return {
    feeds: choices ? Object.fromEntries(Object.entries(feeds).map(shaped)) : feeds,
    axes: inputs["decoderInputIds"] === undefined ? { text: axis } : { source: axis, target: axis },
  };
}

/** Ids as they are: for models without a tokenizer. */
function readIds(subject: Subject, ids: readonly number[], writes: boolean): Part {
  const given = ids.length > 0 ? ids : Array.from({ length: 8 }, (_, i) => i + 4);
  const row: HostTensor = { dtype: "int32", shape: [1, given.length], data: Int32Array.from(given) };
  const labels = given.map(String);
  const axis: Axis = { labels, ids: given, words: labels.map((text, i) => ({ text, first: i, end: i + 1 })) };
  const attentionMask = { ...row, data: new Int32Array(given.length).fill(1) };
  const mask = subject.architecture.inputs["attentionMask"] === undefined ? {} : { attentionMask };
  if (!writes) return oneText(subject, { inputIds: row, ...mask }, axis);
  return { feeds: { inputIds: row, ...mask, decoderInputIds: row }, axes: { source: axis, target: axis } };
}

function startOf({ architecture: { config } }: Subject): number {
  const ids = [config["decoderStartId"], config["startId"], config["endId"], config["paddingId"], 0];
  return ids.find((id): id is number => typeof id === "number")!;
}

/** What a model with a decoder makes of a text by itself, greedily. */
async function ownAnswer({ model, tokenizer }: Subject, text: string): Promise<string> {
  if (model.architecture.task !== "conditional-generation") return text;
  const writer = new TextSummarizer(model as Model<"conditional-generation">, tokenizer!);
  const [found] = await writer.summarize([text], { numBeams: 1, truncate: true });
  // Fresh models may write nothing at all.
  return found![0]!.text === "" ? text : found![0]!.text;
}

/** The axis of ids that a tokenizer made of a text. */
function axisOf(tokenizer: Tokenizer, text: string, ids: Int32Array): Axis {
  const { offsets } = tokenizer.encode(text);
  return { labels: tokenLabels(tokenizer, ids), ids: Array.from(ids), words: wordsOf(text, offsets, ids.length) };
}

function axisOfEncoding({ tokenizer }: Subject, { text, pair }: ReadingInput, encoding: Encoding): Axis {
  const ids = Int32Array.from(encoding.ids);
  const of = (sequence: number): (readonly [number, number])[] =>
    encoding.offsets.map((offset, i) => (encoding.sequenceIds[i] === sequence ? offset : ([0, 0] as const)));
  const first = wordsOf(text, of(0), 0);
  const second = pair === undefined ? [] : wordsOf(pair, of(1), 0);
  return {
    labels: tokenLabels(tokenizer!, ids),
    ids: encoding.ids,
    words: withLoneTokens([...first, ...second], ids.length),
  };
}

type Words = Axis["words"];

function wordsOf(text: string, offsets: readonly (readonly [number, number])[], tokens: number): Words {
  const words = alignmentWords(text);
  const spans = tokenSpans(words, offsets);
  const found = words.flatMap((word, i) => {
    const [first, end] = spans[i]!;
    return end > first ? [{ text: word.text, first, end }] : [];
  });
  return tokens === 0 ? found : withLoneTokens(found, tokens);
}

/** Words in the order of their tokens; a token of no word is one of its own, and one of two words belongs to the first. */
function withLoneTokens(words: Words, tokens: number): Words {
  const merged: { text: string; first: number; end: number }[] = [];
  for (let token = 0; token < tokens;) {
    const word = words.find(({ first, end }) => first <= token && token < end);
    const end = word === undefined ? token + 1 : word.end;
    merged.push({ text: word?.text ?? "", first: token, end });
    token = end;
  }
  return merged;
}

async function readImage(subject: Subject, given: ReadingInput): Promise<{ feeds: Values; axis: Axis }> {
  const { architecture } = subject;
  const image = given.image === undefined ? testCard() : await decodeImage(fromBase64(given.image));
  const pixels = pixelValues([image], subject.images!);
  const config = (architecture.config["vision"] ?? architecture.config) as Readonly<Record<string, unknown>>;
  const patch = config["patch"] as number;
  const [, , height, width] = pixels.shape;
  const [rows, columns] = [Math.floor(height! / patch), Math.floor(width! / patch)];
  const labels = Array.from(
    { length: rows * columns },
    (_, i) => `${Math.floor(i / columns) + 1}, ${(i % columns) + 1}`,
  );
  const all = ["[CLS]", ...labels];
  const words = all.map((text, i) => ({ text, first: i, end: i + 1 }));
  return { feeds: { pixelValues: pixels }, axis: { labels: all, ids: [], words, grid: { rows, columns, before: 1 } } };
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new InputError("The image is not base64. Send the bytes of an image file in base64.");
  }
}

/** A picture for models of images where none was given: a disk, a square and stripes. */
export function testCard(size = 96): RawImage {
  const data = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [u, v] = [x / size, y / size];
      const inDisk = (u - 0.3) ** 2 + (v - 0.35) ** 2 < 0.04;
      const inSquare = u > 0.55 && u < 0.9 && v > 0.15 && v < 0.5;
      const stripe = v > 0.65 && Math.floor(u * 12) % 2 === 0;
      const color = inDisk ? [214, 96, 40] : inSquare ? [40, 110, 190] : stripe ? [30, 30, 30] : [236, 232, 222];
      data.set(color, (y * size + x) * 3);
    }
  }
  return { width: size, height: size, data };
}
