/** `heed data check` and `heed data split`, and what they say of files that do not fit. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { files, heed } from "./heed.ts";

const words = ["amber", "basil", "cedar", "delta", "ember", "fable", "grove", "haven"];
const sentence = (i: number): string =>
  Array.from(
    { length: 9 },
    (_, at) => `${words[(i * (at + 3) + at * at + (i >> 2)) % words.length]!}${i * 31 + at}`,
  ).join(" ");
const rows = (from: number, to: number): string[] =>
  Array.from(
    { length: to - from },
    (_, i) =>
      `${sentence(from + i)}\t${(from + i) % 4 === 0 ? "yes" : "no"}\tperson${(from + i) % 10}\t2024-01-${String(1 + ((from + i) % 28)).padStart(2, "0")}`,
  );
const header = "sentence\tlabel\twho\tday";
const tsv = (lines: readonly string[]): string => `${[header, ...lines].join("\n")}\n`;

describe("heed data check", () => {
  it("finds what is there twice, with files and lines, and shows labels and lengths", async () => {
    const [copy, near] = [rows(3, 4)[0]!, rows(5, 6)[0]!.replace("\t", "!\t")];
    const relabeled = copy.replace("\tno\t", "\tyes\t");
    const at = await files({
      "train.tsv": tsv([...rows(0, 20), rows(1, 2)[0]!]),
      "test.tsv": tsv([...rows(20, 28), relabeled, near]),
    });
    const { code, out, err } = await heed(["data", "check", "--data", at("train.tsv"), "--test", at("test.tsv")]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/training\s+21\s+no 76.2 %, yes 23.8 %/);
    expect(out).toMatch(/training, more than once\s+2\s+0/);
    expect(out).toMatch(/test, also in training\s+1\s+1/);
    expect(out).toMatch(/test\.tsv, line 10 and .*train\.tsv, line 5, the same/);
    expect(out).toMatch(/test\.tsv, line 11 and .*train\.tsv, line 7, 100 % the same/);
    expect(out).toMatch(/train\.tsv, line 22 and .*train\.tsv, line 3, the same/);
    expect(out).toContain("1 texts are there with different labels");
    const json = await heed(["data", "check", "--data", at("train.tsv"), "--test", at("test.tsv"), "--json"]);
    const value = JSON.parse(json.out) as { copies: object[]; pairs: { crosses: boolean }[] };
    expect(value.copies).toContainEqual({ of: "test", among: "training", exact: 1, near: 1 });
    expect(value.pairs.map(({ crosses }) => crosses)).toEqual([true, true, false]);
  });

  it("reads a text a line, and says which columns it misses", async () => {
    const at = await files({ "lines.txt": "one line\nanother line\none line\n", "odd.csv": "a,label\n1,2\n" });
    expect((await heed(["data", "check", "--data", at("lines.txt")])).out).toMatch(/training, more than once\s+2\s+0/);
    const odd = await heed(["data", "check", "--data", at("odd.csv"), "--text", "b"]);
    expect(odd.code).toBe(1);
    expect(odd.err).toContain('there is no text or number under "b". The columns are a, label');
    const unnamed = await heed(["data", "check", "--data", at("odd.csv")]);
    expect(unnamed.err).toContain("has no column that is known for texts. Name it with --text: a, label");
  });
});

describe("heed data split", () => {
  const lines = rows(0, 60);
  async function split(...options: string[]): Promise<Record<"train" | "validation" | "test", string[]>> {
    const at = await files({ "all.tsv": tsv(lines) });
    const { code, err } = await heed(["data", "split", "--data", at("all.tsv"), "--out", at("out"), ...options]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const read = async (name: string): Promise<string[]> => {
      const [first, ...others] = (await readFile(`${at("out")}/${name}.tsv`, "utf8")).trimEnd().split("\n");
      expect(first).toBe(header);
      return others;
    };
    return { train: await read("train"), validation: await read("validation"), test: await read("test") };
  }

  it("writes every row once, as it stands in the file", async () => {
    const { train, validation, test } = await split("--test", "0.2");
    expect([...train, ...validation, ...test].sort()).toEqual([...lines].sort());
    expect([train.length, validation.length, test.length]).toEqual([42, 6, 12]);
    expect(test.filter((line) => line.includes("\tyes\t"))).toHaveLength(3);
  });

  it("keeps groups together, and times in order", async () => {
    const who = (line: string): string => line.split("\t")[2]!;
    const groups = await split("--by", "group", "--column", "who", "--test", "0.2");
    const people = [groups.train, groups.validation, groups.test].map((side) => new Set(side.map(who)));
    expect(people[0]!.size + people[1]!.size + people[2]!.size).toBe(10);
    const day = (line: string): string => line.split("\t")[3]!;
    const times = await split("--by", "time", "--column", "day", "--test", "0.2");
    const latest = times.train.map(day).sort().at(-1)!;
    expect(times.test.every((line) => day(line) > latest)).toBe(true);
  });

  it("says what is missing", async () => {
    const at = await files({ "all.tsv": tsv(lines) });
    const run = async (...options: string[]): Promise<string> => {
      const { code, err } = await heed(["data", "split", "--data", at("all.tsv"), "--out", at("out"), ...options]);
      expect(code).not.toBe(0);
      return err;
    };
    expect(await run("--by", "group")).toContain("--by group needs --column");
    expect(await run("--column", "who")).toContain("--by random reads no --column");
    expect(await run("--by", "time", "--column", "who")).toContain('line 2: "person0" is no time');
  });

  it("keeps quoted cells over several lines whole", async () => {
    const csv = ["text,label", ...Array.from({ length: 12 }, (_, i) => `"row ${i}\n\nof ""three"" lines",l${i % 2}`)];
    const at = await files({ "all.csv": `${csv.join("\n")}\n` });
    expect((await heed(["data", "split", "--data", at("all.csv"), "--out", at("out"), "--test", "0.25"])).code).toBe(0);
    const names = ["train", "validation", "test"];
    const parts = await Promise.all(names.map((name) => readFile(`${at("out")}/${name}.csv`, "utf8")));
    const found = parts.flatMap((part) =>
      part
        .trimEnd()
        .replace("text,label\n", "")
        .split(/\n(?="row)/),
    );
    expect(found.sort()).toEqual(csv.slice(1).sort());
  });
});
