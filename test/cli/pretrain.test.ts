/** `heed pretrain` and `heed data preview`. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { previewText } from "../../src/cli/preview-text.ts";
import { trainTokenizer } from "../../src/tokens/index.ts";
import { files, heed } from "./heed.ts";

const text = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? "the cat eats fish" : "the dog eats meat")).join("\n");
const config = `
model: { model_type: bert, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 }
tokenizer: { size: 40 }
masking: { share: 0.3 }
training: { updates: 10, batchTokens: 128, warmUp: 2, learningRate: 0.01, validateEvery: 5 }
`;

let at: (name: string) => string;
beforeAll(async () => {
  at = await files({ "train.txt": text, "valid.txt": text.slice(0, 90), "small.yaml": config });
  await mkdir(at("words"));
  const tokenizer = await trainTokenizer([text], { family: "bert", size: 60 });
  for (const [name, content] of tokenizer.files()) await writeFile(at(`words/${name}`), content);
});

const shared = ["--objective", "mlm", "--data"];

describe("heed pretrain", () => {
  it("trains by a config and options over it, and says what it came to", async () => {
    const given = [...shared, at("train.txt"), "--validation", at("valid.txt"), "--config", at("small.yaml")];
    const { code, out, err } = await heed(["pretrain", ...given, "--out", at("run"), "--threads", "1"]);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(err).toContain("40 texts");
    expect(err).toContain("30 % of the tokens are asked for, token by token: 80 % masked, 10 % replaced, 10 % kept");
    expect(out).toMatch(/The model is in .*run: loss \d\.\d{4}, perplexity \S+, accuracy \d\.\d{4}\.\n$/);
    expect((await readFile(at("run/log.jsonl"), "utf8")).trim().split("\n").length).toBeGreaterThanOrEqual(10);
    const again = await heed([
      "pretrain",
      ...given,
      "--out",
      at("other"),
      "--threads",
      "1",
      "--json",
      "--updates",
      "3",
    ]);
    const parsed = JSON.parse(again.out) as { updates: number; scores: Record<string, number> };
    expect(parsed.updates).toBe(3);
    expect(Object.keys(parsed.scores)).toEqual(["loss", "perplexity", "accuracy"]);
  });

  it("names an objective, a key or a file that there is not", async () => {
    const odd = await heed([
      "pretrain",
      "--objective",
      "mml",
      "--model",
      "bert-base",
      "--data",
      "x",
      "--out",
      at("no"),
    ]);
    expect(odd.code).not.toBe(0);
    expect(odd.err).toContain("mlm, clm, nsp, sop");
    const absent = await heed([
      "pretrain",
      ...shared,
      at("absent.txt"),
      "--config",
      at("small.yaml"),
      "--out",
      at("no"),
    ]);
    expect(absent.err).toContain("absent.txt");
    expect(absent.code).toBe(1);
  });
});

describe("a row as text", () => {
  it("stands in columns that break where the terminal ends, with colors where it has them", () => {
    const row = {
      about: "one",
      original: ["a", "longer", "b"],
      input: ["a", "[MASK]", "b"],
      targets: [undefined, "longer", undefined],
      marks: [undefined, "masked" as const, undefined],
    };
    const wide = [
      "row 2: one",
      "original  a longer b",
      "input     a [MASK] b",
      "            masked",
      "target      longer",
    ];
    expect(previewText(row, 2, { depth: "none", width: 80 })).toBe(wide.join("\n"));
    const narrow = previewText(row, 2, { depth: "none", width: 18 }).split("\n");
    expect(narrow.slice(1, 7)).toEqual(["original  a longer", "input     a [MASK]", "            masked", "target      longer", "", "original  b"]); // prettier-ignore
    expect(previewText(row, 2, { depth: "truecolor", width: 80 })).toContain("[MASK]\u001b[0m");
  });

  it("of several lengths: what is written stands below what is read", () => {
    const row = { original: ["a", "b", "c"], input: ["a", "<x>"], targets: ["<x>", "b", "c", undefined] };
    const lines = ["row 1", "original  a b c", "input     a <x>", "target    <x> b c ·"];
    expect(previewText(row, 1, { depth: "none", width: 80 })).toBe(lines.join("\n"));
  });
});

describe("heed data preview", () => {
  it("shows tokens, what became of them, and what is asked for, one below the other", async () => {
    const { code, out, err } = await heed(["data", "preview", ...shared, at("train.txt"), "--tokenizer", at("words"), "--rows", "8"]); // prettier-ignore
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("40 texts");
    const lines = out.split("\n");
    const row = lines.findIndex((line) => line.startsWith("original"));
    expect(row).toBeGreaterThan(0);
    expect(lines[row - 1]).toMatch(/^row \d+$/);
    const [input, signs, target] = lines.slice(row + 1, row + 4) as [string, string, string];
    expect(input).toMatch(/^input {5}\[CLS\]/);
    expect(target).toMatch(/^target/);
    const sign = /masked|replaced|kept/.exec(signs)!;
    // What is asked for stands below what became of it.
    expect(target.slice(sign.index)).toMatch(/^\S/);
    expect(lines[row]!.slice(sign.index).split(" ")[0]).toBe(target.slice(sign.index).split(" ")[0]);
    expect(out).not.toContain("\u001b[");
  });

  it("as JSON, and of another epoch other masks", async () => {
    const rows = async (...more: string[]) => {
      const { out } = await heed(["data", "preview", ...shared, at("train.txt"), "--tokenizer", at("words"), "--json", ...more]); // prettier-ignore
      return JSON.parse(out) as { objective: string; rows: { input: string[]; targets: (string | null)[] }[] };
    };
    const [one, next] = [await rows("--rows", "20"), await rows("--rows", "20", "--epoch", "1")];
    expect(one.objective).toBe("mlm");
    expect(one.rows).toHaveLength(20);
    expect(one).not.toEqual(next);
    const spans = await rows("--rows", "20", "--masking", "words");
    expect(spans).not.toEqual(one);
  });

  it("documents in a row, with their numbers and places", async () => {
    const { out, code } = await heed(["data", "preview", "--objective", "clm", "--unit", "line", "--data", at("train.txt"), "--tokenizer", at("words"), "--max-length", "16", "--rows", "1"]); // prettier-ignore
    expect(code).toBe(0);
    expect(out).toMatch(/^row 1: documents in one row that do not see each other: \d$/m);
    expect(out).toMatch(/^document +1 +1/m);
    expect(out).toMatch(/^position +0 +1/m);
  });

  it("says what is missing", async () => {
    const { err, code } = await heed(["data", "preview", ...shared, at("train.txt")]);
    expect(code).toBe(1);
    expect(err).toContain("Neither --model nor --tokenizer is given");
  });
});
