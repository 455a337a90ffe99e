/** What the tests of learning from preferences share: made-up pairs, tiny models, and runs in memory. */
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { align, learn, wayConfig, type AlignConfig, type Way } from "../../src/learning/index.ts";
import { readLog, type LogRecord } from "../../src/checkpoints/index.ts";
import { random } from "../../src/random/index.ts";
import type { Step } from "../../src/training/index.ts";

const things = ["cup", "book", "key", "lamp", "coat"];
const places = ["kitchen", "hall", "garden", "car"];

/** The polite answer is preferred, whatever it is about. */
export function politePairs(count: number): string {
  const draw = random("polite pairs");
  const rows = Array.from({ length: count }, () => {
    const [thing, place] = [things[draw.below(5)]!, places[draw.below(4)]!];
    const prompt = `where is the ${thing} of ${String(draw.below(40))} ?`;
    return { prompt, chosen: ` in the ${place} , my friend .`, rejected: ` in the ${place} , you fool .` };
  });
  return rows.map((row) => JSON.stringify(row)).join("\n");
}

/** A GPT-2 that is small enough for a test. */
export const tiny = { model_type: "gpt2", n_layer: 1, n_embd: 16, n_head: 2, n_positions: 48 };

export async function filesWith(contents: Readonly<Record<string, string>>): Promise<Folder> {
  const files = memoryFolder();
  for (const [name, content] of Object.entries(contents)) await files.write(name, content);
  return files;
}

export const engine = { engine: "onnxruntime", worker: false, threads: 1 } as const;

export interface AlignRun {
  readonly steps: readonly Step[];
  readonly scores: Readonly<Record<string, number>>;
  readonly lines: readonly string[];
}

/** Runs a config in `folder` of the files, to its end or up to an update. */
export async function runAlign(
  files: Folder,
  folder: string,
  config: object,
  { way = align, until = Infinity, resume = false }: { way?: Way<AlignConfig>; until?: number; resume?: boolean } = {},
): Promise<AlignRun> {
  const steps: Step[] = [];
  const lines: string[] = [];
  const run = learn(way, wayConfig(way, { tokenizer: { size: 300 }, ...config }, "test"), {
    ...{ folder: files.at(folder), files, engine, resume, warn: (line) => lines.push(line) },
    begin: ({ summary }) => lines.push(...summary),
  });
  for (let next = await run.next(); ; next = await run.next()) {
    if (next.done === true) return { steps, scores: next.value.scores, lines };
    steps.push(next.value);
    if (next.value.update < until) continue;
    await run.return({ scores: {}, updates: next.value.update });
    return { steps, scores: {}, lines };
  }
}

/** The records of a log, without what takes another time each time. */
export async function recordsOf(files: Folder, path: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const record of readLog(files, path)) {
    if (record["event"] !== undefined) continue;
    records.push(Object.fromEntries(Object.entries(record).filter(([name]) => name !== "seconds")));
  }
  return records;
}

export const same = async (files: Folder, path: string, other: string): Promise<boolean> => {
  const [a, b] = [await files.read(path), await files.read(other)];
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
};
