/** Runs exported files as another program would: with ONNX Runtime alone, by the names of inputs and outputs. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { ExportedProgram } from "../../src/checkpoints/index.ts";
import type { ReadableFolder } from "../../src/files/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";

export type Tensors = Record<string, Tensor>;

/** Whole numbers as the files take them. */
export const int64 = ({ shape, data }: Pick<HostTensor, "shape" | "data">): Tensor =>
  new Tensor("int64", BigInt64Array.from(data as Int32Array, BigInt), shape);

export const float32 = ({ shape, data }: Pick<HostTensor, "shape" | "data">): Tensor =>
  new Tensor("float32", data as Float32Array, shape);

/** The sessions of an exported folder. */
export async function openExported(
  folder: ReadableFolder,
  programs: readonly ExportedProgram[],
): Promise<InferenceSession[]> {
  return Promise.all(
    programs.map(async ({ file }) => InferenceSession.create(await folder.read(file), { intraOpNumThreads: 1 })),
  );
}

/** An empty cache: the sizes that are not known are 0 but for the batch. */
export function emptyPast(session: InferenceSession, batch: number): Tensors {
  const ports = session.inputMetadata.filter(({ name }) => name.startsWith("past_key_values."));
  return Object.fromEntries(
    ports.map((port) => {
      const { shape } = port as unknown as { readonly shape: readonly (number | string)[] };
      const sizes = shape.map((d) => (d === "batch_size" ? batch : typeof d === "string" ? 0 : d));
      return [port.name, new Tensor("float32", new Float32Array(0), sizes)];
    }),
  );
}

/** The inputs that a session has, of those that are known. */
export async function run(session: InferenceSession, known: Tensors): Promise<Tensors> {
  const feeds = session.inputNames.map((name) => {
    const value = known[name];
    if (value === undefined) throw new Error(`The exported file needs ${name}.`);
    return [name, value] as const;
  });
  return await session.run(Object.fromEntries(feeds));
}

/** What a generation.json says that greedy decoding needs. */
export interface GreedyOptions {
  readonly tokens: number;
  readonly start?: number;
  readonly banned?: readonly number[];
  readonly first?: number | undefined;
  readonly last?: number | undefined;
}

/** Greedy decoding with the cache, row by row of one length: ids [rows][…], prompts included. */
export async function greedy(
  sessions: readonly InferenceSession[],
  ids: number[][],
  { tokens, start, banned = [], first, last }: GreedyOptions,
): Promise<number[][]> {
  const matrix = (rows: number[][]): Tensor =>
    int64({ shape: [rows.length, rows[0]!.length], data: Int32Array.from(rows.flat()) });
  const ones = (rows: number, columns: number): Tensor =>
    int64({ shape: [rows, columns], data: new Int32Array(rows * columns).fill(1) });
  const decoder = sessions.at(-1)!;
  const rows = ids.length;
  let fixed: Tensors = {};
  if (sessions.length === 2) {
    const mask = ones(rows, ids[0]!.length);
    const { last_hidden_state: hidden } = await run(sessions[0]!, { input_ids: matrix(ids), attention_mask: mask });
    fixed = { encoder_hidden_states: hidden!, encoder_attention_mask: mask };
  }
  const written = sessions.length === 2 ? ids.map(() => [start!]) : ids.map((row) => [...row]);
  let past = emptyPast(decoder, rows);
  let read = 0;
  for (let step = 1; step <= tokens; step++) {
    const length = written[0]!.length;
    const results = await run(decoder, {
      ...{ ...fixed, ...past },
      input_ids: matrix(written.map((row) => row.slice(read))),
      attention_mask: ones(rows, length),
      position_ids: matrix(written.map((row) => row.map((_, i) => i).slice(read))),
    });
    past = Object.fromEntries(
      Object.keys(past).map((name) => [name, results[name.replace("past_key_values", "present")]!]),
    );
    read = length;
    const { dims, data } = results["logits"]!;
    const [, time, width] = dims as [number, number, number];
    for (const [row, list] of written.entries()) {
      const at = (row * time + time - 1) * width;
      const scores = (data as Float32Array).slice(at, at + width);
      for (const id of banned) scores[id] = -Infinity;
      const forced = step === 1 ? first : step === tokens ? last : undefined;
      list.push(forced ?? scores.indexOf(Math.max(...scores)));
    }
  }
  return written;
}
