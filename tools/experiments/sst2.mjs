// SST-2 sentences: a small BERT from scratch, and the same pre-trained first with masked words on the text at hand
// (training sentences and other English, never the test set); beside naive Bayes. Several seeds, and a paired test.
// docs/results.md says what else was tried.
//
//   node tools/experiments/sst2.mjs             five seeds
//   node tools/experiments/sst2.mjs --quick     a piece of it, in seconds, to see that it works
//   … --seeds 3 --updates 8000 --bases          fewer seeds; longer pre-training; a base of its own for each seed
//   … --share 0.5                               so many of the words are asked for
//   … --base                                    the bases that the last run left, once more
//   … --model '{"num_hidden_layers":1}' --tune '{"learningRate":1e-4}' --scratch '{"epochs":4}'    other settings
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { diskFolder, open, trainTokenizer } from "heed";
import { meanStatistics, pairedRandomization } from "heed/evaluation";
import { finetune, pretrain } from "heed/learning";
import { dataPath, deviation, mean, printTable, root, run } from "./runs.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seeds: { type: "string" },
    updates: { type: "string" },
    share: { type: "string", default: "0.15" },
    bases: { type: "boolean", default: false },
    base: { type: "boolean", default: false },
    model: { type: "string", default: "{}" },
    tune: { type: "string", default: "{}" },
    scratch: { type: "string", default: "{}" },
  },
});
const seeds = Number(options.seeds ?? (options.quick ? 2 : 5));
const updates = Number(options.updates ?? (options.quick ? 20 : 2000));

const read = (name) => readFileSync(dataPath(name), "utf8");
const rowsOf = (name) =>
  read(name)
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
const [train, dev, test] = ["train", "dev", "test"].map((part) => rowsOf(`sst2/${part}.tsv`));

// The text at hand: a sentence or a passage a line.

const captions = gunzipSync(readFileSync(dataPath("multi30k/train.en.gz")))
  .toString("utf8")
  .trim()
  .split("\n");
const passages = JSON.parse(read("squad/xquad.en.json")).data.flatMap(({ paragraphs }) =>
  paragraphs.map((one) => one.context),
);
const play = read("tinyshakespeare.txt")
  .split(/\n\n+/)
  .map((speech) => speech.replaceAll("\n", " "));
const posts = read("wnut17/wnut17train.conll")
  .split(/\n\s*\n/)
  .map((post) =>
    post
      .split("\n")
      .map((line) => line.split("\t")[0])
      .join(" "),
  );
/** Words and marks apart and in small letters, as the sentences of SST-2 are. */
const apart = (text) =>
  text
    .toLowerCase()
    .replace(/n't\b/g, " n't")
    .replace(/'(s|re|ve|ll|d|m)\b/g, " '$1")
    .replace(/([.,!?;:()"])/g, " $1 ")
    .replace(/\s+/g, " ")
    .trim();
const others = [...captions, ...passages, ...play, ...posts].map(apart).filter((text) => text !== "");
// The sentences that matter are told apart most: they come several times for each of the others.
const sentences = train.map(([text]) => text);
const repeats = 6;

const place = join(root, ".cache", "experiments", options.quick ? "sst2-quick" : "sst2");
if (!options.base) rmSync(place, { recursive: true, force: true });
mkdirSync(place, { recursive: true });
const files = diskFolder(place);
const part = (rows) => (options.quick ? rows.slice(0, 200) : rows);
const write = (name, rows) =>
  writeFileSync(
    join(place, name),
    `${part(rows)
      .map((row) => row.join("\t"))
      .join("\n")}\n`,
  );
write("train.tsv", train);
write("dev.tsv", dev);
write("test.tsv", test);
write(
  "others.txt",
  others.map((text) => [text]),
);
write(
  "sentences.txt",
  sentences.map((text) => [text]),
);
write(
  "held.txt",
  dev.map(([text]) => [text]),
);
const vocabulary = { kind: "wordpiece", family: "bert", size: 8000 };
const tokenizer = await trainTokenizer(sentences, vocabulary);
for (const [name, content] of tokenizer.files()) await files.write(`tokenizer/${name}`, content);

const model = {
  model_type: "bert",
  hidden_size: 128,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: 256,
  max_position_embeddings: 128,
  hidden_dropout_prob: 0.4,
  attention_probs_dropout_prob: 0.1,
  classifier_dropout: 0.3,
  ...JSON.parse(options.model),
};

async function base(seed) {
  const name = `base-${seed}`;
  if (options.base) return name;
  const texts = Array(repeats).fill("sentences.txt");
  const config = {
    objective: "mlm",
    masking: { share: Number(options.share) },
    ...{
      model: { ...model, hidden_dropout_prob: 0.1, initializer_range: 0.05 },
      tokenizer: "tokenizer",
      seed,
      maxLength: 64,
    },
    data: [...texts, "others.txt"],
    validation: ["held.txt"],
    training: {
      ...{ updates, batchTokens: 4096, learningRate: 2e-3, warmUp: Math.ceil(updates / 20), weightDecay: 0.01 },
      ...{ validateEvery: Math.ceil(updates / 10), saveEvery: updates },
    },
  };
  const { scores, seconds } = await run(pretrain, config, files.at(name), files, {
    title: `masked words, seed ${seed}`,
  });
  // Few labels need more dropout than much text; a folder's config.json says how much.
  const settings = JSON.parse(readFileSync(join(place, name, "config.json"), "utf8"));
  const dropout = { hidden_dropout_prob: model.hidden_dropout_prob };
  await files.write(`${name}/config.json`, JSON.stringify({ ...settings, ...dropout }, undefined, 2));
  console.error(`  held-out sentences: ${scores.loss.toFixed(3)} nats a masked token, ${seconds.toFixed(0)} s`);
  return name;
}

/** Fine-tunes and gives, for each test sentence, whether it was right. */
async function tuned(from, seed) {
  const scratch = from === undefined;
  const config = {
    ...{ task: "classify", model: from ?? model, tokenizer: "tokenizer", seed, maxLength: 64 },
    ...{ data: ["train.tsv"], validation: ["dev.tsv"] },
    training: {
      ...{ batchTokens: 1024, learningRate: scratch ? 5e-4 : 1e-3, warmUp: 100, weightDecay: 0.05 },
      ...(options.quick ? { updates: 4 } : { epochs: 5 }),
      ...{ validateEvery: 100, saveEvery: 100_000, patience: 100 },
      ...JSON.parse(scratch ? options.scratch : options.tune),
    },
  };
  const folder = files.at(`${scratch ? "scratch" : "tuned"}-${seed}`);
  const { seconds } = await run(finetune, config, folder, files, {
    title: `${scratch ? "scratch" : "pre-trained"}, seed ${seed}`,
  });
  const classifier = await open(folder, { task: "classify" });
  const rows = part(test);
  const right = [];
  for (let start = 0; start < rows.length; start += 64) {
    const some = rows.slice(start, start + 64);
    const found = await classifier.classify(
      some.map(([text]) => text),
      { truncate: true, maxLength: 64 },
    );
    found.forEach(([best], i) => right.push(best.label === some[i][1] ? 1 : 0));
  }
  await classifier.dispose();
  console.error(`  test ${(100 * mean(right)).toFixed(2)}, ${seconds.toFixed(0)} s`);
  return right;
}

/** Multinomial naive Bayes over words, each counted once more than it was seen. */
function naiveBayes() {
  const counts = new Map();
  const totals = new Map();
  for (const [text, label] of part(train)) {
    for (const word of text.split(" ")) {
      const of = counts.get(word) ?? new Map();
      counts.set(word, of.set(label, (of.get(label) ?? 0) + 1));
      totals.set(label, (totals.get(label) ?? 0) + 1);
    }
  }
  const labels = [...totals.keys()];
  const score = (text, label) =>
    Math.log(part(train).filter((row) => row[1] === label).length) +
    text
      .split(" ")
      .filter((word) => counts.has(word))
      .reduce(
        (sum, word) => sum + Math.log(((counts.get(word).get(label) ?? 0) + 1) / (totals.get(label) + counts.size)),
        0,
      );
  return part(test).map(([text, label]) => {
    const scores = labels.map((one) => score(text, one));
    return labels[scores.indexOf(Math.max(...scores))] === label ? 1 : 0;
  });
}

const bayes = naiveBayes();
const runs = { scratch: [], tuned: [] };
let first;
for (let seed = 1; seed <= seeds; seed++) {
  const from = options.bases ? await base(seed) : (first ??= await base(1));
  runs.scratch.push(await tuned(undefined, seed));
  runs.tuned.push(await tuned(from, seed));
}

const percent = (value) => (100 * value).toFixed(2);
const line = (name, all) => {
  const means = all.map(mean);
  return [name, all.length, percent(mean(means)), percent(deviation(means)), means.map(percent).join(" ")];
};
console.log(`SST-2, ${part(test).length} test sentences; ${updates} updates of pre-training`);
printTable(
  ["", "seeds", "accuracy", "deviation", "each"],
  [line("naive Bayes", [bayes]), line("from scratch", runs.scratch), line("pre-trained first", runs.tuned)],
);
// Each sentence by how many of the seeds were right: paired by sentence.
const shares = (all) =>
  meanStatistics(
    all[0].map((_, i) => mean(all.map((one) => one[i]))),
    undefined,
    "accuracy",
  );
const { difference, pValue } = pairedRandomization(shares(runs.scratch), shares(runs.tuned));
console.log(
  `pre-trained first, less from scratch: ${percent(difference)} points, p = ${pValue.toFixed(4)} (paired randomization over sentences)`,
);
const reached = (value, goal) => `${value >= goal ? "yes" : "no "}  ${percent(value)} (goal ${percent(goal)})`;
console.log(`from scratch at least 80:           ${reached(mean(runs.scratch.map(mean)), 0.8)}`);
console.log(`pre-trained at least naive Bayes:   ${reached(mean(runs.tuned.map(mean)), 0.825)}`);
console.log(`above scratch with p < .05:         ${difference > 0 && pValue < 0.05 ? "yes" : "no"}`);
