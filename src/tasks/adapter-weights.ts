/** Adapters on the weights of their base: which layer is which, and the sum of both. */
import type { Adapter, LowRankChange, StoredType, StoredWeights } from "../checkpoints/index.ts";
import { CheckpointError } from "../errors/index.ts";
import { showShape, type WeightLayout } from "../graph/index.ts";
import { adaptableLayers, parametersOf, type Architecture } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { fitWeights } from "./fit-weights.ts";

/** An adapter under the names of an architecture. */
export interface FittedAdapter {
  /** By the paths of the layers. */
  readonly layers: ReadonlyMap<string, LowRankChange & { readonly layout: WeightLayout }>;
  /** By the names of the parameters that are replaced. */
  readonly full: ReadonlyMap<string, HostTensor>;
}

/**
 * Finds an adapter's layers and parameters in an architecture; the adapter may be of the bare body of a model with a head,
 * and the other way round. Throws CheckpointError that lists what is not there, or has another shape.
 */
export function fitAdapter({ shown, layers, full }: Adapter, architecture: Architecture): FittedAdapter {
  const known = adaptableLayers(architecture);
  const shapes = new Map(parametersOf(architecture).map(({ name, shape }) => [name, shape.join()]));
  const problems: string[] = [];
  const fitted = { layers: new Map<string, LowRankChange & { layout: WeightLayout }>(), full: new Map(full) };
  for (const [path, change] of layers) {
    const layer = known.get(nameIn(architecture, path, known));
    const got = [change.down.shape[1], change.up.shape[0]];
    if (layer === undefined || layer.table !== change.table) {
      problems.push(`there is no ${change.table ? "embedding that can change alone" : "linear layer"} ${path}`);
    } else if (got.join() !== [layer.from, layer.to].join()) {
      problems.push(`${path} goes from ${layer.from} to ${layer.to}, and the adapter's from ${got.join(" to ")}`);
    } else fitted.layers.set(layer.path, { ...change, layout: layer.layout });
  }
  fitted.full.clear();
  for (const [name, value] of full) {
    const known = nameIn(architecture, name, shapes);
    const shape = shapes.get(known);
    if (shape === undefined) problems.push(`there is no parameter ${name}`);
    else if (shape !== value.shape.join())
      problems.push(`${name} is [${shape}], and the adapter's ${showShape(value.shape)}`);
    else fitted.full.set(known, value);
  }
  if (problems.length === 0) return fitted;
  const more = problems.length > SHOWN ? `\n  and ${problems.length - SHOWN} more` : "";
  throw new CheckpointError(
    `The adapter ${shown} does not fit ${architecture.className}:\n  ${problems.slice(0, SHOWN).join("\n  ")}${more}\n` +
      `Give the base that it was trained on, and open it for the adapter's task.`,
  );
}

const SHOWN = 8;

/** A name as it is, or with the base's prefix, or without it. */
function nameIn({ names }: Architecture, name: string, known: { has(name: string): boolean }): string {
  const prefix = `${names.base ?? ""}.`;
  const others = [prefix + name, name.startsWith(prefix) ? name.slice(prefix.length) : name];
  return known.has(name) ? name : (others.find((one) => known.has(one)) ?? name);
}

/** W + scale · B A, as a new tensor: a layer that needs no adapter any more. */
export function mergedWeight(weight: HostTensor, { down, up, scale }: LowRankChange, layout: WeightLayout): HostTensor {
  const [to, rank] = up.shape as readonly [number, number];
  const from = down.shape[1]!;
  const data = Float32Array.from(weight.data as Float32Array);
  const [a, b] = [down.data as Float32Array, up.data as Float32Array];
  const row = new Float64Array(from);
  for (let out = 0; out < to; out++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * b[out * rank + r]!;
      for (let i = 0; i < from; i++) row[i]! += factor * a[r * from + i]!;
    }
    for (let i = 0; i < from; i++) data[layout === "out-in" ? out * from + i : i * to + out]! += row[i]!;
  }
  return { dtype: "float32", shape: weight.shape, data };
}

/**
 * The weights of a base as they are with an adapter merged into them; a head that the adapter has is among them. Each is
 * merged when it is read. Throws CheckpointError where the adapter does not fit.
 */
export async function mergedWeights(
  weights: StoredWeights,
  architecture: Architecture,
  adapter: Adapter,
): Promise<StoredWeights> {
  const { layers, full } = fitAdapter(adapter, architecture);
  const { match } = await fitWeights(architecture, weights);
  const prefix = `${architecture.names.base ?? ""}.`;
  const bare = [...match.places].some(([name, place]) => name === prefix + place);
  const storedAs = (name: string): string =>
    match.places.get(name) ?? (bare && name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const given = new Map([...full].map(([name, value]) => [storedAs(name), value]));
  const changes = new Map([...layers].map(([path, change]) => [storedAs(`${path}.weight`), change]));
  const tensors = new Map<string, StoredType>(weights.tensors);
  for (const [name, { shape }] of given) tensors.set(name, { dtype: "float32", shape, stored: "F32" });
  return {
    ...weights,
    shown: `${adapter.shown} on ${weights.shown}`,
    tensors,
    tensor: async (name) => {
      const value = given.get(name) ?? (await weights.tensor(name));
      const change = changes.get(name);
      return change === undefined ? value : mergedWeight(value, change, change.layout);
    },
    // A copy of a tied weight counts for nothing where the weight itself was replaced.
    equal: async (one, other) => given.has(other) || weights.equal(one, other),
  };
}
