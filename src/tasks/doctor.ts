/** What works here, found out by trying, and what a model needs. */
import { EngineError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { input } from "../graph/index.ts";
import { lower } from "../onnx/index.ts";
import { createEngine, type Call, type Engine, type EngineOptions, type Values } from "../runtime/index.ts";
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
      /** 1e9 bytes a second that the sum of two vectors reads and writes, the best of five. */
      readonly gigabytes: number;
    }
  | { readonly works: false; readonly problem: string };

const SIDE = 512;
/** Elements of the vectors that are added: more than caches hold. */
const LENGTH = 1 << 22;
const BEST_OF = 5;

/** Starts an engine, multiplies two matrices in it, adds two vectors and checks the results. Never throws. */
export async function tryEngine(options: EngineOptions): Promise<EngineTrial> {
  try {
    const engine = await createEngine(options);
    try {
      const gigaflops = (2 * SIDE ** 3) / (await productSeconds(engine)) / 1e9;
      const gigabytes = (3 * 4 * LENGTH) / (await sumSeconds(engine)) / 1e9;
      return { works: true, description: engine.description, gigaflops, gigabytes };
    } finally {
      await engine.dispose();
    }
  } catch (error) {
    return { works: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

async function productSeconds(engine: Engine): Promise<number> {
  const matrix = (name: string) => input(name, "float32", [SIDE, SIDE]);
  const program = await engine.load(lower("trial", { sums: matrix("a").matmul(matrix("b")).sum([0]) }));
  const [a, b] = [trialMatrix(3, 1), trialMatrix(5, 32)];
  await hold(engine, { a, b });
  const seen = (resident: string) => ({ resident, shape: [SIDE, SIDE] });
  const call = { program, bind: { a: seen("a"), b: seen("b") }, fetch: ["sums"] };
  return bestSeconds(engine, call, ({ sums }) => {
    requireSums(sums!.data as Float32Array, a, b);
  });
}

async function sumSeconds(engine: Engine): Promise<number> {
  const vector = (name: string) => input(name, "float32", [LENGTH]);
  const program = await engine.load(lower("vector trial", { z: vector("x").add(vector("y")) }));
  const values = (value: number) => new Float32Array(LENGTH).fill(value);
  await hold(engine, { x: values(1), y: values(2), z: values(0) });
  const bind = { x: { resident: "x" }, y: { resident: "y" }, z: { resident: "z" } };
  const seconds = await bestSeconds(engine, { program, bind }, () => undefined);
  const [last] = (await engine.read("z", LENGTH - 1, 1)).data;
  if (last !== 3) throw new EngineError(`It computes wrong numbers: ${last!} where 3 is right.`);
  return seconds;
}

async function hold(engine: Engine, arrays: Readonly<Record<string, Float32Array>>): Promise<void> {
  for (const [name, array] of Object.entries(arrays)) {
    await engine.allocate(name, "float32", array.length);
    await engine.write(name, array);
  }
}

async function bestSeconds(engine: Engine, call: Call, check: (values: Values) => void): Promise<number> {
  let seconds = Infinity;
  for (let i = 0; i < BEST_OF; i++) {
    const start = performance.now();
    const values = await engine.run([call]);
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
    check(values);
  }
  return seconds;
}

/**
 * Whole numbers from -3 to 3, all but one of `sparsity` in each column 0: sums of their products are exact in float32,
 * whatever the order, and so small where one matrix is sparse that they are exact in bfloat16, too.
 */
function trialMatrix(step: number, sparsity: number): Float32Array {
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    const row = Math.floor(i / SIDE);
    return (i + row * step) % sparsity === 0 ? ((i * step + row) % 7) - 3 : 0;
  });
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
