/** Several ranks train as one process does on the same batches: in one process here, over mpirun in test/cli. */
import { afterEach, describe, expect, it } from "vitest";
import { LostRankError, TrainingError } from "../../src/errors/index.ts";
import { dimension, input } from "../../src/graph/index.ts";
import { PARAMETERS } from "../../src/nn/index.ts";
import { createEngine, type Engine, type Group } from "../../src/runtime/index.ts";
import { sgd } from "../../src/training/optimizers.ts";
import {
  Trainer,
  type Batch,
  type Objective,
  type StepResult,
  type TrainerOptions,
} from "../../src/training/trainer.ts";
import { trainingLoop, type LoopOptions, type Step } from "../../src/training/loop.ts";
import { floats, relativeDistance } from "../models/programs.ts";
import { memoryGroup } from "./memory-group.ts";
import { dropouts, pairs, part, settings, smallTranslator, whole, type Pair } from "./small-runs.ts";

const RATE = 1e-2;
const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

async function openTrainer(
  options: Partial<TrainerOptions> = {},
  objective: Objective = smallTranslator(dropouts),
): Promise<Trainer> {
  const engine = await createEngine({ engine: "onnxruntime", worker: false, threads: 1 });
  engines.push(engine);
  return Trainer.create(engine, objective, { ...settings, ...options });
}

const together = (ranks: readonly Group[], options: Partial<TrainerOptions> = {}, objective?: Objective) =>
  Promise.all(ranks.map((group) => openTrainer({ ...options, group }, objective)));

/** An update on all ranks; they must report the same. */
async function stepAll(trainers: readonly Trainer[], update: number, batch: readonly Batch[]): Promise<StepResult> {
  const results = await Promise.all(trainers.map((trainer) => trainer.step(update, batch, RATE)));
  for (const result of results) expect(result).toEqual(results[0]);
  return results[0]!;
}

const parameters = async (trainer: Trainer): Promise<Float32Array> => floats(await trainer.engine.read(PARAMETERS));

/** A batch in so many parts of as many rows each. */
function inParts(all: readonly Pair[], count: number): Batch[] {
  const rows = all.length / count;
  return Array.from({ length: count }, (_, i) =>
    part(
      all,
      Array.from({ length: rows }, (_, row) => i * rows + row),
    ),
  );
}

it("ranks have the losses, norms and parameters of one process, with dropout on, however a batch is shared", async () => {
  const optimizer = sgd({ momentum: 0.9 });
  const one = await openTrainer({ optimizer });
  const ranks = await together(memoryGroup(3).ranks, { optimizer });
  const batches = [
    [whole(pairs(8, 1))],
    // Fewer rows than ranks, parts that are split, and whole parts.
    [whole(pairs(2, 2))],
    inParts(pairs(8, 3), 2),
    inParts(pairs(9, 4), 3),
  ];
  for (const [i, batch] of batches.entries()) {
    const expected = await one.step(i + 1, batch, RATE);
    const got = await stepAll(ranks, i + 1, batch);
    expect(got.targets).toBe(expected.targets);
    expect(Math.abs(got.loss / expected.loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs(got.gradientNorm / expected.gradientNorm - 1)).toBeLessThan(1e-4);
  }
  const all = await Promise.all(ranks.map(parameters));
  for (const values of all) expect(values).toEqual(all[0]);
  expect(relativeDistance(all[0]!, await parameters(one))).toBeLessThan(1e-5);
  await Promise.all(ranks.map((trainer) => trainer.requireSame(4)));
});

it("two ranks that get whole parts have one process's numbers to the bit, also where an epoch ends with fewer", async () => {
  const one = await openTrainer();
  const ranks = await together(memoryGroup(2).ranks);
  for (const [i, count] of [2, 1, 2, 2].entries()) {
    const batch = inParts(pairs(4 * count, i + 1), count);
    const { loss, gradientNorm } = await one.step(i + 1, batch, RATE);
    expect(await stepAll(ranks, i + 1, batch)).toMatchObject({ loss, gradientNorm });
  }
  expect(await parameters(ranks[1]!)).toEqual(await parameters(one));
});

const batch = dimension("batch");
const rows = (values: readonly number[], targets = values.length): Batch => ({
  feeds: { x: { dtype: "float32", shape: [values.length], data: Float32Array.from(values) } },
  targets,
  examples: [...values.keys()],
});
const weight = (scope: Parameters<Objective>[0]) => scope.parameter("w", [1], { kind: "ones" });

it("the ranks begin with rank 0's parameters, and notice where one has others later", async () => {
  const drawn: Objective = (scope) => ({ loss: scope.parameter("w", [3, 3], { kind: "normal", deviation: 1 }).sum() });
  const ranks = await Promise.all(
    memoryGroup(2).ranks.map((group) => openTrainer({ group, seed: 3 + group.rank, movingAverage: 0.5 }, drawn)),
  );
  await Promise.all(ranks.map((trainer) => trainer.share()));
  const [first, second] = await Promise.all(ranks.map(parameters));
  expect(second).toEqual(first);
  expect(await ranks[1]!.state()).toEqual(await ranks[0]!.state());
  await ranks[1]!.engine.write(PARAMETERS, Float32Array.of(0.5), 7);
  const checks = await Promise.allSettled(ranks.map((trainer) => trainer.requireSame(12)));
  for (const check of checks) {
    expect(check).toMatchObject({ status: "rejected" });
    expect(String((check as PromiseRejectedResult).reason)).toMatch(/After update 12 the parameters of rank 1 /);
  }
});

it("the ranks name what is not finite, whichever of them computed it", async () => {
  const logarithms: Objective = (scope) => {
    const y = input("x", "float32", [batch]).mul(weight(scope)).log();
    scope.record("logarithms", y);
    return { loss: y.sum() };
  };
  const ranks = await together(memoryGroup(2).ranks, { weightDecay: 0 }, logarithms);
  const found = await Promise.allSettled(ranks.map((trainer) => trainer.step(1, [rows([1, 2, 3, 0])], RATE)));
  for (const one of found) {
    expect(one).toMatchObject({ status: "rejected", reason: expect.any(TrainingError) as unknown });
    expect(String((one as PromiseRejectedResult).reason)).toMatch(/appeared in the tensor logarithms\./);
  }
});

describe("a batch that cannot be shared by rows", () => {
  /** Σ (w xᵢ − mean)², where each example is compared with all others. */
  const compared: Objective = (scope) => {
    const y = input("x", "float32", [batch]).mul(weight(scope));
    const difference = y.sub(y.mean(0, { keep: true }));
    return { loss: difference.mul(difference).sum() };
  };

  it("is refused, with what to do", async () => {
    const ranks = await together(memoryGroup(2).ranks, { weightDecay: 0 }, compared);
    const found = await Promise.allSettled(ranks.map((trainer) => trainer.step(1, [rows([1, 2, 5])], RATE)));
    for (const one of found) {
      expect(one).toMatchObject({ status: "rejected", reason: expect.any(TrainingError) as unknown });
      expect(String((one as PromiseRejectedResult).reason)).toMatch(
        /2 ranks cannot share the rows .* loss of two examples \(0\.5000\) is not the sum .* training\.accumulate as a multiple of 2/,
      );
    }
  });

  it("is dealt out in whole parts, also where an epoch ends with fewer", async () => {
    const optimizer = sgd();
    const one = await openTrainer({ optimizer, weightDecay: 0 }, compared);
    const ranks = await together(memoryGroup(2).ranks, { optimizer, weightDecay: 0 }, compared);
    for (const [i, parts] of [[rows([1, 2, 5]), rows([0, 3])], [rows([1, 4, 9])]].entries()) {
      const expected = await one.step(i + 1, parts, RATE);
      expect((await stepAll(ranks, i + 1, parts)).loss).toBeCloseTo(expected.loss, 5);
    }
    expect(await parameters(ranks[1]!)).toEqual(await parameters(ranks[0]!));
    expect((await parameters(ranks[0]!))[0]).toBeCloseTo((await parameters(one))[0]!, 6);
  });

  /** Σ w x[places] · factors, with places in the rows laid end to end. */
  const placed: Objective = (scope) => {
    const x = input("x", "float32", [batch, 3]).mul(weight(scope)).reshape([-1]);
    const count = dimension("places");
    return {
      loss: x
        .gather(input("at", "int32", [count]))
        .mul(input("by", "float32", [count]))
        .sum(),
    };
  };
  const withPlaces = (places?: Batch["places"]): Batch => ({
    feeds: {
      x: { dtype: "float32", shape: [3, 3], data: Float32Array.from({ length: 9 }, (_, i) => i + 1) },
      at: { dtype: "int32", shape: [4], data: Int32Array.of(0, 2, 4, 5) },
      by: { dtype: "float32", shape: [4], data: Float32Array.of(1, 10, 100, 1000) },
    },
    targets: 4,
    examples: [0, 1, 2],
    places,
  });

  it("is split by its places, where it says what they are", async () => {
    const one = await openTrainer({ weightDecay: 0 }, placed);
    // The third rank's row has no place; the others' do.
    const ranks = await together(memoryGroup(3).ranks, { weightDecay: 0 }, placed);
    const { loss } = await one.step(1, [withPlaces()], RATE);
    expect(loss).toBeCloseTo((1 + 30 + 500 + 6000) / 4, 2);
    const own = [withPlaces([{ feed: "at", width: 3, beside: { by: 0 } }])];
    expect((await stepAll(ranks, 1, own)).loss).toBeCloseTo(loss, 2);
  });

  it("is refused by the name of a feed that is none of these", async () => {
    const ranks = await together(memoryGroup(2).ranks, { weightDecay: 0 }, placed);
    const found = await Promise.allSettled(ranks.map((trainer) => trainer.step(1, [withPlaces()], RATE)));
    for (const one of found) {
      expect(String((one as PromiseRejectedResult).reason)).toMatch(/its "at" is not a row for each example/);
    }
  });
});

describe("the loop of several ranks", () => {
  /** A trainer that only counts, on a rank. */
  const counting = (options: { readonly step?: (update: number) => Promise<void> } = {}): Trainer =>
    ({
      step: async (update: number) => {
        await options.step?.(update);
        return { loss: update, gradientNorm: 1, targets: 1 };
      },
      requireSame: () => Promise.resolve(),
    }) as unknown as Trainer;
  const epoch = () => ({ length: 1000, batch: (): Batch[] => [] });
  const schedule = { kind: "constant", peak: 1, warmUp: 0, width: 1 } as const;

  async function drain(loop: AsyncGenerator<Step>): Promise<Step[]> {
    const done: Step[] = [];
    for await (const step of loop) done.push(step);
    return done;
  }
  const runs = (ranks: readonly Group[], own: (rank: number) => Partial<LoopOptions>) =>
    Promise.all(
      ranks.map((group) => drain(trainingLoop({ trainer: counting(), epoch, schedule, group, ...own(group.rank) }))),
    );

  it("stops everywhere after the same update, whoever is asked to", async () => {
    for (const asked of [0, 1, 2]) {
      const signals = [0, 1, 2].map(() => ({ aborted: false }));
      const done = await runs(memoryGroup(3).ranks, (rank) => ({
        updates: 50,
        signal: signals[rank]!,
        trainer: counting({
          step: (update) => {
            if (rank === asked && update === 7) signals[rank]!.aborted = true;
            return Promise.resolve();
          },
        }),
      }));
      expect(done.map((steps) => steps.length)).toEqual([7, 7, 7]);
    }
  });

  it("goes by rank 0's clock and scores", async () => {
    const judged: number[] = [];
    const scores = [3, 2, 4, 5, 1];
    const done = await runs(memoryGroup(2).ranks, (rank) => ({
      seconds: 3600,
      validateEvery: 2,
      patience: 2,
      validate: () => {
        judged.push(rank);
        return Promise.resolve({ loss: rank === 0 ? scores.shift()! : -judged.length });
      },
    }));
    expect(judged).toEqual([0, 0, 0, 0]);
    expect(done.map((steps) => steps.length)).toEqual([8, 8]);
    const progress = done.map((steps) => steps.map((step) => step.position.best));
    expect(progress[1]).toEqual(progress[0]);
    expect(progress[0]!.at(-1)).toBe(2);

    const slow = await runs(memoryGroup(2).ranks, (rank) => ({
      seconds: 0.05,
      trainer: counting({ step: () => new Promise((resolve) => setTimeout(resolve, rank === 0 ? 5 : 1)) }),
    }));
    expect(slow[1]!.length).toBe(slow[0]!.length);
    expect(slow[1]!.map(({ seconds }) => seconds)).toEqual(slow[0]!.map(({ seconds }) => seconds));
  });

  it.each([
    ["between two updates", 5, false],
    ["while it computes one that this rank has made", 6, true],
  ])("saves and logs the last whole update where a rank is lost %s, and says so", async (_, reached, computing) => {
    const { ranks, lose } = memoryGroup(2);
    const saved: number[] = [];
    const recorded: number[] = [];
    const loop = trainingLoop({
      trainer: counting(),
      epoch,
      schedule,
      updates: 100,
      group: ranks[0]!,
      record: ({ update }) => Promise.resolve(void recorded.push(update)),
      save: ({ update }) => Promise.resolve(void saved.push(update)),
      saveEvery: 4,
    });
    const forever = new Promise<void>(() => undefined);
    const trainer = counting({ step: (update) => (update === 6 ? forever : Promise.resolve()) });
    const other = trainingLoop({ trainer, epoch, schedule, updates: 100, group: ranks[1]! });
    void (async () => {
      for await (const { update } of other) if (update === 5 && !computing) break;
    })();
    const done: number[] = [];
    const running = (async () => {
      for await (const { update } of loop) done.push(update);
    })();
    setTimeout(() => {
      lose("Rank 1 is gone.");
    }, 50);
    const error: unknown = await running.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LostRankError);
    expect((error as Error).message).toContain(
      `Rank 1 is gone. The run ended after update ${reached}, and the checkpoint of that update is saved: `,
    );
    expect(saved).toEqual([4, reached]);
    expect(recorded).toEqual(Array.from({ length: reached }, (__, i) => i + 1));
    expect(done).toEqual([1, 2, 3, 4, 5]);
  });
});
