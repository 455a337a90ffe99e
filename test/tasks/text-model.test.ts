import { expect, test } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { openModel } from "../../src/tasks/open.ts";
import { TextModel } from "../../src/tasks/text-model.ts";
import { Tokenizer } from "../../src/tokens/index.ts";

const tokenizer = Tokenizer.fromJson(
  JSON.stringify({
    version: "1.0",
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab: { a: 5, b: 6, "<unk>": 7 }, unk_token: "<unk>" },
  }),
);

/** GPT, GPT-2 and CTRL add the embedding of a word for a token type, and Python's tokenizers give them none. */
test.each([
  ["bert-model", true],
  ["roberta-model", false],
  ["distilbert-model", false],
  ["gpt2-sequence-classification", false],
  ["openai-gpt-sequence-classification", false],
  ["ctrl-sequence-classification", false],
])("%s is told which text of a pair a token belongs to: %s", async (name, told) => {
  const model = await openModel(diskFolder("test/families").at(name), { engine: "onnxruntime", threads: 1 });
  try {
    const { feeds } = new TextModel(model, tokenizer).encode([["a b", "b"], "a"]);
    expect(Object.keys(feeds).includes("tokenTypeIds")).toBe(told);
  } finally {
    await model.dispose();
  }
});
