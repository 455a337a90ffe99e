import { gzipSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { files, heed } from "./heed.ts";

/** The example at the end of a command's help: its words, with files in place of <(…), and what it prints. */
async function exampleOf(command: string): Promise<{ argv: string[]; expected: string }> {
  const { out } = await heed(["score", command, "--help"]);
  const [, line, expected] = /\nExample:\n {2}\$ heed (.+)\n([^]*)$/.exec(out)!;
  const contents: Record<string, string> = {};
  const words = line!.replace(/<\((printf|echo) (?:'([^']*)'|"([^"]*)")\)/g, (_, program: string, single, double) => {
    const text = ((single ?? double) as string).replaceAll("\\n", "\n");
    const name = `file${Object.keys(contents).length}`;
    contents[name] = program === "echo" ? `${text}\n` : text;
    return name;
  });
  const at = await files(contents);
  const argv = words.split(" ").map((word) => (word in contents ? at(word) : word));
  return { argv, expected: expected!.replace(/^ {2}/gm, "") };
}

test.each(["classify", "tag", "rouge", "regress", "retrieve"])(
  "the example in the help of %s is true",
  async (command) => {
    const { argv, expected } = await exampleOf(command);
    const { code, out, err } = await heed(argv);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const whole = expected.split("…")[0]!;
    expect(out.slice(0, whole.length)).toBe(whole);
    if (!expected.includes("…")) expect(out).toBe(expected);
  },
);

test("classes come from TSV, CSV or JSONL, with a header or without, plain or .gz", async () => {
  const at = await files({
    "gold.tsv": "good film\tyes\nbad film\tno\ngood, really\tyes\n",
    "gold.csv": 'text,label\n"good ""film""\n, really",yes\nbad film,no\n,yes\n',
    "gold.tsv.gz": gzipSync("sentence\tlabel\na\tyes\nb\tno\nc\tyes\n"),
    "said.txt": "yes\nno\nno\n",
    "said.tsv": "yes\t0.9\tno\t0.1\nno\t0.75\tyes\t0.25\nno\t0.55\tyes\t0.45\n",
    "said.jsonl":
      '{"label": "yes", "probabilities": {"yes": 0.9, "no": 0.1}}\n{"label": "no", "probabilities": {"yes": 0.25, "no": 0.75}}\n' +
      '{"label": "no", "probabilities": {"yes": 0.45, "no": 0.55}}\n',
    "other.jsonl": '{"answer": "yes"}\n{"answer": "yes"}\n{"answer": "yes"}\n',
  });
  const judged = async (
    gold: string,
    predicted: string,
  ): Promise<{ measures: { metric: string; score: number }[] }> => {
    const argv = ["score", "classify", "--gold", at(gold), "--predicted", at(predicted), "--positive", "yes", "--json"];
    const { out, err } = await heed(argv);
    expect(err).toBe("");
    return JSON.parse(out) as { measures: { metric: string; score: number }[] };
  };
  const first = await judged("gold.tsv", "said.txt");
  expect(first).toMatchObject({
    examples: 3,
    confusion: {
      labels: ["no", "yes"],
      counts: [
        [1, 0],
        [1, 1],
      ],
    },
    classes: [
      { label: "no", precision: 0.5, recall: 1 },
      { label: "yes", precision: 1, recall: 0.5 },
    ],
  });
  for (const gold of ["gold.csv", "gold.tsv.gz"]) expect(await judged(gold, "said.txt")).toEqual(first);
  const calibrated = await judged("gold.tsv", "said.tsv");
  expect(await judged("gold.csv", "said.jsonl")).toEqual(calibrated);
  const scores = new Map(calibrated.measures.map(({ metric, score }) => [metric, score]));
  expect(scores.get("ROC AUC")).toBe(1);
  expect(scores.get("Brier score")).toBeCloseTo((2 * (0.1 ** 2 + 0.25 ** 2 + 0.55 ** 2)) / 3, 12);
  expect(scores.get("calibration error")).toBeCloseTo((0.1 + 0.25 + 0.55) / 3, 12);
  const named = ["score", "classify", "--gold", at("other.jsonl"), "--predicted", at("other.jsonl")];
  expect((await heed(named)).err).toMatch(/no column "label"\. Name the one that is meant with --column: answer\.\n$/);
  expect((await heed([...named, "--column", "answer"])).out).toMatch(/accuracy +1\.0000/);
});

test("intervals and another system's scores stand beside, and the pictures are written", async () => {
  const gold = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? "yes" : "no"));
  const said = (wrong: number): string =>
    gold
      .map((label, i) =>
        i % wrong === 0 ? "no\t0.7\tyes\t0.3" : `${label}\t0.8\t${label === "no" ? "yes" : "no"}\t0.2`,
      )
      .join("\n");
  const at = await files({ "gold.txt": gold.join("\n"), "one.tsv": said(9), "two.tsv": said(2) });
  const argv = [
    "score",
    "classify",
    "--gold",
    at("gold.txt"),
    "--predicted",
    at("one.tsv"),
    "--compare",
    at("two.tsv"),
  ];
  const { code, out, err } = await heed([
    ...argv,
    "--bootstrap",
    "200",
    "--svg",
    at("c.svg"),
    "--reliability-svg",
    at("r.svg"),
  ]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const [header, rule, ...rows] = out.split("\n\n")[0]!.split("\n");
  expect(header).toMatch(/^metric +score +95 % +other +difference +95 % +p$/);
  expect(rows[0]).toMatch(
    /^accuracy +0\.8750 +0\.\d{4} … [01]\.\d{4} +0\.8250 +\+0\.0500 +-?0\.\d{4} … 0\.\d{4} +0\.\d{4}$/,
  );
  expect(rule!.length).toBe(header!.length);
  for (const row of rows) expect(row.length).toBe(header!.length);
  expect(out).toContain("Confusion matrix");
  expect(out).toContain("probability  examples    mean   right");
  expect(await readFile(at("c.svg"), "utf8")).toContain("yes (14)");
  expect(await readFile(at("r.svg"), "utf8")).toContain("Reliability");
  const again = JSON.parse((await heed([...argv, "--json"])).out) as { measures: Record<string, unknown>[] };
  expect(again.measures[0]).toMatchObject({ metric: "accuracy", compared: { baseline: 0.825, system: 0.875 } });
  expect(again.measures[0]).not.toHaveProperty("interval");
});

test("tags are repaired and said to be, or held to a scheme", async () => {
  const at = await files({
    "gold.conll": "-DOCSTART- O\n\nJane\tNNP\tB-PER\nDoe\tNNP\tI-PER\n\nParis\tNNP\tB-LOC\n",
    "said.conll": "Jane I-PER\nDoe I-PER\n\nParis B-LOC\n",
    "short.conll": "Jane I-PER\n\nParis B-LOC\n",
    "tags.txt": "B-PER\nI-PER\n\nI-LOC\n",
  });
  const argv = (said: string): string[] => ["score", "tag", "--gold", at("gold.conll"), "--predicted", at(said)];
  const lenient = await heed(argv("said.conll"));
  expect(lenient.out).toMatch(/^F1 +1\.0000$/m);
  expect(lenient.out).toContain(
    "1 predicted and 0 gold tags began a span without B-: they were taken as its beginning.\n",
  );
  const strict = await heed([...argv("said.conll"), "--strict", "IOB2"]);
  expect(strict.out).toMatch(/^F1 +0\.6667$/m);
  expect(strict.out).toContain("2 predicted and 0 gold tags break IOB2: they count for no span.\n");
  const compared = await heed([...argv("said.conll"), "--compare", at("tags.txt"), "--strict", "IOB2", "--json"]);
  expect(JSON.parse(compared.out)).toMatchObject({
    measures: [{ metric: "F1", compared: { difference: 0 } }, {}, {}, {}, {}],
  });
  expect((await heed(argv("short.conll"))).err).toMatch(
    /sentence 1 \(line 1\): 1 tags instead of 2, unlike the gold file from line 3 on/,
  );
});

test("answers are judged by SQuAD 1.1 or 2.0, whichever the questions are of", async () => {
  const question = (id: string, answers: string[]): object => ({
    ...{ id, question: "?", is_impossible: answers.length === 0 },
    answers: answers.map((text) => ({ text, answer_start: 0 })),
  });
  const squad = (...qas: object[]): string =>
    JSON.stringify({ data: [{ title: "t", paragraphs: [{ context: "c", qas }] }] });
  const at = await files({
    "one.json": squad(question("a", ["The Loire valley", "Loire"]), question("b", ["1429"])),
    "two.json": squad(question("a", ["The Loire valley"]), question("b", []), question("c", [])),
    "said.json": '{"a": "in the Loire valley"}',
    "said2.json": '{"a": "Loire valley!", "b": "", "c": "never"}',
    "none.json": '{"a": 0.1, "b": 0.9, "c": 0.8}',
    "wrong.json": '{"a": 3}',
    "list.json": "[1]",
  });
  const score = (gold: string, said: string, ...more: string[]) =>
    heed(["score", "answer", "--gold", at(gold), "--predicted", at(said), ...more]);
  const one = await score("one.json", "said.json", "--bootstrap", "50");
  expect(one.out).toMatch(
    /exact match +0\.00 .*\nF1 +40\.00 +0\.00 … 80\.00\n\n2 questions, by SQuAD 1\.1\n1 have no prediction and count 0\n$/,
  );
  const two = await score("two.json", "said2.json", "--unanswerable", at("none.json"));
  expect(two.out).toMatch(
    /with an answer +100\.00 +100\.00 +1\nwithout one +50\.00 +50\.00 +2\n\n3 questions, by SQuAD 2\.0\n/,
  );
  expect(two.out).toContain("best exact match 100.00, with the threshold 0.1\n");
  const cut = await score("two.json", "said2.json", "--unanswerable", at("none.json"), "--threshold", "0.5", "--json");
  expect(JSON.parse(cut.out)).toMatchObject({ exact: 100, version: "2.0", unanswerable: { questions: 2 } });
  expect((await score("one.json", "wrong.json")).err).toMatch(
    /JSON object with a text for each question's id; "a" has none/,
  );
  expect((await score("list.json", "said.json")).err).toMatch(/list\.json is not a file of SQuAD/);
  expect((await score("two.json", "none.json")).err).toMatch(/"a" has none/);
});

test("summaries of several lines, several references, and stems", async () => {
  const at = await files({
    "said.txt": "he was running<n>it rained\n",
    "one.txt": "it rained<n>he ran and runs\n",
    "two.jsonl": '{"text": "he was running\\nit rained"}\n',
  });
  const rouge = async (...references: string[]): Promise<Record<string, number>> => {
    const argv = ["score", "rouge", "--hypothesis", at("said.txt"), "--newline", "<n>", "--stemmer", "--json"];
    const { out, err } = await heed([...argv, "--reference", ...references.map(at)]);
    expect(err).toBe("");
    const { measures } = JSON.parse(out) as { measures: { metric: string; score: number }[] };
    return Object.fromEntries(measures.map(({ metric, score }) => [metric, score]));
  };
  // Of he, (runs), it, rained 4 of 5 and 6 words match; in their order only three (he or it rained).
  const { rouge1, rougeL, rougeLsum } = await rouge("one.txt");
  expect(rouge1).toBeCloseTo(8 / 11, 12);
  expect(rougeLsum).toBeCloseTo(8 / 11, 12);
  expect(rougeL).toBeLessThan(8 / 11 - 0.1);
  expect(await rouge("one.txt", "two.jsonl")).toEqual({ rouge1: 1, rouge2: 1, rougeL: 1, rougeLsum: 1 });
});

test("what cannot be judged is said in a sentence", async () => {
  const at = await files({
    "two.txt": "1\n2\n",
    "one.txt": "1\n",
    "words.txt": "1\ntwo\n",
    "same.txt": "2\n2\n",
    "run.txt": "q Q0 a 1 0.5 x\n",
    "qrels.txt": "q 0 a 0\n",
    "bad.csv": 'label\n"yes\n',
  });
  const error = async (...argv: string[]): Promise<string> => {
    const { code, out, err } = await heed(["score", ...argv.map((word) => (/\.\w+$/.test(word) ? at(word) : word))]);
    expect([code, out]).toEqual([1, ""]);
    return err.replaceAll(at("/"), "");
  };
  expect(await error("regress", "--gold", "two.txt", "--predicted", "one.txt")).toBe(
    "two.txt has 2 examples, but one.txt has 1. Give one prediction for each, in the same order.\n",
  );
  expect(await error("regress", "--gold", "two.txt", "--predicted", "words.txt")).toBe(
    'words.txt, line 2: "two" is not a number.\n',
  );
  expect(await error("classify", "--gold", "two.txt", "--predicted", "two.txt", "--top-k", "2")).toMatch(
    /--top-k needs/,
  );
  expect(await error("classify", "--gold", "two.txt", "--predicted", "two.txt", "--reliability-svg", "r.svg")).toMatch(
    /needs prob/,
  );
  expect(await error("classify", "--gold", "bad.csv", "--predicted", "two.txt")).toMatch(/line 2: a quote is opened/);
  expect(await error("retrieve", "--gold", "qrels.txt", "--predicted", "run.txt")).toBe(
    "qrels.txt has no relevant document.\n",
  );
  expect(await error("retrieve", "--gold", "run.txt", "--predicted", "run.txt")).toMatch(
    /line 1 has 6 columns; 4 were expected/,
  );
  const constant = await heed([
    "score",
    "regress",
    "--gold",
    at("two.txt"),
    "--predicted",
    at("same.txt"),
    "--bootstrap",
    "20",
  ]);
  expect(constant.out).toMatch(/Pearson correlation +undefined\n/);
});
