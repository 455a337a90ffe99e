/** The next token at chosen places of rows: what is learned of texts in which only some tokens are to be written. */
// B batch, T tokens, N chosen places, V vocabulary, D width
import { GraphError } from "../errors/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import { traceOf, type Architecture } from "../models/index.ts";
import type { Scope } from "../nn/index.ts";
import { IGNORED, padRows } from "../data/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Batch, Objective } from "../training/index.ts";

/** The inputs of a program that computes scores at chosen places alone. */
const PLACES = "chosen.places";
const TOKENS = "chosen.tokens";
const chosen = dimension("chosen");

/**
 * Cross-entropy at chosen places of a model that writes, summed; `right` counts where the best token is the due one.
 * A decoder computes scores of words at those places alone. Batches are those of `answerBatch`.
 * Throws GraphError where the architecture gives no scores of words.
 */
export function answerTokens(architecture: Architecture): Objective {
  const written = architecture.task === "conditional-generation";
  return (scope) => {
    const logits = written ? targetLogits(scope, architecture) : chosenLogits(scope, architecture, PLACES);
    scope.at("loss").enter();
    const due = written
      ? input("labels", "int32", [dimension("batch"), dimension("target")]).reshape([-1])
      : input(TOKENS, "int32", [chosen]);
    const loss = logits.crossEntropy(due).sum();
    if (scope.trace.kind === "training") return { loss };
    return { loss, right: logits.argMax(-1).cast("int32").equal(due).cast("float32").sum() };
  };
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
export function chosenLogits(scope: Scope, architecture: Architecture, places: string): Tensor {
  const names = ["inputIds"];
  const last = lastHidden(architecture, names);
  const at = input(places, "int32", [chosen]);
  const pick = (x: Tensor): Tensor => x.reshape([-1, x.fixed(-1)]).gather(at);
  const instead = (name: string, x: Tensor): Tensor => (name === last ? pick(x) : x);
  const { logits } = architecture.compute(scope.with({ instead }), names);
  if (logits === undefined) {
    throw new GraphError(`${architecture.className} gives no scores of words. Use a head for causal language models.`);
  }
  return logits.shape.length === 2 ? logits : pick(logits);
}

/** The name of what the output layer reads; undefined where the family does not publish it. */
function lastHidden(architecture: Architecture, given: readonly string[]): string | undefined {
  const { records } = traceOf(architecture, given).trace;
  const layers = [...records.keys()].flatMap((name) => {
    const [, number] = /^hiddenStates\.(\d+)$/.exec(name) ?? [];
    return number === undefined ? [] : [Number(number)];
  });
  return layers.length === 0 ? undefined : `hiddenStates.${Math.max(...layers)}`;
}

/** A row of tokens, and which of them are to be written. */
export interface AnswerRow {
  readonly ids: readonly number[];
  /** For each token whether it counts. The first one has nothing in front of it and never counts. */
  readonly counts: readonly boolean[];
  /** What an encoder reads; undefined for a decoder alone. */
  readonly source?: readonly number[] | undefined;
}

/** Rows as the batch of `answerTokens`, padded at the right. */
export function answerBatch(rows: readonly AnswerRow[], padding: number): Omit<Batch, "examples"> {
  const targets = rows.reduce((sum, row) => sum + countedOf(row), 0);
  if (rows[0]?.source !== undefined) return { feeds: pairFeeds(rows, padding), targets };
  const inputIds = matrix(rows.map(({ ids }) => ids), padding); // prettier-ignore
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
  return { feeds: { inputIds, [PLACES]: list(places), [TOKENS]: list(tokens) }, targets };
}

/** How many tokens of a row count. */
export function countedOf({ counts, source }: AnswerRow): number {
  return counts.reduce((sum, counted, t) => sum + (counted && (t > 0 || source !== undefined) ? 1 : 0), 0);
}

function pairFeeds(rows: readonly AnswerRow[], padding: number): Batch["feeds"] {
  const sources = rows.map(({ source = [] }) => source);
  return {
    inputIds: matrix(sources, padding),
    attentionMask: matrix(sources.map((ids) => ids.map(() => 1)), 0), // prettier-ignore
    labels: matrix(rows.map(({ ids, counts }) => ids.map((id, t) => (counts[t] === true ? id : IGNORED))), IGNORED), // prettier-ignore
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
