import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { heed, files } from "./heed.ts";

const hypothesis = "He He He eats tasty fruit\n";
const references = { "one.en": "He eats a sweet apple\n", "two.en": "He is eating a tasty apple\n" };

test("several references, plain and .gz and standard input, give one score", async () => {
  const at = await files({ ...references, "out.en": hypothesis, "one.en.gz": gzipSync(references["one.en"]) });
  const options = ["--max-order", "1", "--tokenize", "none"];
  const plain = await heed([
    ...["score", "bleu", "--hypothesis", at("out.en"), "--reference", at("one.en"), at("two.en")],
    ...options,
  ]);
  expect(plain).toEqual({
    code: 0,
    out: "BLEU = 50.00 50.0 (BP = 1.000 ratio = 1.000 hyp_len = 6 ref_len = 6)\nnrefs:2|case:mixed|eff:no|tok:none|smooth:exp|version:heed-0.1.0\n",
    err: "",
  });
  const packed = await heed(
    ["score", "bleu", "--hypothesis", "-", "--reference", at("one.en.gz"), at("two.en"), ...options],
    [gzipSync(hypothesis)],
  );
  expect(packed).toEqual(plain);
});

test("--explain shows the clipped counts, --json the parts", async () => {
  const at = await files({ ...references, "out.en": hypothesis });
  const texts = ["--hypothesis", at("out.en"), "--reference", at("one.en"), at("two.en")];
  const explained = await heed(["score", "bleu", ...texts, "--explain"]);
  expect(explained.out).toContain("clipped precision 3/6");
  const json = JSON.parse((await heed(["score", "bleu", ...texts, "--lowercase", "--json"])).out) as object;
  expect(json).toMatchObject({ name: "BLEU", counts: [3, 1, 0, 0], totals: [6, 5, 4, 3], brevityPenalty: 1 });
  expect(JSON.parse((await heed(["score", "bleu", ...texts, "--explain", "--json"])).out)).toHaveProperty("sentences");
  const chrf = JSON.parse((await heed(["score", "chrf", ...texts, "--word-order", "2", "--json"])).out) as object;
  expect(chrf).toMatchObject({ name: "chrF2++", signature: expect.stringContaining("nw:2") as string });
});

test("lines end at \\n only, and white space at their ends is no part of them", async () => {
  // U+2028 and U+0085 end a line elsewhere; here they are white space.
  const at = await files({ "out.en": "a b\u2028c d e \t\r\nf\u0085\n", "test.en": "a b c d e\nf" });
  const { out } = await heed(["score", "bleu", "--hypothesis", at("out.en"), "--reference", at("test.en")]);
  expect(out).toMatch(/^BLEU = 100\.00 .* hyp_len = 6 ref_len = 6\)/);
});

test("files that cannot be scored are named", async () => {
  const bad = new Uint8Array([...new TextEncoder().encode("fine\n"), 0xff, 0xfe, 10]);
  const at = await files({ "two.en": "a\nb\n", "one.en": "a\n", "empty.en": "", "bad.en": bad });
  const error = async (hypothesis: string, ...references: string[]): Promise<string> => {
    const argv = ["score", "bleu", "--hypothesis", at(hypothesis), "--reference", ...references.map(at)];
    const { code, out, err } = await heed(argv);
    expect([code, out]).toEqual([1, ""]);
    return err.replaceAll(at("/"), "");
  };
  expect(await error("two.en", "two.en", "one.en")).toBe(
    "two.en has 2 lines, but one.en has 1 line. Line i of a reference must translate the same sentence as line i of the hypothesis.\n",
  );
  expect(await error("two.en", "empty.en")).toMatch(/^empty\.en is empty\./);
  expect(await error("bad.en", "two.en")).toBe("bad.en, line 2: the bytes are not UTF-8. Save the file as UTF-8.\n");
  expect(await error("tow.en", "two.en")).toBe("tow.en does not exist. Did you mean two.en?\n");
});
