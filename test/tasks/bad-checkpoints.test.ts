/** Checkpoints that cannot be opened, or not for this: each says what is wrong, what was expected and what to do. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSafetensors, writeTensors } from "../../src/checkpoints/index.ts";
import { InputError } from "../../src/errors/index.ts";
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { openModel } from "../../src/tasks/open.ts";
import { open, type TaskName } from "../../src/tasks/open-task.ts";
import { bertWords, checkpoint, here, plainWords } from "./checkpoints.ts";

/** Why a folder, or a path, does not open for a task. */
async function refusal(place: string | Folder, task?: TaskName, options: object = {}): Promise<string> {
  const opening =
    task === undefined ? open(place, { ...here, ...options }) : open(place, { task, ...here, ...options });
  const error = await opening.then(
    async (model) => {
      await model.dispose();
      return undefined;
    },
    (reason: unknown) => reason,
  );
  // By name, since a path goes through the built package, which has classes of its own.
  expect((error as Error).name).toMatch(/^(Input|Checkpoint|Config)Error$/);
  return (error as Error).message;
}

let at: string;
beforeAll(async () => {
  at = await mkdtemp(join(tmpdir(), "heed-open-"));
  await writeFile(join(at, "model.safetensors"), "x");
});
afterAll(() => rm(at, { recursive: true, force: true }));

describe("what is no model", () => {
  it("a path that is not there, a file, a folder without config", async () => {
    expect(await refusal(join(at, "nowhere"))).toMatch(
      /nowhere does not exist\. Check the path, or give the name of a pulled model\.$/,
    );
    expect(await refusal("OWNER/NAME-THAT-IS-NOT")).toMatch(
      /is neither a folder nor a model that was pulled\..* heed pull OWNER/,
    );
    expect(await refusal(join(at, "model.safetensors"))).toMatch(
      /is a file\. Give the folder that holds config\.json and model\.safetensors/,
    );
    expect(await refusal(at)).toMatch(
      /is not a model folder: it has no config\.json\. Give a folder that Heed or save_pretrained wrote\.$/,
    );
  });

  it("a config of another form, of no family, of one that is not there", async () => {
    const folder = await checkpoint("bert-model");
    await folder.write("config.json", "[1]");
    expect(await refusal(folder)).toBe("memory:config.json holds no JSON object. Settings by name were expected.");
    expect(await refusal(await checkpoint("bert-model", {}, { model_type: null }))).toMatch(
      /^memory:config\.json has no model_type\. Expected one of albert, bart, bert, .*vit\.$/,
    );
    expect(await refusal(await checkpoint("bert-model", {}, { model_type: "robrta" }))).toMatch(
      /model_type is "robrta", a family that this version does not have\. Did you mean "roberta"\? It has albert, .*vit\.$/,
    );
    expect(await refusal(await checkpoint("bert-model", {}, { hidden_size: "wide" }))).toMatch(
      /hidden_size must be a (whole )?number, not "wide"/,
    );
  });

  it("a translator that Heed trained", async () => {
    const folder = memoryFolder();
    await folder.write("config.json", '{"model_type": "heed-transformer"}');
    expect(await refusal(folder, "translate")).toBe(
      "memory: is a translator that Heed trained. Open it with Translator.open, or with heed translate.",
    );
  });
});

describe("weights", () => {
  async function changed(change: (tensors: Map<string, HostTensor>) => void): Promise<Folder> {
    const folder = await checkpoint("bert-masked-lm", bertWords);
    const file = await openSafetensors(folder, "model.safetensors");
    const tensors = new Map<string, HostTensor>();
    for (const name of file.names) {
      const { shape, data } = await file.tensor(name);
      tensors.set(name, { dtype: "float32", shape, data: data as Float32Array });
    }
    change(tensors);
    await writeTensors(folder, "model.safetensors", tensors);
    return folder;
  }
  const bias = "bert.encoder.layer.0.output.dense.bias";

  it("that are missing, too many, misshapen, or not numbers are named", async () => {
    const folder = await changed((tensors) => {
      tensors.delete(bias);
      tensors.set("bert.extra.weight", { dtype: "float32", shape: [1], data: new Float32Array(1) });
    });
    expect(await refusal(folder)).toBe(
      "memory:model.safetensors does not fit the model that the config describes:\n" +
        `  missing: ${bias} [15]\n  not part of the model: bert.extra.weight`,
    );
    const nan = await changed((tensors) => void (tensors.get(bias)!.data as Float32Array).fill(NaN, 3, 4));
    expect(await refusal(nan)).toBe(
      `memory:model.safetensors: ${bias} holds a value that is not a finite number, so the model can compute nothing. ` +
        "Use an earlier checkpoint.",
    );
  });

  it("that are not there", async () => {
    const folder = await checkpoint("bert-model");
    await folder.remove("model.safetensors");
    expect(await refusal(folder)).toMatch(/^memory: has no weights: neither model\.safetensors nor .* heed pull REPO/);
    await folder.write("pytorch_model.bin", "x");
    expect(await refusal(folder)).toMatch(
      /^memory:pytorch_model\.bin is a pickle: opening it runs whatever code is in it/,
    );
  });
});

describe("tasks", () => {
  it("a head that the checkpoint lacks is named, with the way to train one; fresh, it opens", async () => {
    const folder = await checkpoint("bert-model", bertWords);
    expect(await refusal(folder, "classify")).toBe(
      "memory:model.safetensors does not fit the model that the config describes:\n" +
        "  missing: classifier.weight [2, 15]\n  missing: classifier.bias [2]\n" +
        "This is a checkpoint of another task, without this head. Open it for that task, or ask for a fresh head " +
        "({ fresh: true }) and train it.",
    );
    const classifier = await open(folder, { task: "classify", fresh: true, ...here });
    expect((await classifier.classify(["w7"]))[0]).toHaveLength(2);
    await classifier.dispose();
    const [one, two] = await Promise.all(
      [1, 2].map((seed) => openModel(folder, { task: "sequence-classification", fresh: true, seed, ...here })),
    );
    const of = async (model: typeof one): Promise<unknown> => (await model!.parameters.read()).get("classifier.weight");
    expect(await of(one)).not.toEqual(await of(two));
    await Promise.all([one!.dispose(), two!.dispose()]);
  });

  it("a family that has no such head says which it has; so does one of images", async () => {
    expect(await refusal(await checkpoint("gpt2-causal-lm", plainWords), "fill")).toMatch(
      /^memory:config\.json: gpt2 has no head for masked-lm\. It has causal-lm, features, /,
    );
    expect(await refusal(await checkpoint("bert-masked-lm", bertWords), "generate")).toMatch(
      /bert has no head for causal-lm\./,
    );
    expect(await refusal(await checkpoint("vit-image-classification"), "classify")).toMatch(
      /vit has no head for sequence-classification\. It has features, image-classification, masked-image\.$/,
    );
    expect(await refusal(await checkpoint("vit-model"), "embed")).toMatch(
      /vit has no head for features that reads inputIds alone\./,
    );
  });

  it("a class that is for something else, or is none of the family's", async () => {
    const folder = await checkpoint("bert-pretraining", bertWords);
    expect(await refusal(folder, "fill", { className: "BertForPreTraining" })).toBe(
      "BertForPreTraining is for pre-training; to fill takes one for masked-lm.",
    );
    expect(await refusal(folder, undefined, { className: "BertForMaskedLn" })).toMatch(
      /^bert has no class "BertForMaskedLn" here\. The classes are BertModel, BertForMaskedLM/,
    );
  });

  it("a name that is none, which types would not let through", async () => {
    const folder = await checkpoint("bert-masked-lm", bertWords);
    const wrong = open(folder, { task: "fil" as "fill", ...here });
    await expect(wrong).rejects.toThrow('There is no task "fil". Did you mean "fill"? The tasks are fill, generate,');
    await expect(wrong).rejects.toThrow(InputError);
  });

  it("a folder without a tokenizer, or with another's", async () => {
    expect(await refusal(await checkpoint("bert-masked-lm"), "fill")).toMatch(
      /^The tokenizer of memory: cannot be opened: .*vocab\.txt/,
    );
    const small = await checkpoint("t5-conditional-generation", bertWords);
    const model = await open(small, { task: "summarize", ...here });
    await model.dispose();
    const { "tokenizer.json": json } = bertWords;
    const wide = JSON.parse(json!) as { model: { vocab: Record<string, number> } };
    wide.model.vocab["extra"] = 60;
    const filler = await open(
      await checkpoint("bert-masked-lm", { ...bertWords, "tokenizer.json": JSON.stringify(wide) }),
      { task: "fill", ...here },
    );
    await expect(filler.fill("extra [MASK]")).rejects.toThrow(
      'The tokenizer gives "extra" the id 60, and the model has 53 embeddings. Use the tokenizer that the model was saved with.',
    );
    await filler.dispose();
  });
});
