// tinyshakespeare, character by character: nanoGPT's small configuration for a processor, a longer one, and counts of
// n-grams beside them. The last tenth of the text is held out, as in nanoGPT.
//
//   node tools/experiments/shakespeare.mjs             the small one (a minute or two), then 30 minutes
//   node tools/experiments/shakespeare.mjs --quick     some updates of each, to see that it works
//   … --only small|long   … --minutes 10   … --seed 2
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { diskFolder, open } from "heed";
import { pretrain } from "heed/learning";
import { dataPath, printTable, root, run } from "./runs.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    minutes: { type: "string", default: "30" },
    seed: { type: "string", default: "1" },
  },
});

const text = readFileSync(dataPath("tinyshakespeare.txt"), "utf8");
const [train, held] = [text.slice(0, Math.floor(0.9 * text.length)), text.slice(Math.floor(0.9 * text.length))];
const place = join(root, ".cache", "experiments", "shakespeare");
rmSync(place, { recursive: true, force: true });
mkdirSync(place, { recursive: true });
writeFileSync(join(place, "train.txt"), train);
writeFileSync(join(place, "held.txt"), options.quick ? held.slice(0, 5000) : held);
const files = diskFolder(place);

/** Nats a character of counts of up to n − 1 characters before each (interpolated Kneser-Ney: Chen and Goodman 1998). */
function counted(n) {
  // Counts of n-grams; of shorter ones, behind how many different characters they stood.
  const counts = Array.from({ length: n }, () => new Map());
  const add = (order, context, next) => {
    const at = counts[order].get(context) ?? { sum: 0, next: new Map() };
    counts[order].set(context, at);
    at.sum++;
    const before = at.next.get(next) ?? 0;
    at.next.set(next, before + 1);
    return before === 0;
  };
  for (let i = n - 1; i < train.length; i++) {
    for (let order = n - 1, fresh = true; order >= 0 && fresh; order--) {
      fresh = add(order, train.slice(i - order, i), train[i]);
    }
  }
  const discounts = counts.map((contexts) => {
    const found = [0, 0, 0, 0, 0];
    for (const { next } of contexts.values()) for (const count of next.values()) if (count <= 4) found[count]++;
    const y = found[1] / (found[1] + 2 * found[2]);
    return [1, 2, 3].map((k) => Math.max(0, k - ((k + 1) * y * found[k + 1]) / found[k]) || 0);
  });
  const alphabet = new Set(text).size;
  let nats = 0;
  for (let i = 0; i < held.length; i++) {
    const before = i >= n - 1 ? held.slice(i - n + 1, i) : (train + held.slice(0, i)).slice(1 - n);
    let p = 1 / alphabet;
    for (let order = 0; order < n; order++) {
      const at = counts[order].get(order === 0 ? "" : before.slice(-order));
      if (at === undefined) break;
      const taken = (count) => (count === 0 ? 0 : discounts[order][Math.min(count, 3) - 1]);
      let free = 0;
      for (const count of at.next.values()) free += taken(count);
      const count = at.next.get(held[i]) ?? 0;
      p = (count - taken(count) + free * p) / at.sum;
    }
    nats -= Math.log(p);
  }
  return nats / held.length;
}

const sizes = {
  small: { n_layer: 4, n_embd: 128, n_head: 4, n_positions: 64 },
  long: { n_layer: 6, n_embd: 192, n_head: 6, n_positions: 128 },
};
const training = {
  small: {
    ...{ updates: options.quick ? 20 : 2000, batchTokens: 12 * 64, learningRate: 3e-3, beta2: 0.99, weightDecay: 0.1 },
    ...{ schedule: "cosine", warmUp: 100, validateEvery: 500, saveEvery: 100_000 },
  },
  long: {
    ...(options.quick ? { updates: 10 } : { minutes: Number(options.minutes) }),
    ...{ batchTokens: 16 * 128, learningRate: 2e-3, beta2: 0.99, weightDecay: 0.1 },
    ...{ schedule: "cosine", warmUp: 100, validateEvery: options.quick ? 10 : 1000, saveEvery: 100_000 },
  },
};
const rates = { small: 0, long: 0.1 };

async function measured(name) {
  const rate = rates[name];
  const config = {
    ...{ objective: "clm", unit: "stream", tokenizer: { kind: "characters" }, seed: Number(options.seed) },
    model: { model_type: "gpt2", ...sizes[name], resid_pdrop: rate, embd_pdrop: rate, attn_pdrop: rate },
    ...{ data: ["train.txt"], validation: ["held.txt"], training: training[name] },
  };
  const result = await run(pretrain, config, files.at(name), files, { title: name, every: 100 });
  const generator = await open(files.at(name), { task: "generate" });
  const maxNewTokens = sizes[name].n_positions - 8;
  const [[sample]] = await generator.generate(["ROMEO:\n"], {
    maxNewTokens,
    doSample: true,
    temperature: 0.8,
    seed: 1,
  });
  await generator.dispose();
  return { name, ...result, sample: sample.text };
}

const results = [];
for (const name of options.only === undefined ? ["small", "long"] : [options.only]) results.push(await measured(name));
for (const { name, sample } of results) console.log(`${name}: ROMEO:\n${sample}\n`);
console.log(`tinyshakespeare, nats a character on the last tenth, seed ${options.seed}`);
printTable(
  ["", "nats", "updates", "seconds", "goal", "reached"],
  [
    ...[1, 2, 3, 4, 5].map((n) => [`counts, ${n}-gram`, counted(n).toFixed(4)]),
    ...results.map(({ name, scores, updates, seconds }) => {
      const goal = name === "small" ? 1.88 : 1.669;
      const { n_layer, n_embd, n_positions } = sizes[name];
      const what = `${name}: ${n_layer} layers, width ${n_embd}, context ${n_positions}`;
      return [what, scores.loss.toFixed(4), updates, seconds.toFixed(0), goal, scores.loss <= goal ? "yes" : "no"];
    }),
  ],
);
