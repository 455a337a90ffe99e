import { beforeAll, describe, expect, it } from "vitest";
import { readWeights } from "../../src/checkpoints/index.ts";
import type { ReadableFolder } from "../../src/files/index.ts";
import { pretrain, previewPretraining, wayConfig } from "../../src/learning/index.ts";
import { inspectCheckpoint } from "../../src/tasks/open.ts";
import { documents, models, pretraining, textFolder, type PretrainingRun } from "./damaged-texts.ts";

const files = await textFolder({ "train.txt": documents(40, 1), "held.txt": documents(20, 2) }, { bert: 120 });
const config = {
  ...{ objective: "rtd", model: models.electra, tokenizer: "bert", data: ["train.txt"], validation: ["held.txt"] },
  replaced: { generator: 0.5 },
  training: { updates: 4, batchTokens: 400, learningRate: 3e-3, warmUp: 2, schedule: "constant", saveEvery: 2 },
};
const weightsOf = async (folder: ReadableFolder, path = ""): Promise<Map<string, string>> => {
  const { weights, match } = await inspectCheckpoint(path === "" ? folder : folder.at(path));
  const values = new Map<string, string>();
  for await (const [name, { data }] of readWeights(weights, match)) values.set(name, String(data));
  return values;
};

let whole: PretrainingRun;
beforeAll(async () => {
  whole = await pretraining(files, config);
});

describe("heed pretrain --objective rtd", () => {
  it("leaves two models that share their embeddings, and judges both", async () => {
    const { folder, learned, summary } = whole;
    const discriminator = await inspectCheckpoint(folder);
    const generator = await inspectCheckpoint(folder.at("generator"));
    expect(discriminator.architecture.className).toBe("ElectraForPreTraining");
    expect(generator.architecture.className).toBe("ElectraForMaskedLM");
    expect(generator.architecture.config).toMatchObject({ width: 16, embeddingWidth: 16 });
    expect(summary.at(-1)).toBe(
      "a generator 16 wide guesses, a discriminator 32 wide tells; they share their embeddings",
    );
    const [large, small] = [await weightsOf(folder), await weightsOf(folder, "generator")];
    const shared = [...small.keys()].filter((name) => name.startsWith("electra.embeddings."));
    expect(shared).toHaveLength(5);
    for (const name of shared) expect(small.get(name), name).toBe(large.get(name));
    const scores = learned!.scores;
    expect(Object.keys(scores)).toEqual([
      ...["loss", "generator loss", "generator accuracy", "discriminator loss", "accuracy", "majority accuracy"],
    ]);
    expect(scores["loss"]).toBeCloseTo(scores["generator loss"]! + 50 * scores["discriminator loss"]!, 3);
    expect(scores["majority accuracy"]).toBeGreaterThan(0.8);
  });

  it("goes on after an interruption to the bit, generator and all", async () => {
    const begun = await pretraining(files, config, { stopAt: 2 });
    const resumed = await pretraining(files, config, { folder: begun.folder, resume: true });
    expect([...begun.losses, ...resumed.losses]).toEqual(whole.losses);
    for (const path of ["", "generator"]) {
      expect(await weightsOf(resumed.folder, path)).toEqual(await weightsOf(whole.folder, path));
    }
  });

  it("draws hidden tokens anew each epoch", async () => {
    const context = {
      files,
      from: undefined,
      engine: { engine: "onnxruntime" as const, worker: false, threads: 1 },
      warn: () => undefined,
    };
    const preview = async (epoch: number) =>
      (await previewPretraining(wayConfig(pretrain, config, "the test"), context, { rows: 4, epoch })).rows;
    const [first, again, second] = [await preview(0), await preview(0), await preview(1)];
    expect(again).toEqual(first);
    expect(second.map(({ input }) => input)).not.toEqual(first.map(({ input }) => input));
    for (const { original, input, targets, marks } of first) {
      const places = input.flatMap((token, i) => (token === "[MASK]" ? [i] : []));
      expect(places.length).toBeGreaterThan(0);
      for (const [i, token] of targets.entries()) expect(token).toBe(places.includes(i) ? original[i] : undefined);
      expect(marks!.flatMap((mark, i) => (mark === "masked" ? [i] : []))).toEqual(places);
    }
  });

  it("wants an ELECTRA", async () => {
    const other = pretraining(files, { ...config, model: models.bert });
    await expect(other).rejects.toThrow('bert has no class "ElectraForPreTraining"');
  });
});
