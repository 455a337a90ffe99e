/** The next token at chosen places of rows: what is learned of texts in which only some tokens are to be written. */
// B batch, T tokens, N chosen places, V vocabulary, D width
import { IGNORED, padRows } from "../data/index.ts";
import { GraphError } from "../errors/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import type { Architecture } from "../models/index.ts";
import { sameText, type Scope } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Batch, Objective } from "../training/index.ts";
import { packDocuments } from "./packing.ts";
import { lastHiddenStates, PACKED_INPUTS } from "./token-losses.ts";

const [batch, time] = [dimension("batch"), dimension("time")];
const [target, chosen] = [dimension("target"), dimension("chosen")];
/** The inputs of programs that compute scores at chosen places alone. */
const PLACES = "chosen.places";
const TOKENS = "chosen.tokens";

/** How rows lie in batches. */
export interface AnswerOptions {
  /** Whether rows hold several texts, those of `packedAnswers`. Default: false. */
  readonly packed?: boolean | undefined;
}

/**
 * Cross-entropy at chosen places of a model that writes, summed; `right` counts where the best token is the due one.
 * A decoder computes scores of words at those places alone. Batches are those of `answerBatch`.
 * Throws GraphError where the architecture gives no scores of words.
 */
export function answerTokens(architecture: Architecture, { packed = false }: AnswerOptions = {}): Objective {
  const written = architecture.task === "conditional-generation";
  return (scope) => {
    const logits = written
      ? targetLogits(scope, architecture)
      : packed
        ? chosenLogits(apart(scope), architecture, PLACES, PACKED_INPUTS)
        : chosenLogits(scope, architecture, PLACES);
    scope.at("loss").enter();
    const due = written ? input("labels", "int32", [batch, target]).reshape([-1]) : input(TOKENS, "int32", [chosen]);
    const loss = logits.crossEntropy(due).sum();
    if (scope.trace.kind === "training") return { loss };
    return { loss, right: logits.argMax(-1).cast("int32").equal(due).cast("float32").sum() };
  };
}

/** Models below see in a row only tokens of the same text, by the input `texts` int32[B, T]. */
function apart(scope: Scope): Scope {
  const mask = sameText(input("texts", "int32", [batch, time]));
  return scope.with({ given: (name) => (name === "attentionMask" ? mask : undefined) });
}

/** Logits [B · T, V] of an encoder-decoder, whose input `labels` says what is written. */
export function targetLogits(scope: Scope, architecture: Architecture): Tensor {
  const { logits } = architecture.compute(scope, ["inputIds", "attentionMask", "labels"]);
  if (logits === undefined) throw new GraphError(`${architecture.className} gives no scores of words.`);
  return logits.reshape([-1, logits.fixed(-1)]);
}

/**
 * Logits [N, V] of a decoder behind chosen tokens: the input named `places`, int32[N], counts them through the rows of
 * `inputIds` [B, T]. The output layer sees these alone.
 */
export function chosenLogits(
  scope: Scope,
  architecture: Architecture,
  places: string,
  given: readonly string[] = ["inputIds"],
): Tensor {
  const last = lastHiddenStates(architecture, given);
  const at = input(places, "int32", [chosen]);
  const pick = (x: Tensor): Tensor => x.reshape([-1, x.fixed(-1)]).gather(at);
  const instead = (name: string, x: Tensor): Tensor => (name === last ? pick(x) : x);
  const { logits } = architecture.compute(scope.with({ instead }), given);
  if (logits === undefined) {
    throw new GraphError(`${architecture.className} gives no scores of words. Use a head for causal language models.`);
  }
  return logits.shape.length === 2 ? logits : pick(logits);
}

/** A row of tokens, and which of them are to be written. */
export interface AnswerRow {
  readonly ids: readonly number[];
  /** For each token whether it counts. The first one has nothing in front of it and never counts. */
  readonly counts: readonly boolean[];
  /** What an encoder reads; undefined for a decoder alone. */
  readonly source?: readonly number[] | undefined;
}

/** Several rows in one. */
export interface PackedAnswers extends AnswerRow {
  /** The number of the text that each token is of, from 1 on. */
  readonly texts: readonly number[];
  /** The place of each token in its text. */
  readonly positions: readonly number[];
}

/**
 * Packs rows of a decoder into rows of at most `context` tokens, each whole. Rows that are longer than that must be cut
 * before.
 */
export function packedAnswers(rows: readonly AnswerRow[], context: number): PackedAnswers[] {
  const lengths = rows.map(({ ids }) => ids.length);
  return packDocuments(lengths, Math.max(context, ...lengths)).map((parts) => {
    const whole = parts.map(({ document }) => rows[document]!);
    return {
      ids: whole.flatMap(({ ids }) => ids),
      counts: whole.flatMap(({ counts }) => counts.map((counted, t) => counted && t > 0)),
      texts: whole.flatMap(({ ids }, number) => ids.map(() => number + 1)),
      positions: whole.flatMap(({ ids }) => [...ids.keys()]),
    };
  });
}

/** Rows as the batch of `answerTokens`, padded at the right: all of them packed, or none. */
export function answerBatch(rows: readonly (AnswerRow | PackedAnswers)[], padding: number): Omit<Batch, "examples"> {
  const targets = rows.reduce((sum, row) => sum + countedOf(row), 0);
  if (rows[0]?.source !== undefined) return { feeds: pairFeeds(rows, padding), targets };
  const inputIds = matrix(
    rows.map(({ ids }) => ids),
    padding,
  );
  const length = inputIds.shape[1]!;
  const places: number[] = [];
  const tokens: number[] = [];
  for (const [row, { ids, counts }] of rows.entries()) {
    for (let t = 1; t < ids.length; t++) {
      if (counts[t] !== true) continue;
      places.push(row * length + t - 1);
      tokens.push(ids[t]!);
    }
  }
  const packed = rows.flatMap((row) => ("texts" in row ? [row] : []));
  const packing = packed.length > 0 && {
    texts: matrix(
      packed.map(({ texts }) => texts),
      0,
    ),
    positionIds: matrix(
      packed.map(({ positions }) => positions),
      0,
    ),
  };
  return { feeds: { inputIds, ...packing, [PLACES]: list(places), [TOKENS]: list(tokens) }, targets };
}

/** How many tokens of a row count. */
export function countedOf({ counts, source }: AnswerRow): number {
  return counts.reduce((sum, counted, t) => sum + (counted && (t > 0 || source !== undefined) ? 1 : 0), 0);
}

function pairFeeds(rows: readonly AnswerRow[], padding: number): Batch["feeds"] {
  const sources = rows.map(({ source = [] }) => source);
  const mask = sources.map((ids) => ids.map(() => 1));
  const labels = rows.map(({ ids, counts }) => ids.map((id, t) => (counts[t] === true ? id : IGNORED)));
  return {
    inputIds: matrix(sources, padding),
    attentionMask: matrix(mask, 0),
    labels: matrix(labels, IGNORED),
  };
}

/** Rows of numbers, filled up at the right to one length: int32[rows, longest]. */
const matrix = (rows: readonly ArrayLike<number>[], fill: number): HostTensor => {
  return { dtype: "int32", ...padRows(rows, fill) };
};

/** Numbers as int32[N]. */
const list = (values: readonly number[]): HostTensor => {
  return { dtype: "int32", shape: [values.length], data: Int32Array.from(values) };
};
