/** Answers to prompts, as a causal model sees them: how probable it makes each token of them. */
// B rows, T tokens of the longest, N tokens of all answers together, D width, V vocabulary
import { GraphError } from "../errors/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import { neededInputs, type Architecture } from "../models/index.ts";
import type { Scope } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";

/** A prompt and its answer, as ids. The prompt has at least one: it says what the answer's first token follows. */
export interface AnsweredRow {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
}

const tokens = dimension("answered");
const rows = dimension("batch");
const places = (): Tensor => input("answerPlaces", "int32", [tokens]);
const ids = (): Tensor => input("answerIds", "int32", [tokens]);

/** The inputs of an architecture that answers are read with. */
export function answerInputs(architecture: Architecture): string[] {
  const { inputs } = architecture;
  return [...new Set([...neededInputs(architecture), ...("attentionMask" in inputs ? ["attentionMask"] : [])])];
}

/** Rows of ids as inputs of an architecture, padded to one length: `inputIds` and, where it has one, `attentionMask`. */
export function paddedRows(
  { inputs, config }: Architecture,
  all: readonly (readonly number[])[],
  side: "left" | "right" = "right",
): Values {
  const length = Math.max(1, ...all.map((row) => row.length));
  const padding = (config["paddingId"] as number | undefined) ?? 0;
  const inputIds = new Int32Array(all.length * length).fill(padding);
  const attentionMask = new Int32Array(all.length * length);
  for (const [i, row] of all.entries()) {
    const start = i * length + (side === "left" ? length - row.length : 0);
    inputIds.set(row, start);
    attentionMask.fill(1, start, start + row.length);
  }
  const matrix = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [all.length, length], data });
  return {
    inputIds: matrix(inputIds),
    ...("attentionMask" in inputs && { attentionMask: matrix(attentionMask) }),
  };
}

/**
 * Rows as `answerScores` reads them: the padded rows, and for each token of all answers, row after row, where it is
 * predicted (`answerPlaces`, in the rows laid one after the other) and which it is (`answerIds`).
 */
export function answerFeeds(architecture: Architecture, all: readonly AnsweredRow[]): Values {
  const feeds = paddedRows(
    architecture,
    all.map(({ prompt, answer }) => [...prompt, ...answer]),
  );
  const length = feeds["inputIds"]!.shape[1]!;
  const predicted = all.flatMap(({ prompt, answer }, row) =>
    answer.map((_, i) => row * length + prompt.length + i - 1),
  );
  return { ...feeds, answerPlaces: flat(predicted), answerIds: flat(all.flatMap(({ answer }) => answer)) };
}

/** Which row each token of the answers belongs to, for `sumByRow`. */
export const answerRows = (all: readonly AnsweredRow[]): HostTensor =>
  flat(all.flatMap(({ answer }, row) => answer.map(() => row)));

const flat = (values: readonly number[]): HostTensor => {
  return { dtype: "int32", shape: [values.length], data: Int32Array.from(values) };
};

/** What a model makes of the places before each token of the answers. */
export interface AnswerScores {
  /** [N, V] */
  readonly logits: Tensor;
  /** What the logits are made from, [N, D]. */
  readonly hidden: Tensor;
}

/**
 * Logits of the tokens of the answers alone: the output layer, the widest of all, never sees prompts and padding.
 * Throws GraphError where the architecture gives no logits of words.
 */
export function answerScores(scope: Scope, architecture: Architecture): AnswerScores {
  const refused = new GraphError(
    `${architecture.className} does not write answers word by word. Use the head for causal language models.`,
  );
  if (architecture.task !== "causal-lm") throw refused;
  const last = `hiddenStates.${String(architecture.config["layers"])}`;
  const found: { hidden?: Tensor } = {};
  const instead = (name: string, published: Tensor): Tensor => {
    if (name !== last) return published;
    return (found.hidden = published.reshape([-1, published.fixed(-1)]).gather(places()));
  };
  const { logits } = architecture.compute(scope.with({ instead }), answerInputs(architecture));
  const { hidden } = found;
  if (logits === undefined || hidden === undefined) throw refused;
  return { logits, hidden };
}

/** log p of each token of the answers, [N], from their logits [N, V]. */
export function answerLogProbabilities(logits: Tensor): Tensor {
  return logits.crossEntropy(ids()).neg();
}

/** Numbers of tokens [N] added up for each row: [B], by the input `answerRows`. */
export function sumByRow(values: Tensor): Tensor {
  const owner = input("answerRows", "int32", [tokens]);
  return values.reshape([tokens, 1]).scatterRows(owner, rows).reshape([rows]);
}

/** A number for each token of the answers, float32[N], as an input. */
export const answerNumbers = (name: string): Tensor => input(name, "float32", [tokens]);
