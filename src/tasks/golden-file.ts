/** `golden.safetensors`: what another library computed with a checkpoint, as docs/goldens.md describes it. */
import { camelCase, openSafetensors, type StoredTensor } from "../checkpoints/index.ts";
import { CheckpointError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";

/** The name of the file beside a checkpoint. */
export const GOLDEN = "golden.safetensors";

/** One call of `generate`. */
export interface GenerateCase {
  readonly name: string;
  /** The arguments of the call, by Hugging Face's names. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** By names in camelCase. */
  readonly inputs: Readonly<Record<string, HostTensor>>;
  readonly ids: HostTensor;
  readonly scores: HostTensor | undefined;
}

/** A forward call and what came of it; names in camelCase. */
export interface ForwardCase {
  readonly inputs: Readonly<Record<string, HostTensor>>;
  readonly outputs: ReadonlyMap<string, HostTensor>;
}

/** The update that `step` tensors are behind. */
export interface StepArguments {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
}

/** The contents of a golden file. */
export interface Golden extends ForwardCase {
  readonly modelClass: string | undefined;
  /** A second segment, with the memory that the first left. */
  readonly next: ForwardCase | undefined;
  readonly gradients: ReadonlyMap<string, HostTensor>;
  readonly steps: ReadonlyMap<string, HostTensor>;
  readonly step: StepArguments | undefined;
  readonly generated: readonly GenerateCase[];
  /** Parameters whose gradient is zero in truth, and noise in practice. */
  readonly zeroGradients: ReadonlySet<string>;
  /** Fixed tables that the update leaves alone. */
  readonly noGradients: ReadonlySet<string>;
  /** Which library, which version, which seed. */
  readonly source: string;
}

/** Reads a golden file. Throws CheckpointError where it is none, or holds a tensor of no known kind. */
export async function readGolden(folder: ReadableFolder, path: string): Promise<Golden> {
  const file = await openSafetensors(folder, path);
  const shown = folder.describe(path);
  const groups = { inputs: new Map(), outputs: new Map(), grads: new Map(), step: new Map() } as Record<
    string,
    Map<string, HostTensor>
  >;
  const next = { inputs: new Map<string, HostTensor>(), outputs: new Map<string, HostTensor>() };
  const cases = new Map<string, Map<string, HostTensor>>();
  for (const name of file.names) {
    const value = hostTensor(await file.tensor(name), `${shown}: ${name}`);
    const [kind, ...rest] = name.split(".") as [string, ...string[]];
    const key = rest.join(".");
    if (kind === "then") next[rest[0] as "inputs" | "outputs"].set(camelCase(rest.slice(1).join(".")), value);
    else if (kind === "generate") {
      const group = cases.get(rest[0]!) ?? new Map<string, HostTensor>();
      cases.set(rest[0]!, group.set(rest.slice(1).join("."), value));
    } else if (kind === "inputs" || kind === "outputs") groups[kind]!.set(camelCase(key), value);
    else if (groups[kind] !== undefined) groups[kind].set(key, value);
    else throw new CheckpointError(`${shown} holds "${name}"; docs/goldens.md knows no tensors of this kind.`);
  }
  const { metadata } = file;
  const json = (key: string): unknown => (metadata[key] === undefined ? undefined : parse(metadata[key], shown, key));
  return {
    modelClass: metadata["model_class"],
    inputs: Object.fromEntries(groups["inputs"]!),
    outputs: groups["outputs"]!,
    next: next.outputs.size === 0 ? undefined : { inputs: Object.fromEntries(next.inputs), outputs: next.outputs },
    gradients: groups["grads"]!,
    steps: groups["step"]!,
    step: json("step") as StepArguments | undefined,
    generated: [...cases].map(([name, tensors]) => generateCase(name, tensors, json(`generate.${name}`), shown)),
    zeroGradients: new Set((json("zero_gradients") as string[] | undefined) ?? []),
    noGradients: new Set((json("no_gradients") as string[] | undefined) ?? []),
    source: [metadata["library"], metadata["version"], metadata["seed"] && `seed ${metadata["seed"]}`]
      .filter((part) => part !== undefined && part !== "")
      .join(" "),
  };
}

function generateCase(
  name: string,
  tensors: ReadonlyMap<string, HostTensor>,
  given: unknown,
  shown: string,
): GenerateCase {
  const ids = tensors.get("ids");
  if (ids === undefined) throw new CheckpointError(`${shown} has inputs of generate.${name}, but not its ids.`);
  const inputs = [...tensors].flatMap(([key, value]) =>
    key.startsWith("inputs.") ? [[camelCase(key.slice("inputs.".length)), value]] : [],
  );
  return {
    name,
    arguments: (given ?? {}) as GenerateCase["arguments"],
    inputs: Object.fromEntries(inputs) as GenerateCase["inputs"],
    ids,
    scores: tensors.get("scores"),
  };
}

function parse(text: string, shown: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CheckpointError(`${shown}: the metadata's "${key}" is not JSON: ${text.slice(0, 60)}`);
  }
}

/** A stored tensor as values for an engine: whole numbers as int32, floating-point ones as float32. */
function hostTensor({ dtype, shape, data }: StoredTensor, where: string): HostTensor {
  if (dtype === "F32") return { dtype: "float32", shape, data };
  if (dtype === "F64") return { dtype: "float32", shape, data: Float32Array.from(data) };
  if (dtype === "F16" || dtype === "BF16") {
    throw new CheckpointError(`${where} is ${dtype}; goldens are compared in F32. Make it with .float().`);
  }
  return { dtype: "int32", shape, data: Int32Array.from(data as ArrayLike<number>, Number) };
}
