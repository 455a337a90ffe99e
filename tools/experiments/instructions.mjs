// Instruction tuning of a small language model: exact answers to held-out instructions of kinds that it has seen, before
// and after, beside the same tuning without a base and the most frequent answer. Needs no data but its own.
//
//   node tools/experiments/instructions.mjs             three seeds, about a quarter of an hour each on two cores
//   node tools/experiments/instructions.mjs --quick     seconds: that it runs
//   … --seeds 5 --base 9000 --updates 2000 --width 128 --layers 4 --skip-alone --kinds copy,reverse,capitals
import { parseArgs } from "node:util";
import { memoryFolder, open, TextModel, Tokenizer, trainWords } from "heed";
import { instructionKinds, madeInstructions, madeSentences } from "heed/data";
import { scoreOf } from "heed/evaluation";
import { answersTo, instruct, instructionExamples, instructionReader, judgeInstructions } from "heed/learning"; // prettier-ignore
import { deviation, mean, printTable, run } from "./runs.mjs";

const text = (fallback) => ({ type: "string", default: fallback });
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    usual: { type: "boolean", default: false },
    seeds: text("3"),
    first: text("1"),
    sentences: text("150000"),
    instructions: text("8400"),
    held: text("420"),
    base: text("6000"),
    updates: text("1500"),
    width: text("96"),
    layers: text("4"),
    rate: text("0.004"),
    tune: text("0.003"),
    tokens: text("1536"),
    kinds: text(""),
    init: text("0.1"),
    threads: text(""),
    "skip-alone": { type: "boolean", default: false },
    family: text("llama"),
  },
});
const quick = values.quick ? { sentences: 400, instructions: 84, held: 28, base: 4, updates: 4, seeds: 1 } : {};
const number = (name) => quick[name] ?? Number(values[name]);
const kinds = values.kinds === "" ? instructionKinds : values.kinds.split(",");
const engine = values.threads === "" ? {} : { threads: Number(values.threads) };
const percent = (share) => (Number.isNaN(share) ? "" : `${(100 * share).toFixed(1)} %`);

const sizes = () =>
  values.family === "llama"
    ? {
        model_type: "llama",
        ...{
          hidden_size: number("width"),
          intermediate_size: 3 * number("width"),
          num_hidden_layers: number("layers"),
        },
        ...{ num_attention_heads: 4, max_position_embeddings: 64, tie_word_embeddings: true },
        initializer_range: number("init"),
      }
    : {
        model_type: "gpt2",
        ...{ n_embd: number("width"), n_layer: number("layers"), n_head: 4, n_positions: 64 },
        ...{ resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0, initializer_range: number("init") },
      };
const lines = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const conversation = ({ instruction, output }) => ({
  ...{ kind: "conversation", form: "messages" },
  messages: [
    { role: "user", content: instruction },
    { role: "assistant", content: output },
  ],
});

const trained = (files, into, seed, config) =>
  run(instruct, { seed, ...config }, files.at(into), files, { title: `seed ${seed}, ${into}`, every: 100, engine });

/** Exact match in all and by kind, and the loss of the answers. */
async function judged(files, name, held) {
  const model = await open(files.at(name), { task: "generate" });
  try {
    const rows = held.map(conversation);
    const reader = await instructionReader(model, rows, { template: "plain" });
    const reading = new TextModel(model.model, reader.tokenizer);
    const { examples } = instructionExamples(rows, reader);
    const [loss, exact] = (await judgeInstructions(reading, examples)).map(scoreOf);
    const ends = [reader.tokenizer.tokenToId(reader.end)];
    const answers = await answersTo(reading, examples.flatMap((example) => example.questions), ends); // prettier-ignore
    const byKind = new Map();
    for (const [i, { kind, output }] of held.entries()) {
      const [right, all] = byKind.get(kind) ?? [0, 0];
      byKind.set(kind, [right + (answers[i] === output ? 1 : 0), all + 1]);
    }
    let parameters = 0;
    for (const { shape } of model.model.parameters.specs)
      parameters += shape.reduce((product, size) => product * size, 1);
    return { loss, exact, byKind, parameters };
  } finally {
    await model.dispose();
  }
}

async function once(seed) {
  const files = memoryFolder();
  const sentences = madeSentences(number("sentences"), { seed, kinds });
  const rows = madeInstructions(number("instructions"), { seed, part: "train", kinds });
  const held = madeInstructions(number("held"), { seed, part: "test", kinds });
  const texts = [...sentences, ...rows.map(({ instruction }) => ` User: ${instruction}\nAssistant:`)];
  // Whole words, so that learning what to do need not wait for learning to spell.
  const { parts } = await trainWords(texts, { size: 1000, specialTokens: ["<unk>", "<end>"] });
  const tokenizer = new Tokenizer({
    ...parts,
    special: { eos: parts.addedTokens.find(({ content }) => content === "<end>") },
  });
  for (const [name, content] of tokenizer.files()) await files.write(`words/${name}`, content);
  await files.write("sentences.jsonl", lines(sentences.map((one) => ({ prompt: "", completion: ` ${one}` }))));
  await files.write("train.jsonl", lines(rows.map(conversation)));

  const common = { batchTokens: number("tokens"), schedule: "cosine", warmUp: 40, saveEvery: 1_000_000 };
  const pre = { ...common, learningRate: Number(values.rate), updates: number("base") };
  const tune = { ...common, learningRate: Number(values.tune), updates: number("updates") };
  const fresh = { model: sizes(), tokenizer: "words", queriesLikeKeys: !values.usual && values.family === "llama" };
  const started = performance.now();
  await trained(files, "base", seed, { ...fresh, data: ["sentences.jsonl"], training: pre });
  const between = performance.now();
  const tuning = { template: "plain", data: ["train.jsonl"], training: tune };
  await trained(files, "tuned", seed, { model: "base", ...tuning });
  const ended = performance.now();
  if (!values["skip-alone"]) await trained(files, "alone", seed, { ...fresh, ...tuning });
  const results = {};
  const names = values["skip-alone"] ? ["base", "tuned"] : ["base", "tuned", "alone"];
  for (const name of names) results[name] = await judged(files, name, held);
  const counts = new Map();
  for (const { output } of rows) counts.set(output, (counts.get(output) ?? 0) + 1);
  const [most] = [...counts].sort((a, b) => b[1] - a[1])[0];
  const frequent = held.filter(({ output }) => output === most).length / held.length;
  return {
    seed,
    ...results,
    frequent,
    most,
    seconds: [between - started, ended - between].map((ms) => Math.round(ms / 1000)),
  };
}

const runs = [];
for (let i = 0; i < number("seeds"); i++) runs.push(await once(Number(values.first) + i));

console.log(`${runs[0].tuned.parameters} parameters; ${number("sentences")} sentences, ${number("instructions")} instructions of ${kinds.length} kinds, ${number("held")} held out`); // prettier-ignore
const columns = [
  (run) => run.base.exact,
  (run) => run.tuned.exact,
  (run) => run.alone?.exact ?? NaN,
  (run) => run.frequent,
];
const row = (name, of, some) => [name, ...columns.map((get) => percent(of(some.map(get))))];
printTable(
  ["seed", "before", "after", "without a base", "most frequent", "seconds"],
  [
    ...runs.map((run) => [...row(run.seed, mean, [run]), run.seconds.join(" + ")]),
    row("mean", mean, runs),
    row("deviation", deviation, runs),
  ],
);
console.log("\nexact by kind, after");
printTable(
  ["kind", "right", "of"],
  kinds.map((kind) => {
    const found = runs.map(({ tuned }) => tuned.byKind.get(kind) ?? [0, 0]);
    const [right, all] = [0, 1].map((i) => found.reduce((sum, counts) => sum + counts[i], 0));
    return [kind, percent(right / Math.max(all, 1)), all];
  }),
);
console.log(`\nnats a token of the answers: ${runs.map(({ base, tuned }) => `${base.loss.toFixed(3)} → ${tuned.loss.toFixed(3)}`).join(", ")}`); // prettier-ignore
