import { describe, expect, it } from "vitest";
import { parsePreferences, parsePrompts } from "../../src/data/index.ts";

const line = (value: unknown): string => JSON.stringify(value);
const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

describe("preferences", () => {
  it("are read as texts, as messages, and out of two conversations", () => {
    const lines = [
      line({ prompt: "a", chosen: "b", rejected: "c", annotator: 3 }),
      "",
      line({ prompt: [user("a")], chosen: [assistant("b")], rejected: [assistant("c")] }),
      line({ chosen: [user("a"), assistant("b")], rejected: [user("a"), assistant("c"), user("d")] }),
    ];
    expect(parsePreferences(lines, "p.jsonl")).toEqual([
      { prompt: "a", chosen: "b", rejected: "c" },
      { prompt: [user("a")], chosen: [assistant("b")], rejected: [assistant("c")] },
      { prompt: [user("a")], chosen: [assistant("b")], rejected: [assistant("c"), user("d")] },
    ]);
  });

  const good = line({ prompt: "a", chosen: "b", rejected: "c" });
  it.each([
    ["no JSON", "{", /p\.jsonl, line 2 is not a JSON object/],
    ["a missing answer", line({ prompt: "a", chosen: "b" }), /p\.jsonl, line 2: "rejected" is missing/],
    ["a number", line({ prompt: "a", chosen: 4, rejected: "c" }), /line 2: "chosen" is neither a text nor a list/],
    ["no messages", line({ prompt: [], chosen: "b", rejected: "c" }), /line 2: "prompt" is neither/],
    ["pictures", line({ prompt: [{ role: "user", content: [1] }], chosen: "b", rejected: "c" }), /"prompt" is neither/],
    ["no prompt", line({ chosen: "b", rejected: "c" }), /line 2: "prompt" is missing/],
    ["the same answers", line({ prompt: "a", chosen: "b", rejected: "b" }), /line 2: chosen and rejected are the same/],
    ["nothing shared", line({ chosen: [user("a")], rejected: [user("b")] }), /must begin with the same messages/],
    [
      "one that is the other's beginning",
      line({ chosen: [user("a")], rejected: [user("a"), assistant("b")] }),
      /must begin with the same messages/,
    ],
  ])("with %s are refused by file and line", (_, bad, message) => {
    expect(() => parsePreferences([good, bad], "p.jsonl")).toThrow(message);
  });

  it("must be there", () => {
    expect(() => parsePreferences(["", ""], "p.jsonl")).toThrow(/p\.jsonl has no rows/);
  });
});

describe("prompts", () => {
  it("are lines of text, or a key of JSON lines", () => {
    expect(parsePrompts(["one", "", "two "], "p.txt")).toEqual(["one", "two "]);
    const lines = [line({ prompt: "one", chosen: "x" }), line({ prompt: [user("two")] })];
    expect(parsePrompts(lines, "p.jsonl.gz")).toEqual(["one", [user("two")]]);
  });

  it("that are missing are named", () => {
    expect(() => parsePrompts([""], "p.txt")).toThrow(/p\.txt has no prompt/);
    expect(() => parsePrompts([line({ text: "one" })], "p.jsonl")).toThrow(/p\.jsonl, line 1: "prompt" is missing/);
  });
});
