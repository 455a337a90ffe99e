/** Queries about parameters, against direct reads of the values. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import {
  ask,
  openSubject,
  queries,
  weightChanges,
  type ParameterSource,
  type Subject,
} from "../../src/inspect/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";

const folder = (name: string): string => fileURLToPath(new URL(`../families/${name}`, import.meta.url));
const NAME = "transformer.h.1.mlp.c_fc.weight";
let subject: Subject;
let stored: ReadonlyMap<string, HostTensor>;
beforeAll(async () => {
  subject = await openSubject(diskFolder(folder("gpt2-causal-lm")), { threads: 1 });
  stored = await subject.parameters.read();
});
afterAll(() => subject.dispose());

const numbers = (name: string): number[] => Array.from(stored.get(name)!.data as Float32Array);

describe("parameters", () => {
  it("add up, by part, by unit and by kind; the tied output layer counts once", async () => {
    const { total, parts, units, kinds, tied, others, dimensions } = await ask(queries.parameters, subject, {});
    const values = [...stored.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(total).toBe(values);
    for (const sum of [
      parts.reduce((all, { count }) => all + count, 0),
      units.reduce((all, { count }) => all + count, 0),
      Object.values(kinds).reduce((a, b) => a + b, 0),
    ])
      expect(sum).toBe(values);
    expect(tied).toContain("counts once");
    const attention = parts.find(({ part }) => part === "attention")!;
    expect(attention).toMatchObject({ times: 2, each: 4 * 16 * 16 + 4 * 16, formula: { letters: "4·D² + 4·D" } });
    expect(attention.formula.numbers).toBe("4·16² + 4·16");
    expect(dimensions).toContainEqual({ symbol: "D", value: 16, meaning: "width" });
    expect(units.filter(({ part }) => part === "attention").map(({ name }) => name)).toEqual([
      "transformer.h.0.attn",
      "transformer.h.1.attn",
    ]);
    const known = Object.fromEntries(others.map((other) => [other.preset, other.total]));
    expect(known).toEqual({
      ...{ gpt2: 124_439_808, "gpt2-medium": 354_823_168, "gpt2-large": 774_030_080, "gpt2-xl": 1_557_611_200 },
      "llama-2-7b": 6_738_415_616,
    });
    for (const other of others) expect(Object.values(other.kinds).reduce((a, b) => a + b, 0)).toBe(other.total);
  });
});

describe("weights", () => {
  it("are described as they are read", async () => {
    const told: number[] = [];
    const progress = (done: number, total: number): void => void told.push(done / total);
    const { parameters } = await ask(queries.weights, subject, {}, { progress });
    expect(parameters.map(({ name }) => name)).toEqual(subject.parameters.specs.map(({ name }) => name));
    for (const { name, shape, mean, norm, zeros } of parameters) {
      const values = numbers(name);
      expect(shape).toEqual(stored.get(name)!.shape);
      expect(mean).toBeCloseTo(values.reduce((a, b) => a + b, 0) / values.length, 9);
      expect(norm).toBeCloseTo(Math.hypot(...values), 6);
      expect(zeros).toBe(values.filter((value) => value === 0).length / values.length);
    }
    expect(told).toHaveLength(parameters.length);
    expect(Math.max(...told)).toBeLessThanOrEqual(1);
    await expect(ask(queries.weights, subject, {}, { stop: { aborted: true } })).rejects.toThrow("taken back");
  });

  it("one of them: a map of all, a window, a shrunk map", async () => {
    const values = numbers(NAME);
    const all = await ask(queries.parameter, subject, { name: NAME });
    expect(all.matrix).toEqual([16, 27]);
    expect(Array.from(all.tensors.map.data, Number)).toEqual(values);
    expect(all.histogram.counts.reduce((a, b) => a + b, 0)).toBe(values.length);
    const part = await ask(queries.parameter, subject, { name: NAME, rows: [3, 5], columns: [25, 99] });
    expect(part.tensors.map).toMatchObject({ shape: [2, 2] });
    expect(Array.from(part.tensors.map.data, Number)).toEqual(
      [3, 4].flatMap((row) => values.slice(row * 27 + 25, row * 27 + 27)),
    );
    const small = await ask(queries.parameter, subject, { name: NAME, cells: 8 });
    // 16 rows by 2, 27 columns by 4: 8 by 7 cells.
    expect(small.tensors.map.shape).toEqual([8, 7]);
    const cell = [0, 1].flatMap((row) => values.slice((14 + row) * 27 + 24, (14 + row) * 27 + 27));
    const farthest = cell.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    expect(small.tensors.map.data[55]).toBe(farthest);
  });

  it("one of them: norms of rows and singular values", async () => {
    const values = numbers(NAME);
    const { tensors, lengths, singular } = await ask(queries.parameter, subject, {
      name: NAME,
      singular: true,
      top: 2,
    });
    const norms = Array.from({ length: 16 }, (_, row) => Math.hypot(...values.slice(row * 27, (row + 1) * 27)));
    norms.forEach((norm, row) => {
      expect(tensors.rowNorms.data[row]).toBeCloseTo(norm, 5);
    });
    expect(lengths.longest[0]!.norm).toBeCloseTo(Math.max(...norms), 5);
    expect(lengths.shortest[0]!.norm).toBeCloseTo(Math.min(...norms), 5);
    expect(lengths.longest).toHaveLength(2);
    expect(singular).toBe(true);
    const squares = Array.from(tensors.singularValues!.data as Float32Array).reduce(
      (sum, value) => sum + value ** 2,
      0,
    );
    expect(Math.sqrt(squares)).toBeCloseTo(Math.hypot(...values), 4);
  });

  it("values come in pieces, and what there is not is named", async () => {
    const { size, tensors } = await ask(queries.values, subject, { name: NAME, first: 30, count: 7 });
    expect(size).toBe(16 * 27);
    expect(Array.from(tensors.values.data, Number)).toEqual(numbers(NAME).slice(30, 37));
    await expect(ask(queries.values, subject, { name: `${NAME}s` })).rejects.toThrow(`Did you mean "${NAME}"`);
    await expect(ask(queries.values, subject, { name: NAME, first: 999 })).rejects.toThrow("has 432 values");
    const vector = await ask(queries.parameter, subject, { name: "transformer.ln_f.bias" });
    expect(vector.matrix).toEqual([1, 16]);
  });
});

describe("changes between two models", () => {
  const source = (of: Subject): ParameterSource => ({
    list: () => ask(queries.weights, of, {}),
    values: (question) => ask(queries.values, of, { ...question, count: 100 }),
  });

  it("are none with itself, and what was added where something was", async () => {
    const same = await weightChanges(source(subject), source(subject));
    expect(same.all).toMatchObject({ difference: 0, relative: 0, largest: 0 });
    const other = await openSubject(diskFolder(folder("gpt2-causal-lm")), { threads: 1 });
    try {
      const moved = Float32Array.from(numbers(NAME), (value, i) => value + (i % 2 === 0 ? 3 : 4));
      await other.parameters.update(new Map([[NAME, { dtype: "float32", shape: [16, 27], data: moved }]]));
      const { all, parts, parameters } = await weightChanges(source(subject), source(other));
      const due = Math.sqrt(216 * 9 + 216 * 16);
      expect(all.difference).toBeCloseTo(due, 3);
      expect(all.largest).toBeCloseTo(4, 5);
      expect(parts.find(({ name }) => name === "feed-forward")!.difference).toBeCloseTo(due, 3);
      expect(parts.find(({ name }) => name === "attention")!.difference).toBe(0);
      const one = parameters.find(({ name }) => name === NAME)!;
      expect(one.relative).toBeCloseTo(due / Math.hypot(...numbers(NAME)), 3);
    } finally {
      await other.dispose();
    }
  });

  it("of two shapes are refused by name", async () => {
    const other = await openSubject(diskFolder(folder("llama-causal-lm")), { threads: 1 });
    try {
      await expect(weightChanges(source(subject), source(other))).rejects.toThrow("transformer.wte.weight is 53×16");
    } finally {
      await other.dispose();
    }
  });
});
