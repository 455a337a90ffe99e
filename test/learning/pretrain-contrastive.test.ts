import { describe, expect, it } from "vitest";
import { readText } from "../../src/files/index.ts";
import { pretrain, previewPretraining, wayConfig } from "../../src/learning/index.ts";
import { TextEmbedder } from "../../src/tasks/embed.ts";
import { inspectCheckpoint, openModel } from "../../src/tasks/open.ts";
import { openFolderTokenizer } from "../../src/checkpoints/index.ts";
import { models, pretraining, sentences, textFolder } from "./damaged-texts.ts";

const table = (count: number, seed: number): string => {
  const rows = sentences(count, seed).map((sentence) => `${sentence}\tdid you know that ${sentence.toUpperCase()}`);
  return ["text1\ttext2", ...rows].join("\n");
};
const files = await textFolder(
  {
    "train.txt": sentences(150, 1).join("\n"),
    "pairs.tsv": table(150, 2),
    "held.tsv": table(40, 3),
  },
  { bert: 150 },
);
const common = {
  ...{ objective: "contrastive", model: models.bert, tokenizer: "bert", validation: ["held.tsv"] },
  training: { updates: 4, batchTokens: 800, learningRate: 1e-3, warmUp: 2, schedule: "constant", saveEvery: 2 },
};
const simcse = { ...common, data: ["train.txt"] };
const paired = { ...common, data: ["pairs.tsv"], contrastive: { pooling: "class", temperature: "learned" } };

describe("heed pretrain --objective contrastive", () => {
  it("reads a text twice, goes on to the bit, and is judged by retrieval", async () => {
    const whole = await pretraining(files, simcse);
    const begun = await pretraining(files, simcse, { stopAt: 2 });
    const resumed = await pretraining(files, simcse, { folder: begun.folder, resume: true });
    expect([...begun.losses, ...resumed.losses]).toEqual(whole.losses);
    expect(resumed.learned!.scores).toEqual(whole.learned!.scores);
    expect(Object.keys(whole.learned!.scores)).toEqual([
      "loss",
      "accuracy",
      "recall@1",
      "recall@10",
      "MRR",
      "NDCG@1",
      "NDCG@10",
    ]);
    expect(whole.summary[0]).toBe("150 texts, each read twice with other dropout masks");
    const still = { ...simcse, model: { ...models.bert, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 } };
    await expect(pretraining(files, still)).rejects.toThrow("no dropout");
  });

  it("learns from pairs, with a temperature that a resumed run goes on with", async () => {
    const training = { ...paired.training, learningRate: 5e-3, updates: 30, saveEvery: 15 };
    const longer = { ...paired, contrastive: { temperature: "learned", bothWays: true }, training };
    const whole = await pretraining(files, longer);
    const begun = await pretraining(files, longer, { stopAt: 15 });
    const resumed = await pretraining(files, longer, { folder: begun.folder, resume: true });
    expect([...begun.losses, ...resumed.losses]).toEqual(whole.losses);
    expect(whole.learned!.scores["recall@1"]).toBeGreaterThan(0.15);
    expect(await whole.folder.read("contrastive.safetensors")).toEqual(
      await resumed.folder.read("contrastive.safetensors"),
    );
    const { match } = await inspectCheckpoint(whole.folder);
    expect(match.unexpected).toEqual([]);
  });

  it("leaves a folder that says how texts become vectors", async () => {
    const { folder } = await pretraining(files, paired);
    const settings = JSON.parse(await readText(folder, "1_Pooling/config.json")) as Record<string, unknown>;
    expect(settings).toMatchObject({
      word_embedding_dimension: 32,
      pooling_mode_cls_token: true,
      pooling_mode_mean_tokens: false,
    });
    const model = await openModel(folder, { task: "features", engine: "onnxruntime", worker: false, threads: 1 });
    const embedder = new TextEmbedder(model, await openFolderTokenizer(folder, "bert"));
    const [vector] = await embedder.embed(["my sister finds two letters today."]);
    const [same] = await embedder.embed(["my sister finds two letters today."], { pooling: "class", normalize: true });
    const [other] = await embedder.embed(["my sister finds two letters today."], { pooling: "mean" });
    expect(vector).toEqual(same);
    expect(vector).not.toEqual(other);
    await embedder.dispose();
  });

  it("previews both texts", async () => {
    const context = {
      files,
      from: undefined,
      engine: { engine: "onnxruntime" as const, worker: false, threads: 1 },
      warn: () => undefined,
    };
    const show = async (config: object) =>
      (await previewPretraining(wayConfig(pretrain, config, "the test"), context, { rows: 1 })).rows[0]!;
    expect((await show(simcse)).about).toBe("the text twice, under other masks");
    const row = await show(paired);
    expect(row.about).toBe("a pair");
    expect(row.targets.join(" ").replaceAll(" ##", "")).toContain("did you know that");
  });
});
