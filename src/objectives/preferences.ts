/** Learning from preferences between two answers: a reward model (Bradley-Terry), and a policy directly (DPO). */
// B rows, two for each pair; P pairs; N tokens of all answers
import { GraphError } from "../errors/index.ts";
import { concat, dimension, full, input, type Tensor } from "../graph/index.ts";
import type { Architecture } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Objective } from "../training/index.ts";
import { answerInputs, answerLogProbabilities, answerScores, sumByRow } from "./answered-rows.ts";

/** What the objectives of pairs report beside the loss, as sums over the pairs. */
export const PAIR_REPORTS = ["accuracy", "margin"] as const;
/** What DPO reports: the implicit rewards of both answers as well. */
export const DPO_REPORTS = [...PAIR_REPORTS, "chosen", "rejected"] as const;

const pairs = dimension("pairs");

/** Which rows of a batch are the chosen and the rejected ones, where pair i is rows 2i and 2i + 1. */
export function pairRows(count: number): Readonly<Record<"better" | "worse", HostTensor>> {
  const places = (first: number): HostTensor => {
    const data = Int32Array.from({ length: count }, (_, i) => 2 * i + first);
    return { dtype: "int32", shape: [count], data };
  };
  return { better: places(0), worse: places(1) };
}

/**
 * −log σ(s_better − s_worse) for each pair, summed (Bradley and Terry 1952; Ouyang et al. 2022, equation 1), from scores
 * of rows [B] and the inputs `better` and `worse`, int32[P], which say which rows make a pair. With label smoothing ε
 * each pair counts as the other way round with the probability ε.
 */
export function pairLoss(scores: Tensor, labelSmoothing = 0): { loss: Tensor } & Record<string, Tensor> {
  const side = (name: string): Tensor => scores.gather(input(name, "int32", [pairs]));
  const [chosen, rejected] = [side("better"), side("worse")];
  // As the cross-entropy of two classes: exact at a difference of 0, where DPO starts, and without overflow.
  const both = concat([chosen.unsqueeze(-1), rejected.unsqueeze(-1)], -1);
  const losses = both.crossEntropy(full(0, [pairs], "int32"), { labelSmoothing: 2 * labelSmoothing });
  return {
    loss: losses.sum(),
    accuracy: chosen.greater(rejected).cast("float32").sum(),
    margin: chosen.sub(rejected).sum(),
    chosen: chosen.sum(),
    rejected: rejected.sum(),
  };
}

/**
 * A reward model on pairs (Stiennon et al. 2020, section 3.4): the score of a row is the one logit of an architecture for
 * sequence classification. Throws GraphError where it has several.
 */
export function rewardPairs(architecture: Architecture): Objective {
  return (scope) => {
    const { logits } = architecture.compute(scope, answerInputs(architecture));
    if (logits?.shape.length !== 2 || logits.shape[1] !== 1) {
      throw new GraphError(`${architecture.className} gives no single score of a row. Give it one label.`);
    }
    scope.at("loss").enter();
    return pairLoss(logits.reshape([-1]));
  };
}

/** How DPO learns. */
export interface DirectPreferenceOptions {
  /** How strongly the policy is held to the reference: the larger, the closer it stays. */
  readonly beta: number;
  /** The share of pairs that may be the wrong way round (Mitchell 2023, "conservative DPO"). Default: 0. */
  readonly labelSmoothing?: number | undefined;
}

/**
 * Direct preference optimization (Rafailov et al. 2023, equation 7): the score of an answer is its implicit reward,
 * β (log π(y | x) − log π_ref(y | x)). What the frozen reference makes of each row is the input `reference`, float32[B].
 * Dropout is off, so that a policy that is still the reference has rewards of 0.
 */
export function directPreferences(
  architecture: Architecture,
  { beta, labelSmoothing }: DirectPreferenceOptions,
): Objective {
  return (scope) => {
    const { logits } = answerScores(scope.with({ dropout: false }), architecture);
    scope.at("loss").enter();
    const sums = sumByRow(answerLogProbabilities(logits));
    const reference = input("reference", "float32", [dimension("batch")]);
    return pairLoss(sums.sub(reference).scale(beta), labelSmoothing);
  };
}
