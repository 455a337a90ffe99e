import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { requireModelFolder } from "../../src/checkpoints/index.ts";
import { CheckpointError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { isForeign, isPickle, memoryFolder } from "../../src/files/index.ts";
import { isModelFile } from "../../src/files/model-files.ts";

const scratch = mkdtempSync(join(tmpdir(), "heed-refusals-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe("a folder to open a model from", () => {
  it("has a config.json", async () => {
    const folder = memoryFolder();
    await folder.write("m/config.json", "{}");
    await requireModelFolder(folder.at("m"));
  });

  it.each([
    ["nothing", [], "memory:m does not exist. Give a model's folder, or download one with: heed pull REPO."],
    ["no config", ["m/model.safetensors"], "memory:m is not a model folder: it has no config.json. Give a folder that"],
    ["a folder around it", ["m/inner/config.json"], "memory:m/inner has one: give that folder"],
    ["half a download", ["m/config.json.part"], "memory:m is half a download: config.json.part is not whole"],
    ["a file", ["m"], "memory:m is a file. Give the folder that holds config.json and model.safetensors"],
  ])("is refused with the way out: %s", async (_, files, message) => {
    const folder = memoryFolder();
    for (const file of files) await folder.write(file, "x");
    const refusal = requireModelFolder(folder.at("m"));
    await expect(refusal).rejects.toThrow(CheckpointError);
    await expect(refusal).rejects.toThrow(message);
  });

  it("is no pickle", async () => {
    const path = join(scratch, "weights.ckpt");
    writeFileSync(path, "x");
    await expect(requireModelFolder(diskFolder(path))).rejects.toThrow(
      `${path} is a pickle: opening it runs whatever code is in it, so Heed opens none.`,
    );
  });
});

describe("names of files", () => {
  it("tell what is opened, what is a pickle and what is another library's", () => {
    const kind = (path: string): string =>
      isModelFile(path) ? "model" : isPickle(path) ? "pickle" : isForeign(path) ? "foreign" : "other";
    expect(
      Object.fromEntries(
        [
          ...["config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json", "vocab.txt"],
          ...["source.spm", "spiece.model", "merges.txt", "chat_template.jinja", "1_Pooling/config.json", "bpe.codes"],
          ...["pytorch_model.bin", "pytorch_model.bin.index.json", "training_args.bin", "a/model.PKL", "last.ckpt"],
          ...["tf_model.h5", "flax_model.msgpack", "rust_model.ot", "onnx/config.json", "model.onnx", "m-q4.gguf"],
          ...["README.md", ".gitattributes", "cat.png"],
        ].map((path) => [path, kind(path)]),
      ),
    ).toEqual({
      ...Object.fromEntries(
        [
          ...["config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json", "vocab.txt"],
          ...["source.spm", "spiece.model", "merges.txt", "chat_template.jinja", "1_Pooling/config.json", "bpe.codes"],
        ].map((path) => [path, "model"]),
      ),
      ...Object.fromEntries(
        ["pytorch_model.bin", "pytorch_model.bin.index.json", "training_args.bin", "a/model.PKL", "last.ckpt"].map(
          (path) => [path, "pickle"],
        ),
      ),
      ...Object.fromEntries(
        ["tf_model.h5", "flax_model.msgpack", "rust_model.ot", "onnx/config.json", "model.onnx", "m-q4.gguf"].map(
          (path) => [path, "foreign"],
        ),
      ),
      ...{ "README.md": "other", ".gitattributes": "other", "cat.png": "other" },
    });
  });
});
