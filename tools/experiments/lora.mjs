// LoRA beside full fine-tuning on SST-2, from the bases that tools/experiments/sst2.mjs pre-trained: at most 1 % of the
// parameters are trained. Three seeds; each seed has the base of its number, or the first one. Full fine-tuning is what
// sst2.mjs left (tuned-N), where that is there. Where a way has several learning rates, the accuracy on the validation
// sentences with seed 1 chooses. The embedding of words is among the adapted layers: what words mean for the task is not
// yet in a base that has read so little.
//
//   node tools/experiments/lora.mjs             three seeds; run sst2.mjs before
//   node tools/experiments/lora.mjs --quick     a piece of it, in seconds, to see that it works (on a base without training)
//   … --base DIR --seeds 5                      another base
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { architectureOf, createModel, diskFolder, open, TextModel, trainTokenizer } from "heed";
import { finetune, runSearch, searchConfig, ways as learningWays } from "heed/learning";
import { dataPath, deviation, mean, printTable, root, run } from "./runs.mjs";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, seeds: { type: "string" }, base: { type: "string" } },
});
const { quick } = options;
const seeds = Number(options.seeds ?? (quick ? 1 : 3));
const experiments = join(root, ".cache", "experiments");
const place = join(experiments, quick ? "lora-quick" : "lora");
rmSync(place, { recursive: true, force: true });
mkdirSync(place, { recursive: true });
const files = diskFolder(root);

const rowsOf = (part) =>
  readFileSync(dataPath(`sst2/${part}.tsv`), "utf8")
    .trim()
    .split("\n")
    .slice(0, quick ? 200 : Infinity)
    .map((line) => line.split("\t"));
const data = {};
for (const part of ["train", "dev", "test"]) {
  data[part] = join(place, `${part}.tsv`);
  writeFileSync(
    data[part],
    `${rowsOf(part)
      .map((row) => row.join("\t"))
      .join("\n")}\n`,
  );
}
const test = rowsOf("test");

/** The base of a seed: what sst2.mjs left, or in a quick run one that has learned nothing. */
async function baseOf(seed) {
  const trained = [options.base, ...[seed, 1].map((one) => join(experiments, "sst2", `base-${one}`))];
  const found = trained.find((path) => path !== undefined && existsSync(join(path, "model.safetensors")));
  if (found !== undefined) return found;
  if (!quick) {
    console.log(
      "There is no base in .cache/experiments/sst2: run node tools/experiments/sst2.mjs first, or give --base.",
    );
    process.exit(1);
  }
  const tokenizer = await trainTokenizer(
    rowsOf("train").map(([text]) => text),
    { family: "bert", size: 1000 },
  );
  const json = {
    model_type: "bert",
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 128,
  };
  const architecture = architectureOf({ ...json, vocab_size: tokenizer.size, pad_token_id: 0 }, "base", {
    task: "masked-lm",
  });
  const model = await createModel(architecture, { seed });
  const path = join(place, "base");
  await new TextModel(model, tokenizer).save(diskFolder(path));
  await model.dispose();
  return path;
}

const ways = {
  "full fine-tuning": { rates: [1e-3], epochs: 5 },
  "LoRA, rank 1, with the words": {
    lora: { rank: 1, alpha: 1, targets: ["word_embeddings", "query", "value"], modulesToSave: ["classifier"] },
    ...{ rates: [1e-3, 3e-3], epochs: 5 },
  },
  "LoRA, rank 8 on q, v": {
    lora: { rank: 8, alpha: 16, targets: ["query", "value"], modulesToSave: ["classifier"] },
    ...{ rates: [3e-3], epochs: 5 },
  },
  "head alone": { headOnly: true, rates: [3e-3], epochs: 5 },
};

/** The config of a way. */
function configOf(base, { epochs, rates, ...how }, seed, learningRate = rates[0]) {
  return {
    ...{ task: "classify", model: base, seed, maxLength: 64, ...how },
    ...{ data: [data.train], validation: [data.dev] },
    training: {
      ...{ batchTokens: 1024, learningRate, warmUp: quick ? 2 : 100, weightDecay: 0.05 },
      ...(quick ? { updates: 6 } : { epochs }),
      ...{ validateEvery: 100, saveEvery: 100_000, patience: 100 },
    },
  };
}

/** The best of a way's rates on the validation sentences. */
async function rateOf(name, how) {
  const rates = quick ? how.rates.slice(0, 2) : how.rates;
  if (rates.length === 1) return rates[0];
  const search = { "training.learningRate": rates };
  const { best, rows } = await runSearch(
    learningWays,
    searchConfig({ way: "finetune", config: configOf(await baseOf(1), how, 1), search }, name),
    { folder: diskFolder(join(place, "search")), files, warn: console.error },
  );
  const shown = rows.map(
    ({ setting, mean: score }) => `${setting["training.learningRate"]} ${(100 * score).toFixed(2)}`,
  );
  console.log(`${name}: validation by learning rate: ${shown.join(", ")}`);
  return best.training.learningRate;
}

/** Fine-tunes; gives the accuracy on the test sentences, and which share of the parameters was trained. */
async function tuned(name, how, seed, learningRate) {
  const folder = diskFolder(join(place, `${name.replaceAll(/\W+/g, "-")}-${seed}`));
  const done = join(experiments, "sst2", `tuned-${seed}`);
  if (how.lora === undefined && how.headOnly !== true && !quick && existsSync(join(done, "run.json"))) {
    cpSync(done, folder.describe(), { recursive: true });
  }
  const config = configOf(await baseOf(seed), how, seed, learningRate);
  const title = `${name}, seed ${seed}`;
  const { seconds } = (await finished(folder)) ?? (await run(finetune, config, folder, files, { title }));
  const classifier = await open(folder, { task: "classify" });
  let right = 0;
  for (let start = 0; start < test.length; start += 64) {
    const some = test.slice(start, start + 64);
    const found = await classifier.classify(
      some.map(([text]) => text),
      { truncate: true, maxLength: 64 },
    );
    found.forEach(([best], i) => (right += best.label === some[i][1] ? 1 : 0));
  }
  await classifier.dispose();
  const share = shareOf(folder.describe());
  console.error(`  test ${((100 * right) / test.length).toFixed(2)}, ${seconds.toFixed(0)} s`);
  return { accuracy: right / test.length, seconds, share: await share };
}

/** The record of a run that is over. */
async function finished(folder) {
  if ((await folder.kind("run.json")) !== "file") return undefined;
  return JSON.parse(new TextDecoder().decode(await folder.read("run.json")));
}

/** Values of the optimizer for each parameter that is trained, by those of the base with its head. */
async function shareOf(folder) {
  const { openSafetensors } = await import("heed/checkpoints");
  const count = (file) => file.names.reduce((sum, name) => sum + file.place(name).shape.reduce((a, b) => a * b, 1), 0);
  const full = await openSafetensors(diskFolder(join(place, "full-fine-tuning-1")), "model.safetensors");
  const steps = await diskFolder(folder).list("checkpoints");
  const state = await openSafetensors(
    diskFolder(join(folder, "checkpoints", steps.at(-1).name)),
    "optimizer.safetensors",
  );
  // Places begin at multiples of 64 bytes, so this counts a little too much.
  return state.place("optimizer mean").shape[0] / count(full);
}

const results = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
for (const [name, how] of Object.entries(ways)) {
  const rate = await rateOf(name, how);
  for (let seed = 1; seed <= seeds; seed++) results[name].push(await tuned(name, how, seed, rate));
}

const percent = (value) => (100 * value).toFixed(2);
const majority = Math.max(...["0", "1"].map((label) => test.filter((row) => row[1] === label).length)) / test.length;
console.log(`SST-2, ${test.length} test sentences`);
printTable(
  ["", "trained %", "seeds", "accuracy", "deviation", "each", "seconds"],
  [
    ["the most frequent class", "", "", percent(majority), "", "", ""],
    ...Object.entries(results).map(([name, all]) => {
      const accuracies = all.map(({ accuracy }) => accuracy);
      return [
        ...[name, percent(all[0].share), all.length, percent(mean(accuracies)), percent(deviation(accuracies))],
        ...[accuracies.map(percent).join(" "), mean(all.map(({ seconds }) => seconds)).toFixed(0)],
      ];
    }),
  ],
);
const full = mean(results["full fine-tuning"].map(({ accuracy }) => accuracy));
for (const [name, all] of Object.entries(results).filter(([one]) => one.startsWith("LoRA"))) {
  const lost = full - mean(all.map(({ accuracy }) => accuracy));
  const good = lost <= 0.02 && all[0].share <= 0.01;
  console.log(
    `${name}: ${percent(lost)} points below full fine-tuning (goal: at most 2, with at most 1 % trained): ${good ? "yes" : "no"}`,
  );
}
