import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openFolderTokenizer } from "../../src/checkpoints/index.ts";
import { CheckpointError } from "../../src/errors/index.ts";
import { memoryFolder, type Folder } from "../../src/files/index.ts";

const folders = new URL("../tokens/golden/folders/", import.meta.url);

async function folderOf(name: string, without: readonly string[] = []): Promise<Folder> {
  const folder = memoryFolder();
  for (const file of readdirSync(new URL(`${name}/`, folders))) {
    if (!without.includes(file))
      await folder.write(file, new Uint8Array(readFileSync(new URL(`${name}/${file}`, folders))));
  }
  return folder;
}

describe("the tokenizer of a folder", () => {
  test("from older files, by the model type of config.json where nothing else tells", async () => {
    const folder = await folderOf("roberta", ["tokenizer_config.json"]);
    await expect(openFolderTokenizer(folder)).rejects.toThrow("does not tell what tokenizer it is");
    await folder.write("config.json", '{"model_type":"roberta"}');
    expect((await openFolderTokenizer(folder)).encode("the cat").tokens[0]).toBe("<s>");
    expect((await openFolderTokenizer(folder, "gpt2")).encode("the cat").tokens[0]).not.toBe("<s>");
  });

  test("from SentencePiece files", async () => {
    const tokenizer = await openFolderTokenizer(await folderOf("marian"));
    expect(tokenizer.target).not.toBe(tokenizer);
    expect(tokenizer.decode(tokenizer.encode("the old man").ids)).toBe("the old man");
  });

  test("tokenizer.json goes before all others", async () => {
    const folder = await folderOf("t5");
    const { tokenizer } = JSON.parse(readFileSync(new URL("../families/bert.json", folders), "utf8")) as {
      tokenizer: string;
    };
    await folder.write("tokenizer.json", tokenizer);
    expect((await openFolderTokenizer(folder)).encode("the cat").tokens[0]).toBe("[CLS]");
  });

  test("a pickled vocabulary is refused, with the reason and the way out", async () => {
    const folder = memoryFolder();
    await folder.write("vocab.pkl", "\u0080\u0004");
    await folder.write("config.json", '{"model_type":"transfo-xl"}');
    await expect(openFolderTokenizer(folder)).rejects.toThrow(CheckpointError);
    await expect(openFolderTokenizer(folder)).rejects.toThrow(
      /vocab\.pkl is a pickled.*runs whatever code.*vocab\.txt/,
    );
  });

  test("an empty folder", async () => {
    await expect(openFolderTokenizer(memoryFolder())).rejects.toThrow("no file of a tokenizer");
  });
});
