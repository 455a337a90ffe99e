/** The commands that open checkpoints: what they print, in which form, and what they refuse. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder } from "../../src/files/disk.ts";
import type { Folder } from "../../src/files/index.ts";
import { bertWords, checkpoint, plainWords, t5Words } from "../tasks/checkpoints.ts";
import { files, heed, type Outcome } from "./heed.ts";

let root: string;
const at = (name: string): string => join(root, name);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "heed-checkpoints-"));
  const labels = { id2label: { 0: "bad", 1: "so-so", 2: "good" } };
  const tags = { id2label: { 0: "O", 1: "B-PER", 2: "I-PER" } };
  const t5Tasks = {
    task_specific_params: {
      summarization: { prefix: "w20 ", max_length: 5 },
      translation_en_to_de: { prefix: "w21 ", max_length: 7 },
    },
  };
  const made: Readonly<Record<string, Promise<Folder>>> = {
    fill: checkpoint("bert-masked-lm", bertWords),
    classify: checkpoint("bert-sequence-classification", bertWords, labels),
    tag: checkpoint("bert-token-classification", bertWords, tags),
    answer: checkpoint("bert-question-answering", bertWords),
    embed: checkpoint("bert-model", bertWords),
    generate: checkpoint("gpt2-causal-lm", plainWords),
    t5: checkpoint("t5-conditional-generation", t5Words, t5Tasks),
  };
  for (const [name, folder] of Object.entries(made)) {
    for (const { name: file } of await (await folder).list())
      await diskFolder(at(name)).write(file, await (await folder).read(file));
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

const run = (
  command: string,
  model: string,
  more: readonly string[],
  stdin: readonly string[] = [],
): Promise<Outcome> => heed([command, "--model", at(model), "--threads", "1", ...more], stdin);
/** What a command that went well printed. */
async function printed(...call: Parameters<typeof run>): Promise<string> {
  const { code, out, err } = await run(...call);
  expect([code, err]).toEqual([0, ""]);
  return out;
}
/** A refusal is one sentence on standard error, nothing on standard output, and exit code 1. */
async function refusal(...call: Parameters<typeof run>): Promise<string> {
  const { code, out, err } = await run(...call);
  expect([code, out]).toEqual([1, ""]);
  return err.trimEnd();
}

describe("heed fill", () => {
  it("prints a table of tokens with their probabilities, or JSON", async () => {
    const out = await printed("fill", "fill", ["w7 [MASK] w9", "--top", "2"]);
    expect(out).toMatch(
      /^mask +token +probability +text\n[─ ]+\n +1 +\S+ +0\.\d{4} +w7 \S+ w9\n +1 +\S+ +0\.\d{4} +w7 \S+ w9\n$/,
    );
    const [found] = JSON.parse(await printed("fill", "fill", ["w7 [MASK] w9", "--json"])) as [
      { token: string; probability: number }[],
    ];
    expect(found).toHaveLength(5);
    expect(await printed("fill", "fill", [], ["w7 [MASK]\nw8 [MASK]\n"])).toMatch(/w7 .*\n[\s\S]*w8 /);
    expect(await refusal("fill", "fill", ["w7"])).toMatch(/^The text has no mask\. Write \[MASK\]/);
  });
});

describe("heed classify", () => {
  it("prints a class and its probability a line, more with --top, pairs with --pair", async () => {
    expect(await printed("classify", "classify", ["w7 w8"])).toMatch(/^(bad|so-so|good)\t[01]\.\d{4}\n$/);
    const three = (await printed("classify", "classify", ["--top", "3"], ["w7\nw8 w9\n"])).trimEnd().split("\n");
    expect(three.map((line) => line.split("\t").length)).toEqual([6, 6]);
    const [pair, single] = [
      await printed("classify", "classify", ["--pair", "w7\tw8"]),
      await printed("classify", "classify", ["w7 w8"]),
    ];
    expect(pair).not.toBe(single);
    expect(await refusal("classify", "classify", ["--pair", "w7 w8"])).toBe(
      'With --pair a line is two texts with a tab between them; got "w7 w8".',
    );
    expect(JSON.parse(await printed("classify", "classify", ["w7", "--json"]))).toEqual([
      { label: expect.any(String) as string, score: expect.any(Number) as number },
    ]);
  });

  it("refuses a text that is too long, unless it may be cut, and a model without the head", async () => {
    const long = Array<string>(20).fill("w7").join(" ");
    expect(await refusal("classify", "classify", [long])).toMatch(
      /^Text 1 has 22 tokens; this model reads at most 11\. Split it, or have it cut off/,
    );
    expect(await printed("classify", "classify", [long, "--truncate"])).toMatch(/\t/);
    expect(await refusal("classify", "embed", ["w7"])).toMatch(/without this head/);
    expect(await refusal("classify", "nowhere", ["w7"])).toMatch(/nowhere does not exist\./);
  });
});

describe("heed tag, answer, embed", () => {
  it("tag: a table of spans or of words, or JSON", async () => {
    const words = await printed("tag", "tag", ["--words", "w7 w8"]);
    expect(words).toMatch(/^text +label +probability +place\n[─ ]+\nw7 +\S+ +0\.\d{4} +0–2\nw8 +\S+ +0\.\d{4} +3–5\n$/);
    const spans = JSON.parse(await printed("tag", "tag", ["--json", "w7 w8 w9"])) as { label: string; start: number }[];
    for (const { label } of spans) expect(label).toBe("PER");
  });

  it("answer: parts of a file, best first", async () => {
    const context = (await files({ "context.txt": "w10 w11 w12\n" }))("context.txt");
    const out = await printed("answer", "answer", ["--context", context, "--top", "2", "w7 w8"]);
    expect(out).toMatch(/^(w1\d ?)+\t0\.\d{4}\n(w1\d ?)+\t0\.\d{4}\n$/);
    expect(await refusal("answer", "answer", ["w7"])).toMatch(/--context is missing/);
    expect(await printed("answer", "answer", ["--context", "-", "w7 w8"], ["w10 w11 w12\n"])).toBe(
      out.slice(0, out.indexOf("\n") + 1),
    );
  });

  it("embed: vectors, or texts in the order of their nearness to a query", async () => {
    const lines = (await printed("embed", "embed", ["w7", "w8 w9"])).trimEnd().split("\n");
    for (const line of lines) expect(Math.hypot(...line.split(" ").map(Number))).toBeCloseTo(1, 5);
    expect(lines[0]!.split(" ")).toHaveLength(15);
    const ranked = (await printed("embed", "embed", ["--query", "w8 w9"], ["w7\nw8 w9\nw10 w11 w12\n"]))
      .trimEnd()
      .split("\n");
    expect(ranked[0]).toMatch(/^cosine +text$/);
    expect(ranked[2]).toMatch(/^ *1\.0000 +w8 w9$/);
    const cosines = ranked.slice(2).map((line) => Number(/-?[01]\.\d{4}/.exec(line)![0]));
    expect(cosines).toEqual(cosines.toSorted((a, b) => b - a));
    const raw = (await printed("embed", "embed", ["--no-normalize", "--pooling", "class", "w7"])).trimEnd();
    expect(Math.hypot(...raw.split(" ").map(Number))).not.toBeCloseTo(1, 1);
    expect(await refusal("embed", "embed", [], [])).toMatch(/^There is no text to embed/);
  });
});

describe("heed generate", () => {
  it("prints prompt and text, the same as a stream, or JSON", async () => {
    const options = ["w7 w8", "--max-tokens", "4", "--min-tokens", "4"];
    const out = await printed("generate", "generate", options);
    expect(out).toMatch(/^w7 w8( \S+){4}\n$/);
    expect(await printed("generate", "generate", [...options, "--stream"])).toBe(out);
    const [{ text, ids }] = JSON.parse(await printed("generate", "generate", [...options, "--json"])) as [
      { text: string; ids: number[] },
    ];
    expect([`w7 w8${text}\n`, ids.length]).toEqual([out, 4]);
  });

  it("draws by the seed, gives several, ends at a stop string, follows beams", async () => {
    const drawn = ["w7 w8", "--max-tokens", "5", "--temperature", "4", "--samples", "3"];
    const out = await printed("generate", "generate", [...drawn, "--seed", "1"]);
    expect(out.trimEnd().split("\n")).toHaveLength(3);
    expect(await printed("generate", "generate", [...drawn, "--seed", "1"])).toBe(out);
    expect(await printed("generate", "generate", [...drawn, "--seed", "2"])).not.toBe(out);
    expect(await printed("generate", "generate", ["w7 w8", "--max-tokens", "3", "--samples", "2"])).toMatch(
      /^w7 w8.*\nw7 w8.*\n$/,
    );
    const [, , , word] = (await printed("generate", "generate", ["w7 w8", "--max-tokens", "3"])).trim().split(" ");
    expect(await printed("generate", "generate", ["w7 w8", "--max-tokens", "3", "--stop", word!])).not.toContain(word);
  });

  it("refuses what does not go together, and nothing at all", async () => {
    expect(await refusal("generate", "generate", ["w7", "--stream", "--json"])).toMatch(
      /^--stream writes text as it comes, and --json/,
    );
    expect(await refusal("generate", "generate", ["w7", "--stream", "--beams", "2"])).toMatch(
      /^A stream is one sequence/,
    );
    expect(await refusal("generate", "generate", ["w7", "--chat"])).toMatch(/^This model has no chat template/);
    expect(await refusal("generate", "generate", [], [])).toMatch(/^There is no prompt\./);
    expect(await refusal("generate", "generate", ["w7", "--top-p", "2"])).toMatch(
      /^Option '--top-p <x>' argument '2' is invalid/,
    );
  });
});

describe("heed translate and summarize, with a checkpoint of another library", () => {
  it("read arguments or lines, and write a line for each, in the order", async () => {
    const lines = await printed("translate", "t5", ["--to", "de"], ["w7 w8\n\nw9\n"]);
    expect(lines.split("\n")).toHaveLength(4);
    expect(lines.split("\n")[1]).toBe("");
    expect(await printed("translate", "t5", ["--to", "de", "w7 w8", "", "w9"])).toBe(lines);
    expect(await printed("translate", "t5", ["w7 w8", "", "w9", "--batch", "1"])).toBe(lines);
    const summary = await printed("summarize", "t5", ["w7 w8"]);
    expect(summary).toBe(await printed("summarize", "t5", ["w7 w8", "--prefix", "w20 "]));
    expect(await printed("summarize", "t5", ["w7 w8", "--prefix", "w30 ", "--max-tokens", "6"])).not.toBe(summary);
  });

  it("write several with their scores, best first, or JSON", async () => {
    const rows = (await printed("summarize", "t5", ["w7 w8", "--n-best", "3", "--scores"])).trimEnd().split("\n");
    const scores = rows.map((line) => Number(line.split("\t")[0]));
    expect(scores).toHaveLength(3);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    const [first] = JSON.parse(await printed("summarize", "t5", ["w7 w8", "--json"])) as [
      { text: string; finished: boolean },
    ];
    expect(Object.keys(first)).toEqual(["text", "score", "finished", "ids"]);
  });

  it("refuse languages that the model does not know", async () => {
    expect(await refusal("translate", "t5", ["--to", "fr", "w7"])).toMatch(
      /^The model translates en to de; got no from and fr\./,
    );
    expect(await refusal("translate", "generate", ["w7"])).toMatch(/gpt2 has no head for conditional-generation/);
  });
});

describe("heed verify", () => {
  it("prints a row for each tensor, in the order of depth, and how many are equal", async () => {
    const { code, out } = await heed(["verify", "test/families/bert-model", "--threads", "1"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ +tensor +difference +allowed\s*\n[─ ]+\nok +outputs\.\S+ +\d/);
    expect(out).toMatch(
      /BertModel beside transformers 5\.\d+\.\d+ seed \d+, tolerance 0\.0001: (\d+) of \1 are equal\.\n$/,
    );
  });

  it("exits with 1 where one differs, and names the first", async () => {
    const { code, out, err } = await heed([
      "verify",
      "test/families/bert-model",
      "--threads",
      "1",
      "--tolerance",
      "1e-12",
    ]);
    expect(code).toBe(1);
    expect(out).toContain("DIFFERS");
    expect(err).toMatch(/^\d+ of \d+ rows differ; the first in the order of depth is outputs\./);
    const json = await heed(["verify", "test/families/bert-model", "--threads", "1", "--json", "--tolerance", "1e-12"]);
    expect((JSON.parse(json.out) as { ok: boolean }).ok).toBe(false);
  });

  it("takes a golden file from elsewhere, and says what is missing", async () => {
    const golden = "test/families/bert-masked-lm/golden.safetensors";
    const { code } = await heed(["verify", at("fill"), "--golden", golden, "--threads", "1"]);
    expect(code).toBe(0);
    expect((await heed(["verify", at("fill")])).err).toMatch(/golden\.safetensors does not exist/);
    expect((await heed(["verify", at("nowhere")])).err).toMatch(/nowhere does not exist/);
  });
});

describe("heed parameters", () => {
  it("counts a published size, or a folder, for the head that is asked for", async () => {
    const { out } = await heed(["parameters", "gpt2"]);
    expect(out).toMatch(/^attention +12 +2,362,368 +28,348,416 +22\.8 %$/m);
    expect(out).toMatch(/\n124,439,808 parameters, 497\.8 MB in float32, 248\.9 MB in float16, 124\.4 MB in int8\n$/);
    const total = async (...call: string[]): Promise<number> =>
      (JSON.parse((await heed(["parameters", ...call, "--json"])).out) as { total: number }).total;
    expect(await total("bert-base")).toBe(109_482_240);
    expect(await total("bert-base", "--task", "masked-lm")).toBe(109_514_298);
    expect(await total("bert-base", "--class", "BertForMaskedLM")).toBe(109_514_298);
    expect(await total(at("embed"), "--class", "BertForSequenceClassification")).toBe(
      (await total(at("embed"))) + 15 * 2 + 2,
    );
    const without = await files();
    await diskFolder(without(".")).write("config.json", await diskFolder(at("fill")).read("config.json"));
    expect(await total(without("."))).toBe(await total(at("fill")));
  });

  it("refuses heads and sizes that there are not", async () => {
    const error = async (...call: string[]): Promise<string> => (await heed(["parameters", ...call])).err.trimEnd();
    expect(await error("bert-bas")).toBe(
      "bert-bas is neither a folder, a pulled model nor a preset. Did you mean bert-base?",
    );
    expect(await error("gpt2", "--task", "masked-lm")).toMatch(/gpt2 has no head for masked-lm\./);
    expect(await error("gpt2", "--task", "masked")).toMatch(/Allowed choices are features, masked-lm/);
    expect(await error("gpt2", "--class", "BertModel")).toMatch(/^gpt2 has no class "BertModel" here\./);
  });
});
