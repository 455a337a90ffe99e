/** Losses of tokens: hidden ones, and the next ones, each computed where it counts and nowhere else. */
// B batch, T time, D width, V vocabulary, N chosen places
import { GraphError } from "../errors/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import { traceOf, type Architecture } from "../models/index.ts";
import { sameText, type Scope, type ScopeRules } from "../nn/index.ts";
import type { Objective } from "../training/index.ts";

const [batch, time, chosen] = [dimension("batch"), dimension("time"), dimension("chosen")];

/** The inputs of `packedTokens`. */
export const PACKED_INPUTS = ["inputIds", "attentionMask", "positionIds"] as const;

/**
 * The tokens at some places: the architecture reads the named inputs, and its output layer sees the hidden states at
 * `places` alone (int32[N], counted through all rows), so there are logits [N, V] instead of [B, T, V]. `labels`
 * (int32[N]) are what the tokens are; negative ones count for nothing. The loss is summed over the places; `right` counts
 * those whose largest logit is the label's. Throws GraphError where the architecture gives no logits of tokens.
 */
export function chosenTokens(architecture: Architecture, given: Iterable<string>): Objective {
  const names = [...given];
  const last = lastHiddenStates(architecture, names);
  return (scope) => {
    const { logits } = architecture.compute(scope.with(rowsAtPlaces(last)), names);
    return lossOfTokens(scope, tokenLogits(architecture, logits), input("labels", "int32", [chosen]));
  };
}

/**
 * The token at each position, from `inputIds` int32[B, T], with `labels` int32[B, T] (those that are negative count for
 * nothing). Labels stand below what they are told from: those of a language model are the tokens shifted by one.
 */
export function nextTokens(architecture: Architecture): Objective {
  return (scope) => {
    const { logits } = architecture.compute(scope, ["inputIds"]);
    return lossOfTokens(scope, tokenLogits(architecture, logits), labelsOfRows());
  };
}

/**
 * The same over rows of several texts that do not see each other: `texts` (int32[B, T]) has the number of the text that
 * each token is of, and `positionIds` (int32[B, T]) start again with each.
 */
export function packedTokens(architecture: Architecture): Objective {
  return (scope) => {
    const mask = sameText(input("texts", "int32", [batch, time]));
    const apart = scope.with({ given: (name) => (name === "attentionMask" ? mask : undefined) });
    const { logits } = architecture.compute(apart, PACKED_INPUTS);
    return lossOfTokens(scope, tokenLogits(architecture, logits), labelsOfRows());
  };
}

/**
 * Hidden tokens as in `chosenTokens`, and one of two classes for each row, `rowLabels` (int32[B]), by a head for
 * pre-training: the mean over the places and the mean over the rows, added up, times the rows. So a batch has as many
 * targets as rows. The sums of the parts are reported as `tokens`, `right`, `rows` and `rightRows`.
 */
export function chosenTokensAndRows(architecture: Architecture, given: Iterable<string>): Objective {
  const names = [...given];
  return (scope) => {
    const outputs = architecture.compute(scope.with(rowsAtPlaces("wordStates")), names);
    const { predictionLogits, ...others } = outputs;
    const rowLogits = Object.values(others).find(({ shape }) => shape.length === 2 && shape[1] === 2);
    if (predictionLogits === undefined || rowLogits === undefined) {
      throw new GraphError(
        `${architecture.className} has no scores of words and of pairs. Use a head for pre-training.`,
      );
    }
    const labels = input("labels", "int32", [chosen]);
    const words = lossOfTokens(scope, predictionLogits, labels);
    const classes = input("rowLabels", "int32", [batch]);
    const rows = rowLogits.crossEntropy(classes).sum();
    const count = labels.greaterOrEqual(0).cast(rows.dtype).sum().maximum(1);
    const loss = words.loss.div(count).mul(rows.sizeValue(batch)).add(rows);
    if (scope.trace.kind === "training") return { loss };
    return { loss, tokens: words.loss, right: words["right"]!, rows, rightRows: rightOnes(rowLogits, classes) };
  };
}

/** The name under which an architecture publishes its last hidden states. */
function lastHiddenStates(architecture: Architecture, given: readonly string[]): string {
  const records = traceOf(architecture, given).trace.records;
  const numbers = [...records.keys()].flatMap((name) => {
    const number = /^hiddenStates\.(\d+)$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  return `hiddenStates.${Math.max(...numbers)}`;
}

/** The published states [B, T, D] become those at the places, [N, D]. */
function rowsAtPlaces(states: string): ScopeRules {
  return {
    instead: (name, published) => {
      if (name !== states) return published;
      const rows = published.reshape([-1, published.fixed(-1)]);
      return rows.gather(input("places", "int32", [chosen]));
    },
  };
}

const labelsOfRows = (): Tensor => input("labels", "int32", [batch, time]).reshape([-1]);

function tokenLogits({ className }: Architecture, logits: Tensor | undefined): Tensor {
  if (logits !== undefined) return logits.shape.length === 2 ? logits : logits.reshape([-1, logits.fixed(-1)]);
  throw new GraphError(`${className} gives no logits of tokens. Use a head for masked or next words.`);
}

function lossOfTokens(scope: Scope, logits: Tensor, labels: Tensor): ReturnType<Objective> {
  scope.at("loss").enter();
  const loss = logits.crossEntropy(labels).sum();
  return scope.trace.kind === "training" ? { loss } : { loss, right: rightOnes(logits, labels) };
}

const rightOnes = (logits: Tensor, labels: Tensor): Tensor =>
  logits.argMax(-1).cast("int32").equal(labels).cast("float32").sum();
