// SST-2 sentences: a student of less than half of its teacher's parameters, distilled, beside the same student trained on
// the labels alone. The teacher labels more text than there is: pieces of the training sentences, with words masked out
// (Tang et al. 2019, "Distilling task-specific knowledge from BERT into simple neural networks", section 3.3).
//
//   node tools/experiments/distillation.mjs             three seeds, some minutes each on two cores
//   node tools/experiments/distillation.mjs --quick     a piece of it, in seconds, to see that it works
//   … --seeds 1,2,3 --copies 10 --epochs 6              other seeds; more or fewer pieces; longer
//
// The teacher of a seed is the better one on the validation sentences of those that tools/experiments/sst2.mjs left
// (scratch-N and tuned-N in .cache/experiments/sst2); where they are missing, one is trained here: masked words first, then
// the labels.
// Wanted: at least 97 % of the teacher's test accuracy, and more than the student alone, as means over the seeds.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { architectureOf, diskFolder, parametersOf, random } from "heed";
import { distill, finetune, pretrain } from "heed/learning";
import { dataPath, deviation, mean, root, run } from "./runs.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seeds: { type: "string" },
    copies: { type: "string" },
    epochs: { type: "string" },
    pretraining: { type: "string" },
    threads: { type: "string" },
  },
});
const { quick } = options;
const seeds = (options.seeds ?? (quick ? "1" : "1,2,3")).split(",").map(Number);
const copies = Number(options.copies ?? (quick ? 1 : 5));
const epochs = Number(options.epochs ?? (quick ? 1 : 4));
const engine = options.threads === undefined ? {} : { threads: Number(options.threads) };

const data = dataPath("sst2");
const place = join(root, ".cache", "experiments", quick ? "distillation-quick" : "distillation");
mkdirSync(place, { recursive: true });
const files = diskFolder(place);
const rowsOf = (name) =>
  readFileSync(join(data, `${name}.tsv`), "utf8")
    .trim()
    .split("\n")
    .slice(0, quick ? 200 : Infinity)
    .map((line) => line.split("\t"));
const write = (name, rows) => writeFileSync(join(place, name), `${rows.map((row) => row.join("\t")).join("\n")}\n`);
const train = rowsOf("train");
write("train.tsv", train);
write("dev.tsv", rowsOf("dev"));
write("test.tsv", rowsOf("test"));
writeFileSync(join(place, "train.txt"), `${train.map(([text]) => text).join("\n")}\n`);

/** Pieces of a sentence: words hidden one by one, and now and then only a run of some of the words. */
function pieces(text, draw) {
  const words = text.split(" ").map((word) => (draw.uniform() < 0.1 ? "[MASK]" : word));
  if (draw.uniform() >= 0.5 || words.length < 3) return words.join(" ");
  const length = 2 + draw.below(words.length - 2);
  const start = draw.below(words.length - length + 1);
  return words.slice(start, start + length).join(" ");
}

const scoresOf = async (way, name, config) =>
  (await run(way, config, files.at(name), files, { title: name, engine })).scores;

const sizes = {
  ...{ model_type: "bert", hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 256 },
  ...{ max_position_embeddings: 128, hidden_dropout_prob: 0.2, attention_probs_dropout_prob: 0.1 },
};

/** The best accuracy of a run on its validation sentences: that of the weights that it left. */
function validated(path) {
  const log = readFileSync(join(place, path, "log.jsonl"), "utf8")
    .trim()
    .split("\n");
  const scores = log.map((line) => JSON.parse(line).validation_accuracy).filter((score) => score !== undefined);
  return { path, updates: log.length, accuracy: Math.max(...scores) };
}

/** A path to a fine-tuned teacher, from here. */
async function teacherOf(seed) {
  const made = [`scratch-${seed}`, `tuned-${seed}`].map((name) => `../sst2/${name}`);
  // What a quick run left has learned nothing.
  const found = quick ? [] : made.filter((path) => existsSync(join(place, path, "run.json"))).map(validated);
  const [best] = found.filter(({ updates }) => updates > 200).sort((a, b) => b.accuracy - a.accuracy);
  if (best !== undefined) return best.path;
  const name = `teacher-${seed}`;
  if (!quick && existsSync(join(place, name, "run.json"))) return name;
  const model = `base-${seed}`;
  const updates = Number(options.pretraining ?? (quick ? 4 : 6000));
  await scoresOf(pretrain, model, {
    ...{
      objective: "mlm",
      model: { ...sizes, hidden_dropout_prob: 0.1 },
      tokenizer: { size: 8000 },
      seed,
      maxLength: 64,
    },
    ...{ data: ["train.txt"], masking: { unit: "words" } },
    training: { updates, batchTokens: 4096, learningRate: 1e-3, warmUp: Math.ceil(updates / 20), saveEvery: updates },
  });
  await scoresOf(finetune, name, {
    ...{ task: "classify", model, tokenizer: { size: 8000 }, seed, maxLength: 64 },
    ...{ data: ["train.tsv"], validation: ["dev.tsv"], test: ["test.tsv"] },
    training: { ...schedule(4, 4e-4, 1024), validateEvery: quick ? 2 : 100, patience: 100 },
  });
  return name;
}

/** Epochs, or some updates where it is only tried. */
const schedule = (times, learningRate, batchTokens) => ({
  ...(quick ? { updates: 4 } : { epochs: times }),
  ...{ learningRate, batchTokens, warmUp: quick ? 1 : 100, weightDecay: 0.05, saveEvery: 100_000 },
});

// Half as wide, so less than half of the parameters: nearly all of them are embeddings.
const student = { hidden_size: 64, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 128 };
const teachers = [];
const found = { teacher: [], alone: [], taught: [] };
for (const seed of seeds) {
  console.error(`seed ${seed}`);
  const draw = random(seed, "pieces");
  const more = train.flatMap(([text, label]) => Array.from({ length: copies }, () => [pieces(text, draw), label]));
  write(`pieces-${seed}.tsv`, more);
  const teacher = await teacherOf(seed);
  teachers.push(teacher);
  const lesson = {
    ...{ task: "classify", teacher, student, seed, maxLength: 64, initialize: false },
    ...{ validation: ["dev.tsv"], test: ["test.tsv"] },
  };
  const every = { validateEvery: quick ? 2 : 100, patience: 1000 };
  const alone = await scoresOf(distill, `alone-${seed}`, {
    ...{ ...lesson, alpha: 0, data: ["train.tsv"] },
    training: { ...schedule(10, 1e-3, 1024), ...every },
  });
  const taught = await scoresOf(distill, `taught-${seed}`, {
    ...{ ...lesson, alpha: 1, temperature: 3, data: ["train.tsv", `pieces-${seed}.tsv`] },
    training: { ...schedule(epochs, 1e-3, 4096), ...every },
  });
  found.teacher.push(taught["accuracy of the teacher"]);
  found.alone.push(alone.accuracy);
  found.taught.push(taught.accuracy);
}

/** Numbers in a model's parameters. */
function sizeOf(name) {
  const json = JSON.parse(readFileSync(join(place, name, "config.json"), "utf8"));
  const sizes = parametersOf(architectureOf(json, name)).map(({ shape }) =>
    shape.reduce((product, d) => product * d, 1),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const percent = (value) => (100 * value).toFixed(2);
console.log(
  `SST-2, ${rowsOf("test").length} test sentences, seeds ${seeds.join(", ")}; a guess of the larger class is near 50.`,
);
const names = { teacher: "teacher", alone: "student on the labels alone", taught: "student of the teacher" };
for (const [name, title] of Object.entries(names)) {
  const all = found[name];
  const each = all.map(percent).join(" ");
  console.log(`${title.padEnd(30)}${percent(mean(all)).padStart(7)} ± ${percent(deviation(all)).padEnd(6)} ${each}`);
}
const [own, its] = [sizeOf(`taught-${seeds[0]}`), sizeOf(teachers[0])];
console.log(
  `parameters: ${own} of ${its}, ${percent(own / its)} % (wanted at most 50): ${own / its <= 0.5 ? "yes" : "no"}`,
);
const kept = mean(found.taught) / mean(found.teacher);
console.log(`kept of the teacher: ${percent(kept)} % (wanted at least 97): ${kept >= 0.97 ? "yes" : "no"}`);
const gain = mean(found.taught) - mean(found.alone);
console.log(`above the student alone: ${percent(gain)} points: ${gain > 0 ? "yes" : "no"}`);
