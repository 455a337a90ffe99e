/** The loss of answers: equal to the head's own loss with labels that leave out the rest, alone and packed. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerBatch, answerTokens, countedOf, packedAnswers, type AnswerRow } from "../../src/objectives/index.ts";
import { open } from "../../src/tasks/open-task.ts";
import type { Model } from "../../src/tasks/model.ts";
import { adamW, Trainer } from "../../src/training/index.ts";
import { checkpoint, here } from "../tasks/checkpoints.ts";

const rows: AnswerRow[] = [
  { ids: [7, 8, 9, 10, 11, 12], counts: [false, false, true, true, false, true] },
  { ids: [20, 21, 22], counts: [true, false, true] },
  { ids: [30, 31, 32, 33], counts: [false, true, true, true] },
];
const int32 = (values: readonly (readonly number[])[], fill: number) => {
  const length = Math.max(...values.map((row) => row.length));
  const data = Int32Array.from(values.flatMap((row) => [...row, ...Array<number>(length - row.length).fill(fill)]));
  return { dtype: "int32" as const, shape: [values.length, length], data };
};
const trainerOf = (model: Model, options?: Parameters<typeof answerTokens>[1]): Promise<Trainer> =>
  Trainer.create(model.engine, answerTokens(model.architecture, options), { optimizer: adamW(), seed: 1 }, model.parameters); // prettier-ignore
const batchOf = (some: Parameters<typeof answerBatch>[0]) => ({ ...answerBatch(some, 0), examples: [...some.keys()] });

/** The mean over what counts, from the head's own loss of one row at a time. */
async function expectedLoss(model: Model): Promise<number> {
  let sum = 0;
  for (const row of rows) {
    const labels = int32([row.ids.map((id, t) => (row.counts[t] === true ? id : -100))], -100);
    const { loss } = (await model.forward({ inputIds: int32([row.ids], 0), labels })) as {
      loss: { data: Float32Array };
    };
    sum += loss.data[0]! * countedOf(row);
  }
  return sum / rows.reduce((total, row) => total + countedOf(row), 0);
}

describe.each(["gpt2-causal-lm", "llama-causal-lm", "openai-gpt-causal-lm", "ctrl-causal-lm", "opt-causal-lm"])(
  "of %s",
  (name) => {
    let model: Model;
    beforeAll(async () => {
      model = await open(
        await checkpoint(name, {}, { attn_pdrop: 0, resid_pdrop: 0, embd_pdrop: 0, dropout: 0 }),
        here,
      );
    });
    afterAll(() => model.dispose());

    it("is that of the tokens that count, and of no other", async () => {
      const trainer = await trainerOf(model);
      const { loss, right } = await trainer.evaluate([batchOf(rows)]);
      expect(loss).toBeCloseTo(await expectedLoss(model), 5);
      expect(right).toBeGreaterThanOrEqual(0);
    });

    it("sees logits of these alone", () => {
      const { feeds, targets } = answerBatch(rows, 0);
      expect(targets).toBe(7);
      expect(Array.from(feeds["chosen.places"]!.data as Int32Array)).toEqual([1, 2, 4, 7, 12, 13, 14]);
      expect(Array.from(feeds["chosen.tokens"]!.data as Int32Array)).toEqual([9, 10, 12, 22, 31, 32, 33]);
    });
  },
);

describe("packed", () => {
  it.each(["gpt2-causal-lm", "llama-causal-lm"])("rows of %s have the loss that they have apart", async (name) => {
    const model = await open(await checkpoint(name), here);
    const apart = await (await trainerOf(model)).evaluate([batchOf(rows)]);
    const packed = packedAnswers(rows, 10);
    expect(packed.map(({ ids }) => ids.length)).toEqual([10, 3]);
    const trainer = await trainerOf(model, { packed: true });
    const together = await trainer.evaluate([batchOf(packed)]);
    expect(together["loss"]).toBeCloseTo(apart["loss"]!, 5);
    // Were they to see each other, the loss would be another.
    const seeing = packed.map((row) => ({ ...row, texts: row.texts.map(() => 1) }));
    expect(Math.abs((await trainer.evaluate([batchOf(seeing)]))["loss"]! - apart["loss"]!)).toBeGreaterThan(1e-3);
    await model.dispose();
  });

  it("no first token of a text counts", () => {
    const [first, second] = packedAnswers(rows, 10);
    expect(first!.texts).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
    expect(first!.positions).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3]);
    expect(second!.counts).toEqual([false, false, true]);
  });
});

describe("of encoder-decoders", () => {
  it.each(["t5-conditional-generation", "bart-conditional-generation"])("%s: that of the target", async (name) => {
    const model = await open(await checkpoint(name), here);
    const pairs = rows.map((row, i) => ({ ...row, source: [5 + i, 6, 7].slice(0, 2 + (i % 2)) }));
    let sum = 0;
    for (const { ids, counts, source } of pairs) {
      const labels = int32([ids.map((id, t) => (counts[t] === true ? id : -100))], -100);
      const { loss } = (await model.forward({ inputIds: int32([source], 0), labels })) as {
        loss: { data: Float32Array };
      };
      sum += loss.data[0]! * counts.filter(Boolean).length;
    }
    const batch = batchOf(pairs);
    expect(batch.targets).toBe(8);
    const { loss } = await (await trainerOf(model)).evaluate([batch]);
    expect(loss).toBeCloseTo(sum / 8, 5);
    await model.dispose();
  });
});

it("is refused for a model that gives no scores of words", async () => {
  const model = await open(await checkpoint("gpt2-model"), here);
  await expect(trainerOf(model)).rejects.toThrow("GPT2Model gives no scores of words.");
  await model.dispose();
});
