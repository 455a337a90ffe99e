/**
 * 9. Replaced tokens: an ELECTRA tells which words a generator has put in
 *
 *   node examples/run.mjs 09-replaced-tokens            1,500 updates, about a minute
 *   node examples/run.mjs 09-replaced-tokens --quick    60 updates, a few seconds
 *   … --out folder                                      where the models go
 *
 * Expect: a whole point more of the tokens judged right than by taking all for originals, which gets about 90 %, for the
 * guesses get better and better, and the word that does not belong into a sentence found (with --quick, both models run and
 * the guess is reached).
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { diskFolder, open } from "heed";
import { learn, pretrain, wayConfig } from "heed/learning";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/09-replaced-tokens" },
  },
});
const updates = options.quick ? 60 : 1500;
const corpus = diskFolder(fileURLToPath(new URL("corpus/french-english", import.meta.resolve("heed/package.json"))));

// Of each sentence 15 % of the words are hidden. A small generator guesses them, and its guesses are drawn and put in.
// The discriminator, which is the model that is kept, learns from every word of the sentence, not from 15 % of them
// (Clark et al. 2020). Both are trained at once; the generator is a quarter as wide and has the same embeddings.

const config = wayConfig(
  pretrain,
  {
    objective: "rtd",
    model: {
      ...{ model_type: "electra", embedding_size: 96, hidden_size: 96, num_hidden_layers: 2, num_attention_heads: 4 },
      ...{ intermediate_size: 192, max_position_embeddings: 64 },
      ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, initializer_range: 0.08 },
    },
    replaced: { generator: 0.25 },
    tokenizer: { kind: "wordpiece", size: 1000 },
    data: ["train.en"],
    validation: ["valid.en"],
    training: {
      updates,
      batchTokens: 1536,
      learningRate: 3e-3,
      warmUp: updates / 10,
      clipNorm: 0,
      validateEvery: updates / 5,
    },
  },
  "09-replaced-tokens",
);
const folder = diskFolder(options.out);
const learning = learn(pretrain, config, { folder, files: corpus, replace: true, warn: console.error });
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
let scores: Readonly<Record<string, number>> = {};
for (;;) {
  const { done, value } = await learning.next();
  if (done === true) {
    scores = value.scores;
    break;
  }
  const { update, validation: held } = value;
  if (held === undefined) continue;
  const [right, most] = [percent(held["accuracy"]!), percent(held["majority accuracy"]!)];
  const guessed = percent(held["generator accuracy"]!);
  console.log(
    `update ${String(update)}: ${right} of the tokens judged right (all original: ${most}), ${guessed} guessed`,
  );
}

// A word that does not belong. The logit of a token is above 0 where the model takes it for a guess.

const reader = await open(folder, { task: "read" });
console.log();
for (const text of ["Jane visits September in Africa.", "Louis likes to sleeps in Paris."]) {
  const { encodings } = reader.encode([text]);
  const logits = (await reader.read([text], { outputs: ["logits"] })).get("logits")!.data as Float32Array;
  const shown = encodings[0]!.tokens.map((token, i) => `${token} ${(100 / (1 + Math.exp(-logits[i]!))).toFixed(0)}`);
  console.log(`${text}  ${shown.slice(1, -1).join("  ")}  (percent)`);
}
await reader.dispose();

const { accuracy, "majority accuracy": majority } = scores as { accuracy: number; "majority accuracy": number };
const expected = options.quick ? majority - 0.02 : majority + 0.01;
const reached = accuracy >= expected;
console.log(`\n${percent(accuracy)} of the tokens judged right; taking all for originals gets ${percent(majority)}.`);
console.log(`Expected: at least ${percent(expected)}. ${reached ? "Reached." : "NOT reached."}`);
process.exitCode = reached ? 0 : 1;
