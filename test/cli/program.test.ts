import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { expect, test } from "vitest";
import { commands } from "../../src/cli/commands/index.ts";
import { OutputClosed } from "../../src/cli/io.ts";
import { run } from "../../src/cli/run.ts";
import { GraphError } from "../../src/errors/index.ts";
import { files, heed, type Outcome } from "./heed.ts";

const shim = fileURLToPath(new URL("../../bin/heed.js", import.meta.url));

/** Runs bin/heed.js on the build; `read` may stop reading early. */
async function spawned(argv: readonly string[], stdin = "", readAll = true, program = shim): Promise<Outcome> {
  const child = spawn(process.execPath, [program, ...argv]);
  let [out, err] = ["", ""];
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
    if (!readAll) child.stdout.destroy();
  });
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const [code] = (await once(child, "close")) as [number];
  return { code, out, err };
}

test("the shim runs the build: results, exit codes, a reader that goes away", async () => {
  const at = await files({ "a.en": "the cat sat on the mat\n", "b.en": "the cat sat on a mat\n", "e.en": "" });
  const scored = await spawned(
    ["score", "bleu", "--hypothesis", "-", "--reference", at("b.en")],
    "the cat sat on the mat\n",
  );
  expect(scored).toMatchObject({ code: 0, err: "" });
  expect(scored.out).toMatch(/^BLEU = 53\.73 83\.3\/60\.0\/50\.0\/33\.3 /);
  const empty = await spawned(["score", "bleu", "--hypothesis", at("e.en"), "--reference", at("b.en")]);
  expect(empty).toEqual({
    code: 1,
    out: "",
    err: `${at("e.en")} is empty. A text with a sentence per line was expected.\n`,
  });

  const texts = ["--files", at("a.en"), at("b.en")];
  await heed(["tokenizer", "train", ...texts, "--kind", "words", "--size", "9", "--out", at("t.json")]);
  const many = "the cat sat\n".repeat(100_000);
  const head = await spawned(["tokenizer", "encode", "--tokenizer", at("t.json")], many, false);
  expect(head).toMatchObject({ code: 0, err: "" });
  expect(head.out.startsWith("the cat sat\n")).toBe(true);
  expect(head.out.length).toBeLessThan(many.length / 2);
});

test("without a build the shim says what to do", async () => {
  const at = await files({ "package.json": '{ "type": "module" }' });
  await mkdir(dirname(at("bin/heed.js")));
  await copyFile(shim, at("bin/heed.js"));
  const { code, out, err } = await spawned([], "", true, at("bin/heed.js"));
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(/^Heed is not built: .* run npm install\.\n$/);
});

test("help of every command ends with an example", async () => {
  const all = await heed(["--help"]);
  expect(all.code).toBe(0);
  const check = async (path: readonly string[], command: Command): Promise<void> => {
    const { code, out } = await heed([...path, "--help"]);
    expect({ path, code, example: /\n\nExample:\n {2}\$ \S.+\n( {2}\S.*\n)+$/.test(out) }).toEqual({
      path,
      code: 0,
      example: true,
    });
    for (const inner of command.commands) await check([...path, inner.name()], inner);
  };
  for (const { name, load } of commands) {
    expect(all.out).toMatch(new RegExp(`\\n {2}${name} .*\\S`));
    const io = {
      stdin: [] as never,
      stdout: { write: () => Promise.resolve() },
      stderr: { write: () => 0 },
      environment: {},
    };
    await check([name], (await load()).command(io));
  }
  expect((await heed([])).out).toBe(all.out);
  expect((await heed(["help", "score"])).out).toBe((await heed(["score", "--help"])).out);
  expect((await heed(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("the scores in the help are true", async () => {
  for (const metric of ["bleu", "chrf"]) {
    const { out } = await heed(["score", metric, "--help"]);
    const [, hypothesis, reference] = /<\(echo "(.+?)"\).*<\(echo "(.+?)"\)/.exec(out)!;
    const at = await files({ out: `${hypothesis!}\n`, test: `${reference!}\n` });
    const expected = out.slice(out.lastIndexOf('")\n') + 3).replace(/^ {2}/gm, "");
    const score = await heed(["score", metric, "--hypothesis", at("out"), "--reference", at("test")]);
    expect(score).toEqual({ code: 0, out: expected, err: "" });
  }
});

test.each([
  [["scor"], "Unknown command 'scor'. Did you mean score?"],
  [["score"], "heed score needs a command: bleu or chrf or classify or tag or answer or rouge or regress or retrieve."],
  [["score", "bleeu"], "Unknown command 'bleeu'. Did you mean bleu?"],
  [
    ["score", "meteor"],
    "Unknown command 'meteor'. There is bleu, chrf, classify, tag, answer, rouge, regress, retrieve.",
  ],
  [["score", "bleu", "--refrence", "x"], "Unknown option '--refrence'. Did you mean --reference?"],
  [["score", "bleu", "--xyzzy"], "Unknown option '--xyzzy'. Add --help to see which there are."],
  [["score", "bleu", "--hypothesis", "x"], "--reference is missing: one reference translation, or more."],
  [["score", "bleu", "--hypothesis"], "Option '--hypothesis <file>' argument missing."],
  [
    ["score", "bleu", "--tokenize", "13b"],
    "Option '--tokenize <name>' argument '13b' is invalid. Allowed choices are 13a, none, char, intl.",
  ],
  [
    ["score", "bleu", "--max-order", "0"],
    "Option '--max-order <n>' argument '0' is invalid. It must be a whole number of at least 1.",
  ],
  [["--versio"], "Unknown option '--versio'. Did you mean --version?"],
])("%j gets one sentence", async (argv, sentence) => {
  expect(await heed(argv)).toEqual({ code: 1, out: "", err: `${sentence}\n` });
});

test("only the called command is loaded; errors that are not Heed's are called defects", async () => {
  const loaded: string[] = [];
  const entry = (name: string, action: () => void) => ({
    name,
    summary: name,
    load: () => {
      loaded.push(name);
      return Promise.resolve({ command: () => new Command(name).action(action) });
    },
  });
  const list = [
    entry("one", () => {
      throw new TypeError("x is undefined");
    }),
    entry("two", () => {
      throw new GraphError("The shapes differ.");
    }),
  ];
  const outcome = async (name: string): Promise<[number, string]> => {
    let err = "";
    const io = {
      stdin: [] as never,
      stdout: { write: () => Promise.resolve() },
      stderr: { write: (text: string) => (err += text) },
      environment: {},
    };
    return [await run([name], io, list), err];
  };
  expect(await outcome("two")).toEqual([1, "The shapes differ.\n"]);
  expect(loaded).toEqual(["two"]);
  const [code, err] = await outcome("one");
  expect(code).toBe(1);
  expect(err).toMatch(/^This is a defect in Heed.*\nTypeError: x is undefined\n +at /);
});

test("a reader that goes away ends a command without a word", async () => {
  let err = "";
  const stdout = { write: () => Promise.reject(new OutputClosed()) };
  const stderr = { write: (text: string) => (err += text) };
  expect(await run(["--help"], { stdin: [] as never, stdout, stderr, environment: {} })).toBe(0);
  expect(err).toBe("");
});

test("a folder where a file was to be written is said to be one", async () => {
  const at = await files();
  await writeFile(at("a.txt"), "a b\n");
  const { code, err } = await heed([
    "tokenizer",
    "train",
    "--files",
    at("a.txt"),
    "--kind",
    "words",
    "--size",
    "5",
    "--out",
    at("."),
  ]);
  expect(code).toBe(1);
  expect(err).toMatch(/is a folder where a file was expected/);
});
