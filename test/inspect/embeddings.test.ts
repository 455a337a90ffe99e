import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError, Stopped } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { rowsOf, tsne, unitRows } from "../../src/insight/index.ts";
import {
  ask,
  decodeAnswer,
  encodeAnswer,
  openSubject,
  queries,
  translatorSubject,
  type AnswerOf,
  type QuestionOf,
  type Subject,
} from "../../src/inspect/index.ts";
import { Translator } from "../../src/tasks/translator.ts";

/** Small models: no worker, no threads. */
const fast = { threads: 1, worker: false } as const;

const pairs = [
  { source: "le roi et la reine", target: "the king and the queen" },
  { source: "un homme et une femme", target: "a man and a woman" },
  { source: "le roi voit une femme", target: "the king sees a woman" },
  { source: "la reine voit un homme", target: "the queen sees a man" },
];

const families = new URL("../families/", import.meta.url).pathname;
let translator: Subject;
let opened: Subject[] = [];

beforeAll(async () => {
  translator = translatorSubject(
    await Translator.create(pairs, { width: 16, heads: 2, layers: 1, vocabulary: 400, ...fast }),
  );
  opened = [translator];
});
afterAll(async () => {
  for (const subject of opened) await subject.dispose();
});

async function family(name: string): Promise<Subject> {
  const subject = await openSubject(diskFolder(`${families}${name}`), fast);
  opened.push(subject);
  return subject;
}

/** What the answer is after its travel as bytes. */
const travelled = async (answer: object) => decodeAnswer(await encodeAnswer(answer));

const project = (subject: Subject, question: QuestionOf<"projection">) => ask(queries.projection, subject, question);
const floats = (answer: { tensors: AnswerOf<"projection">["tensors"] }, name: string): Float32Array =>
  answer.tensors[name]!.data as Float32Array;

describe("projection", () => {
  it("is of the most frequent tokens, with their names, lengths and shares", async () => {
    const answer = await project(translator, { rows: { of: "table", most: 50 } });
    expect(answer.names).toHaveLength(50);
    expect(answer.names.every(({ kind }) => kind !== "special")).toBe(true);
    expect(answer.tensors["points"]!.shape).toEqual([50, 2]);
    expect(answer.shares).toHaveLength(2);
    const table = await translator.parameters.readOne("model.shared.weight");
    answer.names.forEach(({ id }, row) => {
      const length = Math.hypot(...table.subarray(id! * 16, (id! + 1) * 16));
      expect(floats(answer, "lengths")[row]).toBeCloseTo(length, 5);
    });
    const after = await travelled(answer);
    expect(after.tensors!["points"]!.data).toEqual(answer.tensors["points"]!.data);
  });

  it("is of words that are typed, in t-SNE and UMAP, with groups", async () => {
    const words = ["king", "queen", "man", "woman", "roi", "reine", "homme", "femme"];
    for (const method of ["tsne", "umap"] as const) {
      const told: string[] = [];
      const answer = await ask(
        queries.projection,
        translator,
        { rows: { of: "table", words }, method, dimensions: 3, iterations: 30, groups: 2 },
        { progress: (_done, _total, what) => told.push(what) },
      );
      expect(answer.names.length).toBeGreaterThanOrEqual(8);
      expect(answer.tensors["points"]!.shape[1]).toBe(3);
      expect(new Set(answer.tensors["clusters"]!.data as Int32Array).size).toBe(2);
      expect(floats(answer, "points").every(Number.isFinite)).toBe(true);
      expect(told).toContain(method === "tsne" ? "t-SNE" : "UMAP");
    }
  });

  it("of t-SNE goes by angles or by distances", async () => {
    const rows = { of: "table" as const, most: 30 };
    const { names } = await project(translator, { rows });
    const table = await translator.parameters.readOne("model.shared.weight");
    const values = new Float32Array(30 * 16);
    names.forEach(({ id }, row) => {
      values.set(table.subarray(id! * 16, (id! + 1) * 16), row * 16);
    });
    const vectors = rowsOf(values, 16);
    for (const [metric, among] of [
      ["euclidean", vectors],
      ["cosine", unitRows(vectors)],
    ] as const) {
      const answer = await project(translator, { rows, method: "tsne", iterations: 20, metric });
      expect(floats(answer, "points")).toEqual((await tsne(among, { iterations: 20 })).points);
    }
  });

  it("is found once, and again after a change of the parameters", async () => {
    const question = { rows: { of: "table" as const, most: 40 }, method: "tsne" as const, iterations: 10 };
    const first = floats(await project(translator, question), "points");
    expect(floats(await project(translator, question), "points")).toBe(first);
    translator.parameters.changed();
    const again = floats(await project(translator, question), "points");
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });

  it("is of hidden states at a layer: the rows that the model computes, or their mean", async () => {
    const bert = await family("bert-model");
    const readings = [{ ids: [5, 6, 7] }, { ids: [8, 9] }];
    const answer = await project(bert, { rows: { of: "hidden", readings, layer: 1 } });
    expect(answer.names.map(({ reading, place, label }) => [reading, place, label])).toEqual([
      [0, 0, "5"],
      [0, 1, "6"],
      [0, 2, "7"],
      [1, 0, "8"],
      [1, 1, "9"],
    ]);
    const ids = { dtype: "int32", shape: [1, 2], data: Int32Array.of(8, 9) } as const;
    const mask = { ...ids, data: Int32Array.of(1, 1) };
    const hidden = await bert.model.run({ inputIds: ids, attentionMask: mask }, { outputs: ["hiddenStates.1"] });
    const data = hidden.get("hiddenStates.1")!.data as Float32Array;
    const width = data.length / 2;
    expect(floats(answer, "lengths")[4]).toBeCloseTo(Math.hypot(...data.subarray(width)), 4);
    const means = await project(bert, { rows: { of: "hidden", readings, layer: 1, mean: true } });
    const mean = Array.from({ length: width }, (_, d) => (data[d]! + data[d + width]!) / 2);
    expect(floats(means, "lengths")[1]).toBeCloseTo(Math.hypot(...mean), 4);
  });

  it("is of patches and of both sides of a translation", async () => {
    const vit = await family("vit-model");
    const patches = await project(vit, { rows: { of: "hidden", readings: [{}] } });
    expect(patches.names.slice(0, 3).map(({ label, kind }) => `${kind} ${label}`)).toEqual([
      "patch [CLS]",
      "patch 1, 1",
      "patch 1, 2",
    ]);
    const readings = [{ text: "le roi et la reine", target: "the king and the queen" }];
    for (const states of ["encoderHiddenStates", "decoderHiddenStates"]) {
      const { names } = await project(translator, { rows: { of: "hidden", readings, states } });
      expect(names.map(({ label }) => label)).toContain(states.startsWith("enc") ? "roi" : "king");
    }
  });

  it("names tokens by number where there is no tokenizer", async () => {
    const gpt2 = await family("gpt2-model");
    const { names } = await project(gpt2, { rows: { of: "table", ids: [3, 4, 9] } });
    expect(names.map(({ label }) => label)).toEqual(["#3", "#4", "#9"]);
  });

  it("stops, and says what is wrong", async () => {
    const stop = { aborted: true };
    const rows = { of: "table", most: 60 } as const;
    await expect(ask(queries.projection, translator, { rows, method: "tsne" }, { stop })).rejects.toThrow(Stopped);
    await expect(project(translator, { rows: { of: "table", ids: [99_999] } })).rejects.toThrow(InputError);
    await expect(project(await family("vit-image-classification"), {})).rejects.toThrow(/reads no tokens/);
    const far = { of: "hidden" as const, readings: [{ text: "le roi" }], layer: 9 };
    await expect(project(translator, { rows: far })).rejects.toThrow(/0 to 1/);
    await expect(project(translator, { rows: { ...far, states: "hiddenState" } })).rejects.toThrow(
      /encoderHiddenStates/,
    );
  });
});

describe("neighbors", () => {
  it("are those of all rows by hand", async () => {
    const { neighbors, of } = await ask(queries.neighbors, translator, { word: "king", count: 5 });
    expect(of.map(({ label }) => label)).toEqual(["king"]);
    const table = await translator.parameters.readOne("model.shared.weight");
    const row = (id: number) => table.subarray(id * 16, (id + 1) * 16);
    const own = row(of[0]!.id!);
    const cosine = (other: Float32Array): number =>
      own.reduce((sum, x, d) => sum + x * other[d]!, 0) / Math.hypot(...own) / Math.hypot(...other);
    const all = Array.from({ length: table.length / 16 }, (_, id) => ({ id, value: cosine(row(id)) }));
    const best = all.filter(({ id }) => id !== of[0]!.id).sort((a, b) => b.value - a.value);
    expect(neighbors.map(({ id }) => id)).toEqual(best.slice(0, 5).map(({ id }) => id));
    expect(neighbors[0]!.value).toBeCloseTo(best[0]!.value, 6);
  });

  it("are of an id, a row, a vector, and among hidden states", async () => {
    const byId = await ask(queries.neighbors, translator, { id: 7, metric: "euclidean" });
    const table = await translator.parameters.readOne("model.shared.weight");
    const byVector = await ask(queries.neighbors, translator, {
      vector: Array.from(table.subarray(7 * 16, 8 * 16)),
      metric: "euclidean",
      count: 11,
    });
    expect(byVector.neighbors[0]).toMatchObject({ id: 7, value: 0 });
    expect(byVector.neighbors.slice(1)).toEqual(byId.neighbors);
    const readings = [{ text: "le roi voit une femme", target: "the king sees a woman" }];
    const near = await ask(queries.neighbors, translator, { rows: { of: "hidden", readings }, row: 1, count: 2 });
    expect(near.neighbors).toHaveLength(2);
    expect(near.of[0]).toMatchObject({ reading: 0, place: 1 });
  });

  it("ask for a start, and for a word that the vocabulary can write", async () => {
    await expect(ask(queries.neighbors, translator, {})).rejects.toThrow(/Say whose/);
    await expect(ask(queries.neighbors, translator, { row: 1e6 })).rejects.toThrow(/no such row/);
    await expect(ask(queries.neighbors, await family("gpt2-causal-lm"), { word: "king" })).rejects.toThrow(
      /no tokenizer/,
    );
  });
});

describe("analogy", () => {
  it("leaves out the given words, and finds what is built in", async () => {
    const subject = translatorSubject(
      await Translator.create(pairs, { width: 16, heads: 2, layers: 1, vocabulary: 400, ...fast }),
    );
    opened.push(subject);
    const id = (word: string): number => subject.tokenizer!.ids(` ${word}`, { addSpecialTokens: false })[0]!;
    const data = await subject.parameters.readOne("model.shared.weight");
    const { shape } = subject.parameters.placeOf("model.shared.weight");
    const table = data.slice();
    const put = (word: string, ...numbers: number[]): void => { table.set([...numbers, ...new Array<number>(13).fill(0)], id(word) * 16); }; // prettier-ignore
    put("man", 1, 0, 0);
    put("woman", 1, 1, 0);
    put("king", 1, 0, 1);
    put("queen", 1, 1, 1);
    await subject.parameters.update(new Map([["model.shared.weight", { dtype: "float32", shape, data: table }]]));
    for (const method of ["add", "multiply"] as const) {
      const answer = await ask(queries.analogy, subject, { words: ["man", "woman", "king"], method });
      expect(answer.found[0]!.label).toBe("queen");
      expect(answer.found.map(({ label }) => label)).not.toContain("king");
      expect(answer.given.map(({ tokens }) => tokens[0]!.label)).toEqual(["man", "woman", "king"]);
    }
  });
});

describe("positions", () => {
  it("are sinusoids of a translator, with products that depend on the distance alone", async () => {
    const { encodings, shown, tensors } = await ask(queries.positions, translator, { count: 12 });
    expect(encodings).toHaveLength(1);
    expect(shown).toMatchObject({ kind: "sinusoidal", layout: "interleaved", width: 16 });
    expect(tensors["values"]!.shape).toEqual([12, 16]);
    const products = tensors["products"]!.data as Float32Array;
    for (let i = 0; i < 9; i++) expect(products[i * 12 + i + 3]).toBeCloseTo(products[3]!, 4);
  });

  it("come in windows, and are told apart by number", async () => {
    const from = await ask(queries.positions, translator, { from: 5, count: 3 });
    const all = await ask(queries.positions, translator, { count: 8 });
    expect(from.tensors["values"]!.data).toEqual((all.tensors["values"]!.data as Float32Array).slice(5 * 16));
    const t5 = await family("t5-model");
    const second = await ask(queries.positions, t5, { which: 1 });
    expect(second.shown).toMatchObject({ kind: "buckets", side: "target", bothSides: false });
    expect(second.tensors["biases"]!.shape).toEqual([3, second.tensors["distances"]!.shape[0]]);
    await expect(ask(queries.positions, t5, { which: 2 })).rejects.toThrow(/0 to 1/);
  });

  it("are angles, distances and patches of other families", async () => {
    const llama = await ask(queries.positions, await family("llama-causal-lm-llama3"), { count: 6 });
    expect(Object.keys(llama.tensors).sort()).toEqual([
      "angles",
      "byDistance",
      "cosines",
      "frequencies",
      "sines",
      "unscaledByDistance",
      "unscaledFrequencies",
    ]);
    const xl = await ask(queries.positions, await family("transfo-xl-causal-lm"), { count: 6 });
    expect(xl.tensors["values"]!.shape[0]).toBe(6);
    const vit = await ask(
      queries.positions,
      opened.find(({ architecture }) => architecture.modelType === "vit")!,
      {},
    );
    expect(vit.tensors["cosines"]!.shape).toEqual([9, 9]);
  });
});
