// In-context learning of tasks that a model meets only in its prompt: accuracy against the number of shots, over seeds.
// Families: made-up words with meanings that are drawn anew for each row, and rules that depend on one of two features.
//
//   node tools/experiments/few-shot.mjs             both families, three seeds, about a minute each
//   node tools/experiments/few-shot.mjs --quick     seconds: that it runs
//   … --family words --seeds 5 --updates 8000 --entries 8
import { parseArgs } from "node:util";
import { architectureOf, createModel, random, shuffle, TextModel, Trainer, trainWords } from "heed";
import { promptModel, promptTask, promptTaskConfig } from "heed/learning";
import { answerBatch, answerTokens } from "heed/objectives";
import { adamW } from "heed/training";
import { deviation, mean, printTable } from "./runs.mjs";

const text = (fallback) => ({ type: "string", default: fallback });
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    family: text("words,rules"),
    seeds: text("3"),
    first: text("1"),
    updates: text("5000"),
    width: text("32"),
    layers: text("2"),
    heads: text("2"),
    rate: text("0.005"),
    entries: text("6"),
    least: text("2"),
    init: text("0.18"),
    decay: text("0"),
    threads: text("1"),
    batch: text("32"),
    pairs: text("18"),
    questions: text("500"),
    draws: text("3"),
  },
});
const quick = values.quick ? { seeds: 1, updates: 10, questions: 20, draws: 1, width: 16 } : {};
const number = (name) => quick[name] ?? Number(values[name]);
const percent = (share) => `${(100 * share).toFixed(1)}`;
/** Words of a dictionary. */
const ENTRIES = Number(values.entries);
const SHOTS = [0, 1, 2, 4, 8, 16];

const madeUp = "bim dax fep gop jal kiv lum mip nad pog rit sab tov wug yem zup".split(" ");
const colors = "red blue green".split(" ");
const forms = "ball cube ring".split(" ");

/** A task: its words, its labels, and from a generator a rule that draws solved rows. */
const families = {
  words: {
    labels: ["A", "B", "C", "D"],
    words: madeUp,
    // What is right at best: words that were shown are known, others guessed.
    best: (shots) => 1 - (1 - 1 / ENTRIES) ** shots * (3 / 4),
    // In training rows some dictionaries are smaller: what is easily told apart shows the way.
    rule: (draw, training) => {
      const count = training ? number("least") + draw.below(ENTRIES - number("least") + 1) : ENTRIES;
      const entries = shuffle([...madeUp], draw).slice(0, count).map((word) => [word, families.words.labels[draw.below(4)]]); // prettier-ignore
      return (each) => entries[each.below(count)];
    },
  },
  rules: {
    labels: ["A", "B", "C"],
    words: [...colors, ...forms],
    best: (shots) => (shots === 0 ? 1 / 3 : undefined),
    rule: (draw) => {
      const by = draw.below(2);
      const labels = shuffle(["A", "B", "C"], draw);
      return (each) => {
        const at = [each.below(3), each.below(3)];
        return [`${colors[at[0]]} ${forms[at[1]]}`, labels[at[by]]];
      };
    },
  },
};

async function once(name, seed) {
  const { labels, words, rule } = families[name];
  const tokenizer = await trainWords([[...words, ...labels].join(" ")], { size: 64 });
  const id = (token) => tokenizer.tokenToId(token);
  const row = (update, i) => {
    const rowOf = rule(random(seed, name, "train", update, i), true);
    const draw = random(seed, name, "row", update, i);
    const ids = [];
    const counts = [];
    for (let pair = 0; pair < number("pairs"); pair++) {
      const [shown, label] = rowOf(draw);
      for (const token of [...shown.split(" "), label]) {
        ids.push(id(token));
        counts.push(token === label);
      }
    }
    return { ids, counts };
  };
  // Rotary positions: what stands one place before is the same everywhere, which is half of looking back.
  const json = {
    ...{ model_type: "llama", vocab_size: tokenizer.size, tie_word_embeddings: true, max_position_embeddings: 64 },
    ...{ hidden_size: number("width"), intermediate_size: 3 * number("width"), num_hidden_layers: number("layers") },
    ...{ num_attention_heads: number("heads"), initializer_range: number("init") },
  };
  const model = await createModel(architectureOf(json, "few-shot", { task: "causal-lm" }), {
    seed,
    threads: number("threads"),
  });
  const how = { optimizer: adamW({ beta2: 0.98 }), clipNorm: 1, weightDecay: number("decay"), seed };
  const trainer = await Trainer.create(model.engine, answerTokens(model.architecture), how, model.parameters);
  const updates = number("updates");
  const started = performance.now();
  for (let update = 1; update <= updates; update++) {
    const rows = Array.from({ length: number("batch") }, (_, i) => row(update, i));
    const rate = Number(values.rate) * Math.min(1, update / 50) * (1 - (0.9 * update) / updates);
    const { loss } = await trainer.step(update, [{ ...answerBatch(rows, 0), examples: [...rows.keys()] }], rate);
    if (update === 1 || update % 100 === 0)
      console.error(`${name}, seed ${seed}, update ${update}: loss ${loss.toFixed(3)}`);
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  const made = (each, kind) =>
    Array.from({ length: number("questions") * each }, (_, i) => {
      const of = Math.floor(i / each);
      const [shown, label] = rule(random(seed, name, "test", of))(random(seed, name, kind, i));
      return new Map([["shown", shown], ["label", label], ["rule", of]]); // prettier-ignore
    });
  const config = { template: "{shown} {answer}", separator: " ", answer: "label", choices: labels, group: "rule" };
  const task = promptTask(promptTaskConfig(config, "few-shot"), made(1, "query"), made(18, "shots"));
  const seeds = Array.from({ length: number("draws") }, (_, i) => i + 1);
  const report = await promptModel(new TextModel(model, tokenizer), task, { shots: SHOTS, seeds });
  let parameters = 0;
  for (const { shape } of model.parameters.specs) parameters += shape.reduce((product, size) => product * size, 1);
  await model.dispose();
  if (report.parameters.before !== report.parameters.after) throw new Error("weights have changed");
  return { ...report, parameters, seconds };
}

for (const name of values.family.split(",")) {
  const runs = [];
  for (let i = 0; i < number("seeds"); i++) runs.push(await once(name, Number(values.first) + i));
  const { labels, best } = families[name];
  console.log(`\n${name}: ${runs[0].parameters} parameters, ${number("updates")} updates in ${runs.map(({ seconds }) => seconds).join(", ")} s; accuracy in percent`); // prettier-ignore
  const head = [
    "shots",
    ...runs.map((_, i) => `seed ${Number(values.first) + i}`),
    "mean",
    "deviation",
    "at best",
    "chance",
  ];
  const rows = SHOTS.map((shots, i) => {
    const list = runs.map(({ results }) => results[i].accuracy.score);
    const most = best(shots);
    const row = [shots, ...list.map(percent), percent(mean(list)), percent(deviation(list))];
    return [...row, most === undefined ? "" : percent(most), percent(1 / labels.length)];
  });
  printTable(head, rows);
  console.log(`most frequent answer: ${percent(mean(runs.map(({ majority }) => majority)))}; no weight has changed in ${runs.length} of ${runs.length} runs`); // prettier-ignore
}
