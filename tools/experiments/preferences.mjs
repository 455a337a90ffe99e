// Learning from preferences, on a small made-up language: a model that answers in all manners learns from pairs of its own
// answers, labelled by a hidden rule with noise, to answer politely: by PPO against a reward model, and by DPO.
//
//   node tools/experiments/preferences.mjs            three seeds, some minutes on two cores
//   node tools/experiments/preferences.mjs --quick    one seed on a piece: only whether it works
//   … --seeds 1,2,3 --threads 2
//
// Wanted: a reward on held-out prompts that is higher than the untuned model's by more than two standard errors, at no
// more than 0.1 nats of KL per token and at most 1.2 times the perplexity of held-out text. Best-of-4 stands beside.
import { parseArgs } from "node:util";
import { architectureOf, createModel, lossOf, memoryFolder, open, random, TextModel, trainTokenizer } from "heed";
import { align } from "heed/learning";
import { paddedRows, rowBatches } from "heed/objectives";
import { fit } from "heed/training";
import { deviation, mean, printTable, run } from "./runs.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seeds: { type: "string", default: "1,2,3" },
    threads: { type: "string" },
  },
});
const { quick } = options;
const seeds = quick ? [1] : options.seeds.split(",").map(Number);
const engine = options.threads === undefined ? {} : { threads: Number(options.threads) };
const sizes = quick
  ? { sentences: 1500, base: 120, prompts: 200, held: 40, reward: 40, dpo: 20, rounds: 6 }
  : { sentences: 5000, base: 500, prompts: 1000, held: 256, reward: 150, dpo: 100, rounds: 30 };

// The language. Every answer is in one manner of each list, by a fair draw; the hidden rule likes some of them.
const names = "Ann Ben Cleo Dan Eve Finn Gus Hal Ivy Jon Kim Leo Mia Ned Ola Pam Quin Ray Sue Tom".split(" ");
const colors = "red blue green black white old".split(" ");
const things = "cup book key lamp coat ball shoe bag pen hat box map".split(" ");
const places = "kitchen hall garden car cellar attic".split(" ");
const openings = { "": 0, " sure ,": 0.5, " well ,": 0, " oh no ,": -0.5, " listen ,": 0 };
const closings = {
  "": 0,
  " , my friend": 1,
  " , thank you": 1,
  " , you fool": -1,
  " , go away": -1,
  " , as always": 0,
};

const one = (draw, list) => list[draw.below(list.length)];
const promptOf = (draw) => `${one(draw, names)} asks : where is the ${one(draw, colors)} ${one(draw, things)} ?`;
function answerOf(draw, prompt) {
  const what = / the (.*) \?$/.exec(prompt)[1];
  return `${one(draw, Object.keys(openings))} the ${what} is in the ${one(draw, places)}${one(draw, Object.keys(closings))} .`;
}
/** What no model is ever told. */
function rule(answer) {
  const value = (manners, fits) =>
    Object.entries(manners).reduce((sum, [text, worth]) => (text !== "" && fits(text) ? sum + worth : sum), 0);
  return value(openings, (text) => answer.startsWith(text)) + value(closings, (text) => answer.includes(text));
}
/** How often the better one by the rule is chosen: σ(2 · difference). */
const NOISE = 2;

const lines = (rows) => rows.map((row) => JSON.stringify(row)).join("\n");

async function pretrained(folder, texts, seed) {
  const tokenizer = await trainTokenizer(texts, { family: "gpt2", size: 400 });
  const end = tokenizer.special.eos.id;
  const json = { model_type: "gpt2", n_layer: 2, n_embd: 64, n_head: 4, n_positions: 48, vocab_size: tokenizer.size };
  const none = { resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0, bos_token_id: end, eos_token_id: end };
  const architecture = architectureOf({ ...json, ...none }, "the experiment", { task: "causal-lm" });
  const model = await createModel(architecture, { ...engine, seed });
  const rows = texts.map((text) => [...tokenizer.ids(text), end]);
  const epoch = rowBatches(
    rows.map((row) => row.length),
    { batchTokens: 2048, seed },
    (some) => {
      const feeds = paddedRows(
        architecture,
        some.map((i) => rows[i]),
      );
      const { inputIds, attentionMask } = feeds;
      const data = inputIds.data.map((id, i) => (attentionMask.data[i] === 1 ? id : -100));
      return { feeds: { ...feeds, labels: { ...inputIds, data } }, targets: 1 };
    },
  );
  const objective = lossOf(architecture, ["inputIds", "attentionMask", "labels"]);
  const how = { updates: sizes.base, learningRate: 3e-3, warmUp: 20, seed };
  let last = NaN;
  for await (const { loss } of fit({ parameters: model.parameters, objective, epoch }, how)) last = loss;
  await new TextModel(model, tokenizer).save(folder);
  await folder.write("generation_config.json", JSON.stringify({ eos_token_id: end }));
  await model.dispose();
  return last;
}

/** Several answers to each prompt, drawn from a model itself. */
async function answered(folder, prompts, sequences, seed) {
  const model = await open(folder, { task: "generate", ...engine });
  const found = [];
  for (let start = 0; start < prompts.length; start += 64) {
    const some = prompts.slice(start, start + 64);
    const told = { doSample: true, topK: 0, maxNewTokens: 24, numReturnSequences: sequences, seed };
    const drawn = await model.generate(some, { ...told, places: some.map((_, i) => start + i) });
    found.push(...drawn.map((row) => row.map(({ text }) => text)));
  }
  await model.dispose();
  return found;
}

async function aligned(files, out, config) {
  const { scores, seconds } = await run(align, { ...config, maxTokens: 24 }, files.at(out), files, {
    title: out,
    engine,
  });
  return { ...scores, seconds };
}

async function experiment(seed) {
  const files = memoryFolder();
  const draw = random(seed, "preferences");
  const unique = (count) => {
    const found = new Set();
    while (found.size < count) found.add(promptOf(draw));
    return [...found];
  };
  const prompts = unique(sizes.prompts + sizes.held);
  const [kept, held] = [prompts.slice(0, sizes.prompts), prompts.slice(sizes.prompts)];
  const isHeld = new Set(held);
  const learned = [];
  while (learned.length < sizes.sentences) {
    const prompt = promptOf(draw);
    if (!isHeld.has(prompt)) learned.push(prompt + answerOf(draw, prompt));
  }
  const started = performance.now();
  const loss = await pretrained(files.at("base"), learned, seed);
  console.log(
    `seed ${seed}: base at ${loss.toFixed(3)} nats a token, ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  const label = (some, answers) =>
    some.flatMap((prompt, i) => {
      const [a, b] = answers[i];
      const first = draw.uniform() < 1 / (1 + Math.exp(-NOISE * (rule(a) - rule(b))));
      return a === b ? [] : [{ prompt, chosen: first ? a : b, rejected: first ? b : a }];
    });
  await files.write("pairs.jsonl", lines(label(kept, await answered(files.at("base"), kept, 2, seed))));
  await files.write("held.jsonl", lines(label(held, await answered(files.at("base"), held, 2, seed + 100))));
  await files.write("texts.txt", held.map((prompt) => prompt + answerOf(draw, prompt)).join("\n"));
  const data = { model: "base", data: ["pairs.jsonl"], validation: ["held.jsonl"], texts: ["texts.txt"], seed };
  const judge = { prompts: sizes.held, bestOf: 4 };
  const training = (updates, more) => ({ updates, validateEvery: 1e6, saveEvery: 1e6, ...more });
  const reward = await aligned(files, "reward", {
    ...{ ...data, method: "reward", training: training(sizes.reward, { learningRate: 5e-4, batchTokens: 2048 }) },
  });
  const dpo = await aligned(files, "dpo", {
    ...{ ...data, method: "dpo", reward: "reward", judge, dpo: { beta: 2 } },
    training: training(sizes.dpo, { learningRate: 2e-4, batchTokens: 2048 }),
  });
  const ppo = await aligned(files, "ppo", {
    ...{ ...data, method: "ppo", reward: "reward", judge },
    ppo: { rollouts: 64, minibatch: 16, epochs: 2, klCoefficient: 0.5, targetKl: 0.04, klGain: 0.5, valueRate: 5 },
    training: training(sizes.rounds * 8, { learningRate: 3e-4, batchTokens: 4096 }),
  });
  return { reward, dpo, ppo, rules: await byTheRule(files, held, seed) };
}

/** What the hidden rule says of each way to answer. */
async function byTheRule(files, held, seed) {
  const model = await open(files.at("reward"), { task: "reward", ...engine });
  const four = await answered(files.at("base"), held, 4, seed + 200);
  const best = [];
  for (const [i, answers] of four.entries()) {
    const scores = await model.score(answers.map((answer) => ({ prompt: held[i], answer })));
    best.push(answers[scores.indexOf(Math.max(...scores))]);
  }
  await model.dispose();
  const firsts = async (name) => (await answered(files.at(name), held, 1, seed + 200)).flat();
  const all = { untuned: four.map(([first]) => first), "best of 4": best };
  Object.assign(all, { DPO: await firsts("dpo"), PPO: await firsts("ppo") });
  return Object.fromEntries(Object.entries(all).map(([name, answers]) => [name, mean(answers.map(rule))]));
}

const table = [
  ["seed", "system", "reward", "gain ± SE", "KL/token", "perplexity", "by the rule", "seconds", "reached"],
];
const reached = { DPO: [], PPO: [] };
const gains = { DPO: [], PPO: [] };
for (const seed of seeds) {
  const { reward, dpo, ppo, rules } = await experiment(seed);
  console.log(
    `seed ${seed}: reward model orders ${(100 * reward.accuracy).toFixed(1)} % of held-out pairs right (chance 50), ` +
      `calibration error ${reward["calibration error"].toFixed(3)}, ${reward.seconds.toFixed(0)} s`,
  );
  const number = (x, digits = 3) => (x === undefined ? "" : x.toFixed(digits));
  const row = (name, value, gain, kl, ratio, seconds, mark) =>
    table.push(
      [seed, name, number(value), gain, number(kl, 4), number(ratio), number(rules[name]), seconds, mark].map(String),
    );
  row("untuned", ppo.untuned, "", 0, 1, "", "");
  row("best of 4", ppo["best of 4"], "", undefined, undefined, "", "");
  for (const [name, found] of Object.entries({ DPO: dpo, PPO: ppo })) {
    const [gain, error] = [found["gain over untuned"], found["its standard error"]];
    const [kl, ratio] = [found["KL per token"], found["perplexity ratio"]];
    const good = gain > 2 * error && kl <= 0.1 && ratio <= 1.2;
    reached[name].push(good);
    gains[name].push(gain);
    row(
      name,
      found.reward,
      `${number(gain)} ± ${number(error)}`,
      kl,
      ratio,
      found.seconds.toFixed(0),
      good ? "yes" : "NO",
    );
  }
}
console.log();
printTable(table[0], table.slice(1));
console.log();
for (const name of ["DPO", "PPO"]) {
  const [all, good] = [gains[name], reached[name].filter(Boolean).length];
  console.log(
    `${name}: gain ${mean(all).toFixed(3)} (deviation over seeds ${deviation(all).toFixed(3)}), reached in ${good} of ${all.length}`,
  );
}
process.exitCode = quick || [...reached.DPO, ...reached.PPO].every(Boolean) ? 0 : 1;
