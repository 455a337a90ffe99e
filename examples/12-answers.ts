/**
 * 12. Answers in a text: a model learns to find who, where and when, from nothing but made-up passages
 *
 *   node examples/run.mjs 12-answers            about 2 minutes
 *   node examples/run.mjs 12-answers --quick    a few seconds: too few updates to learn it, enough to see it begin
 *   … --out folder                              where the finished model goes; heed answer opens it
 *
 * Expect: at least 90 % of the answers exactly right, about people and places that were in no training passage (with
 * --quick 5 %: what the first updates learn).
 */
import { parseArgs } from "node:util";
import { diskFolder, memoryFolder, open } from "heed";
import { madePassages } from "heed/data";
import { finetune, finetuneTasks, learn, wayConfig } from "heed/learning";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/12-answers" },
  },
});

// Passages by a grammar: "Belat lives in Dorport. Kesim met Belat in May. …" Every sentence is asked for from all sides,
// so there is no guessing: the model must find the sentence that the question is about. Names of the test are new.

const passages = (count: number, part: "training" | "held out", seed: number): string =>
  JSON.stringify(madePassages({ passages: count, part, seed, sentences: 2 }));
const files = memoryFolder();
await files.write("train.json", passages(options.quick ? 1000 : 30000, "training", 1));
await files.write("test.json", passages(100, "held out", 2));

// The model is an encoder with two numbers for each token: how well the answer begins there, and how well it ends there.
// A name of the question has to be found again in the passage, and no training passage had it: so queries begin equal to
// keys, and equal tokens see each other before anything is learned. Without that line it is a toss-up wherever both
// sentences say the same of two people: in a third of the passages.

const config = wayConfig(
  finetune,
  {
    task: "answer",
    data: ["train.json"],
    test: ["test.json"],
    model: {
      model_type: "bert",
      ...{ hidden_size: 64, num_hidden_layers: 3, num_attention_heads: 4, intermediate_size: 128 },
      ...{ max_position_embeddings: 128, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
      initializer_range: 0.1, // 1 / √width and a little less: narrow models learn from wider weights
    },
    tokenizer: { family: "bert", size: 400 },
    queriesLikeKeys: true,
    training: { updates: options.quick ? 60 : 3000, learningRate: 3e-3, warmUp: 200, batchTokens: 2048 },
  },
  "the example's config",
);
const folder = diskFolder(options.out);
const run = learn(finetune, config, {
  ...{ folder, files, replace: true, warn: console.log },
  begin: ({ summary }) => {
    console.log(summary.join("\n"));
  },
});
let scores: Readonly<Record<string, number>> = {};
for (;;) {
  const next = await run.next();
  if (next.done === true) {
    ({ scores } = next.value);
    break;
  }
  const { update, loss } = next.value;
  if (update % (options.quick ? 20 : 250) === 0) {
    console.log(`update ${update}: loss ${loss.toFixed(3)} nats an end`);
  }
}

// The finished folder answers questions of anyone's.

const answerer = await open(folder, { task: "answer" });
const test = await finetuneTasks.answer.read(files, ["test.json"], {});
console.log(`\n${test[0]!.context}`);
for (const { question, context, answers } of test.slice(0, 3)) {
  const [best] = await answerer.answer(question, context);
  console.log(`  ${question} ${best!.text} (${best!.probability.toFixed(3)}; due: ${answers[0]!})`);
}
await answerer.dispose();

const exact = scores["exact match"]!;
const expected = options.quick ? 5 : 90;
const reached = exact >= expected;
console.log(`\nexact match ${exact.toFixed(1)} %, F1 ${scores["F1"]!.toFixed(1)} % on ${test.length} questions`);
console.log(`Expected: at least ${expected} %. ${reached ? "Reached." : "NOT reached."}`);
process.exitCode = reached ? 0 : 1;
