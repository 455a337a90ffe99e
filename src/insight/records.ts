/** Inner tensors of a model by name: attention weights, hidden states, embeddings, positions. */
import { InputError, nearest } from "../errors/index.ts";
import { nodesOf, type Tensor } from "../graph/index.ts";
import { Trace, type ModelParameters, type Scope } from "../nn/index.ts";
import { lower, type HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";

/** Which records: their names, or a pattern that names match. */
export type RecordNames = readonly string[] | RegExp;

/** The names of all that a model function records, in the order in which it does. */
export function recordNames(model: (scope: Scope) => Tensor): string[] {
  return [...trace(model).records.keys()];
}

/**
 * The values of inner tensors in one forward pass, without dropout, by name. For a sentence that was generated, the feeds
 * hold its tokens behind the prompt (teacher forcing): what each position saw while it was generated is what it sees here.
 * @throws InputError where a name is not recorded, or none matches.
 */
export async function recordsOf(
  parameters: ModelParameters,
  model: (scope: Scope) => Tensor,
  feeds: Values,
  names: RecordNames,
): Promise<Map<string, HostTensor>> {
  const loaded = await loadRecords(parameters, model, names);
  try {
    return await loaded.of(feeds);
  } finally {
    await loaded.dispose();
  }
}

/** The program that gives some records, for many forward passes. Dispose of it when done. */
export interface LoadedRecords {
  /** As `recordsOf` gives them. */
  of(feeds: Values): Promise<Map<string, HostTensor>>;
  dispose(): Promise<void>;
}

/** What `recordsOf` loads for one forward pass, to be used for many. Throws as it does. */
export async function loadRecords(
  parameters: ModelParameters,
  model: (scope: Scope) => Tensor,
  names: RecordNames,
): Promise<LoadedRecords> {
  const { engine } = parameters;
  const { records, inputs } = trace(model);
  const asked = choose(records, names);
  // A record may bear an input's name or be an input itself, so the ports have names of their own.
  const ports = new Map([...asked.keys()].map((name) => [name, `record ${name}`]));
  const outputs = Object.fromEntries([...asked].map(([name, tensor]) => [ports.get(name)!, tensor]));
  const program = lower("records", outputs, { inputs });
  const id = await engine.load(program);
  const call = { program: id, bind: parameters.bind(program.inputs), fetch: [...ports.values()] };
  return {
    of: async (feeds) => {
      const values = await engine.run([call], feeds);
      return new Map([...ports].map(([name, port]) => [name, values[port]!]));
    },
    dispose: () => engine.unload(id),
  };
}

/** What a model records, and its inputs: a record that depends on none of them may still need to know their sizes. */
function trace(model: (scope: Scope) => Tensor): { records: ReadonlyMap<string, Tensor>; inputs: Tensor[] } {
  const traced = new Trace("forward");
  const inputs = nodesOf([traced.run(model)]).filter(({ op }) => op.name === "input");
  return { records: traced.records, inputs: inputs.map(({ outputs }) => outputs[0]!) };
}

function choose(records: ReadonlyMap<string, Tensor>, names: RecordNames): Map<string, Tensor> {
  if (names instanceof RegExp) {
    const matching = [...records].filter(([name]) => name.search(names) >= 0);
    if (matching.length > 0) return new Map(matching);
    throw new InputError(`No record matches ${String(names)}. The model records ${listed(records)}.`);
  }
  const chosen = new Map<string, Tensor>();
  for (const name of names) {
    const tensor = records.get(name);
    if (tensor === undefined) {
      const near = nearest(name, [...records.keys()]);
      const hint = near === undefined ? `The model records ${listed(records)}.` : `Did you mean "${near}"?`;
      throw new InputError(`The model records nothing under the name "${name}". ${hint}`);
    }
    chosen.set(name, tensor);
  }
  return chosen;
}

function listed(records: ReadonlyMap<string, Tensor>): string {
  const names = [...records.keys()];
  return names.length <= 10 ? names.join(", ") : `${names.slice(0, 10).join(", ")} and ${names.length - 10} more`;
}
