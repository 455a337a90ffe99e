/** Proximal policy optimization (Schulman et al. 2017) of a model that writes, as Ziegler et al. (2019) apply it. */
// N tokens of all answers, D width, V vocabulary
import type { Tensor } from "../graph/index.ts";
import type { Architecture } from "../models/index.ts";
import { linear, type Scope } from "../nn/index.ts";
import type { Objective } from "../training/index.ts";
import { answerLogProbabilities, answerNumbers, answerScores } from "./answered-rows.ts";

/** Where the value head's parameters lie: TRL's name for it. */
export const VALUE_HEAD = "v_head";
/** What the names of the frozen reference's parameters begin with. */
export const REFERENCE = "reference";

/** How much of the loss each part is, and how far an update may go. */
export interface PpoOptions {
  /** ε of the clipped ratio (Schulman et al. 2017, equation 7). */
  readonly clip: number;
  /** How far a value may move from the old one before its loss stops pulling it further. */
  readonly valueClip: number;
  readonly valueWeight: number;
  /** Of a bonus for entropy. Default: 0, none. */
  readonly entropyWeight?: number | undefined;
}

/** What the objective reports beside the loss, as sums over tokens. */
export const PPO_REPORTS = ["policyLoss", "valueLoss", "clipShare", "step"] as const;

/** The policy and its value head, read without dropout: what was sampled must be what is trained. */
function policyOf(scope: Scope, architecture: Architecture): { readonly logits: Tensor; readonly values: Tensor } {
  const { logits, hidden } = answerScores(scope.with({ dropout: false }), architecture);
  // Starts at 0 everywhere: before the first update nothing is expected of any state.
  const head = linear(scope.at(VALUE_HEAD, "summary"), hidden, 1, { initial: { kind: "zeros" } });
  return { logits, values: head.reshape([-1]) };
}

/**
 * What is known of sampled answers before they are trained on, for each of their tokens [N]: log-probability under the
 * policy and under the reference, the value of the state before it, entropy of the policy there, and the Kullback-Leibler
 * divergence of the policy from the reference there, all in nats.
 */
export function answerMeasures(architecture: Architecture): (scope: Scope) => Record<string, Tensor> {
  return (scope) => {
    const { logits, values } = policyOf(scope, architecture);
    const frozen = scope.at(REFERENCE).with({ trained: () => false, publishAs: (name) => `${REFERENCE}.${name}` });
    const { logits: base } = answerScores(frozen, architecture);
    scope.at("measures").enter();
    const [policy, reference] = [logits.logSoftmax(), base.logSoftmax()];
    const shares = policy.exp();
    return {
      logProbabilities: answerLogProbabilities(logits),
      reference: answerLogProbabilities(base),
      values,
      entropy: shares.mul(policy).sum(-1).neg(),
      divergence: shares.mul(policy.sub(reference)).sum(-1),
    };
  };
}

/** What an update does to the tokens [N] of a batch. */
export interface PpoTensors {
  readonly logProbabilities: Tensor;
  readonly values: Tensor;
  /** Before the updates on this batch began. */
  readonly oldLogProbabilities: Tensor;
  readonly oldValues: Tensor;
  readonly advantages: Tensor;
  readonly returns: Tensor;
  readonly entropy?: Tensor | undefined;
}

/**
 * The clipped surrogate objective (Schulman et al. 2017, equation 7) and the loss of the values, clipped alike, summed
 * over tokens: max(−A r, −A clip(r, 1 ± ε)) + c · ½ max((V − R)², (V_clipped − R)²) − e · H.
 */
export function ppoLoss(given: PpoTensors, options: PpoOptions): { loss: Tensor } & Record<string, Tensor> {
  const { logProbabilities, values, oldLogProbabilities, oldValues, advantages, returns, entropy } = given;
  const { clip, valueClip, valueWeight, entropyWeight = 0 } = options;
  const step = logProbabilities.sub(oldLogProbabilities);
  const ratio = step.exp();
  const held = within(ratio, 1 - clip, 1 + clip);
  const policyLoss = advantages.neg().mul(ratio).maximum(advantages.neg().mul(held)).sum();
  const near = oldValues.add(within(values.sub(oldValues), -valueClip, valueClip));
  const square = (x: Tensor): Tensor => x.mul(x);
  const valueLoss = square(values.sub(returns))
    .maximum(square(near.sub(returns)))
    .sum()
    .scale(0.5);
  const both = policyLoss.add(valueLoss.scale(valueWeight));
  return {
    loss: entropy === undefined ? both : both.sub(entropy.sum().scale(entropyWeight)),
    policyLoss,
    valueLoss,
    clipShare: ratio.sub(1).abs().greater(clip).cast("float32").sum(),
    // An estimate of the divergence of the old policy from the new one that is never negative (Schulman 2020, "k3").
    step: ratio.sub(1).sub(step).sum(),
  };
}

const within = (x: Tensor, least: number, most: number): Tensor => x.maximum(least).minimum(most);

/**
 * PPO on sampled answers: the rows as `answerFeeds` gives them, and for each token of the answers `oldLogProbabilities`,
 * `oldValues`, `advantages` and `returns`, float32[N].
 */
export function proximalPolicy(architecture: Architecture, options: PpoOptions): Objective {
  return (scope) => {
    const { logits, values } = policyOf(scope, architecture);
    scope.at("loss").enter();
    const logs = (options.entropyWeight ?? 0) === 0 ? undefined : logits.logSoftmax();
    return ppoLoss(
      {
        logProbabilities: answerLogProbabilities(logits),
        values,
        oldLogProbabilities: answerNumbers("oldLogProbabilities"),
        oldValues: answerNumbers("oldValues"),
        advantages: answerNumbers("advantages"),
        returns: answerNumbers("returns"),
        entropy: logs?.exp().mul(logs).sum(-1).neg(),
      },
      options,
    );
  };
}
