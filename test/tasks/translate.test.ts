import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { memoryFolder } from "../../src/files/index.ts";
import { tokenLabels } from "../../src/tasks/token-labels.ts";
import {
  attentionKinds,
  attentionOf,
  evaluateTranslator,
  headAlignments,
  headRows,
  meanOfHeads,
  translateAll,
} from "../../src/tasks/translate.ts";
import { Translator } from "../../src/tasks/translator.ts";
import { toyPairs, toyTranslator } from "./toy.ts";

let model: Translator;
beforeAll(async () => {
  model = await toyTranslator(500);
});
afterAll(() => model.dispose());
const held = toyPairs(40, 99);

describe("a trained translator", () => {
  it("translates, far better than copying, and the same from a folder", async () => {
    const { bleu, chrf, copy, hypotheses } = await evaluateTranslator(model, held);
    expect(bleu.score).toBeGreaterThan(80);
    expect(chrf.score).toBeGreaterThan(80);
    expect(copy.score).toBeLessThan(5);
    const folder = memoryFolder();
    await model.save(folder);
    const opened = await Translator.open(folder, { threads: 1 });
    const again = await opened.translate(held.map(({ source }) => source));
    expect(again.map(({ text }) => text)).toEqual(hypotheses);
    expect(opened.seenWords).toEqual(model.seenWords);
    await opened.dispose();
  });

  it("keeps the order, whatever the batch, with empty sentences among the others", async () => {
    const sentences = ["chat noir chien rouge", "", "lapin blanc", "   ", "canard mouton cheval", "chien brun"];
    const told: number[] = [];
    const options = { batch: 2, progress: (done: number) => told.push(done) };
    const found = await translateAll(model, sentences, options);
    const alone = await Promise.all(sentences.map(async (one) => (await translateAll(model, [one]))[0]![0]!.text));
    expect(found.map(([best]) => best!.text)).toEqual(alone);
    expect([alone[1], alone[3], alone[2]]).toEqual(["", "", "rabbit white"]);
    expect(told).toEqual([4, 6]);
    expect(await translateAll(model, [])).toEqual([]);
  });

  it("gives as many translations as asked for, best first, of empty sentences too", async () => {
    const found = await translateAll(model, ["chat noir", "", "lapin brun chien"], { beams: 4, nBest: 3 });
    expect(found.map((list) => list.length)).toEqual([3, 3, 3]);
    for (const list of found) {
      const scores = list.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    }
    expect(new Set(found[0]!.map(({ ids }) => ids.join())).size).toBe(3);
    expect(found[0]![0]!.text).toBe("cat black");
  });

  it("leaves unfinished what a stop kept it from", async () => {
    const signal = { aborted: false };
    const progress = (): void => void (signal.aborted = true);
    const found = await translateAll(model, ["chat noir", "", "lapin brun"], { batch: 1, stop: signal, progress });
    expect(found.map(([one]) => [one!.text, one!.finished])).toEqual([
      ["cat black", true],
      ["", true],
      ["", false],
    ]);
  });

  it("names the sentence that is longer than its positions", async () => {
    const long = Array<string>(600).fill("chat").join(" ");
    await expect(translateAll(model, ["chat", long])).rejects.toThrow(InputError);
    await expect(translateAll(model, ["chat", long])).rejects.toThrow(
      /^Sentence 2 has \d+ tokens; this model takes at most 512\. Split it: "chat chat .*…"$/,
    );
  });

  it("names the words that training never saw, once, in any case of letters", () => {
    expect(model.unseenWords("Chat noir, zèbre ! Zèbre zèbre 12")).toEqual(["zèbre", "Zèbre"]);
    expect(model.unseenWords("CHAT NOIR.")).toEqual([]);
  });
});

describe("attention", () => {
  it.each(attentionKinds)("of the %s: a distribution per row, of every layer and head", async (kind) => {
    const { queries, keys, layers, translation } = await attentionOf(model, "chat noir lapin", { kind });
    expect(translation).toBe("cat black rabbit");
    const sides = { source: ["chat", "noir", "lapin", "</s>"], target: ["cat", "black", "rabbit", "</s>"] };
    const read = ["<s>", "cat", "black", "rabbit"];
    const axes = {
      encoder: [sides.source, sides.source],
      decoder: [sides.target, read],
      cross: [sides.target, sides.source],
    };
    expect([queries, keys]).toEqual(axes[kind]);
    expect(layers.map(({ shape }) => shape)).toEqual([[2, 4, 4]]);
    const rows = [...headRows(layers[0]!, 0), ...headRows(layers[0]!, 1), ...meanOfHeads(layers[0]!)];
    expect(rows).toHaveLength(12);
    for (const row of rows) expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    if (kind === "decoder") {
      for (const [t, row] of meanOfHeads(layers[0]!).entries())
        expect(row.slice(t + 1).every((w) => w === 0)).toBe(true);
    }
  });

  it("looks into a given translation", async () => {
    const { queries, translation } = await attentionOf(model, "chat", { target: "dog dog" });
    expect([translation, queries]).toEqual(["dog dog", ["dog", "dog", "</s>"]]);
  });

  it("finds the words that correspond: the best head first, and function words do not count", async () => {
    const heads = await headAlignments(model, held, new Set());
    const counted = held.reduce((sum, { target }) => sum + target.split(" ").length, 0);
    expect(heads.map(({ words }) => words)).toEqual([counted, counted]);
    expect(heads[0]!.accuracy).toBeGreaterThan(0.7);
    expect(heads[0]!.accuracy).toBeGreaterThanOrEqual(heads[1]!.accuracy);
    const without = await headAlignments(model, held, new Set(["red", "black"]));
    expect(without[0]!.words).toBeLessThan(counted);
    const shifted = held.map((pair) => {
      const { length } = pair.alignment;
      return { ...pair, alignment: pair.alignment.map(([s, t]): [number, number] => [(s + 1) % length, t]) };
    });
    const [wrong] = await headAlignments(model, shifted, new Set());
    expect(wrong!.accuracy).toBeLessThan(0.5);
  });
});

describe("labels of tokens", () => {
  it("show whole letters, numbered where tokens share one, and white space", () => {
    const labels = (text: string): string[] => tokenLabels(model.tokenizer, model.tokenizer.ids(text));
    expect(labels("chat noir")).toEqual(["chat", "noir", "</s>"]);
    expect(labels("é 猫")).toEqual(["é₁", "é₂", "␣", "猫₁", "猫₂", "猫₃", "</s>"]);
    expect(labels("🙂🙂").slice(0, 5)).toEqual(["🙂₁", "🙂₂", "🙂₃", "🙂₄", "🙂₁"]);
    // Half a letter, as a model may write it, is no letter.
    const half = model.tokenizer.ids("é").slice(0, 1);
    expect(tokenLabels(model.tokenizer, Int32Array.of(...half, ...model.tokenizer.ids("chat")))[1]).toBe("chat");
  });

  it("are one for each id, for any text and any ids", () => {
    const { tokenizer } = model;
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), (text) => {
        const ids = tokenizer.ids(text);
        const labels = tokenLabels(tokenizer, ids);
        expect(labels).toHaveLength(ids.length);
        for (const label of labels) expect(label.trim()).not.toBe("");
        if (!text.includes("\ufffd")) expect(labels.join("")).not.toContain("\ufffd");
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizer.size - 1), { maxLength: 12 }), (ids) => {
        expect(tokenLabels(tokenizer, Int32Array.from(ids))).toHaveLength(ids.length);
      }),
    );
  });
});
