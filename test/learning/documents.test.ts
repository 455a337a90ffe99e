/** Raw text: what of a file is a document. */
import { expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { memoryFolder } from "../../src/files/index.ts";
import { readDocuments } from "../../src/learning/documents.ts";

const files = memoryFolder();
await files.write("text.txt", "one\ntwo\r\n\n \n\nthree\n");
await files.write("rows.tsv", "good film\t1\nbad film\t0\n");
await files.write("rows.csv", 'label,text\n1,"a, ""b"""\n0,c\n');
await files.write("rows.jsonl", '{"text": "one\\n\\ntwo"}\n{"text": " "}\n{"text": "three"}\n');
await files.write("odd.jsonl", '{"label": 1, "body": "a"}\n');
await files.write("empty.txt", "\n\n");

const read = (path: string, unit: "line" | "document" | "stream" = "document") => readDocuments(files, [path], unit);

it("empty lines part documents", async () => {
  expect(await read("text.txt")).toEqual([["one", "two"], ["three"]]);
  expect(await read("text.txt", "line")).toEqual([["one"], ["two"], ["three"]]);
  expect(await read("text.txt", "stream")).toEqual([["one\ntwo\r\n\n \n\nthree\n"]]);
});

it("a row of a table is a document", async () => {
  expect(await read("rows.tsv")).toEqual([["good film"], ["bad film"]]);
  expect(await read("rows.csv")).toEqual([['a, "b"'], ["c"]]);
  expect(await read("rows.jsonl")).toEqual([["one", "two"], ["three"]]);
  expect(await read("rows.jsonl", "stream")).toEqual([["one\ntwo\n\nthree"]]);
});

it("files come in their order, and those without text are refused", async () => {
  expect(await readDocuments(files, ["rows.tsv", "text.txt"], "line")).toHaveLength(5);
  await expect(read("empty.txt")).rejects.toThrow(
    new InputError("memory:empty.txt holds no text. Give a file of text."),
  );
  await expect(read("odd.jsonl")).rejects.toThrow(
    new InputError("memory:odd.jsonl has no column text or sentence; its columns are label, body."),
  );
});
