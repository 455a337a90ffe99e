/** `heed data preview` of objectives that change more than single tokens. */
import { mkdir, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { trainTokenizer, type TokenizerFamily } from "../../src/tokens/index.ts";
import { sentences } from "../learning/damaged-texts.ts";
import { files, heed } from "./heed.ts";

let at: (name: string) => string;
beforeAll(async () => {
  const text = sentences(90, 1);
  at = await files({ "train.txt": text.join("\n"), "pairs.tsv": text.map((line) => `${line}\t${line}!`).join("\n") });
  for (const [family, size] of [
    ["bert", 120],
    ["bart", 400],
    ["t5", 220],
  ] as [TokenizerFamily, number][]) {
    // prettier-ignore
    await mkdir(at(family));
    const tokenizer = await trainTokenizer(text, { family, size });
    for (const [name, content] of tokenizer.files()) await writeFile(at(`${family}/${name}`), content);
  }
});

async function shown(objective: string, family: string, data = "train.txt"): Promise<string> {
  const given = ["--objective", objective, "--tokenizer", at(family), "--data", at(data), "--rows", "2"];
  const { code, out, err } = await heed(["data", "preview", ...given]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out;
}

describe("heed data preview", () => {
  it("shows what an ELECTRA's generator guesses", async () => {
    const out = await shown("rtd", "bert");
    expect(out).toContain("row 1: a generator guesses the masked tokens");
    expect(out).toMatch(/^input +\[CLS\].*\[MASK\]/m);
  });

  it("shows the damaged text above the whole one", async () => {
    const out = await shown("denoise", "bart");
    expect(out).toContain("noise: infill 0.3, permute 1, spans of 3 on average");
    expect(out).toMatch(/^input +<s>.*<mask>/m);
  });

  it("shows sentinels and what they stand for", async () => {
    const out = await shown("span", "t5");
    expect(out).toMatch(/^input .*<extra_id_0>/m);
    expect(out).toMatch(/^target +<extra_id_0>/m);
  });

  it("shows pairs", async () => {
    expect(await shown("contrastive", "bert", "pairs.tsv")).toContain("row 1: a pair");
    expect(await shown("contrastive", "bert")).toContain("row 1: the text twice, under other masks");
  });

  it("shows which tokens of instructions are learned", async () => {
    const row = { instruction: "Say a word", output: "house" };
    const data = await files({ "rows.jsonl": `${JSON.stringify(row)}\n` });
    const given = ["--instructions", "--template", "plain", "--data", data("rows.jsonl"), "--rows", "1"];
    const told = await heed(["data", "preview", ...given, "--tokenizer", at("bart")]);
    expect({ code: told.code, err: told.err }).toEqual({ code: 0, err: "" });
    expect(told.out).toContain("template: plain");
    const { out } = await heed(["data", "preview", ...given, "--tokenizer", at("bart"), "--json"]);
    const [{ input, targets }] = (JSON.parse(out) as { rows: [{ input: string[]; targets: (string | null)[] }] }).rows;
    expect(input.join("")).toBe("<s>User:ĠSayĠaĠwordĊAssistant:Ġhouse</s>");
    const learned = input.filter((_, i) => targets[i] !== null);
    expect(learned.join("")).toBe("Ġhouse</s>");
  });

  it("says that instructions have no objective of their own", async () => {
    const { code, err } = await heed(["data", "preview", "--instructions", "--objective", "mlm", "--tokenizer", at("bart"), "--data", at("train.txt")]); // prettier-ignore
    expect(code).toBe(1);
    expect(err).toContain("objective");
  });
});
