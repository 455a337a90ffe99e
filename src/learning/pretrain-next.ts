/**
 * Next words (Radford et al. 2018, equation 1): of documents, packed into rows in which they do not see each other, or of
 * one long text, in windows from anywhere in it.
 */
import { ConfigError, InputError } from "../errors/index.ts";
import { IGNORED } from "../models/index.ts";
import {
  batchedOnce,
  filledRows,
  nextTokens,
  PACKED_INPUTS,
  packedBatch,
  packedRows,
  packedTokens,
  type PackedRow,
} from "../objectives/index.ts";
import { random } from "../random/index.ts";
import type { TextModel } from "../tasks/text-model.ts";
import { Evaluation, type Batch, type JudgedBatch } from "../training/index.ts";
import { countOf, linesOf, readDocuments, type TextDocument } from "./documents.ts";
import type { PretrainConfig } from "./pretrain.ts";
import type { Draw, PreparedPretraining, PretrainObjective, PreviewRow } from "./pretrain-objective.ts";
import { tokenScores } from "./pretrain-masked.ts";
import { idOf, rowLength, tokensOf } from "./token-rows.ts";

/** The next word at each position. */
export const nextWords: PretrainObjective<TextDocument> = {
  head: { task: "causal-lm" },
  read: (files, paths, { unit = "document" }) => readDocuments(files, paths, unit),
  texts: linesOf,
  prepare: (model, documents, config) =>
    config.unit === "stream" ? prepareStream(model, documents, config) : preparePacked(model, documents, config),
};

function preparePacked(
  model: TextModel,
  documents: readonly TextDocument[],
  config: PretrainConfig,
): PreparedPretraining<TextDocument> {
  const { architecture } = model.model;
  const missing = PACKED_INPUTS.find((name) => architecture.inputs[name] === undefined);
  if (missing !== undefined) {
    throw new ConfigError(
      `${architecture.className} does not read ${missing}, without which documents of one row would see each other. ` +
        'Use "unit": "stream" (--unit stream), or a family such as gpt2 or llama.',
    );
  }
  const context = rowLength(model, config);
  const rowsOf = (read: readonly TextDocument[]): PackedRow[] => packedRows(idsOfDocuments(model, read), context);
  const rows = rowsOf(documents);
  const lengths = rows.map(({ ids }) => ids.length);
  const objective = packedTokens(architecture);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const full = ((100 * tokens) / (rows.length * context)).toFixed(1);
  const pick = (examples: readonly number[]): PackedRow[] => examples.map((example) => rows[example]!);
  return {
    ...{ lengths, objective },
    batch: (examples) => packedBatch(pick(examples)),
    judge: judgeBy(model, objective, (read) => {
      const held = rowsOf(read);
      return batchesOf(held, config, (some) => packedBatch(some));
    }),
    preview: (examples) => pick(examples).map((row) => previewOf(model, row)),
    summary: [
      countOf(documents),
      `${tokens} tokens in ${rows.length} rows of at most ${context}, ${full} % full; documents do not see each other`,
    ],
  };
}

/** The ids of each document between boundaries. */
function idsOfDocuments({ tokenizer }: TextModel, documents: readonly TextDocument[]): Int32Array[] {
  const { bos, eos, cls, sep } = tokenizer.special;
  const end = eos?.id ?? sep?.id ?? idOf(tokenizer, "eos");
  if (end === undefined) {
    throw new InputError(
      'The tokenizer has no token that ends a document. Use "unit": "stream" (--unit stream) for one long text, or a ' +
        "tokenizer of a family that has one, such as gpt2.",
    );
  }
  const start = bos?.id ?? cls?.id ?? end;
  return documents.map((lines) => {
    const ids = tokenizer.ids(lines.join("\n"), { addSpecialTokens: false });
    const whole = new Int32Array(ids.length + 2).fill(end);
    whole[0] = start;
    whole.set(ids, 1);
    return whole;
  });
}

function prepareStream(
  model: TextModel,
  documents: readonly TextDocument[],
  config: PretrainConfig,
): PreparedPretraining<TextDocument> {
  const context = rowLength(model, config);
  const ids = idsOfStream(model, documents, context);
  const count = Math.ceil((ids.length - 1) / context);
  const lengths = Array<number>(count).fill(context);
  const objective = nextTokens(model.model.architecture);
  const windowAt = (start: number, end = start + context): Window => {
    return { ids: ids.subarray(start, end), labels: ids.subarray(start + 1, end + 1) };
  };
  /** Windows lie anywhere in the text, and elsewhere in each epoch. */
  const draw = (example: number, { epoch }: Pick<Draw, "epoch">): Window =>
    windowAt(random(config.seed, "window", epoch, example).below(ids.length - context));
  return {
    ...{ lengths, objective },
    batch: (examples, at) => windowBatch(examples.map((example) => draw(example, at))),
    judge: judgeBy(model, objective, (read) => {
      const held = idsOfStream(model, read, 1);
      const windows: Window[] = [];
      // One behind the other, so that every token of the text but its first is told once.
      for (let start = 0; start + 1 < held.length; start += context) {
        const end = Math.min(start + context, held.length - 1);
        windows.push({ ids: held.subarray(start, end), labels: held.subarray(start + 1, end + 1) });
      }
      return batchesOf(windows, config, windowBatch);
    }),
    preview: (examples, at) =>
      examples.map((example) => {
        const window = draw(example, at);
        return {
          about: "a window from anywhere in the text",
          original: tokensOf(model.tokenizer, window.ids),
          input: tokensOf(model.tokenizer, window.ids),
          targets: tokensOf(model.tokenizer, window.labels),
        };
      }),
    summary: [countOf(documents), `${ids.length} tokens, in windows of ${context} from anywhere in the text`],
  };
}

interface Window {
  readonly ids: Int32Array;
  readonly labels: Int32Array;
}

function windowBatch(windows: readonly Window[]): Omit<Batch, "examples"> {
  const inputIds = filledRows(
    windows.map(({ ids }) => ids),
    0,
  );
  const labels = filledRows(
    windows.map(({ labels: own }) => own),
    IGNORED,
  );
  return { feeds: { inputIds, labels }, targets: windows.reduce((sum, { ids }) => sum + ids.length, 0) };
}

/** All files one behind the other. Throws InputError where there is less than a window. */
function idsOfStream({ tokenizer }: TextModel, documents: readonly TextDocument[], context: number): Int32Array {
  const ids = documents.map((lines) => tokenizer.ids(lines.join("\n"), { addSpecialTokens: false }));
  const whole = new Int32Array(ids.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of ids) {
    whole.set(part, at);
    at += part.length;
  }
  if (whole.length > context) return whole;
  throw new InputError(
    `The text has ${whole.length} tokens, and a window ${context}. Give more text, or a smaller maxLength (--max-length).`,
  );
}

/** Batches of rows that are judged, of like length. */
function batchesOf<T extends { readonly ids: Int32Array }>(
  rows: readonly T[],
  { training: { batchTokens } }: PretrainConfig,
  make: (rows: readonly T[]) => Omit<Batch, "examples">,
): JudgedBatch[] {
  const lengths = rows.map(({ ids }) => ids.length);
  return batchedOnce(lengths, batchTokens, (numbers) => make(numbers.map((number) => rows[number]!)));
}

/** Nats for each token of held-out text; its batches are made once. */
function judgeBy(
  { model }: TextModel,
  objective: PreparedPretraining["objective"],
  batches: (documents: readonly TextDocument[]) => readonly JudgedBatch[],
): NonNullable<PreparedPretraining<TextDocument>["judge"]> {
  const evaluation = new Evaluation(model.parameters, objective);
  let held: { readonly documents: readonly TextDocument[]; readonly batches: readonly JudgedBatch[] } | undefined;
  return async (documents) => {
    if (held?.documents !== documents) held = { documents, batches: batches(documents) };
    return tokenScores(await evaluation.sums(held.batches));
  };
}

function previewOf({ tokenizer }: TextModel, { ids, labels, texts, positions }: PackedRow): PreviewRow {
  const original = tokensOf(tokenizer, ids);
  return {
    about: `documents in one row that do not see each other: ${texts.at(-1)!}`,
    original,
    input: original,
    targets: tokensOf(tokenizer, labels),
    marks: Array.from(positions, (place) => (place === 0 ? "boundary" : undefined)),
    inputs: { document: Array.from(texts), position: Array.from(positions) },
  };
}
