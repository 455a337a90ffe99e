/** How a model writes, as queries: against the library's own searches, on a translator, a decoder, an encoder-decoder, an encoder. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ask, modelSubject, openSubject, queries, translatorSubject, type Subject } from "../../src/inspect/index.ts";
import { MaskFiller } from "../../src/tasks/fill.ts";
import { TextGenerator } from "../../src/tasks/generate-text.ts";
import type { Model } from "../../src/tasks/model.ts";
import type { Translator } from "../../src/tasks/translator.ts";
import { bertWords, checkpoint, here, plainWords } from "../tasks/checkpoints.ts";
import { toyTranslator } from "../tasks/toy.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { Stopped } from "../../src/errors/index.ts";

let translator: Translator;
let subject: Subject;
beforeAll(async () => {
  translator = await toyTranslator(60, here);
  subject = translatorSubject(translator);
});
afterAll(() => subject.dispose());

const text = "chat noir lapin";

describe("a translator", () => {
  it("shows the distribution behind each processor, and runs only these when a slider moves", async () => {
    const run = vi.spyOn(translator.engine, "run");
    const asked = (settings: object) => ask(queries.distribution, subject, { text, settings, top: 5 });
    const first = await asked({ temperature: 0.5, topK: 3, topP: 0.9, minP: 0.01 });
    const runs = run.mock.calls.length;
    expect(runs).toBeGreaterThan(0);
    expect(first.stages.map(({ processor }) => processor)).toEqual([
      ...["model", "suppressTokens", "temperature", "topK", "topP", "minP"],
    ]);
    expect(first.stages[3]!.kept).toBe(3);
    const second = await asked({ temperature: 2 });
    expect(run.mock.calls.length).toBe(runs);
    expect(second.stages[0]).toEqual(first.stages[0]);
    expect(second.stages.at(-1)!.entropy).toBeGreaterThan(first.stages[0]!.entropy);
    run.mockRestore();
    const best = second.tokens[0]!;
    const [greedy] = (await ask(queries.generate, subject, { text })).tokens;
    expect(best.id).toBe(greedy!.id);
    expect(best.probabilities[0]).toBeCloseTo(greedy!.probability, 5);
    for (const { probabilities } of second.tokens) expect(probabilities).toHaveLength(second.stages.length);
  });

  it("goes on from what was written", async () => {
    const { tokens } = await ask(queries.generate, subject, { text });
    const written = tokens.slice(0, 2).map(({ id }) => id);
    const next = await ask(queries.distribution, subject, { text, written });
    expect(next.written.map(({ id }) => id)).toEqual(written);
    expect(next.tokens[0]!.id).toBe(tokens[2]!.id);
    expect(next.tokens[0]!.probabilities[0]).toBeCloseTo(tokens[2]!.probability, 4);
  });

  it("searches by beams as translate does, with every step on record", async () => {
    const found = await ask(queries.beamTree, subject, { text, beams: 4 });
    const translation = await translator.translate(text, { beams: 4 });
    expect(found.results[0]!.text).toBe(translation.text);
    expect(found.results[0]!.score).toBeCloseTo(translation.score, 5);
    expect(found.results).toHaveLength(4);
    for (const { node, score } of found.results) expect(found.nodes[node!]!.score).toBeCloseTo(score, 5);
    const best = found.nodes.filter(({ state }) => state === "finished").sort((a, b) => b.score - a.score)[0]!;
    expect(found.results[0]!.node).toBe(best.node);
  });

  it("writes the same with the cache and without it", async () => {
    const { equal, text: written, tokens, cached, uncached } = await ask(queries.cached, subject, { text, runs: 1 });
    expect(equal).toBe(true);
    expect(written).toBe((await translator.translate(text, { beams: 1 })).text);
    expect(Math.min(cached, uncached, ...tokens.flatMap((one) => [one.cached, one.uncached]))).toBeGreaterThan(0);
  });

  it("refuses what it cannot read, in a sentence", async () => {
    await expect(ask(queries.generate, subject, { text: " " })).rejects.toThrow("The text is empty");
    await expect(ask(queries.distribution, subject, { text, settings: { topP: 3 } })).rejects.toThrow("topP is 3");
    await expect(ask(queries.distribution, subject, { text, written: [99999] })).rejects.toThrow(
      "There is no token 99999",
    );
    const stop = { aborted: true };
    await expect(ask(queries.generate, subject, { text }, { stop })).rejects.toThrow(Stopped);
  });
});

describe("a decoder", () => {
  it("writes what TextGenerator writes, greedily and drawn", async () => {
    const decoder = await openSubject(await checkpoint("gpt2-causal-lm", plainWords), here);
    const generator = new TextGenerator(decoder.model, decoder.tokenizer!);
    const options = { doSample: false, numBeams: 1, maxNewTokens: 6 };
    const own = (await generator.generate(["w7 w9 w12"], options))[0]![0];
    const found = await ask(queries.generate, decoder, { text: "w7 w9 w12", newTokens: 6, top: 3 });
    expect(found.tokens.map(({ id }) => id)).toEqual([...own!.ids, ...(own!.endId === undefined ? [] : [own!.endId])]);
    for (const [i, { probability, alternatives }] of found.tokens.entries()) {
      expect(probability).toBeCloseTo(Math.exp(own!.logProbabilities[i]!), 5);
      expect(alternatives).toHaveLength(3);
      expect(alternatives[0]!.probability).toBeGreaterThanOrEqual(alternatives[1]!.probability);
    }
    const drawn = { ...options, doSample: true, topK: 0, temperature: 1.3, seed: 5 };
    const other = (await generator.generate(["w7 w9 w12"], drawn))[0]![0];
    const settings = { temperature: 1.3 };
    const question = { text: "w7 w9 w12", newTokens: 6, sample: true, seed: 5, settings };
    expect((await ask(queries.generate, decoder, question)).text).toBe(other!.text);
    await decoder.dispose();
  });
});

describe("every family that writes", () => {
  it.each([
    ...["gpt2-causal-lm", "llama-causal-lm", "ctrl-causal-lm", "opt-causal-lm", "openai-gpt-causal-lm"],
    ...["transfo-xl-causal-lm", "t5-conditional-generation", "bart-conditional-generation"],
    ...["marian-conditional-generation", "mbart-conditional-generation"],
  ])(
    "%s: the first of the greedy tokens leads the distribution, the best leaf is the result, the cache agrees",
    async (name) => {
      const one = await openSubject(diskFolder(`test/families/${name}`), here);
      const given = { ids: [5, 9, 14], newTokens: 4 };
      const { tokens } = await ask(queries.generate, one, given);
      const next = await ask(queries.distribution, one, { ids: given.ids });
      const last = next.stages.length - 1;
      const leading = [...next.tokens].sort((a, b) => b.probabilities[last]! - a.probabilities[last]!)[0]!;
      expect(leading.id).toBe(tokens[0]!.id);
      const tree = await ask(queries.beamTree, one, { ...given, beams: 3 });
      expect(tree.results.every(({ node }) => node !== undefined)).toBe(true);
      expect((await ask(queries.cached, one, { ...given, runs: 1 })).equal).toBe(true);
      await one.dispose();
    },
  );
});

describe("an encoder", () => {
  it("shows the distribution at a mask, as fill does, and at any other place", async () => {
    const encoder = await openSubject(await checkpoint("bert-masked-lm", bertWords), here);
    const filler = new MaskFiller(encoder.model as Model<"masked-lm">, encoder.tokenizer!);
    const found = await ask(queries.distribution, encoder, { text: "w7 [MASK] w9", top: 4 });
    expect(found.kind).toBe("mask");
    const [filled] = await filler.fill("w7 [MASK] w9", { top: 4 });
    expect(found.tokens.map(({ id }) => id)).toEqual(filled!.map(({ id }) => id));
    const place = await ask(queries.distribution, encoder, { text: "w7 w8 w9", position: 2, top: 4 });
    expect(place.tokens).toEqual(found.tokens);
    await expect(ask(queries.distribution, encoder, { text: "w7 w8" })).rejects.toThrow("The text has no mask");
    await expect(ask(queries.generate, encoder, { text: "w7" })).rejects.toThrow("does not generate text");
    await encoder.dispose();
  });
});

it("a model made in this process writes, too", async () => {
  const opened = await openSubject(diskFolder("test/families/gpt2-causal-lm"), here);
  const made = modelSubject(opened.model);
  expect((await ask(queries.generate, made, { ids: [5, 6], newTokens: 2 })).tokens).toHaveLength(2);
  await made.dispose();
});
