/** `golden.safetensors`: what another library computed with a checkpoint, as docs/goldens.md describes it. */
import { z } from "zod";
import { camelCase, openSafetensors, type StoredTensor, type TensorFile } from "../checkpoints/index.ts";
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

/** The tensors of a file by kind, each under its name without the kind. */
class Groups {
  readonly inputs = new Map<string, HostTensor>();
  readonly outputs = new Map<string, HostTensor>();
  readonly thenInputs = new Map<string, HostTensor>();
  readonly thenOutputs = new Map<string, HostTensor>();
  readonly grads = new Map<string, HostTensor>();
  readonly step = new Map<string, HostTensor>();
  /** Inputs, `ids` and `scores` of each call of `generate`. */
  readonly cases = new Map<string, Map<string, HostTensor>>();

  /** Puts a tensor in its place; false where there is none. */
  add(name: string, value: HostTensor): boolean {
    const [, kind, key] = /^(inputs|outputs|then\.inputs|then\.outputs|grads|step)\.(.+)$/s.exec(name) ?? [];
    if (kind === undefined || key === undefined) return this.#addToCase(name, value);
    if (kind === "grads" || kind === "step") this[kind].set(key, value);
    else if (kind === "inputs" || kind === "outputs") this[kind].set(camelCase(key), value);
    else this[kind === "then.inputs" ? "thenInputs" : "thenOutputs"].set(camelCase(key), value);
    return true;
  }

  #addToCase(name: string, value: HostTensor): boolean {
    const [, one, key] = /^generate\.([^.]+)\.(ids|scores|inputs\..+)$/s.exec(name) ?? [];
    if (one === undefined || key === undefined) return false;
    const group = this.cases.get(one) ?? new Map<string, HostTensor>();
    this.cases.set(one, group.set(key, value));
    return true;
  }
}

/**
 * Reads a golden file. Throws CheckpointError where it is none, holds a tensor of no known kind, nothing to compare, or
 * metadata that is not as docs/goldens.md says.
 */
export async function readGolden(folder: ReadableFolder, path: string): Promise<Golden> {
  const file = await openSafetensors(folder, path);
  const shown = folder.describe(path);
  const { inputs, outputs, thenInputs, thenOutputs, grads, step, cases } = await groupsOf(file, shown);
  if (outputs.size + thenOutputs.size + grads.size + step.size + cases.size === 0) {
    throw new CheckpointError(`${shown} holds nothing to compare: no outputs, gradients or generated ids.`);
  }
  const { metadata } = file;
  const json = <T>(key: string, schema: z.ZodType<T>, expected: string): T | undefined =>
    metadata[key] === undefined
      ? undefined
      : parse(metadata[key], schema, `${shown}: the metadata's "${key}"`, expected);
  const update = json("step", stepArguments, "lr, betas, eps and weight_decay");
  if (step.size > 0 && update === undefined) {
    throw new CheckpointError(
      `${shown} holds parameters behind an update, but its metadata has no "step" that says which.`,
    );
  }
  return {
    modelClass: metadata["model_class"],
    inputs: Object.fromEntries(inputs),
    outputs,
    next: thenOutputs.size === 0 ? undefined : { inputs: Object.fromEntries(thenInputs), outputs: thenOutputs },
    gradients: grads,
    steps: step,
    step: update,
    generated: [...cases].map(([name, tensors]) => {
      const given = json(`generate.${name}`, z.record(z.string(), z.unknown()), "the call's arguments by name");
      return generateCase(name, tensors, given ?? {}, shown);
    }),
    zeroGradients: new Set(json("zero_gradients", z.array(z.string()), "a list of parameters")),
    noGradients: new Set(json("no_gradients", z.array(z.string()), "a list of parameters")),
    source: [metadata["library"], metadata["version"], metadata["seed"] && `seed ${metadata["seed"]}`]
      .filter((part) => part !== undefined && part !== "")
      .join(" "),
  };
}

async function groupsOf(file: TensorFile, shown: string): Promise<Groups> {
  const groups = new Groups();
  for (const name of file.names) {
    if (groups.add(name, hostTensor(await file.tensor(name), `${shown}: ${name}`))) continue;
    throw new CheckpointError(`${shown} holds "${name}"; docs/goldens.md knows no tensors of this kind.`);
  }
  return groups;
}

const stepArguments: z.ZodType<StepArguments> = z.object({
  lr: z.number(),
  betas: z.tuple([z.number(), z.number()]),
  eps: z.number(),
  weight_decay: z.number(),
});

/** The update that `step` tensors are behind. */
export interface StepArguments {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
}

function generateCase(
  name: string,
  tensors: ReadonlyMap<string, HostTensor>,
  given: Readonly<Record<string, unknown>>,
  shown: string,
): GenerateCase {
  const ids = tensors.get("ids");
  if (ids?.shape.length !== 2) {
    throw new CheckpointError(
      `${shown}: generate.${name} needs its ids, [rows, length]; got ${ids === undefined ? "none" : `[${ids.shape.join(", ")}]`}.`,
    );
  }
  const inputs = [...tensors].flatMap(([key, value]) =>
    key.startsWith("inputs.") ? [[camelCase(key.slice("inputs.".length)), value] as const] : [],
  );
  return { name, arguments: given, inputs: Object.fromEntries(inputs), ids, scores: tensors.get("scores") };
}

function parse<T>(text: string, schema: z.ZodType<T>, what: string, expected: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CheckpointError(`${what} is not JSON: ${text.slice(0, 60)}`);
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new CheckpointError(`${what} is ${text.slice(0, 60)}; expected ${expected}.`);
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
