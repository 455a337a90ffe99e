/** Finds where a number stopped being one: which tensor is the first that is not finite. */
import { gradients, input, type Tensor } from "../graph/index.ts";
import { lower } from "../onnx/index.ts";
import { Trace, type ModelParameters } from "../nn/index.ts";
import type { Values, View } from "../runtime/index.ts";
import type { Objective } from "./trainer.ts";

/**
 * Computes the step once more and asks of each parameter, each recorded tensor in the order of the model, the loss,
 * and each gradient from the loss backward, whether all its values are finite. Returns the first that is not, in words;
 * of a batch in several parts, the first of the first part that has one. Undefined where all are finite.
 */
export async function findNotFinite(
  parameters: ModelParameters,
  objective: Objective,
  bind: Readonly<Record<string, View>>,
  parts: readonly Values[],
  lossScale: string,
): Promise<string | undefined> {
  const trace = new Trace("training");
  const loss = trace.run(objective).loss.mul(input(lossScale, "float32", []));
  const specs = [...trace.parameters.values()];
  const trained = specs.filter((spec) => spec.trained);
  const byParameter = gradients(
    loss,
    trained.map((spec) => spec.tensor),
  );
  const candidates: [string, Tensor][] = [
    ...specs.map((spec): [string, Tensor] => [`the parameter ${spec.name}`, spec.tensor]),
    ...[...trace.records].map(([name, tensor]): [string, Tensor] => [`the tensor ${name}`, tensor]),
    ["the loss", loss],
    ...trained.map((spec, i): [string, Tensor] => [`the gradient of ${spec.name}`, byParameter[i]!]).reverse(),
  ];
  // x − x is 0 for finite values and NaN for all others.
  const outputs = Object.fromEntries(candidates.map(([, tensor], i) => [`check ${i}`, tensor.sub(tensor).sum()]));
  const program = lower("where it is not finite", outputs);
  const loaded = await parameters.engine.load(program);
  const bound = Object.fromEntries(
    Object.entries(bind).filter(([port]) => program.inputs.some(({ name }) => name === port)),
  );
  const call = { program: loaded, bind: bound, fetch: Object.keys(outputs) };
  try {
    for (const feeds of parts) {
      const results = await parameters.engine.run([call], feeds);
      const sums = candidates.map((_, i) => (results[`check ${i}`]!.data as Float32Array)[0]!);
      const first = sums.findIndex((sum) => Number.isNaN(sum));
      if (first >= 0) return candidates[first]![0];
    }
    return undefined;
  } finally {
    await parameters.engine.unload(loaded);
  }
}
