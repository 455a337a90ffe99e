/** The losses of distillation: PyTorch's numbers, the teacher frozen and without dropout, which layers belong together. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openWeights, readAllWeights } from "../../src/checkpoints/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { constant, type Tensor } from "../../src/graph/index.ts";
import { architectureOf, parametersOf, type Architecture, type ConfigJson } from "../../src/models/index.ts";
import { dropout, ModelParameters, Trace } from "../../src/nn/index.ts";
import {
  attentionSquares,
  cosineDistance,
  distillation,
  meanSquares,
  softTargets,
  spreadLayers,
  TEACHER,
  type DistillationOptions,
} from "../../src/objectives/distillation.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type Values } from "../../src/runtime/index.ts";
import { sgd, Trainer, type Batch, type Objective } from "../../src/training/index.ts";
import { here } from "../tasks/checkpoints.ts";

interface Golden {
  readonly cases: readonly {
    readonly rows: number;
    readonly width: number;
    readonly temperature: number;
    readonly student: readonly number[];
    readonly teacher: readonly number[];
    readonly soft: number;
    readonly cosine: number;
    readonly squares: number;
  }[];
  readonly models: {
    readonly inputIds: readonly number[];
    readonly attentionMask: readonly number[];
    readonly shape: readonly [number, number];
    readonly places: readonly number[];
    readonly labels: readonly number[];
    readonly layers: readonly number[];
    readonly temperature: number;
    readonly weights: DistillationOptions["losses"];
    readonly terms: Readonly<Record<string, number>>;
    readonly loss: number;
    readonly gradients: Readonly<Record<string, readonly number[]>>;
  };
}
const golden = JSON.parse(readFileSync("test/objectives/golden/distillation.json", "utf8")) as Golden;
const engine = { ...here, engine: "onnxruntime" as const };

async function withEngine<T>(use: (engine: Engine) => Promise<T>): Promise<T> {
  const made = await createEngine(engine);
  try {
    return await use(made);
  } finally {
    await made.dispose();
  }
}

/** The numbers of tensors without inputs. */
async function values(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, number>> {
  return withEngine(async (made) => {
    const program = await made.load(lower("losses", tensors));
    const results = await made.run([{ program, bind: {}, fetch: Object.keys(tensors) }], {});
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Number(data[0])]));
  });
}

describe("each loss is PyTorch's", () => {
  it.each(golden.cases)("on $rows rows of $width, temperature $temperature", async (one) => {
    const shape = [one.rows, one.width];
    const [student, teacher] = [constant(one.student, shape), constant(one.teacher, shape)];
    const found = await values({
      soft: softTargets(student, teacher, one.temperature).mean(),
      cosine: cosineDistance(student, teacher).mean(),
      squares: meanSquares(student, teacher).mean(),
    });
    for (const name of ["soft", "cosine", "squares"] as const) expect(found[name]).toBeCloseTo(one[name], 4);
  });

  it("and attention maps with other numbers of heads are compared by their means", async () => {
    const two = constant([1, 0, 0, 1, 0, 1, 1, 0], [1, 2, 2, 2]);
    const one = constant([0.5, 0.5, 0.25, 0.75], [1, 1, 2, 2]);
    const real = constant([1, 0], [1, 2]);
    const { all, first } = await values({
      all: attentionSquares(two, one, undefined),
      first: attentionSquares(two, one, real),
    });
    expect(all).toBeCloseTo((0 + 0 + 0.0625 + 0.0625) / 4, 6);
    expect(first).toBeCloseTo(0, 6);
  });
});

const int32 = (data: readonly number[], shape: readonly number[]): HostTensor => {
  return { dtype: "int32", shape, data: Int32Array.from(data) };
};

async function family(name: string, config: ConfigJson = {}) {
  const folder = diskFolder(`test/families/${name}`);
  const json = JSON.parse(new TextDecoder().decode(await folder.read("config.json"))) as ConfigJson;
  const architecture = architectureOf({ ...json, ...config }, name);
  const stored = await readAllWeights(await openWeights(folder));
  const named = parametersOf(architecture).map(({ name: path }) => [path, stored.get(path)!] as const);
  return { architecture, weights: new Map(named) };
}

async function trainerFor(
  made: Engine,
  objective: Objective,
  given: ReadonlyMap<string, HostTensor>,
): Promise<Trainer> {
  const trace = new Trace("training");
  trace.run(objective);
  const specs = [...trace.parameters.values()];
  const fresh = await ModelParameters.initialize(made, specs, 3);
  await fresh.update(given);
  return Trainer.create(made, objective, { optimizer: sgd(), seed: 1 }, fresh);
}

/** BERT's and DistilBERT's tiny folders as teacher and student, with the golden's batch. */
async function pair(config: ConfigJson = {}) {
  const teacher = await family("bert-masked-lm");
  const student = await family("distilbert-masked-lm", { dropout: 0, attention_dropout: 0, ...config });
  const { inputIds, attentionMask, shape, places, labels } = golden.models;
  const feeds: Values = {
    inputIds: int32(inputIds, shape),
    attentionMask: int32(attentionMask, shape),
    places: int32(places, [places.length]),
    labels: int32(labels, [labels.length]),
  };
  const batch: Batch = { feeds, targets: labels.length, examples: [0, 1] };
  const given = new Map<string, HostTensor>(student.weights);
  for (const [name, value] of teacher.weights) given.set(`${TEACHER}.${name}`, value);
  return { teacher: teacher.architecture, student: student.architecture, batch, given };
}

const objectiveOf = (
  student: Architecture,
  teacher: Architecture,
  { feeds }: Batch,
  options: Partial<DistillationOptions> = {},
): Objective => {
  const { weights, temperature, layers } = golden.models;
  return distillation(student, teacher, Object.keys(feeds), {
    ...{ losses: weights, temperature, layers, places: "places", ...options },
  });
};

describe("DistilBERT from BERT, masked words", () => {
  it("has the published losses, term by term, and their gradients", async () => {
    const { teacher, student, batch, given } = await pair();
    await withEngine(async (made) => {
      const trainer = await trainerFor(made, objectiveOf(student, teacher, batch), given);
      const found = await trainer.evaluate([batch]);
      for (const [name, value] of Object.entries(golden.models.terms)) expect(found[name], name).toBeCloseTo(value, 4);
      expect(found["loss"]).toBeCloseTo(golden.models.loss, 3);
      const before = await trainer.parameters.read();
      // A step of plain descent with rate 1 takes away the gradient. The teacher drops nothing out, or the loss would differ.
      const { loss } = await trainer.step(1, [batch], 1);
      expect(loss).toBeCloseTo(golden.models.loss, 3);
      const after = await trainer.parameters.read();
      for (const [name, gradient] of Object.entries(golden.models.gradients)) {
        const [old, now] = [before.get(name)!.data, after.get(name)!.data];
        gradient.forEach((value, i) => {
          expect(Number(old[i]) - Number(now[i]), name).toBeCloseTo(value, 4);
        });
      }
      for (const [name, value] of after)
        if (name.startsWith("teacher.")) expect(value.data).toEqual(before.get(name)!.data);
    });
  });

  it("counts a batch in two parts as a whole one", async () => {
    const { teacher, student, batch, given } = await pair();
    const { inputIds, attentionMask, places, labels } = batch.feeds;
    const row = (tensor: HostTensor, at: number): HostTensor =>
      int32([...(tensor.data as Int32Array)].slice(at * 7, at * 7 + 7), [1, 7]);
    const part = (at: number, from: number, to: number): Batch => ({
      feeds: {
        ...{ inputIds: row(inputIds!, at), attentionMask: row(attentionMask!, at) },
        places: int32(
          [...(places!.data as Int32Array)].slice(from, to).map((place) => place - at * 7),
          [to - from],
        ),
        labels: int32([...(labels!.data as Int32Array)].slice(from, to), [to - from]),
      },
      targets: to - from,
      examples: [at],
    });
    const objective = objectiveOf(student, teacher, batch, { losses: { soft: 1, hard: 1 } });
    const losses = await withEngine(async (made) => {
      const trainer = await trainerFor(made, objective, given);
      return [await trainer.evaluate([batch]), await trainer.evaluate([part(0, 0, 2), part(1, 2, 5)])];
    });
    expect(losses[0]!["loss"]).toBeCloseTo(losses[1]!["loss"]!, 5);
  });

  it("takes hidden states of another width through a trained projection", async () => {
    const { teacher, student, batch, given } = await pair({ dim: 6 });
    const own = new Map([...given].filter(([name]) => name.startsWith("teacher.")));
    await withEngine(async (made) => {
      const trainer = await trainerFor(made, objectiveOf(student, teacher, batch, { losses: { hidden: 1 } }), own);
      const before = await trainer.parameters.read();
      const name = "distillation.projection.weight";
      expect(before.get(name)!.shape).toEqual([15, 6]);
      const first = (await trainer.evaluate([batch]))["loss"]!;
      for (let update = 1; update <= 30; update++) await trainer.step(update, [batch], 0.05);
      expect((await trainer.evaluate([batch]))["loss"]).toBeLessThan(0.8 * first);
      expect((await trainer.parameters.read()).get(name)!.data).not.toEqual(before.get(name)!.data);
    });
  });
});

describe("tasks with other labels", () => {
  it("rows and tokens: labels below 0 count for nothing", async () => {
    const shape = [2, 7] as const;
    const feeds: Values = { inputIds: int32(golden.models.inputIds, shape), labels: int32([1, -100], [2]) };
    const tokens: Values = {
      ...feeds,
      labels: int32([-100, 1, 0, -100, 2, -100, -100, ...Array<number>(7).fill(-100)], shape),
    };
    const losses = { soft: 0.5, hard: 0.5 };
    await withEngine(async (made) => {
      for (const [kind, given, targets] of [
        ["sequence", feeds, 2],
        ["token", tokens, 3],
      ] as const) {
        const one = (await family(`bert-${kind}-classification`)).architecture;
        const objective = distillation(one, one, Object.keys(given), { losses });
        const trainer = await trainerFor(made, objective, new Map());
        const found = await trainer.evaluate([{ feeds: given, targets, examples: [0, 1] }]);
        expect(found["hard"]).toBeGreaterThan(0.2);
        expect(found["hard"]).toBeLessThan(3);
        expect(found["soft"]).toBeGreaterThan(0);
        expect(found["loss"]).toBeCloseTo(0.5 * found["hard"]! + 0.5 * found["soft"]!, 5);
      }
    });
  });

  it("refuses what gives nothing to learn", async () => {
    const { architecture } = await family("bert-model");
    const of = (options: DistillationOptions): (() => unknown) => {
      return () => new Trace("training").run(distillation(architecture, architecture, ["inputIds"], options));
    };
    expect(of({ losses: { soft: 1 } })).toThrow("BertModel gives no logits");
    const labeled = (await family("bert-masked-lm")).architecture;
    expect(() => new Trace("training").run(distillation(labeled, labeled, ["inputIds"], { losses: {} }))).toThrow(
      "all losses have the weight 0",
    );
  });
});

it("layers are spread from the first to the last, as DistilBERT's are", () => {
  expect(spreadLayers(6, 12)).toEqual([0, 2, 4, 7, 9, 11]);
  expect(spreadLayers(2, 4)).toEqual([0, 3]);
  expect(spreadLayers(3, 3)).toEqual([0, 1, 2]);
  expect(spreadLayers(1, 4)).toEqual([3]);
});

it("a rule turns dropout off below a scope, in a program of training", () => {
  const x = constant([1, 2], [1, 2]);
  const trace = new Trace("training");
  trace.run((scope) => {
    expect(scope.drops).toBe(true);
    const quiet = scope.with({ dropout: false }).at("teacher");
    expect(quiet.drops).toBe(false);
    expect(quiet.with({ dropout: true }).drops).toBe(false);
    return dropout(quiet, x, 0.5);
  });
  expect(trace.dropoutStreams).toBe(0);
  expect(new Trace("forward").scope.drops).toBe(false);
});
