/** What the tests of generation share: tiny models and their parameters. */
import { openSafetensors } from "../../src/checkpoints/safetensors.ts";
import { diskFolder } from "../../src/files/disk.ts";
import type { ModelFunction } from "../../src/generation/index.ts";
import { constant } from "../../src/graph/index.ts";
import { transformer, type TransformerConfig } from "../../src/models/index.ts";
import { ModelParameters, Trace, type Parameter } from "../../src/nn/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { random } from "../../src/random/index.ts";
import type { Engine, Values } from "../../src/runtime/index.ts";
import { sourceIds, targetIds } from "../models/programs.ts";

export const translator =
  (config: TransformerConfig): ModelFunction =>
  (scope) =>
    transformer(scope, config, { source: sourceIds(), target: targetIds() });

/** A model without a memory: row i of the table has the logits of what follows token i. */
export const tableModel =
  (table: readonly (readonly number[])[]): ModelFunction =>
  () =>
    constant(table.flat(), [table.length, table[0]!.length]).gather(targetIds());

export function specsOf(model: ModelFunction): Parameter[] {
  const trace = new Trace("forward");
  model(trace.scope);
  return [...trace.parameters.values()];
}

/** Parameters that make distributions peaked and varied: matrices and biases far larger than those of training. */
export async function peaked(engine: Engine, model: ModelFunction, seed: number): Promise<ModelParameters> {
  const specs = specsOf(model);
  const values = specs.map(({ name, shape }): [string, HostTensor] => {
    const generator = random(seed, name);
    const isNorm = name.includes("norm");
    const last = name.includes("decoder.layers.1.final_layer_norm.weight");
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
      const noise = generator.normal();
      if (isNorm) return 0.1 * noise + (name.endsWith("weight") ? (last ? 2.5 : 1) : 0);
      return noise * (name.includes("shared") ? 0.35 : name.endsWith("bias") ? 0.2 : 0.5);
    });
    return [name, { dtype: "float32", shape, data }];
  });
  return ModelParameters.fromValues(engine, specs, new Map(values));
}

/** Rows of ids, padded at the end. */
export function matrix(rows: readonly (readonly number[])[], padding = 0): HostTensor {
  const length = Math.max(...rows.map((row) => row.length));
  const data = rows.flatMap((row) => [...row, ...Array<number>(length - row.length).fill(padding)]);
  return { dtype: "int32", shape: [rows.length, length], data: Int32Array.from(data) };
}

/** Sentences of 1 to 8 tokens that end with the end token 2. */
export function sentences(count: number, vocabulary: number, seed: number): number[][] {
  const generator = random(seed, "sentences");
  return Array.from({ length: count }, () => [
    ...Array.from({ length: generator.below(8) }, () => 3 + generator.below(vocabulary - 3)),
    2,
  ]);
}

/** Logits of the whole forward program, [B, T, V], without a cache. */
export async function forward(parameters: ModelParameters, model: ModelFunction, feeds: Values): Promise<HostTensor> {
  const { engine } = parameters;
  const program = lower("forward", { logits: model(new Trace("forward").scope) });
  const id = await engine.load(program);
  const { logits } = await engine.run(
    [{ program: id, bind: parameters.bind(program.inputs), fetch: ["logits"] }],
    feeds,
  );
  await engine.unload(id);
  return logits!;
}

export interface MarianRun {
  readonly options: Readonly<Record<string, number | boolean | string>>;
  readonly rows: readonly (readonly { readonly ids: readonly number[]; readonly score: number }[])[];
}

export interface MarianGolden {
  readonly values: ReadonlyMap<string, HostTensor>;
  readonly source: HostTensor;
  readonly settings: {
    readonly vocabulary: number;
    readonly pad: number;
    readonly end: number;
    readonly length: number;
  };
  readonly runs: Readonly<Record<string, MarianRun>>;
  readonly processed: {
    readonly scores: readonly (readonly number[])[];
    readonly history: readonly (readonly number[])[];
    readonly after: Readonly<Record<string, readonly (readonly (number | null)[])[]>>;
  };
}

/** Made by tools/goldens/generation.py. */
export async function marianGolden(): Promise<MarianGolden> {
  const file = await openSafetensors(diskFolder("test/generation/golden"), "marian.safetensors");
  const values = new Map<string, HostTensor>();
  for (const name of file.names) {
    const { dtype, shape, data } = await file.tensor(name);
    if (dtype !== "F32" && dtype !== "I32") throw new Error(`${name} is ${dtype}`);
    values.set(name, { dtype: dtype === "F32" ? "float32" : "int32", shape, data });
  }
  const source = values.get("source")!;
  values.delete("source");
  const parse = (key: string): unknown => JSON.parse(file.metadata[key]!);
  return {
    values,
    source,
    settings: parse("settings") as MarianGolden["settings"],
    runs: parse("runs") as MarianGolden["runs"],
    processed: parse("processed") as MarianGolden["processed"],
  };
}
