/**
 * 10. Vectors of sentences: a French sentence finds its English one among three hundred
 *
 *   node examples/run.mjs 10-sentence-vectors            200 updates, about 20 seconds
 *   node examples/run.mjs 10-sentence-vectors --quick    30 updates, a few seconds
 *   … --out folder                                       where the model goes
 *
 * Expect: at least 99 of 100 held-out sentences find their translation first, by the cosine of two vectors, where a fresh
 * model, for which only the words count that both languages share, finds 10 (with --quick at least 80).
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { diskFolder, memoryFolder, open, readLines } from "heed";
import { learn, pretrain, wayConfig } from "heed/learning";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/10-sentence-vectors" },
  },
});
const updates = options.quick ? 30 : 200;

// Pairs of texts that mean the same: the bundled corpus, as a table of two columns. All other sentences of a batch are
// what a sentence must not be near to. Give single texts instead, one a line, and each is read twice under other dropout
// masks, which is SimCSE (Gao et al. 2021).

const corpus = diskFolder(fileURLToPath(new URL("corpus/french-english", import.meta.resolve("heed/package.json"))));
const files = memoryFolder();
async function lines(name: string): Promise<string[]> {
  const found: string[] = [];
  for await (const line of readLines(corpus, name)) found.push(line);
  return found;
}
for (const part of ["train", "valid"]) {
  const [french, english] = [await lines(`${part}.fr`), await lines(`${part}.en`)];
  const rows = french.map((line, i) => `${line}\t${english[i]!}`);
  await files.write(`${part}.tsv`, ["text1\ttext2", ...rows].join("\n"));
}

const config = (training: object) =>
  wayConfig(
    pretrain,
    {
      objective: "contrastive",
      model: {
        ...{ model_type: "bert", hidden_size: 96, num_hidden_layers: 2, num_attention_heads: 4 },
        ...{ intermediate_size: 192, max_position_embeddings: 64, hidden_dropout_prob: 0.05 },
      },
      tokenizer: { kind: "wordpiece", size: 2000 },
      // Cosines are divided by a temperature that is learned, too; both languages look for the other.
      contrastive: { pooling: "mean", temperature: "learned", bothWays: true },
      ...{ data: ["train.tsv"], validation: ["valid.tsv"], training },
    },
    "10-sentence-vectors",
  );

/** Learns, and gives the scores on sentences that were held out. */
async function run(training: object, out: string): Promise<Readonly<Record<string, number>>> {
  const learning = learn(pretrain, config(training), {
    ...{ folder: diskFolder(`${options.out}/${out}`), files, replace: true },
    warn: console.error,
  });
  for (;;) {
    const { done, value } = await learning.next();
    if (done === true) return value.scores;
    const { update, loss, validation } = value;
    if (validation === undefined) continue;
    const first = (100 * validation["recall@1"]!).toFixed(1);
    console.log(`update ${String(update)}: loss ${loss.toFixed(3)}, ${first} % of the held-out sentences found first`);
  }
}

const fresh = await run({ updates: 1, batchTokens: 256, learningRate: 1e-12, warmUp: 0 }, "fresh");
const trained = await run(
  { updates, batchTokens: 4096, learningRate: 2e-3, warmUp: updates / 10, validateEvery: updates / 5 },
  "trained",
);

// The folder says how its vectors are made: `open` and Python's sentence-transformers pool and normalize by themselves.

const embedder = await open(diskFolder(`${options.out}/trained`), { task: "embed" });
const [query, ...others] = [
  "Jane visite l'Afrique en septembre.",
  "Jane visits Africa in September.",
  "Anna likes tea.",
];
const [asked, ...found] = await embedder.embed([query, ...others]);
const cosine = (vector: Float32Array): string => vector.reduce((sum, x, i) => sum + x * asked![i]!, 0).toFixed(2);
console.log(`\n${query}`);
for (const [i, text] of others.entries()) console.log(`  ${cosine(found[i]!)}  ${text}`);
await embedder.dispose();

const recall = trained["recall@1"]!;
const expected = options.quick ? 0.8 : 0.99;
const reached = recall >= expected;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
console.log(`\n${percent(recall)} found first, and ${percent(fresh["recall@1"]!)} by a fresh model.`);
console.log(`Expected: at least ${percent(expected)}. ${reached ? "Reached." : "NOT reached."}`);
process.exitCode = reached ? 0 : 1;
