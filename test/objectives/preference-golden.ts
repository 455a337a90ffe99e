/** What the tests of preferences share: the tiny GPT-2 of the golden, and an objective's loss and gradients. */
import { readFileSync } from "node:fs";
import { architectureOf, type Architecture, type ModelTask } from "../../src/models/index.ts";
import { ModelParameters, type Parameter } from "../../src/nn/index.ts";
import type { AnsweredRow } from "../../src/objectives/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import type { Engine, Values } from "../../src/runtime/index.ts";
import { trainingProgram } from "../../src/training/step-program.ts";
import type { Objective } from "../../src/training/trainer.ts";

type Numbers = readonly number[];
type Gradients = Readonly<Record<string, Numbers>>;

export interface PreferencesGolden {
  readonly config: Readonly<Record<string, unknown>>;
  readonly pairs: readonly { readonly prompt: Numbers; readonly chosen: Numbers; readonly rejected: Numbers }[];
  readonly reward: { readonly loss: number; readonly scores: Numbers; readonly gradients: Gradients };
  readonly dpo: { readonly reference: Numbers; readonly beta: number } & Readonly<
    Record<"plain" | "smoothed", Record<string, number> & { readonly labelSmoothing: number; gradients: Gradients }>
  >;
  readonly ppo: {
    readonly options: {
      readonly clip: number;
      readonly valueClip: number;
      readonly valueWeight: number;
      readonly entropyWeight: number;
    };
    readonly oldLogProbabilities: Numbers;
    readonly oldValues: Numbers;
    readonly advantages: Numbers;
    readonly returns: Numbers;
    readonly loss: number;
    readonly policyLoss: number;
    readonly valueLoss: number;
    readonly clipShare: number;
    readonly step: number;
    readonly gradients: Gradients;
    readonly measures: Readonly<Record<string, Numbers>>;
  };
  readonly advantages: {
    readonly cases: readonly {
      readonly logProbabilities: Numbers;
      readonly reference: Numbers;
      readonly values: Numbers;
      readonly score: number;
      readonly coefficient: number;
      readonly gamma: number;
      readonly lambda: number;
      readonly rewards: Numbers;
      readonly advantages: Numbers;
      readonly returns: Numbers;
    }[];
    readonly whitened: Numbers;
  };
}

export const golden = JSON.parse(
  readFileSync(new URL("golden/preferences.json", import.meta.url), "utf8"),
) as PreferencesGolden;

export const tinyGpt = (task: ModelTask): Architecture =>
  architectureOf(
    { ...golden.config, model_type: "gpt2", id2label: { 0: "LABEL_0" }, label2id: { LABEL_0: 0 } },
    "golden",
    {
      task,
    },
  );

/** Element i is ((7919 i + 104729 seed) mod 2003 − 1001) / 2048, as in tools/goldens/preferences.py. */
export function formula(shape: readonly number[], seed: number): HostTensor {
  const size = shape.reduce((product, d) => product * d, 1);
  const data = Float32Array.from({ length: size }, (_, i) => (((i * 7919 + 104729 * seed) % 2003) - 1001) / 2048);
  return { dtype: "float32", shape, data };
}

/** The golden's values: those of the policy by the places of their names, the reference's 100 further on. */
export function goldenValues(specs: readonly Parameter[]): Map<string, HostTensor> {
  const isReference = (name: string): boolean => name.startsWith("reference.");
  const heads = new Map([
    ["v_head.summary.weight", 201],
    ["v_head.summary.bias", 202],
  ]);
  const names = specs.map(({ name }) => name).filter((name) => !isReference(name) && !heads.has(name));
  const places = new Map(names.sort().map((name, i) => [name, i + 1]));
  return new Map(
    specs.map(({ name, shape }) => {
      const own = name.replace(/^reference\./, "");
      const seed = heads.get(name) ?? places.get(own)! + (isReference(name) ? 100 : 0);
      return [name, formula(shape, seed)];
    }),
  );
}

/** The rows of the golden: of pair i, 2i and 2i + 1. */
export const goldenRows: readonly AnsweredRow[] = golden.pairs.flatMap(({ prompt, chosen, rejected }) => [
  { prompt, answer: chosen },
  { prompt, answer: rejected },
]);

export const vector = (values: ArrayLike<number>): HostTensor => {
  return { dtype: "float32", shape: [values.length], data: Float32Array.from(values) };
};

/** One call of a training program: the loss, what is reported, and the gradients by parameter. */
export async function learned(
  engine: Engine,
  objective: Objective,
  feeds: Values,
  report: readonly string[] = [],
  valuesOf = goldenValues,
): Promise<{ loss: number; reports: Record<string, number>; gradients: Map<string, number[]> }> {
  const { program, trace } = trainingProgram(objective, { report });
  const specs = [...trace.parameters.values()];
  const parameters = await ModelParameters.fromValues(engine, specs, valuesOf(specs));
  const id = await engine.load(program);
  const fetch = program.outputs.map(({ name }) => name);
  const results = await engine.run([{ program: id, bind: parameters.bind(program.inputs), fetch }], {
    ...feeds,
    "loss.scale": { dtype: "float32", shape: [], data: Float32Array.of(1) },
  });
  await engine.unload(id);
  const numbers = (name: string): number[] => Array.from(results[name]!.data, Number);
  const gradients = specs.flatMap(({ name, trained }) =>
    trained ? [[name, numbers(`gradient.${name}`)] as const] : [],
  );
  return {
    loss: numbers("loss")[0]!,
    reports: Object.fromEntries(report.map((name) => [name, numbers(`report.${name}`)[0]!])),
    gradients: new Map(gradients),
  };
}

/** The largest difference of two lists of numbers. */
export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? Math.max(0, ...Array.from(a, (x, i) => Math.abs(x - b[i]!))) : Infinity;
