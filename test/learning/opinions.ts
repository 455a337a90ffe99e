/** Sentences that are easy to tell apart, and a small model that has learned to. */
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import {
  finetune,
  learn,
  wayConfig,
  type Learned,
  type LearnOptions,
  type Way,
  type WayConfig,
} from "../../src/learning/index.ts";
import { random } from "../../src/random/index.ts";
import type { Step } from "../../src/training/index.ts";
import { here } from "../tasks/checkpoints.ts";

export const engine = { ...here, engine: "onnxruntime" as const };

const good = ["fine", "lovely", "bright", "warm", "clever", "kind"];
const bad = ["dull", "grim", "cold", "clumsy", "stale", "rude"];
const things = ["film", "song", "book", "meal", "walk", "house", "game", "story"];

/** Lines of a TSV file: a sentence and what it says. */
export function opinions(count: number, seed: number, labels = ["bad", "good"]): string {
  const draw = random(seed, "opinions");
  const lines = Array.from({ length: count }, () => {
    const side = draw.below(2);
    const pick = (from: readonly string[]): string => from[draw.below(from.length)]!;
    const from = side === 1 ? good : bad;
    return `the ${pick(things)} was ${pick(from)} , ${pick(from)} and ${pick(from)}\t${labels[side]!}`;
  });
  return `text\tlabel\n${lines.join("\n")}\n`;
}

/** Sizes of a small BERT. */
export const sizes = {
  ...{ model_type: "bert", hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 32 },
  ...{ max_position_embeddings: 24, hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 },
};

/** A run from its start to its end, or to an update after which it is stopped. */
export async function ran<C extends WayConfig>(
  way: Way<C>,
  given: object,
  options: Omit<LearnOptions, "warn" | "engine"> & Partial<Pick<LearnOptions, "warn">>,
  stopAfter = Infinity,
): Promise<{ readonly result: Learned; readonly steps: readonly Step[]; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const signal = { aborted: false };
  const config = wayConfig(way, given, "The options");
  const running = learn(way, config, { warn: (one) => warnings.push(one), engine, signal, ...options });
  const steps: Step[] = [];
  for (let next = await running.next(); ; next = await running.next()) {
    if (next.done === true) return { result: next.value, steps, warnings };
    steps.push(next.value);
    if (next.value.update >= stopAfter) signal.aborted = true;
  }
}

/** The files of a distillation: rows, and a teacher that has learned them. */
export async function school(): Promise<Folder> {
  const files = memoryFolder();
  await files.write("train.tsv", opinions(96, 1));
  await files.write("test.tsv", opinions(40, 2));
  const teaching = {
    ...{ task: "classify", model: sizes, tokenizer: { size: 150 }, data: ["train.tsv"] },
    training: { updates: 40, learningRate: 5e-3, batchTokens: 400 },
  };
  await ran(finetune, teaching, { folder: files.at("teacher"), files });
  return files;
}
