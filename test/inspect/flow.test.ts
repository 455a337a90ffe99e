/** The queries of the flow: any inner tensor, windows of it, and what comes out. */
import fc from "fast-check";
import { fileURLToPath } from "node:url";
import { diskFolder } from "heed";
import { ask, openSubject, queries, type Subject } from "heed/inspect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { windowOf } from "../../src/inspect/queries/window.ts";

const ids = [4, 9, 5, 7, 6];
let gpt: Subject;
let classifier: Subject;
beforeAll(async () => {
  const open = (name: string): Promise<Subject> =>
    openSubject(diskFolder(fileURLToPath(new URL(`../families/${name}`, import.meta.url))), { threads: 1 });
  [gpt, classifier] = [await open("gpt2-causal-lm"), await open("vit-image-classification")];
});
afterAll(async () => {
  await gpt.dispose();
  await classifier.dispose();
});

describe("tensor", () => {
  it("is what the model's run gives, a head or a window of it", async () => {
    const { feeds } = await import("heed/inspect").then(({ read }) => read(gpt, { text: "", ids }));
    const run = await gpt.model.run(feeds, { outputs: ["attentions.1", "hiddenStates.1"] });
    const head = await ask(queries.tensor, gpt, { ids, name: "attentions.1", head: 2 });
    expect(head.tensors.values.data).toEqual((run.get("attentions.1")!.data as Float32Array).slice(50, 75));
    expect([head.shape, head.heads]).toEqual([[1, 4, 5, 5], 4]);
    const part = await ask(queries.tensor, gpt, { ids, name: "hiddenStates.1", rows: [1, 3], columns: [4, 6] });
    const all = run.get("hiddenStates.1")!.data;
    expect(Array.from(part.tensors.values.data as Float32Array)).toEqual([all[20], all[21], all[36], all[37]]);
  });

  it("of an unknown name names a near one, and of a head that is not there says which are", async () => {
    await expect(ask(queries.tensor, gpt, { ids, name: "hiddenState.1" })).rejects.toThrow('"hiddenStates.1"');
    await expect(ask(queries.tensor, gpt, { ids, name: "attentions.1", head: 4 })).rejects.toThrow("heads 1 to 4");
  });
});

describe("outcome", () => {
  it("is the softmax of the logits at one place", async () => {
    const { tensors } = await ask(queries.tensor, gpt, { ids, name: "logits" });
    const row = Array.from(tensors.values.data.slice(2 * 53, 3 * 53), Number);
    const sum = row.reduce((total, value) => total + Math.exp(value), 0);
    const { top, position, places } = await ask(queries.outcome, gpt, { ids, position: 2, count: 53 });
    expect([position, places]).toEqual([2, 5]);
    expect(top.reduce((total, { probability }) => total + probability, 0)).toBeCloseTo(1);
    for (const { id, probability } of top) expect(probability).toBeCloseTo(Math.exp(row[id]!) / sum, 6);
    expect(top[0]!.probability).toBe(Math.max(...top.map(({ probability }) => probability)));
  });

  it("of a classifier has its classes", async () => {
    const { top, places } = await ask(queries.outcome, classifier, {});
    expect(places).toBe(1);
    const { labels } = classifier.architecture.config as { labels: readonly string[] };
    expect(top.map(({ label }) => label).sort()).toEqual([...labels].sort());
  });
});

describe("a shrunk window", () => {
  it("has the largest of each cell, or the one farthest from zero", () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 9 }),
      columns: fc.integer({ min: 1, max: 9 }),
      cells: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(sizes, fc.boolean(), fc.integer(), ({ rows, columns, cells }, signed, seed) => {
        const matrix = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(seed + i * 12.9898));
        const all = { rows: [0, rows], columns: [0, columns] } as const;
        const { shape, data } = windowOf(matrix, [rows, columns], all, { cells, signed });
        const [down, across] = shape as [number, number];
        expect(Math.max(down, across)).toBeLessThanOrEqual(Math.max(cells, 1));
        const [high, wide] = [Math.ceil(rows / cells), Math.ceil(columns / cells)];
        for (let r = 0; r < down; r++)
          for (let c = 0; c < across; c++) {
            const inside = Array.from(matrix).filter(
              (_, i) => Math.floor(Math.floor(i / columns) / high) === r && Math.floor((i % columns) / wide) === c,
            );
            const best = inside.reduce((a, b) => ((signed ? Math.abs(b) > Math.abs(a) : b > a) ? b : a));
            expect(data[r * across + c]).toBe(best);
          }
      }),
    );
  });
});
