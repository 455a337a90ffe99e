import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { Tokenizer, type TokenizerSteps } from "../../src/tokens/index.ts";
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
    'type.json cannot be used: model: the type "BPF" is not known here (did you mean "BPE"?). Known: BPE, WordPiece, Unigram, WordLevel.\n',
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

test("pairs, truncation and padding", async () => {
  const encode = (...options: string[]): Promise<string[]> =>
    coded("encode", "pair.json", "the cat\tthe dog", ...options);
  expect(await encode("--pair")).toEqual(["the Ġcat </s> the Ġdog </s>"]);
  expect(await encode("--pair", "--no-special-tokens")).toEqual(["the Ġcat the Ġdog"]);
  expect(await encode("--pair", "--max-length", "4")).toEqual(["the </s> the </s>"]);
  expect(await encode("--pair", "--max-length", "4", "--truncation-side", "left")).toEqual(["Ġcat </s> Ġdog </s>"]);
  const second = ["--max-length", "5", "--truncation-strategy", "only_second"];
  expect(await encode("--pair", ...second)).toEqual(["the Ġcat </s> the </s>"]);
  const text = (...options: string[]): Promise<string[]> => coded("encode", "pair.json", "the cat", ...options);
  expect(await text("--pad-to", "5")).toEqual(["the Ġcat </s> <pad> <pad>"]);
  expect(await text("--pad-to", "4", "--padding-side", "left", "--max-length", "2")).toEqual(["<pad> <pad> the </s>"]);
  const [json] = await coded("encode", "pair.json", '"the cat"', "--jsonl", "--pad-to", "4");
  expect(JSON.parse(json!)).toMatchObject({
    attentionMask: [1, 1, 1, 0],
    offsets: [
      [0, 3],
      [4, 7],
      [0, 0],
      [0, 0],
    ],
  });
  const { code, err } = await heed(["tokenizer", "encode", "--tokenizer", at("pair.json"), "--pair"], ["one text\n"]);
  expect([code, err]).toEqual([1, "Standard input, line 1: expected two texts with a tab between them, got 1.\n"]);
});

test("ids may be arguments, a tokenizer may be a folder", async () => {
  await train("folder/tokenizer.json", "--kind", "bpe", "--size", "270", "--for-translation");
  const [ids] = await coded("encode", "folder", "the cat\n", "--ids");
  const decode = async (...options: string[]): Promise<string> =>
    (await heed(["tokenizer", "decode", "--tokenizer", at("folder"), ...options])).out;
  expect(await decode(...ids!.split(" "))).toBe("the cat\n");
  expect(await decode(ids!.replaceAll(" ", ","), "--keep-special-tokens")).toBe("the cat</s>\n");
});

describe("all kinds and families are trained", () => {
  const learned = async (...options: readonly string[]): Promise<Tokenizer> => {
    const { code, err } = await train("kind.json", ...options);
    expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
    return Tokenizer.fromJson(await readFile(at("kind.json"), "utf8"));
  };

  test("with their settings", async () => {
    const wordPiece = await learned("--kind", "wordpiece", "--size", "60", "--continuing-subword-prefix", "@@");
    expect(wordPiece.encode("the cats").tokens).toEqual(["[CLS]", "the", "cat", "@@s", "[SEP]"]);
    const settings = ["--shrinking-factor", "0.5", "--sub-iterations", "1", "--maximum-piece-length", "3"];
    const unigram = await learned("--kind", "unigram", "--size", "40", ...settings, "--initial-alphabet", "xyz");
    const pieces = [...unigram.parts.model.vocabulary.keys()].slice(2);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBe(3);
    expect(pieces).toContain("y");
    expect((await learned("--family", "gpt2", "--size", "260")).idToToken(0)).toBe("<|endoftext|>");
    const bytes = await learned("--kind", "byte-level-bpe", "--size", "300", "--maximum-token-length", "3");
    const tokens = [...bytes.parts.model.vocabulary.keys()].filter((token) => !token.startsWith("<|"));
    expect(Math.max(...tokens.map((token) => token.length))).toBe(2);
  });

  test("from standard input, with steps as progress", async () => {
    const argv = ["tokenizer", "train", "--family", "t5", "--size", "130", "--out", at("t5.json")];
    const { code, err, out } = await heed(argv, [text]);
    expect([code, out.replace(at("t5.json"), "")]).toEqual([0, ": 117 tokens (t5)\n"]);
    expect(err).toMatch(/^learning tokens: (\d+)\/\1 steps \(100 %\)/m);
  });

  test("what does not fit together is said", async () => {
    const error = async (...options: readonly string[]): Promise<string> => {
      const { code, err } = await train("x.json", "--size", "60", ...options);
      expect(code).toBe(1);
      return err;
    };
    expect(await error()).toMatch(/^Neither --kind nor --family is given\. Kinds: bpe, /);
    expect(await error("--kind", "words", "--seed-size", "9")).toBe(
      "--seed-size is no setting of --kind words. It has --minimum-frequency.\n",
    );
    expect(await error("--family", "bert", "--seed-size", "9")).toMatch(/^--seed-size is no setting of wordpiece\. /);
    expect(await error("--kind", "unigram", "--word-boundary", "metaspace")).toMatch(/^--word-boundary goes with/);
    expect(await error("--kind", "bpe", "--family", "bert")).toMatch(/A tokenizer of bert is wordpiece, not bpe/);
    expect(await error("--family", "bort")).toMatch(/'bort' is invalid\. Allowed choices are albert, /);
  });
});

describe("show", () => {
  const show = async (...argv: readonly string[]): Promise<string> => {
    const { code, out } = await heed(["tokenizer", "show", ...argv]);
    expect(code).toBe(0);
    return out;
  };

  test("tables of merges, matches and paths", async () => {
    await train("wordpiece.json", "--family", "bert", "--size", "45");
    expect(await show("--tokenizer", at("wordpiece.json"), "The cats 😀")).toMatchInlineSnapshot(`
      "text        The cats 😀
      normalized  the cats 😀

      word  at    tokens
      ────  ────  ───────
      the   0–3   the
      cats  4–8   cat ##s
      😀    9–10  [UNK]

      word  longest match  longer ones that are not in the vocabulary
      ────  ─────────────  ──────────────────────────────────────────
      the   the
      cats  cat            cats
            ##s
      😀    none: unknown  😀

      token  id  type  at     stands for
      ─────  ──  ────  ─────  ──────────
      [CLS]   2     0  added
      the    31     0  0–3    The
      cat    34     0  4–7    cat
      ##s    24     0  7–8    s
      [UNK]   1     0  9–10   😀
      [SEP]   3     0  added
      "
    `);
    await train("bpe-270.json", "--kind", "bpe", "--size", "265");
    expect(await show("--tokenizer", at("bpe-270.json"), "the cats")).toMatchInlineSnapshot(`
      "text        the cats
      normalized  as it is

      word   at   tokens
      ─────  ───  ──────
      the    0–3  the
      Ġcats  3–8  Ġcat s

      word   merge  joins    gives
      ─────  ─────  ───────  ─────────
      the                    t h e
                 1  h + e    t he
                 2  t + he   the
      Ġcats                  Ġ c a t s
                 3  a + t    Ġ c at s
                 4  c + at   Ġ cat s
                 7  Ġ + cat  Ġcat s

      token   id  type  at   stands for
      ─────  ───  ────  ───  ──────────
      the    257     0  0–3  the
      Ġcat   262     0  4–7  cat
      s       82     0  7–8  s
      "
    `);
    await train("unigram.json", "--family", "marian", "--size", "40");
    expect(await show("--tokenizer", at("unigram.json"), "the x")).toMatchInlineSnapshot(`
      "text        the x
      normalized  as it is

      word  at   tokens
      ────  ───  ───────
      ▁the  0–3  ▁ t h e
      ▁x    3–5  ▁ <unk>

      word  piece        log-probability  sum so far
      ────  ───────────  ───────────────  ──────────
      ▁the  ▁                    -1.7238     -1.7238
            t                    -2.0309     -3.7547
            h                    -2.5404     -6.2952
            e                    -1.7948     -8.0900
      ▁x    ▁                    -1.7238     -1.7238
            x (unknown)         -14.6238    -16.3476

      token  id  type  at     stands for
      ─────  ──  ────  ─────  ──────────
      ▁       2     0  0–1    t
      t       4     0  0–1    t
      h       6     0  1–2    h
      e       3     0  2–3    e
      ▁       2     0  3–4
      <unk>   1     0  4–5    x
      </s>    0     0  added
      "
    `);
    expect(await show("--tokenizer", at("words.json"), "the zebra")).toMatchInlineSnapshot(`
      "text        the zebra
      normalized  as it is

      word   at   tokens
      ─────  ───  ──────
      the    0–3  the
      zebra  4–9  <unk>

      word   found
      ─────  ─────────────────
      the    in the vocabulary
      zebra  unknown

      token  id  type  at   stands for
      ─────  ──  ────  ───  ──────────
      the     1     0  0–3  the
      <unk>   0     0  4–9  zebra
      "
    `);
  });

  test("--json is the steps, of several texts a list", async () => {
    const one = JSON.parse(await show("--tokenizer", at("words.json"), "--json", "the cat")) as TokenizerSteps;
    expect(one.words.map((word) => word.steps)).toEqual([
      { kind: "word", known: true },
      { kind: "word", known: true },
    ]);
    expect(one.encoding.ids).toEqual([1, 2]);
    const { out } = await heed(["tokenizer", "show", "--tokenizer", at("words.json"), "--json"], ["the\ncat\n"]);
    expect((JSON.parse(out) as TokenizerSteps[]).map((steps) => steps.text)).toEqual(["the", "cat"]);
  });
});

test("compare: a table, or JSON", async () => {
  const argv = ["tokenizer", "compare", at("bpe.json"), at("words.json")];
  const { out } = await heed([...argv, at("a.txt"), "--examples", "2"]);
  const narrow = out.replaceAll(at("/"), "").replace(/ {2,}/g, "  ").replace(/─+/g, "─");
  expect(narrow).toMatchInlineSnapshot(`
    "  bpe.json  words.json
    ─  ─  ─
    vocabulary  270  5
    tokens  20  13
    tokens a word  1.538  1.000
    tokens a 1,000 characters  370.370  240.741
    unknown tokens  0.00 %  15.38 %
    characters covered  100.00 %  79.55 %
    words that are one token  84.62 %  100.00 %
    lines that come back as they were  100.00 %  33.33 %
    of the vocabulary used  4.81 %  100.00 %

    3 lines, 13 words, 54 characters

    cut most differently  times  bpe.json  words.json
    ─  ─  ─  ─
    naïve  1  n a Ã ¯ v e  <unk>
    dogs  1  Ġdog s  <unk>
    "
  `);
  const json = await heed([...argv, "-", "--json"], ["the cat\nthe zebra\n"]);
  expect(JSON.parse(json.out)).toMatchObject({ texts: 2, words: 4, characters: 16, second: { unknown: 0.25 } });
  expect(await heed([...argv, at("empty.txt")])).toMatchObject({ code: 1, out: "" });
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
