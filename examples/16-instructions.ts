/**
 * 16. Instruction tuning: a language model that only tells becomes one that answers
 *
 *   node examples/run.mjs 16-instructions            under two minutes
 *   node examples/run.mjs 16-instructions --quick    a few seconds
 *   … --out pictures                                 where the two models go
 *
 * Expect: on held-out instructions of kinds it has seen, exact answers rise from at most 5 % to at least 80 % (with
 * --quick it is only run through).
 */
import { parseArgs } from "node:util";
import { diskFolder, open, TextModel, Tokenizer, trainWords, type Folder } from "heed";
import { madeInstructions, madeSentences } from "heed/data";
import { instruct, instructionExamples, instructionReader, judgeInstructions, learn, wayConfig } from "heed/learning";
import { scoreOf } from "heed/evaluation";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    out: { type: "string", default: "runs/examples/16-instructions" },
  },
});
const seed = Number(options.seed);
const folder = diskFolder(options.out);
const scale = options.quick ? 0.01 : 1;

// Text that tells, of which a base model learns the words and what can be said of them: "Forward it is cat sun and
// backward sun cat." And instructions, a few of each kind, that ask for the same in other words.

const kinds = ["copy", "capitals", "first word", "last word", "count words", "reverse"];
const sentences = madeSentences(Math.round(60_000 * scale), { seed, kinds });
const instructions = madeInstructions(Math.round(4_000 * scale), { seed, part: "train", kinds });
const held = madeInstructions(160, { seed, part: "test", kinds });
console.log(`Sentences:    ${sentences.slice(0, 3).join(" ")}`);
for (const { instruction, output } of instructions.slice(0, 3)) console.log(`Instructions: ${instruction} → ${output}`);

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
await folder.write("sentences.jsonl", lines(sentences.map((text) => ({ prompt: "", completion: ` ${text}` }))));
const asked = (rows: typeof held): object[] =>
  rows.map(({ instruction, output }) => {
    return { messages: [{ role: "user", content: instruction }, { role: "assistant", content: output }] }; // prettier-ignore
  });
await folder.write("train.jsonl", lines(asked(instructions)));
await folder.write("test.jsonl", lines(asked(held)));

// One vocabulary for both, since a base model has seen such words, if not such questions. Its tokens are whole words, so
// that learning what to do need not wait for learning to spell.

const texts = [...sentences, ...instructions.map(({ instruction }) => `User: ${instruction} Assistant:`)];
const { parts } = await trainWords(texts, { size: 1000, specialTokens: ["<unk>", "<end>"] });
const eos = parts.addedTokens!.find(({ content }) => content === "<end>")!;
for (const [name, content] of new Tokenizer({ ...parts, special: { eos } }).files()) {
  await folder.write(`words/${name}`, content);
}

/** Runs a config in a folder: what `heed instruct` does. */
async function run(config: object, into: Folder): Promise<Readonly<Record<string, number>>> {
  const warn = (): void => undefined;
  const run = learn(instruct, wayConfig(instruct, { seed, ...config }, "example 16"), { folder: into, files: folder, replace: true, warn }); // prettier-ignore
  for (;;) {
    const next = await run.next();
    if (next.done === true) return next.value.scores;
    const { update, loss } = next.value;
    if (update === 1 || update % 500 === 0) console.log(`update ${update}: loss ${loss.toFixed(3)}`);
  }
}

// The base model: a completion behind nothing is plain language modeling, each token from those before it. Queries begin
// equal to keys: what copies or turns around has to find the same word again.

const model = {
  ...{ model_type: "llama", hidden_size: 64, intermediate_size: 192, num_hidden_layers: 3, num_attention_heads: 4 },
  ...{ max_position_embeddings: 64, tie_word_embeddings: true, initializer_range: 0.125 },
};
const training = { batchTokens: 1024, learningRate: 0.005, warmUp: 40, schedule: "cosine", saveEvery: 10_000 };
await run(
  {
    ...{ model, tokenizer: "words", queriesLikeKeys: true, data: ["sentences.jsonl"] },
    training: { ...training, updates: Math.round(2500 * scale) },
  },
  folder.at("base"),
);

// What it answers before anybody told it what an instruction is, and after.

const base = await open(folder.at("base"), { task: "generate" });
const rows = asked(held).map((row) => {
  return {
    kind: "conversation",
    form: "messages",
    ...(row as { messages: { role: string; content: string }[] }),
  } as const;
});
const reader = await instructionReader(base, rows, { template: "plain" });
const { examples } = instructionExamples(rows, reader);
const before = scoreOf((await judgeInstructions(new TextModel(base.model, reader.tokenizer), examples))[1]!);
await base.dispose();

const scores = await run(
  { model: "base", template: "plain", data: ["train.jsonl"], test: ["test.jsonl"], training: { ...training, learningRate: 0.003, updates: Math.round(800 * scale) } }, // prettier-ignore
  folder.at("assistant"),
);
const after = scores["exact match"]!;

const assistant = await open(folder.at("assistant"), { task: "generate" });
const shown = held.slice(0, 5);
const answers = await assistant.generate(shown.map(({ instruction }) => [{ role: "user", content: instruction }]));
for (const [i, { instruction, output }] of shown.entries()) {
  console.log(`${instruction} →${answers[i]![0]!.text}${answers[i]![0]!.text.trim() === output ? "" : ` (${output})`}`);
}
await assistant.dispose();

const reached = options.quick || (before <= 0.05 && after >= 0.8);
console.log(`Exact answers to ${held.length} held-out instructions: ${(100 * before).toFixed(1)} % before, ${(100 * after).toFixed(1)} % after.`); // prettier-ignore
console.log(`Expected: at most 5 %, and at least 80 %. ${options.quick ? "Run through." : reached ? "Reached." : "NOT reached."}`); // prettier-ignore
process.exitCode = reached ? 0 : 1;
