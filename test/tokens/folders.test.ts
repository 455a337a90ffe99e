import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { codePointOffsets, openTokenizerFiles, type Tokenizer } from "../../src/tokens/index.ts";

const folders = new URL("./golden/folders/", import.meta.url);
const { texts } = JSON.parse(readFileSync(new URL("texts.json", folders), "utf8")) as { texts: string[] };

interface FolderGolden {
  /** For each text: ids, the decoded text, and offsets in code points (flat) where the reference has them. */
  readonly encodings: readonly (readonly [number[], string, number[]?])[];
  readonly pair: { readonly ids: number[]; readonly typeIds: number[] | null };
  readonly special: Readonly<Record<string, readonly [string, number]>>;
  readonly size: number;
  readonly target?: readonly number[][];
  readonly chat?: { messages: { role: string; content: string }[]; plain: string; prompted: string; ids: number[] };
}

function filesOf(name: string): Map<string, string | Uint8Array> {
  const folder = new URL(`${name}/`, folders);
  return new Map(
    readdirSync(folder).map((file) => {
      const bytes = new Uint8Array(readFileSync(new URL(file, folder)));
      return [file, /\.(?:spm|model)$/.test(file) ? bytes : new TextDecoder().decode(bytes)];
    }),
  );
}

const goldenOf = (name: string): FolderGolden =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folders), "utf8")) as FolderGolden;
const open = (name: string): Tokenizer => openTokenizerFiles(filesOf(name));

const names = [
  "bert-uncased",
  "bert-cased",
  "dnabert",
  "roberta",
  "bart",
  "gpt2",
  "gpt",
  "clip",
  "ctrl",
  "t5",
  "albert",
  "mbart",
  "llama",
  "llama-new",
  "marian",
  "marian-two",
  "esm",
  "transfo-xl",
];

describe.each(names)("%s from its older files equals Python's", (name) => {
  const expected = goldenOf(name);
  const tokenizer = open(name);

  test("ids", () => {
    const wrong = texts.flatMap((text, i) => {
      const [ids, got] = [expected.encodings[i]![0], tokenizer.encode(text).ids];
      const same = [got, [...tokenizer.ids(text)]].every((each) => JSON.stringify(ids) === JSON.stringify(each));
      return same ? [] : [{ text, expected: ids.join(" "), got: got.join(" ") }];
    });
    expect(wrong).toEqual([]);
  });

  test("decoding", () => {
    const special = new Set(Object.values(expected.special).map(([, id]) => id));
    const two = name === "marian-two";
    const wrong = expected.encodings.flatMap(([own, text], i) => {
      const ids = two ? expected.target![i]! : own;
      const got = (two ? tokenizer.target : tokenizer).decode(ids.filter((id) => !special.has(id)));
      return got === text ? [] : [{ text: texts[i], expected: text, got }];
    });
    expect(wrong).toEqual([]);
  });

  test("offsets", () => {
    const wrong = texts.flatMap((text, i) => {
      const offsets = expected.encodings[i]![2];
      const got = codePointOffsets(text, tokenizer.encode(text).offsets).flat();
      if (offsets === undefined || JSON.stringify(offsets) === JSON.stringify(got)) return [];
      return [{ text, expected: offsets.join(" "), got: got.join(" ") }];
    });
    expect(wrong).toEqual([]);
  });

  test("pairs, special tokens, size", () => {
    const pair = tokenizer.encode(["the cat sees", "a dog, my sister"]);
    expect(pair.ids).toEqual(expected.pair.ids);
    expect(pair.typeIds).toEqual(expected.pair.typeIds ?? pair.typeIds);
    for (const [part, [token, id]] of Object.entries(expected.special)) {
      expect([part, tokenizer.special[part.replace(/_token$/, "") as "bos"]]).toEqual([part, { token, id }]);
    }
    expect(tokenizer.size).toBe(expected.size);
  });
});
