/** Made-up passages and what they are asked. */
import { describe, expect, it } from "vitest";
import { madePassages, parseSquad, type PassageOptions } from "../../src/data/index.ts";
import { InputError } from "../../src/errors/index.ts";

const made = (options: Partial<PassageOptions> = {}) =>
  parseSquad(madePassages({ passages: 200, seed: 1, part: "training", ...options }), "made");
const names = (texts: readonly { context: string }[]): Set<string> =>
  new Set(texts.flatMap(({ context }) => context.match(/\b[A-Z][a-z]+/g)!));
const months = /January|February|March|April|May|June|July|August|September|October|November|December/;

describe("made passages", () => {
  it("hold each answer where they say", () => {
    const questions = made();
    expect(questions).toHaveLength(600);
    for (const { context, answers } of questions) {
      const [{ text, start }] = answers as [{ text: string; start: number }];
      expect(context.slice(start, start + text.length)).toBe(text);
    }
  });

  it("answer a question in one sentence alone: that of which the question has a name or a thing", () => {
    for (const { question, context, answers } of made({ sentences: 6 })) {
      const thing = /^Who .* a (.*)\?$/.exec(question)?.[1] ?? "";
      const own = [...question.slice(1).matchAll(/[A-Z][a-z]+/g)].map(([name]) => name).concat(thing);
      const holding = context
        .split(/(?<=\.) /)
        .filter((sentence) => sentence.includes(answers[0]!.text) && own.every((name) => sentence.includes(name)));
      expect(holding, `${context} ${question}`).toHaveLength(1);
    }
  });

  it("have names in each part that are in no passage of the other", () => {
    const [training, held] = [names(made()), names(made({ part: "held out" }))];
    const shared = [...held].filter((name) => training.has(name) && !months.test(name));
    expect(held.size).toBeGreaterThan(100);
    expect(shared).toEqual([]);
  });

  it("say the same of both people, where of one kind", () => {
    const verb = (sentence: string): string => /^\w+ (\w+)/.exec(sentence)![1]!;
    const alike = (options: Partial<PassageOptions>): number => {
      const passages = new Set(made({ sentences: 2, ...options }).map(({ context }) => context));
      const both = [...passages].map((context) => context.split(/(?<=\.) /).map(verb));
      return both.filter(([a, b]) => a === b).length / both.length;
    };
    expect(alike({ kinds: 1 })).toBe(1);
    expect(alike({})).toBeGreaterThan(0.2);
    expect(alike({})).toBeLessThan(0.5);
  });

  it("leave a share of the questions unanswered", () => {
    const none = made({ unanswerable: 0.5 }).filter(({ answers }) => answers.length === 0);
    expect(none.length / 600).toBeCloseTo(0.5, 1);
  });

  it("are the same for the same options, and others for another seed", () => {
    expect(made()).toEqual(made());
    expect(made({ seed: 2 })).not.toEqual(made());
  });

  it("refuse what cannot be made", () => {
    for (const options of [
      { sentences: 1 },
      { sentences: 13 },
      { kinds: 0 },
      { kinds: 1, sentences: 3 },
      { unanswerable: 2 },
    ])
      // prettier-ignore
      expect(() => made(options)).toThrow(InputError);
  });
});
