/**
 * 7. Next characters: a GPT learns to write, letter by letter
 *
 *   node examples/run.mjs 07-next-characters            1,600 updates, about a minute
 *   node examples/run.mjs 07-next-characters --quick    100 updates, a few seconds
 *   … --out folder                                      where the model goes
 *
 * Expect: at most 0.77 nats a character on held-out text, below what counting the five characters before each gives
 * (with --quick below what one character before gives); and lines that look like those of the corpus.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { diskFolder, open } from "heed";
import { readText } from "heed/files";
import { learn, pretrain, wayConfig } from "heed/learning";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/07-next-characters" },
  },
});

// One long text: the English half of the bundled corpus. A batch is 16 windows of 64 characters from anywhere in it; at
// each character the model is asked for the next one (nanoGPT's way; Karpathy 2015, "The unreasonable effectiveness of
// recurrent neural networks"). The tokens are the characters themselves.

const corpus = diskFolder(fileURLToPath(new URL("corpus/french-english", import.meta.resolve("heed/package.json"))));
const updates = options.quick ? 100 : 1600;
const config = wayConfig(
  pretrain,
  {
    objective: "clm",
    unit: "stream",
    model: {
      model_type: "gpt2",
      n_embd: 96,
      n_layer: 3,
      n_head: 4,
      n_positions: 64,
      resid_pdrop: 0,
      embd_pdrop: 0,
      attn_pdrop: 0,
      initializer_range: 0.05,
    },
    tokenizer: { kind: "characters" },
    data: ["train.en"],
    validation: ["valid.en"],
    training: {
      ...{ updates, batchTokens: 16 * 64, learningRate: 5e-3, warmUp: updates / 10, schedule: "cosine", beta2: 0.99 },
      validateEvery: updates / 5,
    },
  },
  "07-next-characters",
);

const folder = diskFolder(options.out);
const learning = learn(pretrain, config, { folder, files: corpus, replace: true, warn: console.error });
let scores: Readonly<Record<string, number>> = {};
for (;;) {
  const { done, value } = await learning.next();
  if (done === true) {
    scores = value.scores;
    break;
  }
  const { update, loss, validation } = value;
  if (validation === undefined) continue;
  console.log(
    `update ${String(update)}: loss ${loss.toFixed(3)}, held out ${validation["loss"]!.toFixed(3)} nats a character`,
  );
}

// What counting gives: how often each character came behind the n before it, mixed with the counts for fewer of them
// (Witten and Bell 1991).

/** Nats a character on `test` of a model that counts n characters before each in `train`. */
function counted(train: string, test: string, n: number): number {
  const behind = Array.from({ length: n + 1 }, () => new Map<string, Map<string, number>>());
  for (let at = 0; at < train.length; at++) {
    for (let length = 0; length <= Math.min(n, at); length++) {
      const context = train.slice(at - length, at);
      const next = behind[length]!.get(context) ?? new Map<string, number>();
      next.set(train[at]!, (next.get(train[at]!) ?? 0) + 1);
      behind[length]!.set(context, next);
    }
  }
  const alphabet = new Set(train + test).size;
  let nats = 0;
  for (let at = 0; at < test.length; at++) {
    let p = 1 / alphabet;
    for (let length = 0; length <= Math.min(n, at); length++) {
      const next = behind[length]!.get(test.slice(at - length, at));
      if (next === undefined) break;
      const seen = [...next.values()].reduce((sum, count) => sum + count, 0);
      p = ((next.get(test[at]!) ?? 0) + next.size * p) / (seen + next.size);
    }
    nats -= Math.log(p);
  }
  return nats / test.length;
}

const [train, test] = [await readText(corpus, "train.en"), await readText(corpus, "valid.en")];
const [one, five] = [counted(train, test, 1), counted(train, test, 5)];

// What the model writes behind the beginning of a line.

const generator = await open(folder, { task: "generate" });
const [written] = await generator.generate(["Jane "], { maxNewTokens: 58, doSample: true, temperature: 0.8, seed: 1 });
console.log(`\nJane ${written![0]!.text}\n`);
await generator.dispose();

const expected = options.quick ? one : Math.min(0.77, five);
const reached = scores["loss"]! <= expected;
console.log(
  `${scores["loss"]!.toFixed(3)} nats a character; counts of one character before give ${one.toFixed(3)}, of five ${five.toFixed(3)}.`,
);
console.log(`Expected: at most ${expected.toFixed(3)}. ${reached ? "Reached." : "NOT reached."}`);
process.exitCode = reached ? 0 : 1;
