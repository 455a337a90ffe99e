/** What works here, found out by trying, and what a model needs. */
import { EngineError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { input } from "../graph/index.ts";
import { lower } from "../onnx/index.ts";
import { createEngine, type EngineOptions } from "../runtime/index.ts";
import { transformerParts, type TransformerConfig } from "../models/index.ts";
import { openTranslatorFolder } from "./translator-folder.ts";
import { evaluationTokens, translatorMemory, typicalBatches } from "./translator-memory.ts";
import { plannedModel, type TranslatorRunConfig } from "./translator-run.ts";

/** What became of a small program. */
export type EngineTrial =
  | {
      readonly works: true;
      /** The engine by its own account: name, version, threads. */
      readonly description: string;
      /** 1e9 floating-point operations a second in a product of two matrices of 512 × 512, the best of five. */
      readonly gigaflops: number;
    }
  | { readonly works: false; readonly problem: string };

const SIDE = 512;

/** Starts an engine, multiplies two matrices in it and checks the result. Never throws. */
export async function tryEngine(options: EngineOptions): Promise<EngineTrial> {
  try {
    const engine = await createEngine(options);
    try {
      const matrix = (name: string) => input(name, "float32", [SIDE, SIDE]);
      const program = await engine.load(lower("trial", { sums: matrix("a").matmul(matrix("b")).sum([0]) }));
      const [a, b] = [trialMatrix(3), trialMatrix(5)];
      await engine.allocate("a", "float32", a.length);
      await engine.allocate("b", "float32", b.length);
      await engine.write("a", a);
      await engine.write("b", b);
      const seen = (resident: string) => ({ resident, shape: [SIDE, SIDE] });
      const call = { program, bind: { a: seen("a"), b: seen("b") }, fetch: ["sums"] };
      let seconds = Infinity;
      for (let i = 0; i < 5; i++) {
        const start = performance.now();
        const { sums } = await engine.run([call]);
        seconds = Math.min(seconds, (performance.now() - start) / 1000);
        requireSums(sums!.data as Float32Array, a, b);
      }
      return { works: true, description: engine.description, gigaflops: (2 * SIDE ** 3) / seconds / 1e9 };
    } finally {
      await engine.dispose();
    }
  } catch (error) {
    return { works: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Whole numbers from -3 to 3: sums of their products are exact in float32, whatever the order. */
function trialMatrix(step: number): Float32Array {
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => ((i * step + Math.floor(i / SIDE)) % 7) - 3);
}

/** The sums of the columns of A·B are the sums of A's columns times B. */
function requireSums(sums: Float32Array, a: Float32Array, b: Float32Array): void {
  const columns = new Float64Array(SIDE);
  for (const [i, value] of a.entries()) columns[i % SIDE]! += value;
  for (let column = 0; column < SIDE; column++) {
    let expected = 0;
    for (let row = 0; row < SIDE; row++) expected += columns[row]! * b[row * SIDE + column]!;
    if (sums[column] !== expected) {
      throw new EngineError(`It computes wrong numbers: ${sums[column]!} where ${expected} is right.`);
    }
  }
}

/** What a model takes, in bytes. */
export interface ModelNeeds {
  readonly type: string;
  readonly parameters: number;
  /** Its weights in float32. */
  readonly weights: number;
  /** While it is opened: the weights as they are read, and those in the engine. */
  readonly toRun: number;
  /** Tokens of a training batch that the next two are for. */
  readonly batchTokens: number;
  /** The peak of a training, and the same with recomputation. */
  readonly toTrain: number;
  readonly toTrainRecomputing: number;
}

/**
 * What a model's folder needs. Throws CheckpointError or ConfigError that says what is missing or does not fit; the
 * weights themselves are not read.
 */
export async function modelNeeds(folder: ReadableFolder): Promise<ModelNeeds> {
  return needsOf((await openTranslatorFolder(folder)).config, { batchTokens: 4096 });
}

/** What the training that a config describes needs. */
export function plannedNeeds(config: TranslatorRunConfig): ModelNeeds {
  return needsOf(plannedModel(config), config.training);
}

function needsOf(config: TransformerConfig, training: Partial<TranslatorRunConfig["training"]>): ModelNeeds {
  const { batchTokens = 4096 } = training;
  const { total: parameters } = transformerParts(config);
  const weights = 4 * parameters;
  const peak = (recompute: boolean): number => {
    const batches = typicalBatches(batchTokens);
    const evaluation = typicalBatches(evaluationTokens(batchTokens));
    return translatorMemory(config, { ...training, recompute, batches, evaluation }).total;
  };
  const needs = { type: "translator", parameters, weights, toRun: 2 * weights };
  return { ...needs, batchTokens, toTrain: peak(false), toTrainRecomputing: peak(true) };
}
