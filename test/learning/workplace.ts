/** A folder in memory with a tiny base and rows whose class is told by one word; and whole runs in it. */
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { finetune, learn, wayConfig, type FinetuneConfig, type Lesson } from "../../src/learning/index.ts";
import type { Step } from "../../src/training/index.ts";
import { bertWords, checkpoint, here } from "../tasks/checkpoints.ts";

/** w7 is good, w8 is bad; the other words mean nothing. */
export const rows = Array.from({ length: 32 }, (_, i) => {
  const [a, b] = [10 + ((i * 7) % 40), 10 + ((i * 11) % 40)];
  return {
    text: i % 3 === 0 ? `w${a} ${i % 2 === 0 ? "w7" : "w8"} w${b}` : `w${a} w${b} ${i % 2 === 0 ? "w7" : "w8"}`,
    label: i % 2 === 0 ? "good" : "bad",
  };
});

/** `base/` with a checkpoint of test/families and a tokenizer, `train.tsv`, `dev.tsv`. */
export async function workplace(name = "bert-masked-lm"): Promise<Folder> {
  const root = memoryFolder();
  const still = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  const from = await checkpoint(name, bertWords, still);
  for (const { name: file } of await from.list()) await root.write(`base/${file}`, await from.read(file));
  const table = `text\tlabel\n${rows.map(({ text, label }) => `${text}\t${label}`).join("\n")}\n`;
  await root.write("train.tsv", table);
  await root.write("dev.tsv", table);
  return root;
}

/** A config over one that learns quickly. */
export function configOf(given: Readonly<Record<string, unknown>>, training: object = {}): FinetuneConfig {
  const usual = { updates: 12, learningRate: 0.01, batchTokens: 64, saveEvery: 1000, validateEvery: 1000 };
  const config = {
    task: "classify",
    model: "base",
    data: ["train.tsv"],
    ...given,
    training: { ...usual, ...training },
  };
  return wayConfig(finetune, config, "config");
}

/** What a run was. */
export interface Ran {
  readonly steps: readonly Step[];
  readonly lesson: Lesson;
}

/** Runs to the end, or stops after so many updates as Ctrl-C does. */
export async function ran(
  root: Folder,
  folder: string,
  config: FinetuneConfig,
  { stopAfter = Infinity, resume = false } = {},
): Promise<Ran> {
  const signal = { aborted: false };
  let lesson: Lesson | undefined;
  const run = learn(finetune, config, {
    ...{ folder: root.at(folder), files: root, engine: here, resume, signal },
    warn: () => undefined,
    begin: (begun) => (lesson = begun),
  });
  const steps: Step[] = [];
  for await (const step of run) {
    steps.push(step);
    if (step.update >= stopAfter) signal.aborted = true;
  }
  return { steps, lesson: lesson! };
}
