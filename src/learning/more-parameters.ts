/** Parameters of a model together with what else an objective trains: a generator, a temperature. */
import { initialValues, ModelParameters, Trace } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { random } from "../random/index.ts";
import type { Model } from "../tasks/model.ts";
import type { Objective } from "../training/index.ts";

/**
 * All that the objective trains, in the model's engine: the model's own values, those that are given by name, and fresh
 * ones, drawn by the seed, for the rest. The model itself must not be run any longer; make one of these parameters.
 */
export async function parametersWith(
  model: Model,
  objective: Objective,
  given: ReadonlyMap<string, HostTensor>,
  seed: number,
): Promise<ModelParameters> {
  const trace = new Trace("training");
  trace.run(objective);
  const specs = [...trace.parameters.values()];
  const own = await model.parameters.read();
  const values = specs.map((spec): [string, HostTensor] => {
    const { name, shape } = spec;
    const fresh = (): HostTensor => {
      return { dtype: "float32", shape, data: initialValues(spec, random(seed, "parameters", name)) };
    };
    return [name, own.get(name) ?? given.get(name) ?? fresh()];
  });
  return ModelParameters.fromValues(model.engine, specs, new Map(values));
}
