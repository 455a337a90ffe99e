/** The commands around a translator, on a small one that is trained here. */
import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/cli/run.ts";
import type { StepProfile } from "../../src/tasks/profile-translator.ts";
import { toyPairs } from "../tasks/toy.ts";
import { files, heed, type Outcome } from "./heed.ts";

const pairs = toyPairs(300);
const held = toyPairs(20, 99);
const text = (list: readonly string[]): string => `${list.join("\n")}\n`;
const sources = text(pairs.map(({ source }) => source));
const targets = text(pairs.map(({ target }) => target));

let at: (name: string) => string;
let trained: Outcome;
const config = `
seed: 3
vocabulary: 500
model: { layers: 1, width: 32, heads: 2, feedForward: 64, dropout: 0 }
training: { batchTokens: 512, learningRate: 0.01, warmUp: 20, saveEvery: 100, validateEvery: 100 }
`;
const train = (...more: string[]): Promise<Outcome> => heed(["train", "translation", "--threads", "1", ...more]);
const toy = (...more: string[]): Promise<Outcome> =>
  train("--source", at("train.fr"), "--target", at("train.en.gz"), "--config", at("toy.yaml"), ...more);

beforeAll(async () => {
  at = await files({
    "train.fr": sources,
    "train.en.gz": gzipSync(targets),
    "val.fr": text(held.map(({ source }) => source)),
    "val.en": text(held.map(({ target }) => target)),
    "toy.yaml": config,
  });
  const validation = ["--valid-source", at("val.fr"), "--valid-target", at("val.en")];
  trained = await toy(...validation, "--updates", "400", "--out", at("run"));
});

// eslint-disable-next-line @typescript-eslint/require-await -- standard input is asynchronous
async function* nothing(): AsyncGenerator<Uint8Array> {
  return;
}

/** A refusal is one sentence on standard error, nothing on standard output, and exit code 1. */
const refusal = ({ code, out, err }: Outcome): string => {
  expect([code, out]).toEqual([1, ""]);
  expect(err.endsWith("\n")).toBe(true);
  return err.trimEnd().replaceAll(at("/"), "");
};

describe("heed train translation", () => {
  it("says where the model is on standard output, and how it went on standard error", async () => {
    expect(trained.code).toBe(0);
    expect(trained.out.replaceAll(at("/"), "")).toMatch(/^The model is in run, validation \d\.\d{3} nats a token\.\n$/);
    expect(trained.err).toMatch(
      /^300 pairs, \d+ tokens( \(the text gives no more; 500 were asked for\))?, [\d,]+ parameters; /,
    );
    expect(trained.err).toMatch(/^memory: about \d+\.\d MB at most, \d+\.\d [GM]B available$/m);
    expect(trained.err).toMatch(/\nupdate 400: validation \d\.\d{3} nats a token, \d+\.\d % of tokens right\n/);
    const log = (await readFile(at("run/log.jsonl"), "utf8")).trim().split("\n");
    expect(log.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual(
      Array.from({ length: 400 }, (_, i) => i + 1),
    );
  });

  it("goes on with --resume, and says so where nothing is left to do", async () => {
    expect(refusal(await toy("--updates", "400", "--out", at("run")))).toMatch(
      /^run already holds a run \(its last checkpoint is of update 400\)\. Give --resume/,
    );
    expect(refusal(await toy("--updates", "400", "--out", at("run"), "--resume", "--width", "16"))).toMatch(
      /^run\/checkpoints\/step-000400 was trained with other settings: model\.width was 32, now 16\. /,
    );
    const again = await toy("--updates", "400", "--out", at("run"), "--resume");
    expect([again.code, again.out.replaceAll(at("/"), "")]).toEqual([
      0,
      "The run was complete already. The model is in run.\n",
    ]);
  });

  it("counts and names empty lines, and says that a text gives no larger vocabulary", async () => {
    await writeFile(at("holes.fr"), sources.replace(/^.*\n.*\n/, "\n \n"));
    const { code, err } = await train(
      ...["--source", at("holes.fr"), "--target", at("train.en.gz"), "--config", at("toy.yaml")],
      ...["--updates", "1", "--vocabulary", "20000", "--out", at("holes")],
    );
    expect(code).toBe(0);
    expect(err).toMatch(
      /^2 of 300 pairs have an empty side and were left out \(lines 1 and 2\)\.\n298 pairs, \d+ tokens \(the text gives no more; 20,000 were asked for\)/,
    );
  });

  it("refuses files that are no pairs", async () => {
    const bytes = new Uint8Array([104, 105, 10, 255, 10]);
    const more = await files({
      "short.en": "one\ntwo\n",
      "empty.en": "",
      "latin.en": bytes,
      "long.fr": "un\ndeux\ntrois\n",
    });
    const of = async (source: string, target: string): Promise<string> =>
      refusal(await train("--source", source, "--target", target, "--out", at("never"))).replaceAll(more("/"), "");
    expect(await of(more("long.fr"), more("short.en"))).toBe(
      "long.fr has 3 lines, but short.en has 2 lines. Line i of one must translate line i of the other; line 3 of long.fr has no partner.",
    );
    expect(await of(more("long.fr"), more("empty.en"))).toBe(
      "empty.en is empty, but long.fr has 3 lines. Both need a sentence per line.",
    );
    expect(await of(more("long.fr"), more("none.en"))).toMatch(/^none\.en does not exist\. /);
    expect(await of(more("short.en"), more("latin.en"))).toBe(
      "latin.en, line 2: the bytes are not UTF-8. Save the file as UTF-8.",
    );
    const validation = ["--valid-source", more("long.fr"), "--valid-target", more("short.en"), "--out", at("never")];
    expect(refusal(await toy(...validation))).toMatch(/long\.fr has 3 lines, but .*short\.en has 2 lines/);
    expect(refusal(await toy("--valid-source", more("long.fr"), "--out", at("never")))).toBe(
      "Give both --valid-source and --valid-target, or neither.",
    );
  });

  it.each([
    [
      ["--dropout", "abc"],
      "Option '--dropout <rate>' argument 'abc' is invalid. It must be a number of at least 0 and below 1.",
    ],
    [["--minutes", "-1"], "Option '--minutes <m>' argument '-1' is invalid. It must be a number of at least 0."],
    [["--minutes", "0"], "toy.yaml cannot be used: training.minutes must be above 0, not 0."],
    [
      ["--learning-rate", ""],
      "Option '--learning-rate <rate>' argument '' is invalid. It must be a number of at least 0.",
    ],
    [
      ["--schedule", "x"],
      "Option '--schedule <name>' argument 'x' is invalid. Allowed choices are noam, inverse-sqrt, linear, cosine, constant.",
    ],
    [["--layrs", "2"], "Unknown option '--layrs'. Did you mean --layers?"],
    [
      ["--vocabulary", "100"],
      "Option '--vocabulary <n>' argument '100' is invalid. It must be a whole number of at least 261.",
    ],
  ])("refuses %j", async (options, message) => {
    expect(refusal(await toy("--out", at("never"), ...options))).toBe(message);
  });

  it.each([
    ["training: 3\n", "bad.yaml cannot be used: training must be a list of keys and values, not 3."],
    ["model: { layres: 2 }\n", 'bad.yaml cannot be used: there is no key "layres" in model; did you mean "layers"?'],
    ["- 1\n", 'bad.yaml holds no settings. Lines such as "seed: 1" were expected.'],
    ["seed: 1\nseed: 2\n", "bad.yaml, line 2: Map keys must be unique. YAML or JSON was expected."],
  ])("refuses the config %j", async (content, message) => {
    await writeFile(at("bad.yaml"), content);
    expect(refusal(await toy("--config", at("bad.yaml"), "--out", at("never")))).toBe(message);
  });
});

describe("heed translate", () => {
  const translate = (lines: string, ...more: string[]): Promise<Outcome> =>
    heed(["translate", "--model", at("run"), "--threads", "1", ...more], [lines]);

  it("writes a line for a line, in their order", async () => {
    const { code, out, err } = await translate("chat noir\n\nlapin blanc brun\nchien");
    expect([code, err]).toEqual([0, ""]);
    expect(out.split("\n")).toHaveLength(5);
    expect(out.split("\n").slice(0, 3)).toEqual(["cat black", "", "rabbit white brown"]);
  });

  it("writes n lines a sentence with --n-best, with their scores where asked, best first", async () => {
    const { out } = await translate("chat noir\n\nlapin\n", "--n-best", "2", "--scores");
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(rows).toHaveLength(6);
    const scores = rows.map(([score]) => Number(score));
    expect(scores[0]).toBeGreaterThanOrEqual(scores[1]!);
    expect(rows[0]![1]).toBe("cat black");
    expect(rows.slice(2, 4).map(([, words]) => words)).toEqual(["", ""]);
  });

  it("names words that training never saw, once, on standard error", async () => {
    const { code, out, err } = await translate("zèbre noir\nzèbre girafe\n", "--beams", "1");
    expect([code, out.split("\n").length]).toEqual([0, 3]);
    expect(err).toBe("2 words were never seen in training: zèbre, girafe. The model guesses them from their pieces.\n");
  });

  it("refuses a folder that is none, options and bytes", async () => {
    expect(refusal(await heed(["translate", "--model", at("nowhere")]))).toMatch(/^nowhere does not exist\. /);
    expect(refusal(await heed(["translate", "--model", at("never")]))).toMatch(
      /^never (does not exist|is not a model folder)/,
    );
    expect(refusal(await translate("chat\n", "--length-penalty", "x"))).toMatch(
      /^Option '--length-penalty <x>' argument 'x' is invalid/,
    );
    expect(refusal(await heed(["translate", "--model", at("run")], ["a\n", new Uint8Array([0xc3, 0x28, 10])]))).toMatch(
      /^standard input, line 2: the bytes are not UTF-8/i,
    );
    const long = Array<string>(600).fill("chat").join(" ");
    expect(refusal(await translate(`chat\n${long}\n`))).toMatch(
      /^Sentence 2 has \d+ tokens; this model takes at most 512\. Split it: /,
    );
  });
});

describe("heed evaluate translation", () => {
  const evaluate = (...more: string[]): Promise<Outcome> =>
    heed([
      "evaluate",
      "translation",
      "--model",
      at("run"),
      "--source",
      at("val.fr"),
      "--reference",
      at("val.en"),
      "--threads",
      "1",
      ...more,
    ]);

  it("prints BLEU beside the copy baseline, and the same as JSON", async () => {
    const shown = await evaluate("--beams", "2");
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/^the model +\d+\.\d\d {2}± +\d+\.\d\d +\d+\.\d\d$/m);
    expect(shown.out).toMatch(/\nnrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|version:heed-[\d.]+\n$/);
    const { out } = await evaluate("--beams", "2", "--json", "--out", at("out.en"));
    const { sentences, bleu, copyBaseline } = JSON.parse(out) as {
      sentences: number;
      bleu: { score: number };
      copyBaseline: number;
    };
    expect([sentences, shown.out.includes(`BLEU = ${bleu.score.toFixed(2)} `)]).toEqual([20, true]);
    expect(copyBaseline).toBeLessThan(bleu.score / 2);
    const score = await heed(["score", "bleu", "--hypothesis", at("out.en"), "--reference", at("val.en"), "--json"]);
    expect((JSON.parse(score.out) as { score: number }).score).toBe(bleu.score);
  });

  it("keeps the lines of --out in step with the source where pairs are left out", async () => {
    const some = await files({ "some.fr": "\nchat noir\n\nlapin\n", "some.en": "x\ncat black\n\nrabbit\n" });
    const { err } = await evaluate("--source", some("some.fr"), "--reference", some("some.en"), "--out", some("out"));
    expect(err).toMatch(/^2 of 4 pairs have an empty side and were left out \(lines 1 and 3\)\./);
    const lines = (await readFile(some("out"), "utf8")).split("\n");
    expect(lines).toHaveLength(5);
    expect(lines.map((line) => line === "")).toEqual([true, false, true, false, true]);
  });

  it("refuses references of another length", async () => {
    expect(refusal(await evaluate("--reference", at("train.fr")))).toMatch(
      /^val\.fr has 20 lines, but train\.fr has 300 lines\. /,
    );
  });
});

describe("heed profile", () => {
  const profile = (...more: string[]): Promise<Outcome> =>
    heed([
      "profile",
      at("run"),
      "--steps",
      "2",
      "--tokens",
      "128",
      "--threads",
      "1",
      "--engine",
      "onnxruntime",
      ...more,
    ]);
  const files = (): string[] => ["--source", at("train.fr"), "--target", at("train.en.gz")];

  it("shows rooms, ops, layers and sublayers, and writes a picture", async () => {
    const { code, out, err } = await profile(...files(), "--svg", at("profile.svg"));
    expect([code, err]).toEqual([0, ""]);
    expect(out.replaceAll(at("/"), "")).toMatch(/^ONNX Runtime [^\n]*; batches of 128 tokens from train\.fr\n/);
    expect(out).toMatch(/\n[\d,.]+ ms a step, [\d,]+ target tokens a second: the mean of the 1 quicker of 2 steps \(/);
    expect(out).toMatch(/\nmatrix products: \d+\.\d % of the time, [\d.]+ GFLOP\/s\n/);
    for (const room of ["forward", "backward", "optimizer", "calls of the engine", "batches"]) {
      expect(out).toMatch(new RegExp(`\\n${room} .* ms +\\d+\\.\\d %\\n`));
    }
    expect(out).toMatch(/\nencoder\.layers\.0 +[\d.]+ ms +[\d.]+ ms +[\d.]+ ms +\d+\.\d %\n/);
    expect(out).toMatch(/\ndecoder\.layers\.\*\.self_attn +[\d.]+ ms +[\d.]+ ms +[\d.]+ ms +\d+\.\d %\n/);
    expect(out).toMatch(
      /\nLargest costs .*\n.*\n\w+, (forward|backward|optimizer) of [\w.*]+( \w+)* +[\d.]+× +[\d.]+ ms +\d/,
    );
    const picture = await readFile(at("profile.svg"), "utf8");
    expect(picture.match(/By room|By op, as executed|By sublayer of all layers/g)!.length).toBeGreaterThanOrEqual(3);
  });

  it("gives everything as JSON: random ids where the bundled corpus has words that training never saw", async () => {
    const { code, out } = await profile("--json");
    expect(code).toBe(0);
    const found = JSON.parse(out) as StepProfile & { readonly data: string };
    expect(found.data).toBe("random ids, 8 to 24 a sentence");
    expect(found.steps).toHaveLength(2);
    const sum = (items: readonly { readonly milliseconds: number }[]): number =>
      items.reduce((total, { milliseconds }) => total + milliseconds, 0);
    expect(sum(found.rooms)).toBeCloseTo(found.milliseconds, 6);
    const passes = sum(found.rooms.slice(0, 3));
    for (const groups of [found.ops, found.layers, found.parts, found.costs, found.nodes])
      expect(sum(groups)).toBeCloseTo(passes, 6);
    const layers = found.layers.map(({ name }) => name);
    expect(layers).toEqual(
      expect.arrayContaining(["shared", "encoder.layers.0", "decoder.layers.0", "lm_head", "loss", "adam update"]),
    );
    const trained = found.layers.filter(({ name }) => /layers|lm_head|loss/.test(name));
    for (const { phases, name } of trained) expect(Math.min(phases.forward, phases.backward), name).toBeGreaterThan(0);
  });

  it("wants both files or neither", async () => {
    expect(refusal(await profile("--source", at("train.fr")))).toBe("Give both --source and --target, or neither.");
  });
});

describe("heed inspect", () => {
  const inspect = (...more: string[]): Promise<Outcome> => heed(["inspect", at("run"), ...more, "--threads", "1"]);

  it("shows any inner tensor by name, as numbers, text and SVG, and lists the names", async () => {
    const names = (await inspect("chat noir", "--records")).out.trim().split("\n");
    expect(names).toContain("model.encoder.layers.0.hidden");
    for (const name of ["model.decoder.embed_positions.positions", "model.encoder.layers.0.self_attn.attention"]) {
      expect(names).toContain(name);
      const record = (form: string) =>
        inspect("chat noir", "--target", "black cat", "--record", name, "--format", form);
      const { shape, values } = JSON.parse((await record("json")).out) as { shape: number[]; values: number[] };
      expect(values).toHaveLength(shape.reduce((product, d) => product * d, 1));
      expect((await record("text")).out).toContain(name);
      expect((await record("svg")).out).toMatch(/^<svg /);
    }
    expect((await inspect("chat", "--record", "model.encoder.layers.0.hiden")).err).toContain("Did you mean");
  });
  interface Shown {
    readonly kind: string;
    readonly queries: string[];
    readonly keys: string[];
    readonly panels: { name: string; values: number[][] }[];
  }

  it.each(["cross", "encoder", "decoder"])("shows the attention of the %s as text, SVG and JSON", async (kind) => {
    const flags = ["chat noir", "--attention", kind];
    const { code, out, err } = await inspect(...flags);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(new RegExp(`^cat black\\n\\n${kind} attention, layer 1, mean of 2 heads\\n`));
    const json = JSON.parse((await inspect(...flags, "--format", "json")).out) as Shown;
    expect(json.panels.map(({ name }) => name)).toEqual(["layer 1, head 1", "layer 1, head 2"]);
    for (const { values } of json.panels) {
      expect([values.length, values[0]!.length]).toEqual([json.queries.length, json.keys.length]);
      for (const row of values) expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    }
    for (const name of [...json.queries, ...json.keys]) expect(name.trim()).not.toBe("");
    const svg = (await inspect(...flags, "--format", "svg")).out;
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(svg).toContain("head 2");
  });

  it("shows one head, of one layer or of all", async () => {
    const one = await inspect("chat noir", "--layer", "1", "--head", "2", "--format", "json");
    expect((JSON.parse(one.out) as Shown).panels.map(({ name }) => name)).toEqual(["layer 1, head 2"]);
    expect((await inspect("chat noir", "--head", "2")).out).toContain("cross attention, layer 1, head 2\n");
    expect((await inspect("chat noir", "--layer", "1", "--format", "svg")).out).toContain("mean of 2 heads");
  });

  it("has colors only where standard output is a terminal that has them, and none with NO_COLOR", async () => {
    const shown = async (isTTY: boolean, environment: Record<string, string>): Promise<string> => {
      let out = "";
      const stdout = { isTTY, write: (more: string) => Promise.resolve(void (out += more)) };
      const stderr = { isTTY: true, write: () => true };
      const io = { stdin: nothing(), stdout, stderr, environment: { COLORTERM: "truecolor", ...environment } };
      expect(await run(["inspect", at("run"), "chat noir", "--layer", "1", "--threads", "1"], io)).toBe(0);
      return out;
    };
    expect(await shown(true, {})).toContain("\u001b[");
    expect(await shown(false, {})).not.toContain("\u001b");
    expect(await shown(true, { NO_COLOR: "1" })).not.toContain("\u001b");
  });

  it("has readable names for pieces of letters, and names unseen words", async () => {
    const { out, err } = await inspect("chat 猫", "--target", "cat 猫", "--format", "json");
    const { keys, queries } = JSON.parse(out) as Shown;
    expect(keys).toEqual(expect.arrayContaining(["猫₁", "猫₂", "猫₃", "</s>"]));
    expect(queries.at(-2)).toBe("猫₃");
    expect(err).toBe("A word was never seen in training: 猫. The model guesses them from their pieces.\n");
  });

  it("refuses an empty sentence, another kind and a layer that is not there", async () => {
    expect(refusal(await inspect(" "))).toBe("The sentence is empty. Give the words to look at in quotes.");
    expect(refusal(await inspect("chat", "--attention", "crss"))).toMatch(
      /argument 'crss' is invalid\. Allowed choices are encoder, decoder, cross\./,
    );
    expect(refusal(await inspect("chat", "--layer", "2"))).toMatch(
      /^The model has layers? 1.* with heads 1 to 2; layer 2/,
    );
  });
});
