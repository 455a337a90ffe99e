/** Sentences that are easy to tell apart, made by a seed, and the config of a run that learns to. */
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { random, type Random } from "../../src/random/index.ts";

const good = ["fine", "lovely", "bright", "warm", "clever"];
const bad = ["dull", "grim", "cold", "clumsy", "stale"];
const things = ["film", "song", "book", "meal", "walk", "house"];

const pick = (from: readonly string[], generator: Random): string => from[generator.below(from.length)]!;

/** Lines of a TSV file: a sentence and its class. */
export function sentences(count: number, seed: number): string {
  const generator = random(seed, "sentences");
  const lines = Array.from({ length: count }, () => {
    const positive = generator.below(2) === 1;
    const words = [pick(positive ? good : bad, generator), pick(positive ? good : bad, generator)];
    return `the ${pick(things, generator)} was ${words.join(" and ")}\t${positive ? "good" : "bad"}`;
  });
  return `text\tlabel\n${lines.join("\n")}\n`;
}

/** A folder in memory with training, validation and test files. */
export async function dataFolder(): Promise<Folder> {
  const folder = memoryFolder();
  await folder.write("train.tsv", sentences(64, 1));
  await folder.write("dev.tsv", sentences(24, 2));
  await folder.write("test.tsv", sentences(40, 3));
  return folder;
}

/** A small BERT from scratch. */
export const config = {
  task: "classify",
  model: {
    ...{ model_type: "bert", hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 },
    ...{ max_position_embeddings: 24, hidden_dropout_prob: 0.1 },
  },
  tokenizer: { size: 120 },
  data: ["train.tsv"],
  validation: ["dev.tsv"],
  test: ["test.tsv"],
  training: { updates: 24, learningRate: 5e-3, batchTokens: 128, validateEvery: 8, saveEvery: 8 },
};
