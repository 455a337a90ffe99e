// What objectives give: ELECTRA's discriminator beside masked words at equal compute, after fine-tuning on SST-2, and on
// telling captions from damaged ones; infilling and span corruption beside a guess by how often tokens are, on Multi30k's
// English; and the parameters that ALBERT saves.
//
//   node tools/experiments/objectives.mjs             three seeds
//   node tools/experiments/objectives.mjs --quick     a piece of it, in seconds, to see that it works
//   … --only electra|written|albert                   one of the three
//   … --electra 2500 --updates 1200 --seeds 3         updates by masked words, of writing each
//   … --only electra --bases --task order             the pre-trained models that the last run left; one of sst2, order, slip, find
//   … --rows 1000 --epochs 4                          so many labelled rows to learn from, and how often
//
// Equal compute: of both objectives some updates are done in turn, so that whatever else the machine does slows both; the
// medians of their times say how many updates by replaced tokens cost as much as those by masked words.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { architectureOfPreset, diskFolder, parametersOf, random, trainTokenizer } from "heed";
import { finetune, learn, pretrain, wayConfig } from "heed/learning";
import { dataPath, deviation, mean, printTable, root, run } from "./runs.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    seeds: { type: "string" },
    electra: { type: "string" },
    updates: { type: "string" },
    bases: { type: "boolean", default: false },
    task: { type: "string" },
    rows: { type: "string" },
    epochs: { type: "string", default: "4" },
  },
});
const { quick } = options;
const count = Number(options.seeds ?? (quick ? 1 : 3));
const seeds = Array.from({ length: count }, (_, i) => i + 1);
const wanted = (name) => options.only === undefined || options.only === name;
const percent = (value) => (100 * value).toFixed(2);
const spread = (values, show = percent) => [show(mean(values)), show(deviation(values)), values.map(show).join(" ")];

const place = join(root, ".cache", "experiments", quick ? "objectives-quick" : "objectives");
if (!options.bases) rmSync(place, { recursive: true, force: true });
mkdirSync(place, { recursive: true });
const files = diskFolder(place);
const part = (lines) => (quick ? lines.slice(0, 300) : lines);
const write = (name, lines) => writeFileSync(join(place, name), `${part(lines).join("\n")}\n`);
const model = {
  ...{ model_type: "electra", embedding_size: 128, hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 4 },
  ...{ intermediate_size: 512, max_position_embeddings: 64 },
};
const zipped = (name) =>
  gunzipSync(readFileSync(dataPath(`multi30k/${name}.en.gz`)))
    .toString("utf8")
    .trim()
    .split("\n");

/** Sentences of SST-2 with their labels, by part. */
function reviews() {
  const rows = (name) =>
    readFileSync(dataPath(`sst2/${name}.tsv`), "utf8")
      .trim()
      .split("\n");
  return { train: rows("train"), dev: rows("dev"), test: rows("test") };
}

/** Every second caption damaged: does the sentence hold together (as CoLA asks, Warstadt et al. 2019), or which word is it? */
function captions(name, damage, written) {
  const made = (file, count) => {
    const lines = zipped(file).map((caption) => caption.toLowerCase().split(" "));
    const draw = random(1, "captions", name, file);
    return lines.slice(0, count).map((words, i) => {
      if (i % 2 === 0) return written(words);
      // The last word keeps its full stop.
      const at = draw.below(Math.max(1, words.length - 2));
      return written(damage(words, at, lines[draw.below(lines.length)], draw), at);
    });
  };
  return { train: made("train", 8000), dev: made("val", 1000), test: made("test_2016_flickr", 1000) };
}

const asClass = (words, at) => `${words.join(" ")}\t${at === undefined ? "right" : "damaged"}`;
const asTags = (words, at) => `${words.map((word, i) => `${word}\t${i === at ? "B-stranger" : "O"}`).join("\n")}\n`;

/** Two neighboring words the other way round. */
const exchanged = (words, at) => words.toSpliced(at, 2, words[at + 1], words[at]);
/** A word of another caption in the place of one. */
const slipped = (words, at, other, draw) => words.toSpliced(at, 1, other[draw.below(Math.max(1, other.length - 1))]);

const fileOf = (task, name) => `${task}-${name}.${task === "find" ? "conll" : "tsv"}`;
const scoreOf = (task) => (task === "find" ? "F1" : "accuracy");

/** Two models of one body, trained at the same cost on the same text, then fine-tuned in the same ways. */
async function electra() {
  const tasks = {
    sst2: reviews(),
    order: captions("order", exchanged, asClass),
    slip: captions("slip", slipped, asClass),
    find: captions("slip", slipped, asTags),
  };
  for (const [task, { train, ...held }] of Object.entries(tasks)) {
    const parts = { train: train.slice(0, Number(options.rows ?? train.length)), ...held };
    for (const [name, rows] of Object.entries(parts)) write(fileOf(task, name), rows);
  }
  const sentences = tasks.sst2.train.map((row) => row.split("\t")[0]);
  const texts = [...sentences, ...sentences, ...sentences, ...zipped("train")];
  write("texts.txt", texts);
  const tokenizer = await trainTokenizer(part(texts), { family: "bert", size: quick ? 1000 : 8000 });
  for (const [name, content] of tokenizer.files()) await files.write(`tokenizer/${name}`, content);
  const settings = (objective, seed, updates) => ({
    ...{ objective, model, tokenizer: "tokenizer", seed, data: ["texts.txt"], replaced: { generator: 0.25 } },
    training: {
      ...{ updates, batchTokens: 2048, learningRate: 1e-3, warmUp: quick ? 1 : 200 },
      ...{ validateEvery: 1e6, saveEvery: 1e6 },
    },
  });
  const updates = await updatesOf(settings);
  for (const seed of options.bases ? [] : seeds) {
    for (const objective of ["mlm", "rtd"]) {
      const how = { title: `${objective}, seed ${seed}`, every: 500 };
      const config = settings(objective, seed, updates[objective]);
      await run(pretrain, config, files.at(`${objective}-${seed}`), files, how);
    }
  }
  const names = { scratch: "from scratch", mlm: "masked words", rtd: "replaced tokens" };
  for (const [task, { test }] of Object.entries(tasks)) {
    if (options.task !== undefined && options.task !== task) continue;
    const found = { scratch: [], mlm: [], rtd: [] };
    for (const seed of seeds) {
      for (const base of Object.keys(found)) found[base].push(await tuned(task, base, seed));
    }
    const labels = part(test).map((row) => row.split("\t")[1]);
    const counts = [...new Set(labels)].map((label) => labels.filter((one) => one === label).length);
    console.log(`${task}: ${scoreOf(task)} on the test rows after fine-tuning`);
    printTable(
      ["", "updates", scoreOf(task), "deviation", "each seed"],
      [
        ...(task === "find" ? [] : [["majority", "", percent(Math.max(...counts) / labels.length)]]),
        ...Object.entries(found).map(([name, values]) => [names[name], updates[name] ?? "", ...spread(values)]),
      ],
    );
    console.log(`replaced tokens above masked words: ${mean(found.rtd) > mean(found.mlm) ? "yes" : "no"}\n`);
  }
}

/** Fine-tunes a base (`scratch` is none) and gives its score on the test rows. */
async function tuned(task, base, seed) {
  const [warmUp, validateEvery] = quick ? [1, 5] : [100, 200];
  const training = {
    ...(quick ? { updates: 5 } : { epochs: Number(options.epochs) }),
    ...{ batchTokens: 1024, learningRate: 3e-4, warmUp, validateEvery, saveEvery: 1e6, patience: 100 },
  };
  const [data, validation, test] = ["train", "dev", "test"].map((name) => [fileOf(task, name)]);
  const config = {
    task: task === "find" ? "tag" : "classify",
    ...{ model: base === "scratch" ? model : `${base}-${seed}`, tokenizer: "tokenizer", seed },
    ...{ data, validation, test, training },
  };
  const title = `${task}, ${base}, seed ${seed}`;
  const { scores } = await run(finetune, config, files.at(`${task}-${base}-${seed}`), files, { title });
  const score = scores[scoreOf(task)];
  console.error(`  ${title}: test ${percent(score)}`);
  return score;
}

/** How many updates of each objective cost the same; kept with the bases that they made. */
async function updatesOf(settings) {
  const kept = join(place, "updates.json");
  if (options.bases && existsSync(kept)) return JSON.parse(readFileSync(kept, "utf8"));
  const cost = await costs(settings);
  console.log(`an update by masked words ${cost.mlm.toFixed(1)} ms, by replaced tokens ${cost.rtd.toFixed(1)} ms`);
  const mlm = Number(options.electra ?? (quick ? 5 : 2500));
  const updates = { mlm, rtd: Math.round((mlm * cost.mlm) / cost.rtd) };
  writeFileSync(kept, JSON.stringify(updates));
  return updates;
}

/** Milliseconds of an update by each objective: medians of updates that were done in turn. */
async function costs(settings) {
  const count = quick ? 4 : 150;
  const runs = ["mlm", "rtd"].map((objective) => ({
    ...{ objective, times: [] },
    steps: learn(pretrain, wayConfig(pretrain, settings(objective, 1, count), objective), {
      ...{ folder: files.at(`cost-${objective}`), files, replace: true, warn: () => undefined },
    }),
  }));
  for (let update = 1; update <= count; update++) {
    for (const { steps, times } of runs) {
      const started = performance.now();
      await steps.next();
      // The first ones load programs.
      if (update > count / 5) times.push(performance.now() - started);
    }
  }
  for (const { steps } of runs) await steps.return();
  const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
  return Object.fromEntries(runs.map(({ objective, times }) => [objective, median(times)]));
}

/** BART's infilling and T5's spans, held out, beside the unigram guess. */
async function written() {
  write("captions.txt", zipped("train"));
  write("held.txt", zipped("val"));
  const updates = Number(options.updates ?? (quick ? 5 : 1200));
  const stack = (side) => ({ [`${side}_layers`]: 2, [`${side}_attention_heads`]: 4, [`${side}_ffn_dim`]: 256 });
  const models = {
    denoise: {
      model_type: "bart",
      d_model: 128,
      max_position_embeddings: 128,
      ...stack("encoder"),
      ...stack("decoder"),
    },
    span: { model_type: "t5", d_model: 128, d_kv: 32, d_ff: 256, num_layers: 2, num_heads: 4 },
  };
  const names = { denoise: "infilling (BART)", span: "span corruption (T5)" };
  const lines = [];
  let reached = true;
  for (const objective of ["denoise", "span"]) {
    const [losses, guesses] = [[], []];
    for (const seed of seeds) {
      const training = {
        ...{ updates, batchTokens: 2048, learningRate: 2e-3, warmUp: Math.ceil(updates / 10) },
        ...{ validateEvery: Math.ceil(updates / 4), saveEvery: 1e6 },
      };
      const settings = {
        objective,
        unit: "line",
        model: models[objective],
        tokenizer: { size: quick ? 1000 : 4000 },
        seed,
      };
      const config = { ...settings, data: ["captions.txt"], validation: ["held.txt"], training };
      const { scores } = await run(pretrain, config, files.at(`${objective}-${seed}`), files, {
        title: `${objective}, seed ${seed}`,
      });
      losses.push(scores.loss);
      guesses.push(scores["unigram loss"]);
    }
    const nats = (value) => value.toFixed(3);
    lines.push([names[objective], nats(mean(guesses)), ...spread(losses, nats), nats(mean(guesses) - mean(losses))]);
    reached &&= mean(guesses) - mean(losses) >= 1;
  }
  console.log(`Multi30k's English, held-out nats a token that is to be written, ${updates} updates`);
  printTable(["", "unigram guess", "loss", "deviation", "each seed", "below by"], lines);
  console.log(`both below the guess by at least one nat: ${reached ? "yes" : "no"}\n`);
}

/** Parameters of published sizes. */
function albert() {
  const sizeOf = (preset) =>
    parametersOf(architectureOfPreset(preset)).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const rows = [
    ["albert-base-v2", "bert-base"],
    ["albert-large-v2", "bert-large"],
  ].map(([small, large]) => {
    const [a, b] = [sizeOf(small), sizeOf(large)];
    return [small, a.toLocaleString("en"), large, b.toLocaleString("en"), `${percent(1 - a / b)} %`];
  });
  console.log("Parameters without output layers: embeddings in two factors, and one layer for all");
  printTable(["", "parameters", "", "parameters", "saved"], rows);
}

if (wanted("albert")) albert();
if (wanted("written")) await written();
if (wanted("electra")) await electra();
