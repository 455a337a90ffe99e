/** Log-probabilities of tokens: those of a whole forward pass, of Python, and of fewer rows than were asked for. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TokenJudge, type JudgedTokens } from "../../src/tasks/likelihood.ts";
import type { Model } from "../../src/tasks/model.ts";
import { open } from "../../src/tasks/open-task.ts";
import { parametersHash } from "../../src/tasks/parameters-hash.ts";
import { checkpoint, here } from "./checkpoints.ts";

const golden = JSON.parse(readFileSync("test/tasks/golden/choice-likelihoods.json", "utf8")) as {
  cases: { prompt: number[]; choice: number[]; gpt2: number[]; t5: number[] }[];
};
const behind = (prompt: readonly number[], choice: readonly number[]): JudgedTokens => {
  return { ids: [...prompt, ...choice], places: choice.map((_, i) => prompt.length + i) };
};

let gpt2: Model;
let judge: TokenJudge;
beforeAll(async () => {
  gpt2 = await open(await checkpoint("gpt2-causal-lm"), here);
  judge = new TokenJudge(gpt2);
});
afterAll(async () => {
  await judge.dispose();
  await gpt2.dispose();
});

/** One row, one forward pass, all logits. */
async function straight(ids: readonly number[]): Promise<{ log: (t: number) => number; best: (t: number) => number }> {
  const inputIds = { dtype: "int32" as const, shape: [1, ids.length], data: Int32Array.from(ids) };
  const { logits } = (await gpt2.forward({ inputIds })) as { logits: { data: Float32Array; shape: readonly number[] } };
  const width = logits.shape[2]!;
  const at = (t: number): Float32Array => logits.data.subarray((t - 1) * width, t * width);
  return {
    log: (t) => at(t)[ids[t]!]! - Math.log(at(t).reduce((sum, value) => sum + Math.exp(value), 0)),
    best: (t) => at(t).indexOf(Math.max(...at(t))),
  };
}

describe("log-probabilities of tokens", () => {
  it("of many continuations at once are those of each alone", async () => {
    const rows = golden.cases.map(({ prompt, choice }) => behind(prompt, choice));
    rows.push({ ids: [7, 9, 11, 13, 15, 17], places: [1, 3, 5] });
    const found = await judge.judge(rows);
    for (const [i, { ids, places }] of rows.entries()) {
      const { log, best } = await straight(ids);
      for (const [k, t] of places.entries()) {
        expect(found[i]!.logProbabilities[k]).toBeCloseTo(log(t), 4);
        expect(found[i]!.best[k]).toBe(best(t) === ids[t]);
      }
    }
  });

  it("are Python's, of a decoder and of an encoder-decoder", async () => {
    const found = await judge.judge(golden.cases.map(({ prompt, choice }) => behind(prompt, choice)));
    for (const [i, one] of golden.cases.entries()) {
      for (const [k, value] of one.gpt2.entries()) expect(found[i]!.logProbabilities[k]).toBeCloseTo(value, 4);
    }
    const t5 = await open(await checkpoint("t5-conditional-generation"), here);
    const pairs = new TokenJudge(t5);
    const rows = golden.cases.map(({ prompt, choice }) => ({
      source: prompt,
      ids: choice,
      places: [...choice.keys()],
    }));
    const of = await pairs.judge(rows);
    for (const [i, one] of golden.cases.entries()) {
      for (const [k, value] of one.t5.entries()) expect(of[i]!.logProbabilities[k]).toBeCloseTo(value, 4);
    }
    await pairs.dispose();
    await t5.dispose();
  });

  it("come from the fewest rows: one for choices of one token, and none for what another row begins with", async () => {
    const fed: number[][] = [];
    const { engine } = gpt2;
    const spied = new Proxy(gpt2.parameters, {
      get: (target, key) => {
        if (key !== "engine") {
          const value = Reflect.get(target, key, target) as unknown;
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        }
        return {
          ...{ load: engine.load.bind(engine), unload: engine.unload.bind(engine) },
          run: (...given: Parameters<typeof engine.run>) => {
            fed.push([...given[1]!["inputIds"]!.shape]);
            return engine.run(...given);
          },
        };
      },
    });
    const counting = new TokenJudge({ architecture: gpt2.architecture, parameters: spied });
    await counting.judge([[11], [12], [13]].map((choice) => behind([7, 8, 9], choice)));
    await counting.judge([[11], [11, 12], [11, 12, 13]].map((choice) => behind([7, 8, 9], choice)));
    await counting.judge(
      [
        [11, 12],
        [13, 12],
      ].map((choice) => behind([7, 8, 9], choice)),
    );
    await counting.dispose();
    expect(fed).toEqual([[1, 3], [1, 5], [2, 4]]); // prettier-ignore
  });

  it("of nothing are nothing", async () => {
    const [found] = await judge.judge([{ ids: [7, 8], places: [] }]);
    expect(found!.logProbabilities).toHaveLength(0);
    expect(await judge.judge([])).toEqual([]);
  });

  it("are refused for tokens that there are not, for rows that are too long, and for what begins a row", async () => {
    await expect(judge.judge([behind([7], [99])])).rejects.toThrow(
      "A row has the token 99; GPT2LMHeadModel has 53 tokens.",
    );
    await expect(judge.judge([behind(Array<number>(17).fill(7), [8])])).rejects.toThrow("A row has 18 tokens");
    await expect(judge.judge([{ ids: [7], places: [0] }])).rejects.toThrow("nothing in front of it");
  });
});

it("the sum over the parameters changes with any of them, and only then", async () => {
  const before = await parametersHash(gpt2.parameters);
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  await judge.judge([behind([7], [8])]);
  expect(await parametersHash(gpt2.parameters)).toBe(before);
  const values = await gpt2.parameters.read();
  const [name, value] = [...values][3]!;
  const data = Float32Array.from(value.data as Float32Array);
  data[0]! += 1e-3;
  await gpt2.parameters.write(new Map([...values, [name, { ...value, data }]]));
  expect(await parametersHash(gpt2.parameters)).not.toBe(before);
  await gpt2.parameters.write(values);
  expect(await parametersHash(gpt2.parameters)).toBe(before);
});
