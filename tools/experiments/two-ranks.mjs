// One process and two ranks under mpirun: the first 100 losses side by side, and the time of an update.
//
//   node tools/experiments/two-ranks.mjs            100 updates each, three seeds, about ten minutes on two cores
//   node tools/experiments/two-ranks.mjs --quick    10 updates of smaller models, one seed, a minute
//   … --seeds 1 --only classifier --updates 50      other seeds and updates; one of the two
//   … --way rows --training '{"optimizer":"sgd"}'   one way to share; other settings of `training`
//
// The translator is `tiny` on the bundled corpus; the fine-tuning is a BERT of 4 layers on SST-2 sentences from
// ../shared/data (or HEED_DATA), or, where they are missing, on sentences of the corpus with "no" and "yes". All with
// dropout .1, the global batch being the same throughout. It is shared in two ways: whole parts (accumulate 2, a part
// for each rank), where the same numbers are added up and nothing may differ, and rows (accumulate 1, half of the rows
// for each), where sums are rounded otherwise, which Adam makes larger from update to update. The trivial baseline of the
// ratio of times is 1: one process with the threads of both. Everything goes through the commands, as a user would call them.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { deviation, mean, root } from "./runs.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seeds: { type: "string" },
    updates: { type: "string" },
    only: { type: "string" },
    way: { type: "string" },
    training: { type: "string", default: "{}" },
  },
});
const more = JSON.parse(options.training);
const heed = join(root, "bin", "heed.js");
const data = process.env.HEED_DATA ?? join(root, "..", "shared", "data");
const updates = Number(options.updates ?? (options.quick ? 10 : 100));
const seeds = Array.from({ length: Number(options.seeds ?? (options.quick ? 1 : 3)) }, (_, i) => i + 1);
const half = Math.max(1, Math.floor(availableParallelism() / 2));
const all = 2 * half;
const folder = mkdtempSync(join(tmpdir(), "heed-two-ranks-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

try {
  execFileSync("mpirun", ["--version"], { stdio: "ignore" });
} catch {
  console.error("mpirun is not here. Install Open MPI (Debian and Ubuntu: apt-get install openmpi-bin libopenmpi3).");
  process.exit(1);
}

/** How the same batch reaches the ranks: settings of `training`. */
const ways = {
  parts: (tokens) => ({ batchTokens: tokens / 2, accumulate: 2 }),
  rows: (tokens) => ({ batchTokens: tokens, accumulate: 1 }),
};

function translation(way) {
  const corpus = join(root, "corpus", "french-english");
  const sizes = options.quick ? "layers: 1, width: 32, feedForward: 64, heads: 2, " : "";
  const training = JSON.stringify({ updates, ...ways[way](options.quick ? 512 : 4096), warmUp: 200, ...more });
  const config = join(folder, `translation-${way}.yaml`);
  writeFileSync(config, `preset: tiny\nvocabulary: 1500\nmodel: { ${sizes}dropout: 0.1 }\ntraining: ${training}\n`);
  const files = ["--source", join(corpus, "train.fr"), "--target", join(corpus, "train.en")];
  return ["train", "translation", ...files, "--config", config];
}

/** Rows with labels: those of SST-2, or sentences of the corpus, negated or not. */
function rows() {
  const sst2 = join(data, "sst2", "train.tsv");
  if (existsSync(sst2)) return sst2;
  const lines = readFileSync(join(root, "corpus", "french-english", "train.en"), "utf8")
    .split("\n")
    .filter(Boolean);
  const path = join(folder, "rows.tsv");
  const labeled = lines.slice(0, 4000).map((line) => `${line}\t${/ not |never|n't/.test(line) ? "no" : "yes"}`);
  writeFileSync(path, `text\tlabel\n${labeled.join("\n")}\n`);
  return path;
}

function classification(way) {
  const width = options.quick ? 32 : 256;
  const config = {
    model: {
      model_type: "bert",
      hidden_size: width,
      num_hidden_layers: options.quick ? 1 : 4,
      num_attention_heads: options.quick ? 2 : 4,
      intermediate_size: 4 * width,
      max_position_embeddings: 128,
      hidden_dropout_prob: 0.1,
      attention_probs_dropout_prob: 0.1,
    },
    tokenizer: { size: 2000 },
    maxLength: 64,
    training: { updates, ...ways[way](options.quick ? 512 : 2048), learningRate: 3e-4, warmUp: 50, ...more },
  };
  const path = join(folder, `classification-${way}.json`);
  writeFileSync(path, JSON.stringify(config));
  return ["finetune", "--task", "classify", "--data", rows(), "--config", path];
}

/** The log of a run: losses, and seconds at each update. */
function run(command, name, ranks, threads, seed) {
  const out = join(folder, name);
  mkdirSync(out, { recursive: true });
  const own = process.getuid?.() === 0 ? ["--allow-run-as-root"] : [];
  const how = ranks === 1 ? [] : ["mpirun", ...own, "--oversubscribe", "--bind-to", "none", "-n", String(ranks)];
  const args = [process.execPath, heed, ...command, "--seed", String(seed), "--threads", String(threads), "--out", out];
  const [program, ...rest] = [...how, ...args];
  execFileSync(program, rest, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  const log = readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n");
  return log.map((line) => JSON.parse(line)).filter(({ loss }) => loss !== undefined);
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
/** Milliseconds of an update, without the first few, where the engine makes its buffers. */
const milliseconds = (log) => {
  const each = log.slice(1).map(({ seconds }, i) => 1000 * (seconds - log[i].seconds));
  return median(each.slice(Math.min(5, each.length - 1)));
};

const cell = (text, width) => String(text).padStart(width);
const widths = [14, 7, 6, 9, 9, 10, 10, 11, 11, 11, 9];
const line = (cells) => console.log(cells.map((text, i) => cell(text, widths[i])).join(""));
const columns = ["", "shared", "seed", "loss 1", `loss ${updates}`, "gap 1-10", `gap 1-${updates}`];
line([...columns, `1 x ${all} ms`, `1 x ${half} ms`, `2 x ${half} ms`, "ratio"]);
const verdicts = [];
for (const [name, commandOf] of Object.entries({ translator: translation, classifier: classification })) {
  if (options.only !== undefined && options.only !== name) continue;
  for (const way of Object.keys(ways)) {
    if (options.way !== undefined && options.way !== way) continue;
    const command = commandOf(way);
    const [ratios, gaps] = [[], []];
    for (const seed of seeds) {
      const one = run(command, `${name}-${way}-${seed}-1`, 1, all, seed);
      const less = run(command, `${name}-${way}-${seed}-half`, 1, half, seed);
      const two = run(command, `${name}-${way}-${seed}-2`, 2, half, seed);
      const each = less.map(({ loss }, i) => Math.abs(loss - two[i].loss));
      const [early, gap] = [Math.max(...each.slice(0, 10)), Math.max(...each)];
      const times = [one, less, two].map(milliseconds);
      ratios.push(times[0] / times[2]);
      gaps.push(gap);
      const losses = [less[0].loss.toFixed(4), less.at(-1).loss.toFixed(4)];
      const shown = [early, gap].map((value) => value.toExponential(1));
      line([name, way, seed, ...losses, ...shown, ...times.map((time) => time.toFixed(1)), ratios.at(-1).toFixed(2)]);
    }
    const gap = Math.max(...gaps);
    const reached = gap <= 1e-5 ? "at most 1e-5: reached" : "more than 1e-5";
    verdicts.push(
      `${name}, ${way}: gap ${gap.toExponential(1)}, ${reached}; ratio ${mean(ratios).toFixed(2)} ± ${deviation(ratios).toFixed(2)}`,
    );
  }
}
console.log(`\n${verdicts.join("\n")}`);
console.log(`ratio: time of one process with ${all} threads over that of two ranks with ${half} each`);
