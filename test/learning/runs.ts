/** Runs of a way of learning in memory, on tiny models. */
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { finetune, learn, wayConfig, type Way, type WayConfig } from "../../src/learning/index.ts";
import type { Step } from "../../src/training/index.ts";
import { here } from "../tasks/checkpoints.ts";

/** Sizes of encoders that learn in a second. */
export const tinyBert = {
  model_type: "bert",
  ...{ hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 64 },
  ...{ max_position_embeddings: 64, initializer_range: 0.2, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
};
/** Those of a decoder. */
export const tinyGpt = {
  model_type: "gpt2",
  ...{
    n_embd: 32,
    n_layer: 1,
    n_head: 2,
    n_positions: 64,
    initializer_range: 0.2,
    embd_pdrop: 0,
    attn_pdrop: 0,
    resid_pdrop: 0,
  },
};

/** What a run left. */
export interface FinishedRun {
  readonly folder: Folder;
  readonly scores: Readonly<Record<string, number>>;
  readonly summary: readonly string[];
  readonly steps: readonly Step[];
}

/** Files in memory, by name. */
export async function filesWith(contents: Readonly<Record<string, string>>): Promise<Folder> {
  const files = memoryFolder();
  for (const [name, content] of Object.entries(contents)) await files.write(name, content);
  return files;
}

/** Runs a way to its end. */
export async function ran<C extends WayConfig>(
  way: Way<C>,
  given: Readonly<Record<string, unknown>>,
  files: Folder,
  folder: Folder = memoryFolder(),
  resume = false,
): Promise<FinishedRun> {
  const summary: string[] = [];
  const steps: Step[] = [];
  const run = learn(way, wayConfig(way, given, "the config"), {
    ...{ folder, files, resume, engine: here },
    warn: () => undefined,
    begin: (lesson) => summary.push(...lesson.summary),
  });
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { folder, scores: next.value.scores, summary, steps };
    steps.push(next.value);
  }
}

/** Fine-tunes a tiny model with a tokenizer of its own. */
export function finetuned(given: Readonly<Record<string, unknown>>, files: Folder): Promise<FinishedRun> {
  const { training, ...rest } = given;
  const quick = { updates: 60, learningRate: 0.005, batchTokens: 512, ...(training as object | undefined) };
  return ran(finetune, { model: tinyBert, tokenizer: { family: "bert", size: 120 }, ...rest, training: quick }, files);
}
