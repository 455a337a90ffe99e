import { describe, expect, it } from "vitest";
import { instructionKinds, instructionRow, madeInstructions, madeSentences, withInputs } from "../../src/data/index.ts";
import { madeKinds } from "../../src/data/made-kinds.ts";
import { random } from "../../src/random/index.ts";

const read = (values: object) => instructionRow(new Map(Object.entries(values)), "rows.jsonl, line 3");

describe("rows of instructions", () => {
  it("of Alpaca's form are a question and an answer, with the input under its own key", () => {
    expect(read({ instruction: "Add.", input: "1 2", output: "3" })).toEqual({
      ...{ kind: "conversation", form: "alpaca" },
      messages: [
        { role: "user", content: "Add.", input: "1 2" },
        { role: "assistant", content: "3" },
      ],
    });
    for (const input of [{}, { input: "" }, { input: null }]) {
      expect(read({ instruction: "Hi.", ...input, output: "Ho." })).toMatchObject({
        messages: [{ role: "user", content: "Hi." }, { content: "Ho." }],
      });
    }
    const { messages } = read({ instruction: "Add.", input: "1 2", output: "3" }) as unknown as { messages: never[] };
    expect(withInputs(messages)[0]).toEqual({ role: "user", content: "Add.\n\n1 2" });
  });

  it("of messages and of prompts are taken as they are", () => {
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Ho", thinking: "…" },
    ];
    expect(read({ messages })).toEqual({ kind: "conversation", form: "messages", messages });
    expect(read({ prompt: "a", completion: "b" })).toEqual({ kind: "completion", prompt: "a", completion: "b" });
  });

  it.each([
    [{ question: "a" }, "line 3 has the keys question. A row is"],
    [{ instruction: "a", output: 3 }, '"output" is 3; a text was expected'],
    [{ instruction: "a", input: 3, output: "b" }, '"input" is 3'],
    [{ prompt: "a" }, '"completion" is missing'],
    [{ messages: "a" }, '"messages" is no list'],
    [{ messages: [{ role: "user" }] }, "message 1 needs a role and a content"],
    [{ messages: [{ role: "user", content: "a" }] }, 'no message has the role "assistant"'],
  ])("%j is refused", (values, message) => {
    expect(() => read(values)).toThrow(message);
  });
});

describe("made-up instructions", () => {
  const train = madeInstructions(2800, { seed: 1, part: "train" });
  const test = madeInstructions(1400, { seed: 1, part: "test" });

  it("are the same for a seed, and as many of each kind", () => {
    expect(madeInstructions(2800, { seed: 1, part: "train" })).toEqual(train);
    expect(madeInstructions(2800, { seed: 2, part: "train" })).not.toEqual(train);
    for (const kind of instructionKinds) expect(train.filter((one) => one.kind === kind)).toHaveLength(200);
    expect(new Set(madeInstructions(10, { seed: 1, part: "test", kinds: ["add"] }).map(({ kind }) => kind))).toEqual(
      new Set(["add"]),
    );
    expect(() => madeInstructions(1, { seed: 1, part: "test", kinds: ["sing"] })).toThrow('no kind "sing"');
  });

  it("share no instruction between training and test", () => {
    const seen = new Set(train.map(({ instruction }) => instruction));
    expect(test.filter(({ instruction }) => seen.has(instruction))).toEqual([]);
  });

  it("have the right answers", () => {
    const answers: Readonly<Record<string, (instruction: string) => string>> = {
      reverse: (text) => behind(text).reverse().join(" "),
      capitals: (text) => behind(text).join(" ").toUpperCase(),
      "count words": (text) => String(behind(text).length),
      "first word": (text) => behind(text)[0]!,
      "last word": (text) => behind(text).at(-1)!,
      sort: (text) => behind(text).sort().join(" "),
      add: (text) => String([...text.matchAll(/\d+/g)].reduce((sum, [n]) => sum + Number(n), 0)),
      compare: (text) => String(Math.max(...[...text.matchAll(/\d+/g)].map(([n]) => Number(n)))),
      "continue a series": (text) => {
        const [, b, c] = [...text.matchAll(/\d+/g)].map(([n]) => Number(n));
        return String(2 * c! - b!);
      },
    };
    for (const { kind, instruction, output } of [...train, ...test]) {
      const answer = answers[kind];
      if (answer === undefined || !(instruction.includes(":") || /\d/.test(instruction))) continue;
      expect(answer(instruction), instruction).toBe(output);
    }
    const picked = test.filter(({ kind }) => kind === "pick by color");
    for (const { instruction, output } of picked) {
      const [, color] = /is (\w+)[: ]|the (\w+) thing/.exec(instruction)?.filter((part) => part !== undefined) ?? [];
      expect(instruction).toContain(`${color!} ${output}`);
    }
  });

  it("tell in sentences what they ask for, with the answer in it and without the questions", () => {
    for (const { name, make } of madeKinds) {
      for (let i = 0; i < 20; i++) {
        const { tell, answer, ask } = make(random(name, i));
        for (const sentence of tell) {
          expect(sentence).toContain(answer);
          expect(ask).not.toContain(sentence);
        }
      }
    }
    expect(madeSentences(50, { seed: 3 })).toEqual(madeSentences(50, { seed: 3 }));
    expect(new Set(madeSentences(50, { seed: 3 })).size).toBeGreaterThan(45);
  });
});

/** The words behind the colon. */
const behind = (text: string): string[] => text.slice(text.indexOf(":") + 2).split(" ");
