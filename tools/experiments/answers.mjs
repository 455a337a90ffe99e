// Extractive answers, beside the best-overlapping span: on passages of the project's own grammar with names that training
// never saw, by a model trained here from scratch; and on XQuAD's English part, split by article.
//
//   node tools/experiments/answers.mjs [--quick] [--seeds 3] [--first 1] [--updates 8000] [--sentences 6] [--model DIR]
//
// --usual: queries that do not begin like keys, for comparison.
// --model: what the model for XQuAD begins from. Default: a fresh one.
import { parseArgs } from "node:util";
import { diskFolder, memoryFolder, random, shuffle } from "heed";
import { madePassages } from "heed/data";
import { answerStatistics, scoreOf } from "heed/evaluation";
import { finetune, finetuneTasks } from "heed/learning";
import { dataPath, meanAndSpread, printTable, run } from "./runs.mjs";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seeds: { type: "string", default: "3" },
    first: { type: "string", default: "1" },
    updates: { type: "string", default: "8000" },
    sentences: { type: "string", default: "6" },
    usual: { type: "boolean", default: false },
    model: { type: "string" },
    only: { type: "string" },
  },
});
const seeds = flags.quick ? 1 : Number(flags.seeds);

/** Of the sentence that shares the most words with the question, the longest run of words that are not in it. */
function overlappingSpan({ question, context }) {
  const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const asked = new Set(wordsOf(question));
  const sentences = context.split(/(?<=[.?!])\s+/);
  const shared = sentences.map((sentence) => wordsOf(sentence).filter((word) => asked.has(word)).length);
  const sentence = sentences[shared.indexOf(Math.max(...shared))];
  let [best, run] = [[], []];
  for (const word of sentence.split(/\s+/)) {
    run = wordsOf(word).some((part) => asked.has(part)) ? [] : [...run, word];
    if (run.length > best.length) best = run;
  }
  return best.join(" ");
}

function scored(rows, predicted) {
  const questions = rows.map(({ answers }, id) => ({ id: String(id), answers }));
  const judged = answerStatistics(questions, new Map(predicted.map((text, id) => [String(id), text])));
  return Object.fromEntries(judged.map((one) => [one.metric, scoreOf(one)]));
}

const bert = (layers, width, heads, longest) => ({
  model_type: "bert",
  ...{ hidden_size: width, num_hidden_layers: layers, num_attention_heads: heads, intermediate_size: 2 * width },
  ...{ max_position_embeddings: longest, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
  // 1 / √width: narrow models learn from wider weights than those of BERT.
  initializer_range: 0.1,
});

async function measured(title, make) {
  const runs = [];
  for (let i = 0; i < seeds; i++) runs.push(await make(Number(flags.first) + i));
  const row = (name, key) => [
    name,
    meanAndSpread(runs.map((run) => run[key]["exact match"])),
    meanAndSpread(runs.map((run) => run[key].F1)),
    runs.length,
  ];
  printTable([title, "exact match", "F1", "seeds"], [row("model", "model"), row("best-overlapping span", "baseline")]);
  console.log(`${runs.map((run) => run.seconds.toFixed(0)).join(", ")} s of training\n`);
}

if (flags.only !== "xquad") {
  await measured("generated, names unseen", async (seed) => {
    const files = memoryFolder();
    const write = (name, options) =>
      files.write(name, JSON.stringify(madePassages({ seed, sentences: Number(flags.sentences), ...options })));
    await write("train.json", { passages: flags.quick ? 100 : 60_000, part: "training" });
    await write("dev.json", { passages: flags.quick ? 10 : 200, part: "held out" });
    await write("test.json", { passages: flags.quick ? 20 : 400, part: "held out", seed: seed + 1000 });
    const config = {
      task: "answer",
      // Names are compared piece by piece: each finds its equal from the start, and a name has two or three.
      ...{ model: bert(3, 64, 4, 128), tokenizer: { family: "bert", size: 400 }, queriesLikeKeys: !flags.usual },
      ...{ data: ["train.json"], validation: ["dev.json"], test: ["test.json"], seed },
      training: {
        updates: flags.quick ? 20 : Number(flags.updates),
        ...{ learningRate: 3e-3, warmUp: 200, batchTokens: 2048, schedule: "linear", weightDecay: 0.01 },
        ...{ validateEvery: flags.quick ? 10 : 1000, saveEvery: 1_000_000 },
      },
    };
    const { scores, seconds } = await run(finetune, config, memoryFolder(), files, { title: `seed ${seed}` });
    const test = await finetuneTasks.answer.read(files, ["test.json"], {});
    return { model: scores, baseline: scored(test, test.map(overlappingSpan)), seconds };
  });
}

if (flags.only !== "generated") {
  const text = await diskFolder(dataPath("squad")).read("xquad.en.json");
  const articles = JSON.parse(new TextDecoder().decode(text)).data;
  await measured(`XQuAD-en, ${articles.length} articles, 3 of 4 to learn from`, async (seed) => {
    const order = shuffle([...articles.keys()], random(seed, "articles"));
    const held = new Set(order.slice(0, Math.round(articles.length / 4)));
    const files = memoryFolder();
    const write = (name, keep) => files.write(name, JSON.stringify({ data: articles.filter((_, i) => keep(i)) }));
    await write("train.json", (i) => !held.has(i));
    await write("test.json", (i) => held.has(i));
    const config = {
      task: "answer",
      ...(flags.model === undefined
        ? {
            model: { ...bert(2, 128, 8, 256), hidden_dropout_prob: 0.2 },
            tokenizer: { family: "bert", size: 4000 },
            queriesLikeKeys: !flags.usual,
          }
        : { model: flags.model }),
      ...{ data: ["train.json"], test: ["test.json"], maxLength: 256, stride: 64, seed },
      training: { updates: flags.quick ? 5 : 400, learningRate: 5e-4, warmUp: 50, batchTokens: 4096 },
    };
    const { scores, seconds } = await run(finetune, config, memoryFolder(), files, { title: `seed ${seed}` });
    const test = await finetuneTasks.answer.read(files, ["test.json"], {});
    return { model: scores, baseline: scored(test, test.map(overlappingSpan)), seconds };
  });
}
