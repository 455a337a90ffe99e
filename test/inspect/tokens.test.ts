/** Tokens stage by stage, as a query: by each kind of tokenizer, and by two on one text. */
import { describe, expect, it } from "vitest";
import { ask, modelSubject, queries, type Subject } from "../../src/inspect/index.ts";
import { openModel } from "../../src/tasks/open.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { trainTokenizer, type Tokenizer } from "../../src/tokens/index.ts";

const lines = ["the cat sat on the mat", "the cats sit on mats", "a dog sat there", "dogs and cats"];

async function withTokenizer(tokenizer: Tokenizer | undefined): Promise<Subject> {
  return modelSubject(await openModel(diskFolder("test/families/bert-model"), { worker: false }), tokenizer);
}

describe("tokens", () => {
  it("of byte-level BPE: merges by rank that end in the tokens, and parts of letters that are flagged", async () => {
    const tokenizer = await trainTokenizer(lines, { family: "gpt2", size: 290 });
    const subject = await withTokenizer(tokenizer);
    const { own, other } = await ask(queries.tokens, subject, { text: "the cats 🎉" });
    expect(other).toBeUndefined();
    expect(own.algorithm).toBe("BPE");
    expect(own.tokens.map(({ id }) => id)).toEqual([...tokenizer.ids("the cats 🎉")]);
    for (const { steps, tokens } of own.words) {
      if (steps.kind !== "merges") throw new Error(`These are ${steps.kind}.`);
      expect(steps.merges.at(-1)?.symbols ?? steps.symbols).toEqual(tokens.map(({ text }) => text));
      for (const [i, { left, right, symbols }] of steps.merges.entries()) {
        const before = i === 0 ? steps.symbols : steps.merges[i - 1]!.symbols;
        expect(symbols).toHaveLength(before.length - 1);
        expect(symbols).toContain(left + right);
      }
    }
    expect(own.tokens.filter(({ part }) => part).map(({ text }) => text)).toEqual(["🎉₁", "🎉₂", "🎉₃", "🎉₄"]);
    expect(own.same).toBe(true);
    await subject.dispose();
  });

  it("of WordPiece: longest matches, and the unknown flagged", async () => {
    const subject = await withTokenizer(await trainTokenizer(lines, { family: "bert", size: 60 }));
    const { own } = await ask(queries.tokens, subject, { text: "cats ☃" });
    expect(own.algorithm).toBe("WordPiece");
    expect(own.words[0]!.steps.kind).toBe("matches");
    expect(own.tokens.filter(({ added }) => !added).at(-1)!.unknown).toBe(true);
    expect(own.tokens.filter(({ unknown }) => unknown)).toHaveLength(1);
    await subject.dispose();
  });

  it("of Unigram: the best path, whose scores add up, among the pieces that could stand there", async () => {
    const subject = await withTokenizer(await trainTokenizer(lines, { family: "t5", size: 150 }));
    const { own } = await ask(queries.tokens, subject, { text: "the cats" });
    expect(own.algorithm).toBe("Unigram");
    for (const { steps, text } of own.words) {
      if (steps.kind !== "path") throw new Error(`These are ${steps.kind}.`);
      expect(steps.path.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(steps.score, 6);
      expect(steps.path.map(({ piece }) => piece).join("")).toBe(text);
      for (const part of steps.path) if (part.unknown !== true) expect(steps.candidates).toContainEqual(part);
    }
    await subject.dispose();
  });

  it("of two tokenizers on one text, with where they differ", async () => {
    const first = await withTokenizer(await trainTokenizer(lines, { family: "gpt2", size: 290 }));
    const second = await withTokenizer(await trainTokenizer(lines, { family: "gpt2", size: 258 }));
    const context = { subject: (id: string) => Promise.resolve(id === "other" ? second : first) };
    const question = { text: "the cats", other: "other" };
    const { own, other, comparison } = await ask(queries.tokens, first, question, context);
    expect(other!.tokens.length).toBeGreaterThan(own.tokens.length);
    expect(comparison!.first.tokens).toBe(own.tokens.length);
    expect(comparison!.second.tokens).toBe(other!.tokens.length);
    expect(comparison!.differences.length).toBeGreaterThan(0);
    await expect(ask(queries.tokens, first, question)).rejects.toThrow('There is no "other" here');
    await first.dispose();
    await second.dispose();
  });

  it("of emoji, right-to-left script and nothing at all", async () => {
    const subject = await withTokenizer(await trainTokenizer(lines, { family: "gpt2", size: 270 }));
    for (const text of ["👩‍👩‍👧 🇫🇷", "שלום עולם", "مرحبا بالعالم", ""]) {
      const { own } = await ask(queries.tokens, subject, { text });
      expect(own.decoded).toBe(text);
      for (const { start, end } of own.tokens) {
        expect(start).toBeLessThanOrEqual(end);
        expect(end).toBeLessThanOrEqual(text.length);
      }
    }
    await subject.dispose();
  });

  it("needs a tokenizer", async () => {
    const subject = await withTokenizer(undefined);
    await expect(ask(queries.tokens, subject, { text: "a" })).rejects.toThrow("came without a tokenizer");
    await subject.dispose();
  });
});
