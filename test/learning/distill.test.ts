/** Distilling in a run folder: the student alone comes out, it starts as its teacher, and a run resumes to the bit. */
import { beforeAll, describe, expect, it } from "vitest";
import { openWeights } from "../../src/checkpoints/index.ts";
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { distill, learn, readRecord, wayConfig } from "../../src/learning/index.ts";
import { lossesOf, type DistillConfig } from "../../src/learning/distill.ts";
import { teacherName } from "../../src/learning/distill-student.ts";
import { open } from "../../src/tasks/open-task.ts";
import { here } from "../tasks/checkpoints.ts";
import { engine, opinions, ran, school } from "./opinions.ts";

let files: Folder;
beforeAll(async () => {
  files = await school();
});

const config = {
  ...{
    task: "classify",
    teacher: "teacher",
    student: { num_hidden_layers: 1 },
    data: ["train.tsv"],
    test: ["test.tsv"],
  },
  training: { updates: 16, learningRate: 3e-3, batchTokens: 400, saveEvery: 8 },
};
const run = (folder: Folder, changes: object = {}, resume = false, stopAfter = Infinity): ReturnType<typeof ran> =>
  ran(distill, { ...config, ...changes }, { folder, files, resume }, stopAfter);

describe("a student", () => {
  it("is written alone, opens, and stands beside its teacher", async () => {
    const folder = memoryFolder();
    const { result, warnings } = await run(folder);
    expect(result.scores["accuracy of the teacher"]).toBeGreaterThan(0.9);
    expect(result.scores["accuracy"]).toBeGreaterThan(0.8);
    const kept = result.scores["accuracy"]! / result.scores["accuracy of the teacher"]!;
    expect(result.scores["share of accuracy kept"]).toBeCloseTo(kept, 9);
    expect(warnings.join("\n")).toMatch(
      /[\d.]+ times as fast as the teacher: [\d.]+ ms for 32 rows, the teacher [\d.]+ ms/,
    );
    const names = [...(await openWeights(folder)).tensors.keys()];
    expect(names.filter((name) => !name.startsWith("bert.") && !name.startsWith("classifier."))).toEqual([]);
    expect(names.filter((name) => name.includes("layer.1"))).toEqual([]);
    const student = await open(folder, { task: "classify", ...here });
    expect(student.labels).toEqual(["bad", "good"]);
    expect(student.model.architecture.config).toMatchObject({ layers: 1, width: 16 });
    await student.dispose();
    expect((await readRecord(folder)).config).toMatchObject({ teacher: "teacher", recipe: "hinton" });
  });

  it("of another width and family learns, too, and has the teacher's tokens", async () => {
    const folder = memoryFolder();
    const student = {
      model_type: "distilbert",
      dim: 8,
      n_layers: 1,
      n_heads: 2,
      hidden_dim: 16,
      max_position_embeddings: 24,
    };
    const { result } = await run(folder, { student, recipe: "tinybert", losses: { hard: 1 } });
    expect(result.scores["accuracy"]).toBeGreaterThan(0.4);
    const opened = await open(folder, { task: "classify", ...here });
    const teacher = await open(files.at("teacher"), { task: "classify", ...here });
    expect(opened.tokenizer.toText()).toBe(teacher.tokenizer.toText());
    await opened.dispose();
    await teacher.dispose();
  });

  it("resumes to the bit, with what is trained beside it", async () => {
    const [whole, parts] = [memoryFolder(), memoryFolder()];
    const changes = {
      student: { num_hidden_layers: 1, hidden_size: 8 },
      losses: { hidden: 1, attention: 1, cosine: 1 },
    };
    const all = await run(whole, changes);
    const first = await run(parts, changes, false, 11);
    expect(await parts.kind("checkpoints/step-000011/beside.safetensors")).toBe("file");
    const second = await run(parts, changes, true);
    expect([...first.steps, ...second.steps].map(({ loss }) => loss)).toEqual(all.steps.map(({ loss }) => loss));
    expect(await parts.read("model.safetensors")).toEqual(await whole.read("model.safetensors"));
    expect(await whole.kind("beside.safetensors")).toBeUndefined();
  });

  it("starts with its teacher's layers, embeddings and head, and only then is as good before it learns", async () => {
    const still = { training: { updates: 1, learningRate: 1e-12, batchTokens: 400 } };
    const same = { ...still, student: { num_hidden_layers: 2 } };
    const copied = await run(memoryFolder(), same);
    expect(copied.result.scores["share of accuracy kept"]).toBe(1);
    const fresh = await run(memoryFolder(), { ...same, initialize: false });
    expect(fresh.result.scores["share of accuracy kept"]).toBeLessThan(0.9);
    // One that a folder holds goes on from there.
    const own = await run(memoryFolder(), { ...still, student: "teacher" });
    expect(own.result.scores["share of accuracy kept"]).toBe(1);
  });
});

describe("what cannot be distilled is refused", () => {
  const refusal = async (changes: object): Promise<string> => {
    try {
      await run(memoryFolder(), changes);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  it("with a sentence", async () => {
    await files.write("stars.tsv", opinions(8, 3, ["one", "five"]));
    expect(await refusal({ data: ["stars.tsv"] })).toContain("the labels five, one, which the teacher does not know");
    expect(await refusal({ layers: [0, 1] })).toContain(
      "the student has 1 layers and the teacher those from 0 to 1; got 0, 1",
    );
    expect(await refusal({ student: "bert-bass" })).toContain('"bert-bass" is neither a folder here nor a size');
    expect(await refusal({ student: { num_hidden_layers: 1, hidden_size: 7 } })).toContain("does not divide");
    expect(await refusal({ losses: { sofd: 1 } })).toContain('did you mean "soft"?');
  });
});

it("losses come from a recipe, the share of the soft ones, and weights of one's own", () => {
  const of = (changes: object): ReturnType<typeof lossesOf> => {
    return lossesOf(wayConfig(distill, { ...config, ...changes }, "The options"));
  };
  expect(of({})).toEqual({ losses: { soft: 0.5, hard: 0.5 }, temperature: 2 });
  expect(of({ recipe: "distilbert" })).toEqual({ losses: { soft: 5, hard: 2, cosine: 1 }, temperature: 2 });
  expect(of({ alpha: 0.9, temperature: 4 })).toEqual({ losses: { soft: 0.9, hard: 1 - 0.9 }, temperature: 4 });
  expect(of({ recipe: "tinybert", losses: { soft: 0 } })).toMatchObject({
    losses: { soft: 0, hidden: 1 },
    temperature: 1,
  });
});

it("names of parameters lead to the teacher's, by layer and family", () => {
  const [bert, distil, gpt2] = [{ modelType: "bert" }, { modelType: "distilbert" }, { modelType: "gpt2" }];
  const layers = [0, 2, 4, 7, 9, 11];
  expect(teacherName("bert.encoder.layer.3.output.dense.weight", bert, bert, layers)).toBe(
    "bert.encoder.layer.7.output.dense.weight",
  );
  expect(teacherName("transformer.h.5.attn.c_attn.bias", gpt2, gpt2, layers)).toBe("transformer.h.11.attn.c_attn.bias");
  expect(teacherName("distilbert.transformer.layer.1.attention.q_lin.weight", distil, bert, layers)).toBe(
    "bert.encoder.layer.2.attention.self.query.weight",
  );
  expect(teacherName("distilbert.transformer.layer.2.sa_layer_norm.bias", distil, bert, layers)).toBe(
    "bert.encoder.layer.4.attention.output.LayerNorm.bias",
  );
  expect(teacherName("distilbert.embeddings.LayerNorm.weight", distil, bert, layers)).toBe(
    "bert.embeddings.LayerNorm.weight",
  );
  expect(teacherName("vocab_transform.weight", distil, bert, layers)).toBe("cls.predictions.transform.dense.weight");
  expect(teacherName("transformer.wte.weight", gpt2, bert, layers)).toBeUndefined();
});

it("a dry run looks at everything and writes nothing", async () => {
  const folder = memoryFolder();
  const told: number[] = [];
  const checked: DistillConfig = wayConfig(distill, config, "The options");
  const memory = ({ total }: { readonly total: number }): void => void told.push(total);
  const running = learn(distill, checked, { folder, files, engine, warn: () => undefined, dryRun: true, memory });
  let steps = 0;
  for (let next = await running.next(); next.done !== true; next = await running.next()) steps++;
  expect(steps).toBe(4);
  expect(told[0]).toBeGreaterThan(200e6);
  expect(await folder.list()).toEqual([]);
});
