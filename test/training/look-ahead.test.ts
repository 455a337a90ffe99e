/** The next batch is made while a step runs, and the batches are the same as without. */
import { describe, expect, it } from "vitest";
import { trainingLoop, type Batch, type Position, type Trainer } from "../../src/training/index.ts";

/** Epochs of three batches and a trainer that does nothing, both keeping a diary. */
function diary(options: { readonly failing?: string } = {}) {
  const events: string[] = [];
  const epoch = (number: number) => ({
    length: 3,
    batch: (index: number): Batch[] => {
      const name = `${number}.${index}`;
      events.push(`make ${name}`);
      if (name === options.failing) throw new Error(`no batch ${name}`);
      return [{ feeds: {}, targets: 10 * number + index, examples: [] }];
    },
  });
  const trainer = {
    step: async (_: number, batch: readonly Batch[]) => {
      const { targets } = batch[0]!;
      const name = `${Math.floor(targets / 10)}.${targets % 10}`;
      events.push(`step ${name}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      events.push(`done ${name}`);
      return { loss: 1, gradientNorm: 1, targets };
    },
  } as unknown as Trainer;
  return { events, epoch, trainer, schedule: { kind: "constant", peak: 1, warmUp: 0, width: 1 } as const };
}

async function drain(options: Parameters<typeof trainingLoop>[0]): Promise<Position | undefined> {
  let last: Position | undefined;
  for await (const { position } of trainingLoop(options)) last = position;
  return last;
}

describe("the training loop", () => {
  it("makes the next batch while a step runs, over the end of an epoch too, and none behind the last update", async () => {
    const { events, ...options } = diary();
    const last = await drain({ ...options, updates: 4 });
    expect(events).toEqual([
      ...["make 0.0", "step 0.0", "make 0.1", "done 0.0"],
      ...["step 0.1", "make 0.2", "done 0.1"],
      ...["step 0.2", "make 1.0", "done 0.2"],
      ...["step 1.0", "done 1.0"],
    ]);
    expect(last).toMatchObject({ update: 4, epoch: 1, index: 1 });
  });

  it("goes on from the end of an epoch as from any other place", async () => {
    const first = diary();
    const from = await drain({ ...first, updates: 3 });
    expect(from).toMatchObject({ update: 3, epoch: 0, index: 3 });
    const { events, ...options } = diary();
    await drain({ ...options, updates: 5, from });
    expect(events.filter((event) => event.startsWith("step"))).toEqual(["step 1.0", "step 1.1"]);
  });

  it("finishes and announces a step whose next batch cannot be made", async () => {
    const { events, ...options } = diary({ failing: "0.1" });
    const done: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { update } of trainingLoop({ ...options, updates: 4 })) done.push(update);
    };
    await expect(run()).rejects.toThrow("no batch 0.1");
    expect(done).toEqual([1]);
    expect(events).toContain("done 0.0");
  });
});
