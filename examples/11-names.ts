/**
 * 11. Names in sentences: a tagger learns what names look like from what stands around them
 *
 *   node examples/run.mjs 11-names            700 updates, about 15 seconds
 *   node examples/run.mjs 11-names --quick    150 updates, a few seconds
 *   … --out folder                            where the finished model goes; heed tag opens it
 *
 * Expect: entity F1 of at least .95 on sentences whose names were in no training sentence (with --quick .5); a list of the
 * names of the training sentences finds none of them.
 */
import { parseArgs } from "node:util";
import { diskFolder, memoryFolder, open, random } from "heed";
import { scoreOf, spanStatistics } from "heed/evaluation";
import { finetune, finetuneTasks, learn, wayConfig } from "heed/learning";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "runs/examples/11-names" },
  },
});

// Sentences of a small grammar: P is a person, L a place, O an organization. What a name is, only its neighbors tell.

const patterns = [
  "P works for O in L .",
  "last week P flew from L to L .",
  "O has opened an office in L .",
  "the new director of O is P , who grew up near L .",
  "P and P met at a concert in L .",
  "shares of O fell after P left .",
  "there is heavy rain in L today .",
  "nobody knows where P is .",
  "the letter was sent to P by O .",
  "a train to L was late again .",
].map((pattern) => pattern.split(" "));
const types: Readonly<Record<string, string>> = { P: "PER", L: "LOC", O: "ORG" };

// Names are drawn from syllables, of one word or two; those of the test are other ones than those of the training.

const syllables = [
  "ba",
  "den",
  "fo",
  "gal",
  "hi",
  "ka",
  "lor",
  "mi",
  "nes",
  "or",
  "pe",
  "ru",
  "sen",
  "ta",
  "vi",
  "zul",
];
const training = new Set<string>();
function nameOf(draw: { below(n: number): number }, fresh: boolean): string[] {
  const word = (): string => Array.from({ length: 2 + draw.below(2) }, () => syllables[draw.below(16)]!).join("");
  for (;;) {
    const words = Array.from({ length: 1 + draw.below(2) }, word);
    const known = words.some((one) => training.has(one));
    if (fresh && known) continue;
    if (!fresh) words.forEach((one) => training.add(one));
    return words;
  }
}

/** Sentences in CoNLL's columns: a word and its tag a line, an empty line between sentences. */
function sentences(count: number, part: string): string {
  const draw = random("names", part);
  const lines = Array.from({ length: count }, () =>
    patterns[draw.below(patterns.length)]!.flatMap((word) => {
      const type = types[word];
      if (type === undefined) return `${word}\tO`;
      return nameOf(draw, part !== "training").map((one, i) => `${one}\t${i === 0 ? "B" : "I"}-${type}`);
    }).join("\n"),
  );
  return `${lines.join("\n\n")}\n`;
}

const files = memoryFolder();
await files.write("train.conll", sentences(800, "training"));
await files.write("test.conll", sentences(200, "test"));

// A run is a config and a folder: what `heed finetune --task tag` does. The model is a small BERT with fresh weights, and
// its tokenizer is trained on the sentences; --model DIR would begin from a pre-trained one.

const config = wayConfig(
  finetune,
  {
    task: "tag",
    data: ["train.conll"],
    test: ["test.conll"],
    model: {
      model_type: "bert",
      ...{ hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 128 },
      ...{ max_position_embeddings: 128, hidden_dropout_prob: 0.1, initializer_range: 0.1 },
    },
    tokenizer: { family: "bert", size: 200 },
    training: { updates: options.quick ? 150 : 700, learningRate: 2e-3, warmUp: 20, batchTokens: 1024 },
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
for await (const { update, loss } of run) {
  if (update % 50 === 0) console.log(`update ${update}: loss ${loss.toFixed(3)} nats a tag`);
}

// The finished folder, opened as a tagger, on the test sentences; and a list of all names of the training as baseline.

const read = (name: string) => finetuneTasks.tag.read(files, [name], {});
const [known, test] = [await read("train.conll"), await read("test.conll")];
const tagger = await open(folder, { task: "tag" });
const found = await tagger.tagWords(test.map(({ words }) => words));
const list = new Map(known.flatMap(({ words, tags }) => words.map((word, i) => [word, tags[i]!] as const)));
const score = (predicted: readonly (readonly string[])[]): number =>
  scoreOf(spanStatistics(test.map(({ tags }) => tags), predicted)[0]!); // prettier-ignore
const f1 = score(found.map((tags) => tags.map((tag) => tag ?? "O")));
const baseline = score(test.map(({ words }) => words.map((word) => list.get(word) ?? "O")));

const shown = test[0]!.words.join(" ");
console.log(`\n${shown}`);
for (const { text, label, probability } of await tagger.spans(shown)) {
  console.log(`  ${label} ${text} (${probability.toFixed(3)})`);
}
await tagger.dispose();

const expected = options.quick ? 0.5 : 0.95;
const reached = f1 >= expected;
console.log(`\nentity F1 ${f1.toFixed(4)}, of a list of the training's names ${baseline.toFixed(4)}`);
console.log(`Expected: at least ${expected}. ${reached ? "Reached." : "NOT reached."}`);
process.exitCode = reached ? 0 : 1;
