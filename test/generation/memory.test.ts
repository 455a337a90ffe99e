/** A memory of fixed length, as Transformer-XL has one: what it holds, and that it follows rows and beams. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CachedModel, generate, type Generated, type ModelFunction } from "../../src/generation/index.ts";
import { concat, dimension, input, type Tensor } from "../../src/graph/index.ts";
import { attend, causalMask, embeddingTable, joinHeads, linear, splitHeads, Trace } from "../../src/nn/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type Values } from "../../src/runtime/index.ts";
import { matrix, peaked } from "./models.ts";

const [VOCABULARY, WIDTH, LENGTH, END] = [19, 8, 3, 1];
const LAYERS = [0, 1];

/** Layers that attend to a memory of their input and to the present, seeing no future. */
const remembering: ModelFunction = (scope) => {
  const ids = input("inputIds", "int32", [dimension("batch"), dimension("time")]);
  const table = embeddingTable(scope.at("shared"), VOCABULARY, WIDTH);
  let x = table.gather(ids);
  const time = ids.dim(1);
  const future = causalMask(time, LENGTH);
  for (const i of LAYERS) {
    const layer = scope.at("layers", i);
    const seen = concat([layer.carry("input", x, LENGTH), x], 1);
    const project = (name: string, from: Tensor): Tensor => splitHeads(linear(layer.at(name), from, WIDTH), 2);
    const context = attend(layer, project("q", x), project("k", seen), project("v", seen), { mask: future });
    x = x.add(linear(layer.at("o"), joinHeads(context), WIDTH));
  }
  return x.linear(table);
};

let engine: Engine;
let cached: CachedModel;
let whole: { readonly id: number; readonly bind: ReturnType<CachedModel["parameters"]["bind"]> };
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
  cached = new CachedModel(await peaked(engine, remembering, 4), remembering);
  const trace = new Trace("forward");
  const logits = trace.run(remembering);
  const memories = [...trace.cache.values()].map(({ name, tensor }) => [`remembered.${name}`, tensor] as const);
  const program = lower("forward", { logits, ...Object.fromEntries(memories) });
  whole = { id: await engine.load(program), bind: cached.parameters.bind(program.inputs) };
});
afterAll(() => engine.dispose());

const NAMES = LAYERS.map((i) => `memory.layers.${i}.input`);
const zeros = (rows: number): Values =>
  Object.fromEntries(
    NAMES.map((name) => [
      name,
      { dtype: "float32", shape: [rows, LENGTH, WIDTH], data: new Float32Array(rows * LENGTH * WIDTH) } as const,
    ]),
  );

/** Logits of all positions, and the memories afterwards, of one call of the forward program. */
async function call(ids: readonly number[], memories: Values): Promise<{ logits: HostTensor; memories: Values }> {
  const fetch = ["logits", ...NAMES.map((name) => name.replace("memory", "remembered"))];
  const results = await engine.run([{ program: whole.id, bind: whole.bind, fetch }], {
    inputIds: matrix([ids]),
    ...memories,
  });
  const { logits, ...rest } = results;
  const renamed = Object.entries(rest).map(([name, value]) => [name.replace("remembered", "memory"), value] as const);
  return { logits: logits!, memories: Object.fromEntries(renamed) };
}

function logSoftmaxOfLast({ shape, data }: HostTensor): number[] {
  const width = shape[2]!;
  const last = Array.from((data as Float32Array).subarray(data.length - width));
  const sum = Math.log(last.reduce((total, value) => total + Math.exp(value), 0));
  return last.map((value) => value - sum);
}

/** The log-probabilities of tokens behind a prompt, token by token through the forward program. */
async function stepwise(prompt: readonly number[], { ids, endId }: Generated, start: Values): Promise<number[]> {
  const found: number[] = [];
  let { logits, memories } = await call(prompt, start);
  for (const id of [...ids, ...(endId === undefined ? [] : [endId])]) {
    found.push(logSoftmaxOfLast(logits)[id]!);
    ({ logits, memories } = await call([id], memories));
  }
  return found;
}

describe("a memory", () => {
  it("is the end of what was there and what came, and zeros of it are attended to", async () => {
    const first = await call([4, 5], zeros(1));
    const [name] = NAMES as [string];
    const table = (await cached.parameters.read()).get("shared.weight")!.data as Float32Array;
    const row = (id: number): number[] => Array.from(table.subarray(id * WIDTH, (id + 1) * WIDTH));
    const flat = (memory: HostTensor | undefined): number[] => Array.from(memory!.data as Float32Array);
    expect(flat(first.memories[name])).toEqual([...Array<number>(WIDTH).fill(0), ...row(4), ...row(5)]);
    const second = await call([6, 7, 8, 9], first.memories);
    expect(flat(second.memories[name])).toEqual([...row(7), ...row(8), ...row(9)]);
    const other = await call([6, 7, 8, 9], zeros(1));
    expect(logSoftmaxOfLast(other.logits)).not.toEqual(logSoftmaxOfLast(second.logits));
  });

  const prompts = [
    [3, 9, 4],
    [8, 5, 17],
    [2, 2, 6],
  ];
  it.each([{}, { numBeams: 3, numReturnSequences: 3 }, { doSample: true, numReturnSequences: 2 }])(
    "follows rows and beams: %o",
    async (search) => {
      const options = { ...search, maxNewTokens: 7, eosTokenId: [END, 12] };
      const found = await generate(cached, { inputIds: matrix(prompts) }, options);
      for (const [row, list] of found.entries()) {
        for (const one of list) {
          const expected = await stepwise(prompts[row]!, one, zeros(1));
          for (const [step, value] of one.logProbabilities.entries()) expect(value).toBeCloseTo(expected[step]!, 4);
        }
      }
    },
  );

  it("goes on from an earlier segment's where it is given", async () => {
    const { memories } = await call([7, 11, 13, 2], zeros(1));
    const inputIds = matrix([prompts[0]!]);
    const options = { maxNewTokens: 5 };
    const [[one]] = (await generate(cached, { inputIds, ...memories }, options)) as [[Generated]];
    const expected = await stepwise(prompts[0]!, one, memories);
    for (const [step, value] of one.logProbabilities.entries()) expect(value).toBeCloseTo(expected[step]!, 4);
    const [[other]] = (await generate(cached, { inputIds }, options)) as [[Generated]];
    expect(other.score).not.toBeCloseTo(one.score, 3);
  });

  it("has one length after any past, also where rows are reordered", () => {
    const trace = new Trace("step", { reorder: true });
    trace.run(remembering);
    for (const { kind, tensor } of trace.cache.values()) {
      expect(kind).toBe("carry");
      expect(tensor.shape).toEqual([dimension("batch"), LENGTH, WIDTH]);
    }
  });
});
