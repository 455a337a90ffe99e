/**
 * 15. From preferences: a model that answers in all manners learns to be polite, by DPO and by PPO
 *
 *   node examples/run.mjs 15-preferences            about a minute
 *   node examples/run.mjs 15-preferences --quick    a piece of each, some seconds
 *   … --out folder                                  where the runs go
 *
 * Expect: a reward model that orders at least 95 % of held-out pairs as people would; after DPO and after PPO a reward on
 * held-out prompts that is higher than before by more than two standard errors, at no more than 0.1 nats of KL per token
 * and at most 1.2 times the perplexity of held-out text. (With --quick the runs are too short to reach it.)
 */
import { parseArgs } from "node:util";
import {
  architectureOf,
  createModel,
  diskFolder,
  lossOf,
  open,
  random,
  shuffle,
  TextModel,
  trainTokenizer,
} from "heed";
import { align, learn, wayConfig } from "heed/learning";
import { paddedRows, rowBatches } from "heed/objectives";
import { fit } from "heed/training";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/15-preferences" },
  },
});
const { quick } = options;
const files = diskFolder(options.out);

// The language: somebody asks where a thing is, and the answer begins and ends in some manner, drawn without thought.

const names = ["Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal", "Ivy", "Jon", "Kim", "Leo"];
const colors = ["red", "blue", "green", "black", "white", "old"];
const things = ["cup", "book", "key", "lamp", "coat", "ball", "shoe", "bag", "pen", "hat"];
const places = ["kitchen", "hall", "garden", "car", "cellar", "attic"];
const manners: readonly (readonly [string, number])[] = [
  ...([["", 0], [" , my friend", 1], [" , thank you", 1], [" , you fool", -1]] as const), // prettier-ignore
  ...([
    [" , go away", -1],
    [" , as always", 0],
    [" , I think", 0],
  ] as const),
];

interface Prompt {
  readonly text: string;
  readonly what: string;
}
const draw = random("preferences");
const one = <T>(list: readonly T[]): T => list[draw.below(list.length)]!;
const whats = colors.flatMap((color) => things.map((thing) => `${color} ${thing}`));
const all = names.flatMap((name) =>
  whats.map((what): Prompt => ({ text: `${name} asks : where is the ${what} ?`, what })),
);
const prompts = shuffle(all, draw);
const held = prompts.slice(0, quick ? 24 : 160);
const kept = prompts.slice(160, quick ? 260 : undefined);
const answer = (what: string, [manner]: readonly [string, number]): string =>
  ` the ${what} is in the ${one(places)}${manner} .`;

// 1. A base model that has read such answers, a small GPT-2. It has no manners: all are equally probable.

const texts = kept.flatMap(({ text, what }) => Array.from({ length: 6 }, () => text + answer(what, one(manners))));
const tokenizer = await trainTokenizer(texts, { family: "gpt2", size: 380 });
const end = tokenizer.special.eos!.id;
const sizes = { n_layer: quick ? 1 : 2, n_embd: 48, n_head: 4, n_positions: 40, vocab_size: tokenizer.size };
const without = { resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0, bos_token_id: end, eos_token_id: end };
const config = { model_type: "gpt2", ...sizes, ...without };
const model = await createModel(architectureOf(config, "the example", { task: "causal-lm" }), { seed: 1 });
const rows = texts.map((text) => [...tokenizer.ids(text), end]);
const lengths = rows.map((row) => row.length);
const epoch = rowBatches(lengths, { batchTokens: 2048, seed: 1 }, (some) => {
  const padded = paddedRows(model.architecture, some.map((i) => rows[i]!)); // prettier-ignore
  const [ids, mask] = [padded["inputIds"]!, padded["attentionMask"]!];
  // Labels below 0 do not count: that is how padding is ignored. The loss is a mean, so a batch is one target.
  const labels = { ...ids, data: (ids.data as Int32Array).map((id, i) => (mask.data[i] === 1 ? id : -100)) };
  return { feeds: { ...padded, labels }, targets: 1 };
});
const objective = lossOf(model.architecture, ["inputIds", "attentionMask", "labels"]);
const job = { parameters: model.parameters, objective, epoch };
for await (const { update, loss } of fit(job, { updates: quick ? 30 : 500, learningRate: 3e-3, warmUp: 20 })) {
  if (update % 100 === 0) console.log(`base, update ${update}: ${loss.toFixed(3)} nats a token`);
}
await new TextModel(model, tokenizer).save(files.at("base"));
await files.write("base/generation_config.json", JSON.stringify({ eos_token_id: end }));
await model.dispose();

// 2. Preferences. Of two answers the politer one is chosen, mostly: people err, and the rule is not strict where two
// answers are nearly as good, σ(2 · difference). The models see which one was chosen, never why. The held-out pairs
// are labelled without error, to judge by.

function pairOf({ text, what }: Prompt, chance: number): string {
  for (;;) {
    const [a, b] = [one(manners), one(manners)];
    if (a[1] === b[1]) continue;
    const [better, worse] = chance < 1 / (1 + Math.exp(-2 * (a[1] - b[1]))) ? [a, b] : [b, a];
    return JSON.stringify({ prompt: text, chosen: answer(what, better), rejected: answer(what, worse) });
  }
}
const pairs = kept.flatMap((prompt) => [prompt, prompt]).map((prompt) => pairOf(prompt, draw.uniform()));
await files.write("pairs.jsonl", pairs.join("\n"));
await files.write("held.jsonl", held.map((prompt) => pairOf(prompt, 0.5)).join("\n"));
await files.write("texts.txt", held.map(({ text, what }) => text + answer(what, one(manners))).join("\n"));

// 3. Three ways of learning from them, each one config and one run folder, as `heed align` has them.

const updates = quick ? { reward: 8, dpo: 6, ppo: 8 } : { reward: 100, dpo: 60, ppo: 160 };
async function run(method: keyof typeof updates, more: object, learningRate: number): Promise<Record<string, number>> {
  const training = { updates: updates[method], learningRate, batchTokens: 2048, validateEvery: 1e6, saveEvery: 1e6 };
  const data = { data: ["pairs.jsonl"], validation: ["held.jsonl"], texts: ["texts.txt"] };
  const given = { method, model: "base", ...data, maxTokens: 20, judge: { prompts: held.length }, training, ...more };
  const running = learn(align, wayConfig(align, given, method), {
    ...{ folder: files.at(method), files, replace: true, warn: console.warn },
  });
  for (let next = await running.next(); ; next = await running.next()) {
    if (next.done === true) return next.value.scores;
    const { update, reports = {} } = next.value;
    if (update % (method === "ppo" ? 40 : 20) !== 0) continue;
    const shown = Object.entries(reports).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    console.log(`${method}, update ${update}: ${shown.join(", ")}`);
  }
}

const reward = await run("reward", {}, 5e-4);
console.log(`\nThe reward model orders ${(100 * reward["accuracy"]!).toFixed(1)} % of held-out pairs right.\n`);
const dpo = await run("dpo", { reward: "reward", dpo: { beta: 2 } }, 2e-4);
// The reward is steered against the distance from the base model, so that it stays at about 0.05 nats a token.
const ppoSettings = {
  rollouts: 64,
  minibatch: 16,
  epochs: 2,
  klCoefficient: 0.5,
  targetKl: 0.05,
  klGain: 0.5,
  valueRate: 5,
};
const ppo = await run("ppo", { reward: "reward", ppo: ppoSettings }, 5e-4);

// 4. The base model, its best of four, and the two tuned ones, on the same held-out prompts.

console.log("\n            reward   gain ± error     KL/token  perplexity");
const line = (name: string, value: number, rest = ""): void => {
  console.log(`${name.padEnd(10)} ${value.toFixed(3).padStart(7)}   ${rest}`);
};
line("untuned", ppo["untuned"]!);
line("best of 4", ppo["best of 4"]!);
let reached = reward["accuracy"]! >= 0.95;
for (const [name, scores] of Object.entries({ DPO: dpo, PPO: ppo })) {
  const [gain, error] = [scores["gain over untuned"]!, scores["its standard error"]!];
  const [kl, ratio] = [scores["KL per token"]!, scores["perplexity ratio"]!];
  line(
    name,
    scores["reward"]!,
    `${gain.toFixed(3)} ± ${error.toFixed(3)}    ${kl.toFixed(4)}    ${ratio.toFixed(3)} times`,
  );
  reached &&= gain > 2 * error && kl <= 0.1 && ratio <= 1.2;
}
for (const folder of quick ? ["ppo"] : ["base", "dpo", "ppo"]) {
  const writer = await open(files.at(folder), { task: "generate" });
  const [found] = await writer.generate([held[0]!.text]);
  console.log(`${folder.padEnd(5)} ${held[0]!.text}${found![0]!.text}`);
  await writer.dispose();
}
if (!quick) {
  console.log(`Expected: gains above two errors, KL at most 0.1, 1.2 times. ${reached ? "Reached." : "NOT reached."}`);
  process.exitCode = reached ? 0 : 1;
}
