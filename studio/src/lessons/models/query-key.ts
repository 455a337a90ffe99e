/** Attention by hand: softmax(q · k / √d) over three tokens, computed by the graph that models are made of. */
import { input } from "heed/graph";
import { attend, Trace } from "heed/nn";
import { lower } from "heed/onnx";
import { numbersOf, type Work } from "./work.ts";

export const tokens = ["man", "woman", "ordered"] as const;
/** Numbers of a query, a key or a value. */
export const WIDTH = 2;

/** What the learner sets. */
export interface Vectors {
  /** [WIDTH] */
  readonly query: readonly number[];
  /** [tokens][WIDTH] */
  readonly keys: readonly (readonly number[])[];
  readonly values: readonly (readonly number[])[];
}

/** What comes of it. */
export interface Attended {
  /** q · k / √d of each token. */
  readonly scores: readonly number[];
  /** Their softmax. */
  readonly weights: readonly number[];
  /** The values, by these weights: [WIDTH]. */
  readonly output: readonly number[];
}

export const firstVectors: Vectors = {
  query: [0, 0],
  keys: [
    [2, 0],
    [0, 2],
    [-1, -1],
  ],
  values: [
    [1, 0],
    [0, 1],
    [0.5, 0.5],
  ],
};

/** The engine with the program of one attention; it computes for every move of a slider. */
export interface Calculator {
  attend(vectors: Vectors): Promise<Attended>;
  dispose(): Promise<void>;
}

/** Loads the program. */
export async function openCalculator(work: Pick<Work, "engine">): Promise<Calculator> {
  const [query, key, value] = (["query", "key", "value"] as const).map((name) =>
    input(name, "float32", [1, 1, name === "query" ? 1 : tokens.length, WIDTH]),
  );
  const trace = new Trace("forward");
  const output = trace.run((scope) => attend(scope, query!, key!, value!, {}));
  const weights = [...trace.records.values()][0]!;
  // What attend computes before its softmax.
  const scores = query!.matmul(key!.swap(-1, -2)).scale(1 / Math.sqrt(WIDTH));
  const program = lower("attention", { output, weights, scores });
  const engine = await work.engine();
  const id = await engine.load(program);
  const tensor = (rows: readonly (readonly number[])[]) => ({
    dtype: "float32" as const,
    shape: [1, 1, rows.length, WIDTH],
    data: Float32Array.from(rows.flat()),
  });
  return {
    attend: async ({ query: q, keys, values }) => {
      const feeds = { query: tensor([q]), key: tensor(keys), value: tensor(values) };
      const results = await engine.run([{ program: id, fetch: ["output", "weights", "scores"] }], feeds);
      const numbers = (name: string): number[] => Array.from(numbersOf(results[name]));
      return { scores: numbers("scores"), weights: numbers("weights"), output: numbers("output") };
    },
    dispose: () => engine.dispose(),
  };
}
