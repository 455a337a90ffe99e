/** What a person gives, as a model sees it: tokens, words and patches; and what is refused. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { ask, openSubject, queries, translatorSubject, type Subject } from "../../src/inspect/index.ts";
import { Translator } from "../../src/tasks/translator.ts";

const family = (name: string): Promise<Subject> =>
  openSubject(diskFolder(fileURLToPath(new URL(`../families/${name}`, import.meta.url))), { threads: 1 });
let subject: Subject;
beforeAll(async () => {
  const pairs = [{ source: "le roi voit une femme", target: "the king sees a woman" }];
  const sizes = { width: 16, heads: 2, layers: 1, vocabulary: 300, model: { maxPositions: 40 }, threads: 1 };
  subject = translatorSubject(await Translator.create(pairs, sizes));
});
afterAll(() => subject.dispose());

describe("a text", () => {
  it.each([
    ["letters of several bytes", "l'été à Nîmes"],
    ["emoji", "le roi 👑 voit 👩‍👧"],
    ["writing from the right", "le roi מלך ملك"],
    ["white space around it", "  le   roi\tvoit \n"],
  ])("with %s has a token for each column, and words that cover all tokens once", async (_, text) => {
    const { axes } = await ask(queries.reading, subject, { text, target: "the king" });
    const { tensors } = await ask(queries.attention, subject, { text, target: "the king", group: "crossAttentions" });
    expect(tensors.weights.shape).toEqual([2, axes.target!.labels.length, axes.source!.labels.length]);
    for (const { labels, ids, words } of [axes.source!, axes.target!]) {
      expect(ids).toHaveLength(labels.length);
      expect(words.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i))).toEqual(
        labels.map((_, i) => i),
      );
    }
  });

  it("that is empty, or only white space, is refused in a sentence", async () => {
    for (const text of ["", " \n"]) {
      await expect(ask(queries.reading, subject, { text })).rejects.toThrow(/The text is empty\. Write something/);
    }
  });

  it("that is longer than the positions is refused, and says how long it may be", async () => {
    const reading = ask(queries.reading, subject, { text: "le roi ".repeat(60), target: "the king" });
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(/takes at most 40/);
  });

  it("a question that is not as expected is refused, and its part is named", async () => {
    await expect(ask(queries.attention, subject, { text: 3 })).rejects.toThrow(/^text is not as expected/);
    await expect(ask(queries.attention, subject, { text: "le roi", target: "a", layer: 7 })).rejects.toThrow(
      "crossAttentions has layers 1 to 1; layer 8 was asked for.",
    );
  });
});

describe("an image", () => {
  it("has an axis of patches with the class token in front, and a test card where none is given", async () => {
    const vit = await family("vit-image-classification");
    try {
      const { axes } = await ask(queries.reading, vit, {});
      const { grid, labels } = axes.image!;
      expect(labels).toHaveLength(grid!.rows * grid!.columns + 1);
      expect(labels.slice(0, 3)).toEqual(["[CLS]", "1, 1", "1, 2"]);
      await expect(ask(queries.reading, vit, { image: "*" })).rejects.toThrow(/not base64/);
    } finally {
      await vit.dispose();
    }
  });
});

describe("neuron", () => {
  it("gives the queries and keys whose scaled products are the scores behind the weights", async () => {
    const question = { text: "le roi voit", target: "the king sees", group: "crossAttentions", head: 1 };
    const { width, tensors } = await ask(queries.neuron, subject, question);
    const [rows, keys] = [tensors.queries.shape[0]!, tensors.keys.shape[0]!];
    const numbers = (tensor: { readonly data: unknown }): Float32Array => tensor.data as Float32Array;
    const [q, k, weights] = [numbers(tensors.queries), numbers(tensors.keys), numbers(tensors.weights)];
    for (let row = 0; row < rows; row++) {
      const scores = Array.from({ length: keys }, (_, key) => {
        let sum = 0;
        for (let d = 0; d < width; d++) sum += q[row * width + d]! * k[key * width + d]!;
        return Math.exp(sum / Math.sqrt(width));
      });
      const total = scores.reduce((a, b) => a + b, 0);
      for (const [key, score] of scores.entries()) expect(weights[row * keys + key]).toBeCloseTo(score / total, 5);
    }
  });

  it("is refused where no single product gives the scores", async () => {
    const model = await family("transfo-xl-model");
    try {
      await expect(ask(queries.neuron, model, { ids: [4, 5, 6] })).rejects.toThrow(/terms of distance/);
    } finally {
      await model.dispose();
    }
  });
});
