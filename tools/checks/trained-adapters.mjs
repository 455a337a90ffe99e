// Trains adapters on small bases by heed's own fine-tuning, and writes beside each what Heed computes with it; or takes a
// finished adapter and the texts of a table. Run by trained-adapters.py:
//   node tools/checks/trained-adapters.mjs OUT [ADAPTER ROWS.tsv]
import { cpSync, readFileSync } from "node:fs";
import { createModel, diskFolder, openModel, TextModel, trainTokenizer } from "heed";
import { openFolderTokenizer, writeSafetensors } from "heed/checkpoints";
import { finetune, learn, wayConfig } from "heed/learning";
import { architectureOf } from "heed/models";

const [out, finished, table] = process.argv.slice(2);
const place = diskFolder(out);

/** Texts whose class is told by one word, and a tokenizer of their words. */
const words = ["good", "bad", "film", "book", "the", "a", "was", "is", "very", "quite", "song", "play"];
const rows = Array.from({ length: 48 }, (_, i) => {
  const [noun, verb, degree] = [words[2 + (i % 2) * 8], words[6 + (i % 3 ? 1 : 0)], words[8 + (i % 5 ? 1 : 0)]];
  return {
    text: `${i % 7 ? "the" : "a"} ${noun} ${verb} ${degree} ${i % 2 ? "good" : "bad"}`,
    label: i % 2 ? "pos" : "neg",
  };
});
await place.write("train.tsv", `text\tlabel\n${rows.map(({ text, label }) => `${text}\t${label}`).join("\n")}\n`);

const sizes = {
  num_hidden_layers: 2,
  hidden_size: 16,
  num_attention_heads: 2,
  intermediate_size: 32,
  n_embd: 16,
  n_layer: 2,
  n_head: 2,
};
const cases = [
  // A body without a head or a pooler: both are kept with the adapter.
  {
    name: "bert",
    base: { model_type: "bert", architectures: ["BertForMaskedLM"] },
    lora: { rank: 4, targets: ["query", "value"] },
  },
  {
    name: "bert, words",
    base: { model_type: "bert", architectures: ["BertForMaskedLM"] },
    lora: { rank: 2, targets: ["word_embeddings", "query"] },
  },
  {
    name: "roberta",
    base: { model_type: "roberta", architectures: ["RobertaForMaskedLM"] },
    lora: { rank: 2, targets: ["query", "dense"] },
  },
  {
    name: "gpt2",
    base: { model_type: "gpt2", architectures: ["GPT2LMHeadModel"] },
    lora: { rank: 4, targets: ["c_attn"] },
  },
  {
    name: "distilbert",
    base: {
      model_type: "distilbert",
      architectures: ["DistilBertForMaskedLM"],
      dim: 16,
      n_layers: 2,
      n_heads: 2,
      hidden_dim: 32,
    },
    lora: { rank: 3 },
  },
  {
    name: "electra",
    base: { model_type: "electra", architectures: ["ElectraForMaskedLM"], embedding_size: 16 },
    lora: { targets: ["all-linear"] },
  },
];

/** Writes inputs and logits beside an adapter. */
async function compute(folder, texts) {
  const trained = await openModel(folder, { worker: false });
  const text = new TextModel(trained, await openFolderTokenizer(folder));
  const { feeds } = text.encode(texts);
  const { logits } = await trained.forward(feeds);
  const stored = ({ dtype, shape, data }) => ({ dtype: dtype === "float32" ? "F32" : "I32", shape, data });
  await writeSafetensors(folder, "computed.safetensors", [
    ["input_ids", stored(feeds.inputIds)],
    ["attention_mask", stored(feeds.attentionMask)],
    ["logits", stored(logits)],
  ]);
  await trained.dispose();
}

if (finished !== undefined) {
  const adapter = `${out}/adapter`;
  cpSync(finished, adapter, { recursive: true });
  const { base_model_name_or_path: base } = JSON.parse(readFileSync(`${adapter}/adapter_config.json`, "utf8"));
  const texts = readFileSync(table, "utf8").trim().split("\n");
  await compute(
    diskFolder(adapter),
    texts.slice(0, 64).map((row) => row.split("\t")[0]),
  );
  console.log(JSON.stringify({ name: finished, base, adapter }));
  process.exit(0);
}

for (const { name, base: json, lora } of cases) {
  const base = `${out}/${name}-base`;
  const tokenizer = await trainTokenizer(
    rows.map(({ text }) => text),
    { family: name === "gpt2" ? "gpt2" : "bert", size: name === "gpt2" ? 300 : 80 },
  );
  const pad = tokenizer.special.pad?.id ?? tokenizer.special.eos?.id ?? 0;
  const architecture = architectureOf(
    { ...sizes, ...json, vocab_size: tokenizer.size, pad_token_id: pad },
    "config.json",
  );
  const model = await createModel(architecture, { worker: false, seed: 3 });
  await new TextModel(model, tokenizer).save(diskFolder(base));
  await model.dispose();
  const config = wayConfig(
    finetune,
    {
      ...{ task: "classify", model: base, data: [`${out}/train.tsv`], lora },
      training: { updates: 60, learningRate: 0.03, batchTokens: 128, saveEvery: 1000 },
    },
    "config",
  );
  const folder = diskFolder(`${out}/${name}`);
  const run = learn(finetune, config, { folder, files: diskFolder(), engine: { worker: false }, warn: console.error });
  for (let next = await run.next(); !next.done; next = await run.next());
  await compute(
    folder,
    rows.slice(0, 6).map(({ text }) => text),
  );
  console.log(JSON.stringify({ name, base, adapter: `${out}/${name}` }));
}
