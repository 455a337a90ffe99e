/** What the tests of objectives that damage texts share: a made-up language, small models, and runs in memory. */
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { learn, pretrain, wayConfig, type Learned } from "../../src/learning/index.ts";
import { random } from "../../src/random/index.ts";
import { trainTokenizer, type TokenizerFamily } from "../../src/tokens/index.ts";
import type { Step } from "../../src/training/index.ts";

const people = ["the old man", "a young woman", "my sister", "the doctor", "our teacher"];
const deeds = ["buys", "paints", "forgets", "finds", "carries"];
const things = ["a red apple", "the small house", "two letters", "a heavy stone", "the broken clock"];
const times = ["today", "in the morning", "every summer", "at night"];

/** Sentences by a small grammar: the same for the same seed. */
export function sentences(count: number, ...seed: readonly (number | string)[]): string[] {
  const draw = random("sentences", ...seed);
  const one = (list: readonly string[]): string => list[draw.below(list.length)]!;
  return Array.from({ length: count }, () => `${one(people)} ${one(deeds)} ${one(things)} ${one(times)}.`);
}

/** Documents of three sentences, as a file holds them. */
export function documents(count: number, seed: number): string {
  return Array.from({ length: count }, (_, i) => sentences(3, seed, i).join("\n")).join("\n\n");
}

const stack = (side: string): Record<string, number> => ({
  [`${side}_layers`]: 1,
  [`${side}_attention_heads`]: 2,
  [`${side}_ffn_dim`]: 32,
});
/** Sizes for config.json that train in a second. */
export const models = {
  electra: {
    ...{ model_type: "electra", embedding_size: 16, hidden_size: 32, num_hidden_layers: 1 },
    ...{ num_attention_heads: 2, intermediate_size: 64, max_position_embeddings: 48 },
  },
  bert: {
    ...{ model_type: "bert", hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2 },
    ...{ intermediate_size: 64, max_position_embeddings: 48 },
  },
  bart: { model_type: "bart", d_model: 32, max_position_embeddings: 64, ...stack("encoder"), ...stack("decoder") },
  t5: { model_type: "t5", d_model: 32, d_kv: 16, d_ff: 64, num_layers: 1, num_heads: 2 },
} as const;

/** A folder with files, and tokenizers of some families under their names, trained on sentences of the grammar. */
export async function textFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
  tokenizers: Readonly<Partial<Record<TokenizerFamily, number>>> = {},
): Promise<Folder> {
  const folder = memoryFolder();
  for (const [name, content] of Object.entries(files)) await folder.write(name, content);
  for (const [family, size] of Object.entries(tokenizers)) {
    const tokenizer = await trainTokenizer(sentences(200, "words"), { family: family as TokenizerFamily, size });
    for (const [name, content] of tokenizer.files()) await folder.write(`${family}/${name}`, content);
  }
  return folder;
}

/** A finished or interrupted run. */
export interface PretrainingRun {
  readonly folder: Folder;
  readonly losses: readonly number[];
  readonly learned: Learned | undefined;
  readonly summary: readonly string[];
}

/** Runs `heed pretrain` in memory; `stopAt` breaks out after that update. */
export async function pretraining(
  files: Folder,
  config: Readonly<Record<string, unknown>>,
  {
    folder = memoryFolder(),
    stopAt = Infinity,
    resume = false,
  }: { folder?: Folder; stopAt?: number; resume?: boolean } = {},
): Promise<PretrainingRun> {
  const losses: number[] = [];
  let summary: readonly string[] = [];
  const run = learn(pretrain, wayConfig(pretrain, config, "the test"), {
    ...{ folder, files, resume, engine: { engine: "onnxruntime", worker: false, threads: 1 } },
    warn: () => undefined,
    begin: (lesson) => {
      summary = lesson.summary;
    },
  });
  let learned: Learned | undefined;
  for (let next: IteratorResult<Step, Learned> = await run.next(); ; next = await run.next()) {
    if (next.done === true) {
      learned = next.value;
      break;
    }
    losses.push(next.value.loss);
    if (next.value.update >= stopAt) {
      await run.return(undefined as never);
      break;
    }
  }
  return { folder, losses, learned, summary };
}
