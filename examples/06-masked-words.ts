/**
 * 6. Masked words: a BERT learns what belongs into a gap
 *
 *   node examples/run.mjs 06-masked-words            1,000 updates, about a minute
 *   node examples/run.mjs 06-masked-words --quick    100 updates, a few seconds
 *   … --out folder                                   where the model goes
 *
 * Expect: at most 1.9 nats for each hidden word, where guessing by how often words are costs 5.2; and countries,
 * months and verbs in their places (with --quick half a nat below the guess).
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { diskFolder, open, readLines } from "heed";
import { learn, pretrain, wayConfig } from "heed/learning";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/06-masked-words" },
  },
});

// Raw text: the English half of the bundled corpus, a sentence a line. Nobody labelled it. Of each sentence 15 % of the
// tokens are chosen; most of those become [MASK], some another word, some stay as they are, and the model is asked what
// stood there (Devlin et al. 2019, section 3.1). Which ones is drawn anew each epoch.

const corpus = diskFolder(fileURLToPath(new URL("corpus/french-english", import.meta.resolve("heed/package.json"))));
const updates = options.quick ? 100 : 1000;
const config = wayConfig(
  pretrain,
  {
    objective: "mlm",
    // Keys of config.json: a small BERT. The tokenizer is trained on the same text.
    model: {
      model_type: "bert",
      hidden_size: 96,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      intermediate_size: 192,
      max_position_embeddings: 64,
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
      initializer_range: 0.05,
    },
    tokenizer: { kind: "wordpiece", size: 1000 },
    data: ["train.en"],
    validation: ["valid.en"],
    training: { updates, batchTokens: 2048, learningRate: 4e-3, warmUp: updates / 10, validateEvery: updates / 5 },
  },
  "06-masked-words",
);

const folder = diskFolder(options.out);
const learning = learn(pretrain, config, {
  folder,
  files: corpus,
  replace: true,
  warn: console.error,
  begin: ({ summary }) => {
    console.log(`${summary.join("\n")}\n`);
  },
});
let scores: Readonly<Record<string, number>> = {};
for (;;) {
  const { done, value } = await learning.next();
  if (done === true) {
    scores = value.scores;
    break;
  }
  const { update, loss, validation } = value;
  if (validation === undefined) continue;
  const [nats, right] = [validation["loss"]!.toFixed(3), (100 * validation["accuracy"]!).toFixed(1)];
  console.log(
    `update ${String(update)}: loss ${loss.toFixed(3)}, held out ${nats} nats a hidden word, ${right} % right`,
  );
}

// The trivial guess: each word as often as it is in the training text, whatever stands around the gap.

const filler = await open(folder, { task: "fill" });
const counts = new Map<number, number>();
let total = 0;
for await (const line of readLines(corpus, "train.en")) {
  for (const id of filler.tokenizer.ids(line, { addSpecialTokens: false })) {
    counts.set(id, (counts.get(id) ?? 0) + 1);
    total++;
  }
}
let [nats, tokens] = [0, 0];
for await (const line of readLines(corpus, "valid.en")) {
  for (const id of filler.tokenizer.ids(line, { addSpecialTokens: false })) {
    nats -= Math.log((counts.get(id) ?? 1) / total);
    tokens++;
  }
}
const guess = nats / tokens;

// What the model puts into a gap.

console.log();
for (const text of [
  "Jane visits [MASK] in September.",
  "They [MASK] to this friend.",
  "We visit Switzerland in [MASK].",
]) {
  const [words] = await filler.fill(text);
  const shown = words!.slice(0, 4).map(({ token, probability }) => `${token} ${(100 * probability).toFixed(0)} %`);
  console.log(`${text}  ${shown.join(", ")}`);
}
await filler.dispose();

const expected = options.quick ? guess - 0.5 : 1.9;
const reached = scores["loss"]! <= expected;
console.log(`\n${scores["loss"]!.toFixed(3)} nats for each hidden word; the guess costs ${guess.toFixed(3)}.`);
console.log(`Expected: at most ${expected.toFixed(3)}. ${reached ? "Reached." : "NOT reached."}`);
process.exitCode = reached ? 0 : 1;
