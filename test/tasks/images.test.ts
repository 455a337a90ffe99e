import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { ImageClassifier } from "../../src/tasks/classify-images.ts";
import type { ImageTextMatcher } from "../../src/tasks/match.ts";
import { open } from "../../src/tasks/open-task.ts";
import { golden, picture } from "../data/pictures.ts";

const { answers } = golden;
const images = answers.images.map(([width, height]) => picture(width, height));

/** A checkpoint of test/families with further files. */
async function withFiles(name: string, files: Readonly<Record<string, unknown>>): Promise<Folder> {
  const [folder, source] = [memoryFolder(), diskFolder(`test/families/${name}`)];
  for (const file of ["config.json", "model.safetensors"]) await folder.write(file, await source.read(file));
  for (const [file, json] of Object.entries(files)) await folder.write(file, JSON.stringify(json));
  return folder;
}

function expectRows(ours: readonly ArrayLike<number>[], theirs: readonly (readonly number[])[]): void {
  expect(ours.length).toBe(theirs.length);
  for (const [i, row] of theirs.entries()) {
    for (const [k, value] of row.entries()) expect(ours[i]![k]).toBeCloseTo(value, 5);
  }
}

/** Words w0 to w50, a start and an end. */
const tokenizer = {
  version: "1.0",
  added_tokens: [51, 52].map((id) => ({
    ...{ id, content: `<${id}>`, special: true, normalized: false },
    ...{ single_word: false, lstrip: false, rstrip: false },
  })),
  normalizer: null,
  pre_tokenizer: { type: "WhitespaceSplit" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "<51>", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "<52>", type_id: 0 } },
    ],
    pair: [],
    special_tokens: Object.fromEntries(
      [51, 52].map((id) => [`<${id}>`, { id: `<${id}>`, ids: [id], tokens: [`<${id}>`] }]),
    ),
  },
  decoder: null,
  model: {
    type: "WordLevel",
    vocab: Object.fromEntries(Array.from({ length: 53 }, (_, i) => [i < 51 ? `w${i}` : `<${i}>`, i])),

    unk_token: "w0",
  },
};

describe("images by their classes", () => {
  it("have the probabilities that Python gives, one by one and together", async () => {
    const settings = { size: { height: 12, width: 12 }, do_resize: true };
    const folder = await withFiles("vit-image-classification", { "preprocessor_config.json": settings });
    const classifier = await open(folder, { task: "classify-images", worker: false });
    expect(classifier).toBeInstanceOf(ImageClassifier);
    for (const batch of [1, 8]) {
      const classes = await classifier.classify(images, { batch });
      const scores = classes.map((row) =>
        classifier.labels.map((label) => row.find((one) => one.label === label)!.score),
      );
      expectRows(scores, answers.classes);
      for (const row of classes)
        expect(row.map(({ score }) => score)).toEqual(row.map(({ score }) => score).sort((a, b) => b - a));
    }
    const copy = memoryFolder();
    await classifier.save(copy);
    expect(await copy.kind("preprocessor_config.json")).toBe("file");
    await expect(classifier.classify([])).rejects.toThrow("There is no image to classify");
    await classifier.dispose();
  });

  it("need the folder's settings", async () => {
    const folder = await withFiles("vit-image-classification", {});
    await expect(open(folder, { task: "classify-images", worker: false })).rejects.toThrow(
      "preprocessor_config.json is not there",
    );
  });
});

describe("images with texts", () => {
  let matcher: ImageTextMatcher;
  beforeAll(async () => {
    const settings = { size: { shortest_edge: 8 }, crop_size: { height: 8, width: 8 } };
    const folder = await withFiles("clip-model", {
      "processor_config.json": { image_processor: { ...settings, image_processor_type: "CLIPImageProcessor" } },
      "tokenizer.json": tokenizer,
      "tokenizer_config.json": { pad_token: "<52>" },
    });
    matcher = await open(folder, { task: "match", worker: false });
  });
  afterAll(() => matcher.dispose());

  it("have the directions that Python gives, of length 1", async () => {
    expectRows(await matcher.embedImages(images, { batch: 1 }), answers.image_embeds);
    expectRows(await matcher.embedTexts(answers.texts), answers.text_embeds);
    expectRows(await matcher.embedTexts(answers.texts, { batch: 2 }), answers.text_embeds);
  });

  it("fit each other as Python says", async () => {
    const { perImage, perText } = await matcher.match(images, answers.texts);
    expectRows(perImage, answers.per_image);
    expectRows(perText, answers.per_text);
  });

  it("make a classifier of names", async () => {
    const classes = await matcher.classify(images, answers.texts, { prompts: "{}" });
    const scores = classes.map((row) => answers.texts.map((label) => row.find((one) => one.label === label)!.score));
    expectRows(scores, answers.per_image);
    const [one] = await matcher.classify(images.slice(0, 1), ["w1", "w2"], { prompts: ["w3 {}", "{} w4"] });
    expect(one!.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
    await expect(matcher.classify(images, ["w1"], { prompts: "w3" })).rejects.toThrow('"w3" has no {}');
    await expect(matcher.classify(images, [])).rejects.toThrow("There is no class to choose from");
  });

  it("are refused where a text is too long or its tokens are unknown to the model", async () => {
    await expect(matcher.embedTexts(["w1 ".repeat(20)])).rejects.toThrow("this model reads at most 9");
    await expect(matcher.match([], ["w1"])).rejects.toThrow("There is no image to read");
    await expect(matcher.match(images, [])).rejects.toThrow("There is no text to read");
  });
});
