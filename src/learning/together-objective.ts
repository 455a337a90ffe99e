/** The objective of several tasks on one body: one pass through the body for all rows of a batch, a head for each task. */
// B rows, T tokens, C classes, N choices, V vocabulary
import { GraphError } from "../errors/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import type { Architecture } from "../models/index.ts";
import type { Scope, ScopeRules } from "../nn/index.ts";
import type { Objective } from "../training/index.ts";

/** How the rows of an example become its scores (Radford et al. 2018, figure 1). */
export type ScoreForm = "row" | "both orders" | "choices";

/** A task as the objective sees it. */
export interface SharedTask {
  readonly name: string;
  readonly architecture: Architecture;
  readonly form: ScoreForm;
  /** Choices of an example, at most. */
  readonly choices: number;
  /** What its losses are multiplied by. */
  readonly weight: number;
}

/** Where the parameters of a task's head lie among those of all. */
export const headPath = (task: string, name: string): string => `heads.${task}.${name}`;

/** The rules under which a task's model shares its body with the others. */
export function sharing(name: string, base: string): ScopeRules {
  return { rename: (path) => (path.startsWith(`${base}.`) ? path : headPath(name, path)) };
}

const rows = dimension("batch");
const time = dimension("time");

/**
 * Sums over all examples: of each task the cross-entropy of its scores, and, for a causal body, the language-model losses
 * of the texts (Radford et al. 2018, equation 5). Inputs beside those of the texts: `labels.TASK` (int32[B]), negative but
 * in the first row of an example of the task; `partners.TASK` (int32[B]), the row with the other order; `members.TASK`
 * (int32[B, N]), the rows of an example's choices, negative for none; `labels.language` (int32[B, T]), the next tokens,
 * and `weights.language` (float32[B, T]), what each counts.
 */
export function sharedObjective(
  tasks: readonly SharedTask[],
  base: string,
  given: readonly string[],
  language: Architecture | undefined,
): Objective {
  return (scope) => {
    let body: Tensor | undefined;
    const traced = (name: string, { architecture }: Pick<SharedTask, "architecture">): Record<string, Tensor> => {
      const last = `hiddenStates.${String(architecture.config["layers"])}`;
      // The body is traced with every head; all but the first get what it gave.
      const instead = (published: string, tensor: Tensor): Tensor => (published === last ? (body ??= tensor) : tensor);
      return architecture.compute(scope.with({ ...sharing(name, base), instead }), given);
    };
    const losses = tasks.map((task) => {
      const { logits } = traced(task.name, task);
      if (logits?.shape.length !== 2) throw new GraphError(`${task.architecture.className} gives no scores of rows.`);
      return { ...taskLoss(scope, task, logits), weight: task.weight };
    });
    const parts = losses.map(({ loss, weight }) => (weight === 1 ? loss : loss.scale(weight)));
    if (language !== undefined) {
      const { logits } = traced("language", { architecture: language });
      parts.push(languageLoss(scope, logits!));
    }
    const loss = parts.reduce((sum, part) => sum.add(part));
    if (scope.trace.kind === "training") return { loss };
    return { loss, right: losses.map(({ right }) => right).reduce((sum, one) => sum.add(one)) };
  };
}

function taskLoss(scope: Scope, { name, form, choices }: SharedTask, logits: Tensor): { loss: Tensor; right: Tensor } {
  scope.at("loss", name).enter();
  const labels = input(`labels.${name}`, "int32", [rows]);
  const scores =
    form === "row" ? logits : form === "both orders" ? bothOrders(name, logits) : ofChoices(name, logits, choices);
  const right = scores.argMax(-1).cast("int32").equal(labels).cast("float32").sum();
  return { loss: scores.crossEntropy(labels).sum(), right };
}

/** The sum of the scores of both orders of a pair; of a linear head, those of the sum of both vectors. */
function bothOrders(name: string, logits: Tensor): Tensor {
  return logits.add(logits.gather(input(`partners.${name}`, "int32", [rows])));
}

/** One score from each of the rows of an example: [B, 1] to [B, N]. */
function ofChoices(name: string, logits: Tensor, choices: number): Tensor {
  const members = input(`members.${name}`, "int32", [rows, choices]);
  const scores = logits.reshape([-1]).gather(members.maximum(0));
  return members.greaterOrEqual(0).where(scores, -1e9);
}

function languageLoss(scope: Scope, logits: Tensor): Tensor {
  scope.at("loss", "language").enter();
  const labels = input("labels.language", "int32", [rows, time]).reshape([-1]);
  const weights = input("weights.language", "float32", [rows, time]).reshape([-1]);
  return logits
    .reshape([-1, logits.fixed(-1)])
    .crossEntropy(labels)
    .mul(weights)
    .sum();
}
