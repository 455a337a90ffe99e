import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { Tokenizer } from "../../src/tokens/index.ts";
import { files, heed, type Outcome } from "./heed.ts";

const text = "the dog sees the cat\nthe cat sees the dogs\nthe naïve dog\n";
let at: (name: string) => string;

beforeAll(async () => {
  at = await files({ "a.txt": text, "b.txt.gz": gzipSync("a small cat\n"), "empty.txt": "" });
});

function train(out: string, ...options: readonly string[]): Promise<Outcome> {
  return heed(["tokenizer", "train", "--files", at("a.txt"), at("b.txt.gz"), "--out", at(out), ...options]);
}

async function coded(
  way: "encode" | "decode",
  tokenizer: string,
  input: string,
  ...options: string[]
): Promise<string[]> {
  const { code, out, err } = await heed(["tokenizer", way, "--tokenizer", at(tokenizer), ...options], [input]);
  expect([code, err]).toEqual([0, ""]);
  return out.split("\n").slice(0, -1);
}

test("byte-pair encodings and words are learned and written", async () => {
  const bytes = await train("bpe.json", "--kind", "bpe", "--size", "270");
  expect(bytes).toMatchObject({ code: 0, out: `${at("bpe.json")}: 270 tokens (bpe, byte-level)\n` });
  expect(bytes.err).toMatch(/^learning tokens: 270\/270 tokens \(100 %\)/m);
  const few = await train("meta.json", "--kind", "bpe", "--word-boundary", "metaspace", "--size", "900", "--json");
  const { size } = JSON.parse(few.out) as { size: number };
  expect(size).toBeLessThan(60);
  expect(few.err).toContain(`The texts give ${size} tokens only; 900 were asked for.`);
  await train("words.json", "--kind", "words", "--size", "20", "--minimum-frequency", "2");
  const words = Tokenizer.fromJson(await readFile(at("words.json"), "utf8"));
  expect([...words.parts.model.vocabulary.keys()]).toEqual(["<unk>", "the", "cat", "dog", "sees"]);
  await train("pair.json", "--kind", "bpe", "--size", "270", "--for-translation");
  const pair = Tokenizer.fromJson(await readFile(at("pair.json"), "utf8"));
  expect(pair.encode("dog").tokens.at(-1)).toBe("</s>");
  await train("special.json", "--kind", "bpe", "--size", "270", "--special-tokens", "<a>", "<b>");
  expect(Tokenizer.fromJson(await readFile(at("special.json"), "utf8")).tokenToId("<b>")).toBe(1);
});

test("lines of tokens or ids, in their order, and back", async () => {
  const lines = text.split("\n").slice(0, -1);
  const tokens = await coded("encode", "bpe.json", text);
  expect(tokens[0]).toBe("the Ġdog Ġsees Ġthe Ġcat");
  expect(await coded("decode", "bpe.json", `${tokens.join("\n")}\n`)).toEqual(lines);
  const ids = await coded("encode", "bpe.json", `${text}\n`, "--ids");
  expect(ids[3]).toBe("");
  expect(await coded("decode", "bpe.json", ids.join("\n"), "--ids")).toEqual(lines);
});

test("words that are not in the vocabulary are named", async () => {
  const { out, err } = await heed(
    ["tokenizer", "encode", "--tokenizer", at("words.json"), "--ids"],
    ["the zebra\nsees a zebra"],
  );
  expect(out).toBe("1 0\n4 0 0\n");
  expect(err).toBe("Not in the vocabulary: zebra, a.\n");
});

test("--jsonl: ids, tokens, offsets in code points, type ids", async () => {
  const lines = '"😀 the cat"\n["the dog","😀 cat"]\n';
  const { out } = await heed(["tokenizer", "encode", "--tokenizer", at("words.json"), "--jsonl"], [lines]);
  expect(out.split("\n")).toEqual([
    '{"ids":[0,1,2],"tokens":["<unk>","the","cat"],"offsets":[[0,1],[2,5],[6,9]],"typeIds":[0,0,0]}',
    '{"ids":[1,3,0,2],"tokens":["the","dog","<unk>","cat"],"offsets":[[0,3],[4,7],[0,1],[2,5]],"typeIds":[0,0,1,1]}',
    "",
  ]);
});

test("decode --jsonl is the inverse of encode --jsonl", async () => {
  const string = fc.string({ unit: "grapheme", maxLength: 30 });
  const inputs = fc.array(fc.oneof(string, fc.tuple(string, string)), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(inputs, async (values) => {
      const lines = values.map((value) => JSON.stringify(value));
      const encoded = await coded("encode", "pair.json", lines.join("\n"), "--jsonl");
      expect(await coded("decode", "pair.json", encoded.join("\n"), "--jsonl")).toEqual(lines);
    }),
    { numRuns: 20 },
  );
});

test("what cannot be read is named with its line", async () => {
  const other = await files({
    "type.json": JSON.stringify({ version: "1.0", model: { type: "BPF", vocab: {}, merges: [] } }),
    "text.json": "{",
  });
  const error = async (argv: readonly string[], ...stdin: (string | Uint8Array)[]): Promise<string> => {
    const { code, err } = await heed(["tokenizer", ...argv], stdin);
    expect(code).toBe(1);
    return err.replaceAll(at("/"), "").replaceAll(other("/"), "");
  };
  const encode = ["encode", "--tokenizer"];
  expect(await error([...encode, other("type.json")])).toBe(
    'type.json cannot be used: model: the type "BPF" is not known here (did you mean "BPE"?). Known: BPE, WordLevel.\n',
  );
  expect(await error([...encode, other("text.json")])).toMatch(/^text\.json is not valid JSON/);
  expect(await error([...encode, at("bpe.json")], "fine\n", Uint8Array.of(0xff, 10))).toBe(
    "standard input, line 2: the bytes are not UTF-8. Save the file as UTF-8.\n",
  );
  expect(await error([...encode, at("bpe.json"), "--jsonl"], '"fine"\n{"ids":1}\n')).toBe(
    'Standard input, line 2: expected a JSON string, or a pair of them, got {"ids":1}.\n',
  );
  expect(await error([...encode, at("bpe.json"), "--jsonl"], "fine\n")).toMatch(
    /^Standard input, line 1: this is not JSON/,
  );
  const decode = ["decode", "--tokenizer", at("bpe.json")];
  expect(await error([...decode, "--ids"], "1 2\n3 x\n")).toMatch(/^Standard input, line 2: "x" is no id;/);
  expect(await error([...decode, "--ids"], "9999\n")).toMatch(/^Standard input, line 1: The id 9999 at position 0/);
  expect(await error(decode, "the zzzz\n")).toMatch(/^Standard input, line 1: "zzzz" is no token of this tokenizer/);
  expect(await error([...decode, "--jsonl"], '{"ids":"x"}')).toMatch(
    /^Standard input, line 1: expected an object with "ids"/,
  );
  const learn = ["train", "--kind", "bpe", "--size", "270", "--out", at("x.json"), "--files"];
  expect(await error([...learn, at("a.txt"), at("empty.txt")])).toMatch(/^(learning.*\n)*empty\.txt is empty\./);
  expect(await error([...learn, at("a.txt"), "--for-translation", "--special-tokens", "<a>"])).toMatch(
    /^--for-translation goes/,
  );
});

test("a line is answered before the next one comes", async () => {
  const seen: string[] = [];
  const { run } = await import("../../src/cli/run.ts");
  const input = async function* (): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode("a\n");
    for (let i = 0; i < 1000 && seen.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 2));
    seen.push("(second line)");
    yield new TextEncoder().encode("b\n");
  };
  const stdout = { write: (text: string) => Promise.resolve(void seen.push(text)) };
  const io = { stdin: input(), stdout, stderr: { write: () => 0 }, environment: {} };
  await run(["tokenizer", "encode", "--tokenizer", at("bpe.json")], io);
  expect(seen).toEqual(["a\n", "(second line)", "b\n"]);
});
