/** Runs of a way of learning: the folder that comes out, resuming, the best weights, repeating. */
import { afterEach, describe, expect, it } from "vitest";
import { openSafetensors, readLog } from "../../src/checkpoints/index.ts";
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import {
  finetune,
  learn,
  pretrain,
  readRecord,
  reproduce,
  wayConfig,
  wayNamed,
  type Learned,
} from "../../src/learning/index.ts";
import { open } from "../../src/tasks/open-task.ts";
import { here } from "../tasks/checkpoints.ts";
import { ran } from "./runs.ts";
import { config, dataFolder, sentences } from "./small-data.ts";

const engine = { ...here, engine: "onnxruntime" as const };
const warnings: string[] = [];
const warn = (message: string): void => void warnings.push(message);
afterEach(() => {
  warnings.length = 0;
});

type Changes = Readonly<Record<string, unknown>>;
interface Run {
  readonly result: Learned;
  readonly losses: number[];
}

/** Runs the config with changes; stops after so many updates where that is given. */
async function run(
  folder: Folder,
  files: Folder,
  changes: Changes = {},
  { resume = false, stopAfter = Infinity } = {},
): Promise<Run> {
  const training = { ...config.training, ...(changes["training"] as object | undefined) };
  const checked = wayConfig(finetune, { ...config, ...changes, training }, "The options");
  const signal = { aborted: false };
  const running = learn(finetune, checked, { folder, files, engine, warn, resume, signal });
  const losses: number[] = [];
  for (let next = await running.next(); ; next = await running.next()) {
    if (next.done === true) return { result: next.value, losses };
    losses.push(next.value.loss);
    if (next.value.update >= stopAfter) signal.aborted = true;
  }
}

describe("a run", () => {
  it("leaves a model that opens for its task, its scores and its record", async () => {
    const [folder, files] = [memoryFolder(), await dataFolder()];
    const { result, losses } = await run(folder, files, { training: { updates: 90, learningRate: 0.01 } });
    expect(losses).toHaveLength(90);
    expect(result.updates).toBe(90);
    expect(result.scores["accuracy"]).toBeGreaterThan(0.8);
    const classifier = await open(folder, { task: "classify", ...here });
    expect(classifier.labels).toEqual(["bad", "good"]);
    const [scores] = await classifier.classify(["the book was lovely and warm"]);
    expect(scores![0]!.label).toBe("good");
    await classifier.dispose();
    const record = await readRecord(folder);
    expect(record).toMatchObject({ way: "finetune", updates: 90, scores: result.scores });
    expect(record.config).toMatchObject({ seed: 1, training: { optimizer: "adamw", learningRate: 0.01 } });
    expect(record.data.map(({ path }) => path)).toEqual(["train.tsv", "dev.tsv", "test.tsv"]);
    expect(record.data[0]!.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("resumes to the bit, and not with other data or settings", async () => {
    const files = await dataFolder();
    const [whole, parts] = [memoryFolder(), memoryFolder()];
    const { losses } = await run(whole, files);
    const first = await run(parts, files, {}, { stopAfter: 13 });
    expect(first.losses).toEqual(losses.slice(0, 13));
    await expect(run(parts, files)).rejects.toThrow("already holds a run");
    const other = { training: { learningRate: 1e-3 } };
    await expect(run(parts, files, other, { resume: true })).rejects.toThrow("learningRate was 0.005, now 0.001");
    const changed = await dataFolder();
    await changed.write("train.tsv", sentences(64, 9));
    await expect(run(parts, changed, {}, { resume: true })).rejects.toThrow("the training text was another one");
    const second = await run(parts, files, {}, { resume: true });
    expect(second.losses).toEqual(losses.slice(13));
    expect(await parts.read("model.safetensors")).toEqual(await whole.read("model.safetensors"));
  });

  it("with patience ends with the weights of the best score", async () => {
    const [folder, files] = [memoryFolder(), await dataFolder()];
    const { result } = await run(folder, files, {
      test: ["dev.tsv"],
      training: { updates: 200, patience: 2, validateEvery: 4, learningRate: 0.02 },
    });
    const scores: number[] = [];
    for await (const { validation_accuracy: score } of readLog(folder, "log.jsonl")) {
      if (typeof score === "number") scores.push(score);
    }
    expect(scores.length).toBeLessThan(50);
    expect(result.scores["accuracy"]).toBeCloseTo(Math.max(...scores), 9);
  });

  it("begins with queries like keys where that is asked for, fine-tuned or pre-trained", async () => {
    const files = await dataFolder();
    const still = { updates: 1, learningRate: 1e-9 };
    const queriesLikeKeys = true;
    const differenceIn = async (folder: Folder): Promise<number> => {
      const file = await openSafetensors(folder, "model.safetensors");
      const of = async (name: string): Promise<Float32Array> => {
        const found = file.names.find((one) => one.endsWith(`layer.0.attention.self.${name}.weight`))!;
        return (await file.tensor(found)).data as Float32Array;
      };
      const [query, key] = [await of("query"), await of("key")];
      return Math.max(...query.map((value, i) => Math.abs(value - key[i]!)));
    };
    const usual = memoryFolder();
    await run(usual, files, { training: still });
    expect(await differenceIn(usual)).toBeGreaterThan(0.05);
    await run(files.at("runs/like"), files, { queriesLikeKeys, training: still });
    expect(await differenceIn(files.at("runs/like"))).toBeLessThan(1e-6);
    const { model, tokenizer, data } = config;
    const pretraining = { objective: "mlm", model, tokenizer, data, queriesLikeKeys, training: still };
    const { folder } = await ran(pretrain, pretraining, files);
    expect(await differenceIn(folder)).toBeLessThan(1e-6);
    const again = run(memoryFolder(), files, { model: "runs/like", tokenizer: undefined, queriesLikeKeys });
    await expect(again).rejects.toThrow("runs/like has weights of its own");
  });

  it("counts epochs, and says what it does not know", async () => {
    const files = await dataFolder();
    const { result } = await run(memoryFolder(), files, { training: { updates: undefined, epochs: 2 } });
    expect(result.updates).toBeGreaterThan(6);
    const named = (value: Changes) => () => wayConfig(finetune, { ...config, ...value }, "run.yaml");
    expect(named({ tasc: 1 })).toThrow('run.yaml cannot be used: there is no key "tasc"; did you mean "task"?');
    expect(named({ training: { learningrate: 1 } })).toThrow('in training; did you mean "learningRate"?');
    const gone = run(memoryFolder(), files, { data: ["gone.tsv"] });
    await expect(gone).rejects.toThrow("gone.tsv is not there");
    const size = run(memoryFolder(), files, { model: "bert-bass" });
    await expect(size).rejects.toThrow('"bert-bass" is neither a folder here nor a size');
  });
});

describe("reproduce", () => {
  const repeat = async (from: Folder, files: Folder, options = {}) => {
    const running = reproduce({ run: from, folder: memoryFolder(), files, warn, ...options });
    for (let next = await running.next(); ; next = await running.next()) if (next.done === true) return next.value;
  };

  it("repeats a run to the bit, and says what differs where something does", async () => {
    const [folder, files] = [memoryFolder(), await dataFolder()];
    await run(folder, files, { training: { updates: 10 } });
    const same = await repeat(folder, files);
    expect(same).toMatchObject({ updates: 10, differences: [], surroundings: [] });
    expect(same.scores.length).toBeGreaterThan(3);
    for (const { before, now } of same.scores) expect(now).toBe(before);
    await files.write("train.tsv", sentences(64, 9));
    const { differences, surroundings } = await repeat(folder, files, { machine: { heed: "9.9.9" } });
    expect(differences.map(({ name }) => name)).toEqual(expect.arrayContaining(["loss", "gradientNorm"]));
    expect(differences[0]!.update).toBe(1);
    expect(surroundings).toEqual([
      "train.tsv is not the file that the run read (another SHA-256 sum).",
      "heed was not recorded, and is 9.9.9.",
    ]);
  });

  it("refuses a folder without a record, and a run whose rate fell with the clock", async () => {
    const [folder, files] = [memoryFolder(), await dataFolder()];
    await expect(repeat(folder, files)).rejects.toThrow("has no run.json");
    await run(folder, files, { training: { updates: 3, minutes: 1 } });
    await expect(repeat(folder, files)).rejects.toThrow("fell with the clock");
  });
});

it("every way has a JSON schema of its config", () => {
  const schema = wayNamed("finetune").jsonSchema() as { properties: Record<string, unknown> };
  expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(["task", "model", "data", "training"]));
  expect(() => wayNamed("finetun")).toThrow('Did you mean "finetune"?');
});
