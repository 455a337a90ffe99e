/**
 * 17. In-context learning: a model is told in its prompt what made-up words mean, and nothing of it changes
 *
 *   node examples/run.mjs 17-few-shot            about a minute
 *   node examples/run.mjs 17-few-shot --quick    a few seconds
 *   … --out pictures                             where the curve goes
 *
 * Expect: accuracy on meanings that were drawn after the training rises from chance without shots, 25 %, to over 85 %
 * with 16 (with --quick it need only rise), and the sum over the parameters is the same before and after.
 */
import { parseArgs } from "node:util";
import { architectureOf, createModel, diskFolder, lineChartSvg, lineChartText, random, shuffle, TextModel, Trainer, trainWords } from "heed"; // prettier-ignore
import { promptModel, promptTask, promptTaskConfig } from "heed/learning";
import { answerBatch, answerTokens, type AnswerRow } from "heed/objectives";
import { adamW } from "heed/training";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    updates: { type: "string" },
    out: { type: "string", default: "runs/examples/17-few-shot" },
  },
});
const seed = Number(options.seed);
const folder = diskFolder(options.out);

// The task. A dictionary gives six words a meaning each, one of four: "dax C, wug A, dax C, fep B, …". Which words and
// which meanings is drawn anew for each row of the training, so the weights cannot know it: what "dax" means stands
// nowhere but in the row itself.

const words = "bim dax fep gop jal kiv lum mip nad pog rit sab tov wug yem zup".split(" ");
const meanings = ["A", "B", "C", "D"];
const dictionary = (size: number, ...stream: (string | number)[]): (readonly [string, string])[] => {
  const draw = random(seed, "dictionary", ...stream);
  return shuffle([...words], draw).slice(0, size).map((word) => [word, meanings[draw.below(4)]!] as const); // prettier-ignore
};

const tokenizer = await trainWords([[...words, ...meanings].join(" ")], { size: 64 });
const id = (token: string): number => tokenizer.tokenToId(token)!;

/** A row of 18 words with their meanings, from two to six different ones. The meanings are what is learned. */
function row(...stream: number[]): AnswerRow {
  const draw = random(seed, "row", ...stream);
  const entries = dictionary(2 + draw.below(5), "train", ...stream);
  const pairs = Array.from({ length: 18 }, () => entries[draw.below(entries.length)]!);
  return {
    ids: pairs.flatMap(([word, meaning]) => [id(word), id(meaning)]),
    counts: pairs.flatMap(() => [false, true]),
  };
}

// A small LLaMA, trained from scratch on such rows. Its rotary positions make "one place before" the same everywhere, which
// is half of what it must learn: to look back to where the word stood, and one further. `answerTokens` is the loss of the
// tokens that count.

const json = {
  ...{ model_type: "llama", vocab_size: tokenizer.size, max_position_embeddings: 40, tie_word_embeddings: true },
  ...{ hidden_size: 32, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 2, initializer_range: 0.18 },
};
const model = await createModel(architectureOf(json, "example 17", { task: "causal-lm" }), { seed, threads: 1 });
const how = { optimizer: adamW({ beta2: 0.98 }), clipNorm: 1, seed };
const trainer = await Trainer.create(model.engine, answerTokens(model.architecture), how, model.parameters);
const updates = Number(options.updates ?? (options.quick ? 300 : 5000));
for (let update = 1; update <= updates; update++) {
  const rows = Array.from({ length: 32 }, (_, i) => row(update, i));
  const rate = 0.005 * Math.min(1, update / 50) * (1 - (0.9 * update) / updates);
  const batch = { ...answerBatch(rows, 0), examples: [...rows.keys()] };
  const { loss } = await trainer.step(update, [batch], rate);
  if (update === 1 || update % 500 === 0) console.log(`update ${update}: loss ${loss.toFixed(3)} (ln 4 is 1.386)`);
}

// New dictionaries, in prompts. `group` has shots come from the dictionary of the word that is asked about.

const entriesOf = (dictionaries: number, each: number, kind: string): ReadonlyMap<string, unknown>[] =>
  Array.from({ length: dictionaries * each }, (_, i) => {
    const of = Math.floor(i / each);
    const [word, meaning] = dictionary(6, "test", of)[random(seed, kind, i).below(6)]!;
    return new Map<string, unknown>([["word", word], ["meaning", meaning], ["dictionary", of]]); // prettier-ignore
  });
const config = {
  template: "{word} {answer}",
  separator: " ",
  answer: "meaning",
  choices: meanings,
  group: "dictionary",
};
const questions = options.quick ? 50 : 300;
const task = promptTask(
  promptTaskConfig(config, "example 17"),
  entriesOf(questions, 1, "query"),
  entriesOf(questions, 18, "shots"),
);
const shots = [0, 1, 2, 4, 8, 16];
const report = await promptModel(new TextModel(model, tokenizer), task, { shots, seeds: [1, 2] });
await model.dispose();

// At best a model knows the words that were shown and guesses the others.

const best = shots.map((count) => 1 - (5 / 6) ** count * (3 / 4));
console.log(`\nThe prompt of a question: ${report.example}\n\nshots  accuracy  95 % interval    at best`);
for (const [i, { shots: count, accuracy }] of report.results.entries()) {
  const [at, low, high, most] = [accuracy.score, accuracy.low, accuracy.high, best[i]!].map((x) =>
    (100 * x).toFixed(1),
  );
  console.log(`${String(count).padStart(5)}  ${at!.padStart(6)} %  ${`${low!} … ${high!}`.padEnd(15)}  ${most!} %`);
}
const curve = report.results.map(({ accuracy }) => accuracy.score);
const chart = {
  title: "accuracy against shots",
  series: [{ name: "accuracy", x: shots, y: curve }, { name: "at best", x: shots, y: best }, { name: "chance", x: shots, y: shots.map(() => 0.25) }], // prettier-ignore
};
console.log(`\n${lineChartText(chart)}\n`);
await folder.write("few-shot.svg", lineChartSvg(chart));

const { before, after } = report.parameters;
console.log(`Parameters: ${before.slice(0, 16)} before, ${after.slice(0, 16)} after.`);
const [zero, most] = [curve[0]!, curve.at(-1)!];
const reached = before === after && (options.quick ? most > zero : zero < 0.4 && most >= 0.85);
console.log(
  `From ${(100 * zero).toFixed(1)} % to ${(100 * most).toFixed(1)} %. ${reached ? "Reached." : "NOT reached."}`,
);
process.exitCode = reached ? 0 : 1;
