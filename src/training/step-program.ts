/** The program of a training step: forward, backward, and what else a step reports. */
import { TrainingError } from "../errors/index.ts";
import { gradients, input, rewrite, trainingRules, type Tensor } from "../graph/index.ts";
import { Trace } from "../nn/index.ts";
import { lower, type Program } from "../onnx/index.ts";
import type { Objective, TrainerOptions } from "./trainer.ts";

/** The name of the program with the forward and the backward pass. */
export const TRAINING_STEP = "training step";
/** The input that the summed loss is multiplied by: one over the number of targets. */
export const LOSS_SCALE = "loss.scale";
/** What the names of further entries that a step reports begin with. */
export const REPORT = "report.";

/**
 * The program of a training step (the loss, and its gradients by the parameters that are trained after so many updates)
 * and what its tracing collected.
 */
export function trainingProgram(
  objective: Objective,
  { recompute = false, report = [], starts }: Pick<TrainerOptions, "recompute" | "report" | "starts">,
  after = 0,
): { readonly program: Program; readonly trace: Trace } {
  const trace = new Trace("training");
  const written = trace.run((scope) => {
    const { loss, ...others } = objective(scope);
    return [loss.mul(input(LOSS_SCALE, "float32", [])), ...report.map((name) => reportOf(others, name))];
  });
  const [loss, ...rest] = rewrite([...written, ...(recompute ? trace.checkpoints : [])], trainingRules);
  const checkpoints = rest.splice(report.length);
  const trained = [...trace.parameters.values()].filter((parameter) => parameter.trained);
  const specs = trained.filter(({ name }) => (starts?.(name) ?? 0) <= after);
  if (specs.length === 0) throw nothingTrained(trained.length);
  const byParameter = gradients(
    loss!,
    specs.map((spec) => spec.tensor),
    { checkpoints },
  );
  const named = Object.fromEntries(specs.map((spec, i) => [`gradient.${spec.name}`, byParameter[i]!]));
  const reports = Object.fromEntries(report.map((name, i) => [REPORT + name, rest[i]!]));
  return { program: lower(TRAINING_STEP, { loss: loss!, ...named, ...reports }), trace };
}

function reportOf(others: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = others[name];
  if (found !== undefined) return found;
  throw new TrainingError(
    `The objective has no entry "${name}" to report. It has ${Object.keys(others).join(", ") || "its loss alone"}.`,
  );
}

const nothingTrained = (later: number): TrainingError =>
  new TrainingError(
    later === 0
      ? "The objective has no parameter that is trained. Freeze less of the model."
      : `None of the ${later} parameters is trained from the first update on. Let one start at 0.`,
  );
