import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnOf, parseConll, parseRanking, parseSquad, parseTable, tableFormatOf } from "../../src/data/index.ts";
import { InputError } from "../../src/errors/index.ts";

describe("tables", () => {
  const quote = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

  it("of CSV give back what RFC 4180 wrote", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", " ", "é", "\t") });
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }),
        fc.array(fc.array(cell, { minLength: 4, maxLength: 4 }), { minLength: 1 }),
        (width, all) => {
          const rows = all.map((row) => row.slice(0, width));
          const columns = rows[0]!.map((_, i) => `c${i}`);
          const text = [columns, ...rows].map((row) => row.map(quote).join(",")).join("\n");
          const table = parseTable(text.split("\n"), "csv", "x.csv", ["c1"]);
          expect(table.columns).toEqual(columns);
          expect(table.rows.map(({ values }) => [...values.values()])).toEqual(rows);
        },
      ),
    );
  });

  it("of TSV are taken as they are, with a header only if it has a name that is looked for", () => {
    const lines = ["text\tlabel", '"quoted" text\tyes', ""];
    expect(columnOf(parseTable(lines, "tsv", "x", ["label"]), "text")).toEqual(['"quoted" text']);
    expect(columnOf(parseTable(lines, "tsv", "x", []), "1")).toEqual(["text", '"quoted" text']);
    expect(parseTable(lines, "tsv", "x", ["label"]).rows[0]!.line).toBe(2);
  });

  it("that are broken are refused by line", () => {
    expect(() => parseTable(["a\tb", "c"], "tsv", "x.tsv", [])).toThrow(
      /x\.tsv, line 2 has 1 cells, but the first row has 2/,
    );
    expect(() => parseTable(['{"a": 1}', "[1]"], "jsonl", "x.jsonl", [])).toThrow(
      /x\.jsonl, line 2 is not a JSON object/,
    );
    expect(() => parseTable(['a "b" c,d'], "csv", "x.csv", [])).toThrow(/line 1: a quote stands inside/);
    expect(() => parseTable(["label"], "tsv", "x", ["label"])).toThrow(/no rows/);
    const table = parseTable(['{"a": 1, "b": null}'], "jsonl", "x.jsonl", []);
    expect(columnOf(table, "a")).toEqual(["1"]);
    expect(() => columnOf(table, "b")).toThrow(/no text or number under "b"\. The columns are a, b/);
  });

  it("are known by their names", () => {
    expect(["a.csv.gz", "A.CSV", "b.jsonl", "c.tsv", "-", "d.txt"].map(tableFormatOf)).toEqual([
      "csv",
      "csv",
      "jsonl",
      "tsv",
      "tsv",
      "tsv",
    ]);
  });
});

describe("CoNLL", () => {
  it("has sentences between empty lines, tokens first, tags last", () => {
    const lines = ["-DOCSTART- -X- O", "", "EU NNP B-ORG", "rejects VBZ O", " ", "Peter NNP B-PER"];
    expect(parseConll(lines, "x")).toEqual([
      { tokens: ["EU", "rejects"], tags: ["B-ORG", "O"], line: 3 },
      { tokens: ["Peter"], tags: ["B-PER"], line: 6 },
    ]);
    // A token may hold blanks where columns are parted by tabs.
    expect(parseConll(["New York\tB-LOC"], "x")[0]!.tokens).toEqual(["New York"]);
    expect(parseConll(["B-LOC"], "x")).toEqual([{ tokens: [], tags: ["B-LOC"], line: 1 }]);
    expect(() => parseConll(["a O", "b"], "x.conll")).toThrow(/x\.conll, line 2 has 1 columns, but the first has 2/);
    expect(() => parseConll([""], "x")).toThrow(InputError);
  });
});

describe("SQuAD", () => {
  const file = (...qas: object[]): object => ({
    version: "v2.0",
    data: [{ title: "t", paragraphs: [{ context: "c", qas }] }],
  });

  it("has questions with answers, and without where they are impossible", () => {
    const answers = [{ text: "c", answer_start: 0 }];
    const qas = [
      { id: 7, question: "a?", answers },
      { id: "x", question: "b?", answers, is_impossible: true },
    ];
    const common = { context: "c", title: "t" };
    expect(parseSquad(file(...qas), "x")).toEqual([
      { id: "7", question: "a?", answers: [{ text: "c", start: 0 }], ...common },
      { id: "x", question: "b?", answers: [], ...common },
    ]);
    expect(() => parseSquad(file(qas[1]!, qas[1]!), "x")).toThrow(/two questions with the id x/);
    expect(() => parseSquad(file(), "x")).toThrow(/no questions/);
    expect(() => parseSquad({ data: [{}] }, "x.json")).toThrow(/x\.json is not a file of SQuAD: data\.0\.paragraphs/);
  });
});

describe("TREC's files", () => {
  it("rank by score, and equal scores from the last name", () => {
    const lines = ["q Q0 a 1 0.5 x", "q Q0 b 2 0.5 x", "q Q0 c 3 7e-1 x", "r Q0 a 1 1 x"];
    expect([...parseRanking(lines, "x")]).toEqual([
      ["q", ["c", "b", "a"]],
      ["r", ["a"]],
    ]);
    expect(() => parseRanking(["q Q0 a 1 high x"], "run")).toThrow(/run, line 1: "high" is not a number/);
  });
});
