/**
 * 3. A training loop: an encoder-decoder learns to write words backward
 *
 *   node examples/run.mjs 03-training-loop            1,000 updates, about 10 seconds
 *   node examples/run.mjs 03-training-loop --quick    300 updates, a few seconds
 *   … --out pictures                                  where the loss curve goes
 *
 * Expect: at least 95 of 100 words that were never trained on come out right, letter for letter (with --quick 50).
 */
import { parseArgs } from "node:util";
import {
  createEngine,
  diskFolder,
  lineChartSvg,
  lineChartText,
  random,
  Trainer,
  trainingLoop,
  type Batch,
  type Objective,
} from "heed";
import { CachedModel, generate, startTokens } from "heed/generation";
import { dimension, input, type Tensor } from "heed/graph";
import { transformer, transformerConfig } from "heed/models";
import type { Scope } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import { adam } from "heed/training";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/03-training-loop" },
  },
});

// The task. A word is a sentence, its letters are the tokens: a b c d → d c b a. Ids 0, 1 and 2 are padding, start and
// end. Words are drawn from a seed, so batch 17 is the same today and tomorrow, and no two batches are alike.

const [padding, start, end] = [0, 1, 2];
const letters = "abcdefghijklmnopqrstuvwxyz";
const idsOf = (word: string): number[] => Array.from(word, (letter) => 3 + letters.indexOf(letter));
const wordOf = (ids: Int32Array): string => Array.from(ids, (id) => letters[id - 3] ?? "?").join("");
const backward = (word: string): string => Array.from(word).reverse().join("");

function randomWords(count: number, ...stream: (string | number)[]): string[] {
  const draw = random("words", ...stream);
  const word = (): string => Array.from({ length: 3 + draw.below(6) }, () => letters[draw.below(26)]!).join("");
  return Array.from({ length: count }, word);
}

// What the model is judged on stays out of its training.

const validation = randomWords(200, "validation");
const tests = ["heed", "reads", "words", "backward", ...randomWords(96, "test")];
const heldOut = new Set([...validation, ...tests]);
const trainingWords = (epoch: number, index: number): string[] =>
  randomWords(64, "training", epoch, index).filter((word) => !heldOut.has(word));

/** Rows of one length, as the engine takes them. */
function padded(rows: readonly (readonly number[])[], fill: number): HostTensor {
  const length = Math.max(...rows.map((row) => row.length));
  const data = rows.flatMap((row) => [...row, ...Array<number>(length - row.length).fill(fill)]);
  return { dtype: "int32", shape: [rows.length, length], data: Int32Array.from(data) };
}

// Teacher forcing: the decoder reads the right answer shifted by one, <start> d c b, and is asked for d c b a <end>.
// Labels below 0 do not count: that is how padding is ignored.

function batchOf(words: readonly string[]): Batch {
  const answers = words.map((word) => idsOf(backward(word)));
  const feeds = {
    source: padded(words.map((word) => [...idsOf(word), end]), padding), // prettier-ignore
    target: padded(answers.map((answer) => [start, ...answer]), padding), // prettier-ignore
    labels: padded(answers.map((answer) => [...answer, end]), -100), // prettier-ignore
  };
  return { feeds, targets: answers.flat().length + answers.length, examples: [...words.keys()] };
}

// The model is the library's Transformer, small: one layer in the encoder, one in the decoder. The objective ends in
// sums over the batch; what it names beside the loss is reported when the model is evaluated.

const config = transformerConfig.parse({
  vocabulary: 3 + letters.length,
  encoderLayers: 1,
  decoderLayers: 1,
  width: 32,
  feedForward: 64,
  heads: 2,
  dropout: 0,
  normalization: "pre",
  maxPositions: 16,
});
const ids = (name: string, time: string): Tensor => input(name, "int32", [dimension("batch"), dimension(time)]);
const forward = (scope: Scope): Tensor =>
  transformer(scope, config, { source: ids("source", "source"), target: ids("target", "target") });

const objective: Objective = (scope) => {
  const rows = forward(scope).reshape([-1, config.vocabulary]);
  const labels = ids("labels", "target").reshape([-1]);
  const right = rows.argMax(-1).cast("int32").equal(labels).cast("float32");
  return { loss: rows.crossEntropy(labels).sum(), accuracy: right.sum() };
};

// The loop. It is an async iterator: log, plot, save or break out of it as you like.

const updates = options.quick ? 300 : 1000;
const engine = await createEngine();
const trainer = await Trainer.create(engine, objective, { optimizer: adam(), clipNorm: 1, seed: 1 });
const loop = trainingLoop({
  trainer,
  updates,
  schedule: { kind: "linear", peak: 0.01, warmUp: 50 },
  epoch: (epoch) => ({ length: 1000, batch: (index) => [batchOf(trainingWords(epoch, index))] }),
  validate: () => trainer.evaluate([batchOf(validation)]),
  validateEvery: updates / 10,
});
const curve: { update: number; loss: number }[] = [];
for await (const { update, loss, validation: judged } of loop) {
  curve.push({ update, loss });
  if (judged === undefined) continue;
  const [nats, share] = [judged["loss"]!.toFixed(3), (100 * judged["accuracy"]!).toFixed(1)];
  console.log(`update ${update}: loss ${loss.toFixed(3)}, validation ${nats} nats a letter, ${share} % right`);
}

// The curve, in the terminal and as SVG.

const series = [{ name: "loss", x: curve.map(({ update }) => update), y: curve.map(({ loss }) => loss) }];
const chart = { title: "Loss, nats a letter", series, xTitle: "update" };
console.log(`\n${lineChartText(chart)}\n`);
await diskFolder(options.out).write("loss.svg", lineChartSvg(chart));

// The test: no teacher any longer. The decoder reads what it wrote itself, on a key-value cache, greedily.

const cached = new CachedModel(trainer.parameters, forward);
const { source } = batchOf(tests).feeds;
const results = await generate(
  cached,
  { source: source!, target: startTokens(tests.length, start) },
  { eosTokenId: end, maxNewTokens: 12 },
);
const written = results.map(([best]) => wordOf(best!.ids));
await engine.dispose();

for (const i of [0, 1, 2, 3]) console.log(`${tests[i]!} → ${written[i]!}`);
const right = tests.filter((word, i) => written[i] === backward(word)).length;
const expected = options.quick ? 50 : 95;
const reached = right >= expected;
console.log(`\n${right} of ${tests.length} words right.`);
console.log(`Expected: at least ${expected}. ${reached ? "Reached." : "NOT reached."}`);
process.exitCode = reached ? 0 : 1;
