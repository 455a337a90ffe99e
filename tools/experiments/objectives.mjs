// What objectives give: ELECTRA's discriminator beside masked words at equal seconds of training, after fine-tuning on
// SST-2; infilling and span corruption beside a guess by how often tokens are, on Multi30k's English; and the parameters
// that ALBERT saves.
//
//   node tools/experiments/objectives.mjs             three seeds
//   node tools/experiments/objectives.mjs --quick     a piece of it, in seconds, to see that it works
//   … --only electra|written|albert                   one of the three
//   … --minutes 4 --updates 1200 --seeds 3            of pre-training each; of writing each
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { architectureOfPreset, diskFolder, parametersOf, trainTokenizer } from "heed";
import { finetune, pretrain } from "heed/learning";
import { dataPath, deviation, mean, printTable, root, run } from "./runs.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    seeds: { type: "string" },
    minutes: { type: "string", default: "4" },
    updates: { type: "string" },
  },
});
const { quick } = options;
const count = Number(options.seeds ?? (quick ? 1 : 3));
const seeds = Array.from({ length: count }, (_, i) => i + 1);
const wanted = (name) => options.only === undefined || options.only === name;
const percent = (value) => (100 * value).toFixed(2);
const spread = (values, show = percent) => [show(mean(values)), show(deviation(values)), values.map(show).join(" ")];

const place = join(root, ".cache", "experiments", "objectives");
rmSync(place, { recursive: true, force: true });
mkdirSync(place, { recursive: true });
const files = diskFolder(place);
const part = (lines) => (quick ? lines.slice(0, 300) : lines);
const write = (name, lines) => writeFileSync(join(place, name), `${part(lines).join("\n")}\n`);
const zipped = (name) =>
  gunzipSync(readFileSync(dataPath(`multi30k/${name}.en.gz`)))
    .toString("utf8")
    .trim()
    .split("\n");

/** Two models of one body, trained for the same seconds on the same text, then fine-tuned in the same way. */
async function electra() {
  const rows = (name) =>
    readFileSync(dataPath(`sst2/${name}.tsv`), "utf8")
      .trim()
      .split("\n");
  for (const name of ["train", "dev", "test"]) write(`${name}.tsv`, rows(name));
  const sentences = rows("train").map((row) => row.split("\t")[0]);
  const texts = [...sentences, ...sentences, ...sentences, ...zipped("train")];
  write("texts.txt", texts);
  const tokenizer = await trainTokenizer(part(texts), { family: "bert", size: quick ? 1000 : 8000 });
  for (const [name, content] of tokenizer.files()) await files.write(`tokenizer/${name}`, content);
  const model = {
    ...{ model_type: "electra", embedding_size: 128, hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 4 },
    ...{ intermediate_size: 512, max_position_embeddings: 64 },
  };
  const limit = quick ? { updates: 5 } : { minutes: Number(options.minutes) };
  const learned = async (objective, seed) => {
    const training = { ...limit, batchTokens: 2048, learningRate: 1e-3, warmUp: quick ? 1 : 200, validateEvery: 1e6 };
    const settings = {
      objective,
      model,
      tokenizer: "tokenizer",
      seed,
      data: ["texts.txt"],
      replaced: { generator: 0.25 },
    };
    const name = `${objective}-${seed}`;
    const how = { title: `${objective}, seed ${seed}`, every: 500 };
    return {
      name,
      ...(await run(pretrain, { ...settings, training: { ...training, saveEvery: 1e6 } }, files.at(name), files, how)),
    };
  };
  const tuned = async (from, seed) => {
    const training = {
      ...(quick ? { updates: 5 } : { epochs: 4 }),
      ...{
        batchTokens: 1024,
        learningRate: 3e-4,
        warmUp: quick ? 1 : 100,
        validateEvery: quick ? 5 : 200,
        saveEvery: 1e6,
      },
      ...{ patience: 100 },
    };
    const settings = { task: "classify", model: from ?? model, tokenizer: "tokenizer", seed, data: ["train.tsv"] };
    const config = { ...settings, validation: ["dev.tsv"], test: ["test.tsv"], training };
    const title = `fine-tuned from ${from ?? "nothing"}, seed ${seed}`;
    return (await run(finetune, config, files.at(`tuned-${from ?? "scratch"}-${seed}`), files, { title })).scores
      .accuracy;
  };
  const found = { scratch: [], mlm: [], rtd: [] };
  const did = { mlm: [], rtd: [] };
  for (const seed of seeds) {
    // One after the other for each seed, so that a machine that slows down slows both.
    for (const objective of ["mlm", "rtd"]) {
      const { name, updates, seconds } = await learned(objective, seed);
      did[objective].push({ updates, seconds });
      found[objective].push(await tuned(name, seed));
    }
    found.scratch.push(await tuned(undefined, seed));
  }
  const labels = part(rows("test")).map((row) => row.split("\t")[1]);
  const most = Math.max(...["0", "1"].map((label) => labels.filter((one) => one === label).length)) / labels.length;
  const worked = (runs) =>
    runs === undefined
      ? ["", ""]
      : [mean(runs.map((one) => one.updates)).toFixed(0), mean(runs.map((one) => one.seconds)).toFixed(0)];
  const names = { scratch: "from scratch", mlm: "masked words", rtd: "replaced tokens" };
  console.log(
    `SST-2 test accuracy after fine-tuning; pre-training ${quick ? "5 updates" : `${options.minutes} minutes each`}`,
  );
  printTable(
    ["", "updates", "seconds", "accuracy", "deviation", "each seed"],
    [
      ["majority", "", "", percent(most)],
      ...Object.entries(found).map(([name, values]) => [names[name], ...worked(did[name]), ...spread(values)]),
    ],
  );
  console.log(`replaced tokens above masked words: ${mean(found.rtd) > mean(found.mlm) ? "yes" : "no"}\n`);
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
