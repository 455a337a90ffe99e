/** What a run says before it starts: memory, time, what is there twice. */
import { describe, expect, it } from "vitest";
import { addDimensions, dimension, input } from "../../src/graph/index.ts";
import { memoryFolder } from "../../src/files/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { random } from "../../src/random/index.ts";
import { batchSizesOf, heaviestBatches, type Objective } from "../../src/training/index.ts";
import { duplicateWarnings, finetune, secondsPerUpdate, wayConfig, type Lesson } from "../../src/learning/index.ts";
import { engine, opinions, ran, sizes } from "./opinions.ts";

async function lessonOf(changes: object = {}, trained = 200): Promise<Lesson> {
  const files = memoryFolder();
  await files.write("train.tsv", opinions(trained, 1));
  const training = { batchTokens: 400, ...changes };
  const config = wayConfig(
    finetune,
    { task: "classify", model: sizes, tokenizer: { size: 150 }, data: ["train.tsv"], training },
    "",
  );
  const lesson = await finetune.prepare(config, { files, from: undefined, engine, warn: () => undefined });
  await lesson.dispose();
  return lesson;
}

describe("the memory of fine-tuning", () => {
  it("grows with the batches, and falls with recomputation", async () => {
    const [small, large] = [(await lessonOf()).memory!, (await lessonOf({ batchTokens: 4000 })).memory!];
    expect(large.activations).toBeGreaterThan(4 * small.activations);
    expect(large.parameters).toBe(small.parameters);
    expect((await lessonOf({ batchTokens: 4000, recompute: true })).memory!.activations).toBeLessThan(
      large.activations,
    );
    expect((await lessonOf({ accumulate: 2 })).memory!.parameters).toBeGreaterThan(small.parameters);
  });

  it("has the sizes of batches by the names of the objective's axes", () => {
    const [batch, time, other] = ["batch", "time", "other"].map(dimension);
    const objective: Objective = () => {
      const ids = input("ids", "int32", [batch!, addDimensions(other!, time!)]);
      return {
        loss: ids
          .cast("float32")
          .sum()
          .add(input("places", "int32", [other!]).cast("float32").sum()),
      };
    };
    const of = (...shape: number[]): HostTensor => ({ dtype: "int32", shape, data: new Int32Array(shape[0]!) });
    const feeds = { ids: of(4, 7), places: of(2), unread: of(9) };
    expect(batchSizesOf(objective, [{ feeds }])).toEqual([{ batch: 4, other: 2 }]);
    const sizes = [1, 2, 3, 4].map((rows) => ({ batch: rows, time: 12 / rows }));
    expect(heaviestBatches([...sizes, { batch: 1, time: 11 }, ...sizes])).toEqual([sizes[0], sizes[1]]);
  });
});

it("the time of an update is that of those behind the first", () => {
  expect(secondsPerUpdate([])).toBeUndefined();
  expect(secondsPerUpdate([{ update: 1, seconds: 9 }])).toBeUndefined();
  const steps = [9, 10, 12, 12].map((seconds, i) => ({ update: i + 5, seconds }));
  expect(secondsPerUpdate(steps)).toBe(1);
});

describe("duplicates", () => {
  const long = (i: number): string => {
    const draw = random(i, "row");
    return Array.from({ length: 12 }, () => draw.below(1e6).toString(36)).join(" ");
  };
  const rows = Array.from({ length: 20 }, (_, i) => long(i));

  it("are told for each pair of sides that has some", () => {
    expect(duplicateWarnings({ training: rows.slice(0, 10), test: rows.slice(10) })).toEqual([]);
    const warnings = duplicateWarnings({
      training: [...rows.slice(0, 10), rows[0]!],
      validation: rows.slice(12),
      test: [rows[1]!, `${rows[2]!}!`, rows[11]!, rows[19]!],
    });
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toBe("training: 2 of 11 rows are there more than once, letter for letter.");
    expect(warnings[1]).toContain("test: 1 of 4 rows are also in the training data, and 1 nearly so");
    expect(warnings[2]).toContain("test: 1 of 4 rows are also in the validation data, and 0 nearly so");
  });

  it("are told by a run before it trains", async () => {
    const files = memoryFolder();
    await files.write("train.tsv", opinions(40, 1));
    await files.write("test.tsv", opinions(10, 1));
    const given = { task: "classify", model: sizes, tokenizer: { size: 150 }, data: ["train.tsv"], test: ["test.tsv"] };
    const { warnings, steps } = await ran(
      finetune,
      { ...given, training: { updates: 2 } },
      { folder: memoryFolder(), files, dryRun: true },
    );
    expect(warnings.join("\n")).toContain("test: 10 of 10 rows are also in the training data");
    expect(steps).toHaveLength(2);
  });
});
