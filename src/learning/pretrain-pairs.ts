/**
 * Two segments of text, and whether the second follows the first (next sentence: Devlin et al. 2019, section 3.1) or
 * whether they are in order (sentence order: Lan et al. 2020, "ALBERT", section 3.1); words of both are masked.
 */
import { ConfigError, InputError } from "../errors/index.ts";
import { batchedOnce, chosenTokensAndRows, maskTokens, type MaskedRow } from "../objectives/index.ts";
import { random, type Random } from "../random/index.ts";
import type { TextModel } from "../tasks/text-model.ts";
import { Evaluation, type Batch, type JudgedBatch, type Scores } from "../training/index.ts";
import { countOf, linesOf, readDocuments, type TextDocument } from "./documents.ts";
import type { PretrainConfig } from "./pretrain.ts";
import type { PreparedPretraining, PretrainObjective } from "./pretrain-objective.ts";
import { maskedBatch, maskingOf, maskingVocabulary, previewOf } from "./pretrain-masked.ts";
import { feedsOfRows, lengthsOf, rowLength, rowOfText, type TokenRow } from "./token-rows.ts";

/** Neighboring lines of a document, from `start` up to `end`, and their tokens. */
interface Passage {
  readonly document: number;
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

/** Documents with the number of tokens of each line, cut into passages that fill a row. */
interface Passages {
  readonly documents: readonly TextDocument[];
  readonly counts: readonly (readonly number[])[];
  readonly list: readonly Passage[];
}

/** A pair, and whether it is as it stands in the text: class 0, as Hugging Face counts, and 1 where it is not. */
interface DrawnPair {
  readonly texts: readonly [string, string];
  readonly label: 0 | 1;
}

/** How a pair is made of a passage. */
interface PairRule {
  readonly draw: (passages: Passages, passage: Passage, generator: Random) => DrawnPair;
  /** What each class is, in words. */
  readonly says: readonly [string, string];
  /** How many documents it needs. */
  readonly documents: number;
}

const textOf = (lines: readonly string[]): string => lines.join(" ");

/** A passage, cut at a place between two of its lines. */
function halves({ documents }: Passages, { document, start, end }: Passage, generator: Random) {
  const cut = start + 1 + generator.below(end - start - 1);
  const lines = documents[document]!;
  return { first: textOf(lines.slice(start, cut)), second: textOf(lines.slice(cut, end)), cut };
}

const nextSentence: PairRule = {
  documents: 2,
  says: ["the second follows the first", "the second is from elsewhere"],
  draw: (passages, passage, generator) => {
    const { first, second, cut } = halves(passages, passage, generator);
    if (generator.uniform() < 0.5) return { texts: [first, second], label: 0 };
    const { documents, counts } = passages;
    const room = counts[passage.document]!.slice(cut, passage.end).reduce((sum, count) => sum + count, 0);
    let other = generator.below(documents.length - 1);
    if (other >= passage.document) other++;
    // As long as what it stands for: its length must not give it away.
    const from = generator.below(documents[other]!.length);
    let [to, tokens] = [from, 0];
    while (to < documents[other]!.length && tokens < room) tokens += counts[other]![to++]!;
    return { texts: [first, textOf(documents[other]!.slice(from, to))], label: 1 };
  },
};

const sentenceOrder: PairRule = {
  documents: 1,
  says: ["in order", "swapped"],
  draw: (passages, passage, generator) => {
    const { first, second } = halves(passages, passage, generator);
    return generator.uniform() < 0.5 ? { texts: [first, second], label: 0 } : { texts: [second, first], label: 1 };
  },
};

const pairs = (rule: PairRule): PretrainObjective<TextDocument> => ({
  head: { task: "pre-training" },
  read: (files, paths, { unit = "document" }) => {
    if (unit === "document") return readDocuments(files, paths, unit);
    throw new ConfigError(`Pairs are made of lines of documents; "unit" must be "document", got "${unit}".`);
  },
  texts: linesOf,
  prepare: (model, documents, config) => prepare(rule, model, documents, config),
});

/** Does the second segment follow the first? */
export const nextSentencePairs = pairs(nextSentence);
/** Are two segments in order? */
export const sentenceOrderPairs = pairs(sentenceOrder);

function prepare(
  rule: PairRule,
  model: TextModel,
  documents: readonly TextDocument[],
  config: PretrainConfig,
): PreparedPretraining<TextDocument> {
  const { architecture } = model.model;
  const label = ["nextSentenceLabel", "sentenceOrderLabel"].find((name) => architecture.inputs[name] !== undefined);
  if (label === undefined) {
    throw new ConfigError(`${architecture.className} has no classes for pairs. Use a family that has: bert or albert.`);
  }
  const vocabulary = maskingVocabulary(model.tokenizer);
  const { seed, masking, training } = config;
  const length = rowLength(model, config);
  const passages = passagesOf(rule, model, documents, length);
  const [first] = passages.list;
  const sample = drawn(rule, model, passages, first!, random(seed, "sample"), length);
  const objective = chosenTokensAndRows(architecture, Object.keys(feedsOfRows(model, [sample.row], [sample.row.ids])));
  const added = sample.row.words.filter((word) => word < 0).length;
  const lengths = passages.list.map(({ tokens }) => Math.min(length, tokens + added));
  const make = (from: Passages, example: number, ...stream: (string | number)[]): MaskedPair => {
    const most = Math.min(length, from.list[example]!.tokens + added);
    const one = drawn(rule, model, from, from.list[example]!, random(...stream, "pair"), most);
    return { ...one, masked: maskTokens(one.row, vocabulary, masking, random(...stream, "masking")) };
  };
  const evaluation = new Evaluation(model.model.parameters, objective);
  let held: { readonly documents: readonly TextDocument[]; readonly batches: readonly PairBatch[] } | undefined;
  return {
    ...{ lengths, objective },
    batch: (examples, { epoch }) =>
      pairBatch(
        model,
        examples.map((example) => make(passages, example, seed, epoch, example)),
      ),
    judge: async (read) => {
      if (held?.documents !== read) {
        const from = passagesOf(rule, model, read, length);
        const list = from.list.map((_, example) => make(from, example, "held-out pairs", example));
        held = { documents: read, batches: heldBatches(model, list, training.batchTokens) };
      }
      return pairScores(evaluation, held.batches);
    },
    preview: (examples, { epoch }) =>
      examples.map((example) => {
        const { row, label: found, masked } = make(passages, example, seed, epoch, example);
        const about = `${rule.says[found]} (${String(found)})`;
        return { ...previewOf(model.tokenizer, row, masked), about, inputs: { segment: Array.from(row.typeIds) } };
      }),
    summary: [
      countOf(documents),
      `${lengths.length} pairs, half of them ${rule.says[0]}, half ${rule.says[1]}`,
      lengthsOf(lengths),
      maskingOf(masking),
    ],
  };
}

interface PairRow {
  readonly row: TokenRow;
  readonly label: 0 | 1;
}
interface MaskedPair extends PairRow {
  readonly masked: MaskedRow;
}
type PairBatch = JudgedBatch & { readonly words: number };

function drawn(
  { draw }: PairRule,
  model: TextModel,
  passages: Passages,
  passage: Passage,
  generator: Random,
  maxLength: number,
): PairRow {
  const { texts, label } = draw(passages, passage, generator);
  return { row: rowOfText(model, texts, maxLength), label };
}

/** Passages of at least two lines. Throws InputError where there are none, or too few documents. */
function passagesOf(
  { documents: needed }: PairRule,
  { tokenizer }: TextModel,
  documents: readonly TextDocument[],
  length: number,
): Passages {
  const counts = documents.map((lines) => lines.map((line) => tokenizer.ids(line, { addSpecialTokens: false }).length));
  // Three tokens are added to a pair by most families.
  const room = Math.max(2, length - 3);
  const list = counts.flatMap((lines, document) => {
    const found: Passage[] = [];
    let [start, tokens] = [0, 0];
    for (const [line, count] of lines.entries()) {
      tokens += count;
      const full = line + 1 === lines.length || tokens + lines[line + 1]! > room;
      if (!full || line === start) continue;
      found.push({ document, start, end: line + 1, tokens: Math.min(tokens, room) });
      [start, tokens] = [line + 1, 0];
    }
    return found;
  });
  if (list.length > 0 && documents.length >= needed) return { documents, counts, list };
  throw new InputError(
    `Pairs need ${needed === 1 ? "a document" : `${needed} documents`} of at least two lines, with empty lines between ` +
      `documents; there ${documents.length === 1 ? "is one document" : `are ${documents.length} documents`}, and ` +
      `${list.length === 0 ? "none has two lines" : "that is too few"}.`,
  );
}

function pairBatch(
  model: TextModel,
  made: readonly MaskedPair[],
): Omit<Batch, "examples"> & { readonly words: number } {
  const { feeds, targets } = maskedBatch(
    model,
    made.map(({ row }) => row),
    made.map(({ masked }) => masked),
  );
  const data = Int32Array.from(made, ({ label }) => label);
  const rowLabels = { dtype: "int32", shape: [data.length], data } as const;
  return { feeds: { ...feeds, rowLabels }, targets: made.length, words: targets };
}

function heldBatches(model: TextModel, list: readonly MaskedPair[], batchTokens: number): PairBatch[] {
  const lengths = list.map(({ row }) => row.ids.length);
  return batchedOnce(lengths, batchTokens, (numbers) =>
    pairBatch(
      model,
      numbers.map((number) => list[number]!),
    ),
  );
}

async function pairScores(evaluation: Evaluation, batches: readonly PairBatch[]): Promise<Scores> {
  const { sums, targets } = await evaluation.sums(batches);
  const words = Math.max(
    1,
    batches.reduce((sum, one) => sum + one.words, 0),
  );
  const [masked, pair] = [sums["tokens"]! / words, sums["rows"]! / targets];
  return {
    loss: masked + pair,
    "masked loss": masked,
    "masked accuracy": sums["right"]! / words,
    "pair loss": pair,
    "pair accuracy": sums["rightRows"]! / targets,
  };
}
