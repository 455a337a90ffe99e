/** Masked words (Devlin et al. 2019, section 3.1), masked anew each epoch (Liu et al. 2019, section 4.1). */
import { IGNORED } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import {
  batchedOnce,
  chosenTokens,
  maskTokens,
  type MaskedRow,
  type MaskingOptions,
  type MaskingVocabulary,
} from "../objectives/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { random } from "../random/index.ts";
import type { TextModel } from "../tasks/text-model.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { Evaluation, type Batch, type JudgedBatch, type Scores } from "../training/index.ts";
import { countOf, linesOf, readDocuments, type TextDocument } from "./documents.ts";
import type { PretrainConfig } from "./pretrain.ts";
import type { Draw, PreparedPretraining, PreviewRow, TextObjective } from "./pretrain-objective.ts";
import { feedsOfRows, idOf, lengthsOf, rowLength, rowsOfTexts, tokensOf, type TokenRow } from "./token-rows.ts";

/** Masked words of texts. */
export const maskedWords: TextObjective<TextDocument> = {
  head: { task: "masked-lm" },
  read: (files, paths, { unit = "line" }) => readDocuments(files, paths, unit),
  texts: linesOf,
  prepare,
};

function prepare(
  model: TextModel,
  documents: readonly TextDocument[],
  config: PretrainConfig,
): PreparedPretraining<TextDocument> {
  const vocabulary = maskingVocabulary(model.tokenizer);
  const { seed, masking, training } = config;
  const length = rowLength(model, config);
  const rowsOf = (read: readonly TextDocument[]): TokenRow[] =>
    rowsOfTexts(
      model,
      read.map((lines) => lines.join("\n")),
      length,
    );
  const rows = rowsOf(documents);
  const lengths = rows.map(({ ids }) => ids.length);
  const objective = chosenTokens(model.model.architecture, Object.keys(feedsOfRows(model, [rows[0]!], [rows[0]!.ids])));
  const draw = (example: number, { epoch }: Pick<Draw, "epoch">): MaskedRow =>
    maskTokens(rows[example]!, vocabulary, masking, random(seed, "masking", epoch, example));
  const evaluation = new Evaluation(model.model.parameters, objective);
  let held: { readonly documents: readonly TextDocument[]; readonly batches: readonly JudgedBatch[] } | undefined;
  return {
    ...{ lengths, objective },
    batch: (examples, at) =>
      maskedBatch(
        model,
        pick(rows, examples),
        examples.map((example) => draw(example, at)),
      ),
    judge: async (read) => {
      if (held?.documents !== read) {
        const { batchTokens } = training;
        held = { documents: read, batches: heldBatches(model, rowsOf(read), vocabulary, masking, batchTokens) };
      }
      return tokenScores(await evaluation.sums(held.batches));
    },
    preview: (examples, at) => examples.map((example) => previewOf(model.tokenizer, rows[example]!, draw(example, at))),
    summary: [countOf(documents), lengthsOf(lengths), maskingOf(masking)],
  };
}

const pick = <T>(items: readonly T[], numbers: readonly number[]): T[] => numbers.map((number) => items[number]!);

/** The masks of rows that are held out are drawn once: each validation asks the same. */
function heldBatches(
  model: TextModel,
  rows: readonly TokenRow[],
  vocabulary: MaskingVocabulary,
  masking: MaskingOptions,
  batchTokens: number,
): JudgedBatch[] {
  const lengths = rows.map(({ ids }) => ids.length);
  const masked = rows.map((row, i) => maskTokens(row, vocabulary, masking, random("held-out masks", i), 1));
  return batchedOnce(lengths, batchTokens, (numbers) => maskedBatch(model, pick(rows, numbers), pick(masked, numbers)));
}

/** The feeds of masked rows: which places are asked for, and what was there. */
export function maskedBatch(
  model: TextModel,
  rows: readonly TokenRow[],
  masked: readonly MaskedRow[],
): Omit<Batch, "examples"> {
  const feeds = feedsOfRows(
    model,
    rows,
    masked.map(({ ids }) => ids),
  );
  const time = feeds["inputIds"]!.shape[1]!;
  const places = masked.flatMap((row, i) => row.places.map((place) => i * time + place));
  const labels = masked.flatMap((row, i) => row.places.map((place) => rows[i]!.ids[place]!));
  const targets = places.length;
  // Engines need not know what a table of no rows is.
  if (targets === 0) {
    places.push(0);
    labels.push(IGNORED);
  }
  return {
    feeds: { ...feeds, places: vector(places), labels: vector(labels) },
    targets,
    places: [{ feed: "places", width: time, beside: { labels: IGNORED } }],
  };
}

const vector = (values: readonly number[]): HostTensor => {
  return { dtype: "int32", shape: [values.length], data: Int32Array.from(values) };
};

/** Scores of tokens that were to be told: nats for each, what that is as a number of choices, and how many were right. */
export function tokenScores({
  sums,
  targets,
}: {
  readonly sums: Readonly<Record<string, number>>;
  readonly targets: number;
}): Scores {
  const loss = sums["loss"]! / targets;
  return { loss, perplexity: Math.exp(loss), accuracy: sums["right"]! / targets };
}

/** The tokens that masking puts in. Throws InputError where there is no mask token. */
export function maskingVocabulary(tokenizer: Tokenizer): MaskingVocabulary {
  const mask = idOf(tokenizer, "mask");
  if (mask === undefined) {
    throw new InputError(
      "The tokenizer has no mask token, which masked words need. Use one of a family that has it, such as bert, " +
        "roberta or albert.",
    );
  }
  const special = new Set((tokenizer.parts.addedTokens ?? []).filter((token) => token.special).map(({ id }) => id));
  const ordinary = Array.from({ length: tokenizer.size }, (_, id) => id).filter(
    (id) => !special.has(id) && id !== mask && tokenizer.idToToken(id) !== undefined,
  );
  return { mask, ordinary: Int32Array.from(ordinary) };
}

/** Masking in words. */
export function maskingOf({ share, mask, random: other, unit, span }: PretrainConfig["masking"]): string {
  const percent = (value: number): string => `${Math.round(1000 * value) / 10} %`;
  const what = unit === "spans" ? `in spans of ${span} tokens` : unit === "words" ? "by whole words" : "token by token";
  return (
    `${percent(share)} of the tokens are asked for, ${what}: ${percent(mask)} masked, ${percent(other)} replaced, ` +
    `${percent(Math.max(0, 1 - mask - other))} kept`
  );
}

/** A row with its masks as tokens. */
export function previewOf(tokenizer: Tokenizer, row: TokenRow, { ids, places, fates }: MaskedRow): PreviewRow {
  const original = tokensOf(tokenizer, row.ids);
  const at = new Map(places.map((place, i) => [place, fates[i]!] as const));
  return {
    original,
    input: tokensOf(tokenizer, ids),
    targets: original.map((token, place) => (at.has(place) ? token : undefined)),
    marks: original.map((_, place) => at.get(place)),
  };
}
