// Named entities in WNUT17 (Derczynski et al. 2017: names that are new in every split), beside a gazetteer made from the
// training set. Trains from scratch unless --model says where from, with the best of the validations; seeds 1 to 3. The tokenizer is
// small, so that the first piece of a word shows whether it is a capital.
//
//   node tools/experiments/wnut17.mjs [--quick] [--seeds 3] [--model DIR] [--updates 1500] [--out FOLDER]
//
// Writes the tags of each system to FOLDER (default .cache/experiments/wnut17) as CoNLL: word, due, predicted. So
// seqeval can be run on the same output: python tools/checks/seqeval-wnut17.py FOLDER
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { diskFolder, memoryFolder, open } from "heed";
import { scoreOf, spanStatistics } from "heed/evaluation";
import { finetune, finetuneTasks } from "heed/learning";
import { dataPath, meanAndSpread, printTable, root, run as learned } from "./runs.mjs";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seeds: { type: "string", default: "3" },
    model: { type: "string" },
    updates: { type: "string", default: "3000" },
    minutes: { type: "string" },
    out: { type: "string", default: join(root, ".cache", "experiments", "wnut17") },
  },
});
const data = dataPath("wnut17");
const files = diskFolder(data);
const [training, validation, test] = await Promise.all(
  ["wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"].map((path) =>
    finetuneTasks.tag.read(files, [path], {}),
  ),
);

/** Names of the training set by their words in lower case, each with its most frequent type, longest first. */
function gazetteer(rows, share) {
  const named = new Map();
  const seen = new Map();
  let longest = 1;
  for (const { words, tags } of rows) {
    const lower = words.map((word) => word.toLowerCase());
    tags.forEach((tag, start) => {
      if (!tag.startsWith("B-")) return;
      let end = start + 1;
      while (tags[end] === `I-${tag.slice(2)}`) end++;
      const key = lower.slice(start, end).join(" ");
      const types = named.get(key) ?? new Map();
      named.set(key, types.set(tag.slice(2), (types.get(tag.slice(2)) ?? 0) + 1));
      longest = Math.max(longest, end - start);
    });
    for (let start = 0; start < lower.length; start++) {
      for (let end = start + 1; end <= Math.min(lower.length, start + 4); end++) {
        const key = lower.slice(start, end).join(" ");
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    }
  }
  const entries = new Map();
  for (const [key, types] of named) {
    const [[type, count]] = [...types].sort((a, b) => b[1] - a[1]);
    if (count / (seen.get(key) ?? count) >= share) entries.set(key, type);
  }
  return (words) => {
    const lower = words.map((word) => word.toLowerCase());
    const tags = words.map(() => "O");
    for (let start = 0; start < words.length;) {
      let end = Math.min(words.length, start + longest);
      while (end > start && !entries.has(lower.slice(start, end).join(" "))) end--;
      const type = entries.get(lower.slice(start, end).join(" "));
      if (end > start) for (let i = start; i < end; i++) tags[i] = `${i === start ? "B" : "I"}-${type}`;
      start = Math.max(end, start + 1);
    }
    return tags;
  };
}

const scored = (rows, predicted) =>
  Object.fromEntries(
    spanStatistics(
      rows.map(({ tags }) => tags),
      predicted,
    ).map((one) => [one.metric, scoreOf(one)]),
  );
function written(name, predicted) {
  mkdirSync(flags.out, { recursive: true });
  const sentences = test.map(({ words, tags }, i) =>
    words.map((word, at) => `${word}\t${tags[at]}\t${predicted[i][at]}\n`).join(""),
  );
  writeFileSync(join(flags.out, `${name}.conll`), sentences.join("\n"));
}

// The gazetteer's one choice, which names to trust, is made on the validation sentences.
const shares = [0, 0.25, 0.5, 0.75];
const lookUps = shares.map((share) => gazetteer(training, share));
const chosen = lookUps.map(
  (look) =>
    scored(
      validation,
      validation.map(({ words }) => look(words)),
    ).F1,
);
const best = chosen.indexOf(Math.max(...chosen));
const known = test.map(({ words }) => lookUps[best](words));
written("gazetteer", known);
const results = [{ name: `gazetteer (share ${shares[best]})`, runs: [scored(test, known)] }];

const seeds = flags.quick ? 1 : Number(flags.seeds);
const sizes = {
  model_type: "roberta",
  ...{ hidden_size: 96, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 192 },
  ...{ max_position_embeddings: 258, hidden_dropout_prob: 0.2, attention_probs_dropout_prob: 0.1 },
  // 1 / √width: narrow models learn from wider weights than those of BERT.
  initializer_range: 0.1,
};
const runs = [];
for (let seed = 1; seed <= seeds; seed++) {
  const config = {
    task: "tag",
    ...(flags.model === undefined
      ? { model: sizes, tokenizer: { family: "roberta", size: 600 } }
      : { model: flags.model }),
    ...{ data: ["wnut17train.conll"], validation: ["emerging.dev.conll"], maxLength: 192, pieces: "all", seed },
    // Nine of ten words are O: at full weight a model says nothing else for long.
    classWeights: { O: 0.2 },
    training: {
      updates: flags.quick ? 40 : Number(flags.updates),
      ...(flags.minutes !== undefined && { minutes: Number(flags.minutes) }),
      ...(flags.model === undefined ? { learningRate: 2e-3, warmUp: 100 } : { learningRate: 2e-4, warmUp: 50 }),
      ...{ batchTokens: 2048, validateEvery: flags.quick ? 20 : 100, saveEvery: 100, patience: 8 },
    },
  };
  const folder = memoryFolder();
  const { seconds } = await learned(finetune, config, folder, files, { title: `seed ${seed}` });
  const tagger = await open(folder, { task: "tag" });
  const predicted = (
    await tagger.tagWords(
      test.map(({ words }) => words),
      { truncate: true, maxLength: 192 },
    )
  ).map((tags) => tags.map((tag) => tag ?? "O"));
  await tagger.dispose();
  written(`seed-${seed}`, predicted);
  runs.push({ ...scored(test, predicted), seconds });
}
results.push({ name: flags.model ?? "from scratch", runs });

const percent = (metric) => (result) => meanAndSpread(result.runs.map((run) => 100 * run[metric]));
printTable(
  ["WNUT17, test", "entity F1", "precision", "recall", "token accuracy", "seeds"],
  results.map((one) => [
    one.name,
    ...["F1", "precision", "recall", "token accuracy"].map((m) => percent(m)(one)),
    one.runs.length,
  ]),
);
for (const [i, run] of runs.entries())
  console.log(`seed-${i + 1}: F1 ${run.F1.toFixed(10)}, ${run.seconds.toFixed(0)} s`);
console.log(`gazetteer: F1 ${results[0].runs[0].F1.toFixed(10)}`);
console.log(`The tags are in ${flags.out}; python tools/checks/seqeval-wnut17.py reads them.`);
