/**
 * 1. One attention head learns who ordered what
 *
 *   node examples/run.mjs 01-toy-attention            5 seeds, a few seconds
 *   node examples/run.mjs 01-toy-attention --quick    1 seed
 *   … --seed 7                                        another first seed
 *   … --out pictures                                  where the SVG files go
 *
 * Expect: after "the" comes chicken if the man ordered, beef if the woman did; "the" looks at "man" and at "woman" with
 * a weight over .5, the largest of its row; a loss near ln 2 / 4 = .173.
 */
import { parseArgs } from "node:util";
import { createEngine, diskFolder, heatGridSvg, heatGridText, recordsOf, Trainer, type Objective } from "heed";
import { input, type Tensor } from "heed/graph";
import { causalMask, embedding, linear, positions, type Initializer, type Scope } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import { sgd } from "heed/training";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    out: { type: "string", default: "runs/examples/01-toy-attention" },
  },
});

// The task. Seven words, two sentences, and the question which word comes next. Up to "the" one look at the last word is
// enough. After "the" it is not: the head must look back at who ordered.

const vocabulary = ["<start>", "the", "man", "chicken", "ordered", "woman", "beef"];
const sentences = [
  ["<start>", "man", "ordered", "the", "chicken"],
  ["<start>", "woman", "ordered", "the", "beef"],
];
const [B, T, D, V] = [sentences.length, 4, 32, vocabulary.length]; // sentences, words read, width, vocabulary

const ids = (rows: readonly (readonly string[])[]): HostTensor => ({
  dtype: "int32",
  shape: [B, T],
  data: Int32Array.from(rows.flat(), (word) => vocabulary.indexOf(word)),
});
const feeds = {
  words: ids(sentences.map((sentence) => sentence.slice(0, T))),
  next: ids(sentences.map((sentence) => sentence.slice(1))),
};

// The model: embeddings with positions, one head of self-attention behind a causal mask, a residual connection, and a
// score for each word. The formulas are those of Vaswani et al. 2017, sections 3.1 to 3.5, with two choices of ours:
//
// - Query, key and value start close to zero. So each word first looks at all before it alike, and the residual path
//   learns what the last word alone can say. What is left to learn is chicken or beef, and only "man" and "woman" help.
//   From large first weights the head often settles before it knows what to look for, or looks for "man" only and takes
//   everything else for a woman: the right words by a short cut.
// - The scores are not divided by √D. The paper divides so that wide heads do not start saturated; here they start at
//   zero, and undivided the queries and keys learn as fast as the values. Divided, the words come out right as well, but
//   the values grow instead, and the weights on "man" and "woman" stay below a half.

const near0: Initializer = { kind: "normal", deviation: 0.002 };

function model(scope: Scope): Tensor {
  const words = input("words", "int32", [B, T]);
  const tokens = embedding(scope.at("embedding"), words, V, D, { initial: { kind: "normal", deviation: 0.5 } });
  const x = tokens.add(positions(scope, tokens, "interleaved", T, 0)); // [B, T, D]

  const project = (name: string): Tensor => linear(scope.at(name), x, D, { bias: false, initial: near0 });
  const [query, key, value] = [project("query"), project("key"), project("value")]; // [B, T, D]
  const scores = query.matmul(key.swap(-1, -2)).add(causalMask(T).reshape([T, T])); // [B, T, T]
  const attention = scope.record("attention", scores.softmax());
  const context = attention.matmul(value); // [B, T, D]

  const logits = linear(scope.at("output"), x.add(context), V, { initial: { kind: "normal", deviation: 0.1 } });
  scope.record("probabilities", logits.softmax());
  return logits; // [B, T, V]
}

const objective: Objective = (scope) => {
  const next = input("next", "int32", [B, T]);
  const loss = model(scope)
    .reshape([B * T, V])
    .crossEntropy(next.reshape([B * T]));
  return { loss: loss.sum() };
};

// Training: both sentences at once, 300 times, by gradient descent with momentum. The first word after <start> is man or
// woman, nobody can know which, so the loss cannot fall below ln 2 / 4.

async function trainAndLook(seed: number): Promise<{ loss: number; attention: Float32Array; chances: Float32Array }> {
  const engine = await createEngine({ threads: 1 });
  const trainer = await Trainer.create(engine, objective, { optimizer: sgd({ momentum: 0.9 }), clipNorm: 1, seed });
  const batch = { feeds, targets: B * T, examples: [0, 1] };
  let loss = NaN;
  for (let update = 1; update <= 300; update++) {
    ({ loss } = await trainer.step(update, [batch], 0.1));
    const shown = seed === firstSeed && (update === 1 || update % 50 === 0);
    if (shown) console.log(`update ${update}: loss ${loss.toFixed(4)}`);
  }
  // Looking inside: the same model function once more, asked for what it records.
  const records = await recordsOf(trainer.parameters, model, feeds, ["attention", "probabilities"]);
  await engine.dispose();
  const numbers = (name: string): Float32Array => records.get(name)!.data as Float32Array;
  return { loss, attention: numbers("attention"), chances: numbers("probabilities") };
}

// What came out, for each sentence: the word after "the", and the row of "the" in the attention grid.

const firstSeed = Number(options.seed);
const the = T - 1; // The place of "the".
const who = 1; // The place of "man" and "woman".
const folder = diskFolder(options.out);
let reached = true;

for (let seed = firstSeed; seed < firstSeed + (options.quick ? 1 : 5); seed++) {
  const { loss, attention, chances } = await trainAndLook(seed);
  const report: string[] = [];
  for (const [s, sentence] of sentences.entries()) {
    const chance = chances.subarray((s * T + the) * V, (s * T + the + 1) * V);
    const predicted = vocabulary[chance.indexOf(Math.max(...chance))]!;
    const row = attention.subarray((s * T + the) * T, (s * T + the + 1) * T);
    const weight = row[who]!;
    reached &&= predicted === sentence[T] && weight > 0.5 && weight === Math.max(...row);
    const read = sentence.slice(0, T);
    report.push(`${read.slice(1).join(" ")} → ${predicted}, "the" looks at "${read[who]!}" with ${weight.toFixed(2)}`);

    if (seed > firstSeed) continue;
    const values = attention.subarray(s * T * T, (s + 1) * T * T);
    const names = { title: `Attention in "${sentence.slice(1).join(" ")}"`, rowTitle: "query", columnTitle: "key" };
    const grid = { ...names, rows: read, columns: read, values, range: [0, 1] as const, showValues: true };
    console.log(`\n${heatGridText(grid)}\n`);
    await folder.write(`attention-${read[who]!}.svg`, heatGridSvg(grid));
  }
  console.log(`seed ${seed}, loss ${loss.toFixed(4)}: ${report.join("; ")}`);
}

console.log(`\nThe grids are in ${options.out}.`);
console.log(
  `Expected: chicken and beef, and weights over 0.5, the largest of their rows. ${reached ? "Reached." : "NOT reached."}`,
);
process.exitCode = reached ? 0 : 1;
