import { describe, expect, it } from "vitest";
import { readText } from "../../src/files/index.ts";
import { pretrain, previewPretraining, wayConfig, type PreviewRow } from "../../src/learning/index.ts";
import { partsOf } from "../../src/learning/pretrain-written.ts";
import { inspectCheckpoint } from "../../src/tasks/open.ts";
import { trainTokenizer, type TokenizerFamily } from "../../src/tokens/index.ts";
import { documents, models, pretraining, sentences, textFolder } from "./damaged-texts.ts";

const files = await textFolder(
  { "train.txt": documents(60, 1), "held.txt": documents(20, 2) },
  { bert: 120, bart: 330, t5: 220 },
);
const common = {
  ...{ data: ["train.txt"], validation: ["held.txt"] },
  training: { updates: 4, batchTokens: 600, learningRate: 5e-3, warmUp: 2, schedule: "constant", saveEvery: 2 },
};
const denoise = { ...common, objective: "denoise", model: models.bart, tokenizer: "bart" };
const span = { ...common, objective: "span", model: models.t5, tokenizer: "t5" };
const context = {
  files,
  from: undefined,
  engine: { engine: "onnxruntime" as const, worker: false, threads: 1 },
  warn: () => undefined,
};
const preview = async (config: object, epoch = 0): Promise<readonly PreviewRow[]> =>
  (await previewPretraining(wayConfig(pretrain, config, "the test"), context, { rows: 8, epoch })).rows;

describe("heed pretrain --objective denoise", () => {
  it("goes on after an interruption to the bit", async () => {
    const whole = await pretraining(files, denoise);
    const begun = await pretraining(files, denoise, { stopAt: 2 });
    const resumed = await pretraining(files, denoise, { folder: begun.folder, resume: true });
    expect([...begun.losses, ...resumed.losses]).toEqual(whole.losses);
    expect(resumed.learned!.scores).toEqual(whole.learned!.scores);
    expect((await inspectCheckpoint(whole.folder)).architecture.className).toBe("BartForConditionalGeneration");
  });

  it("reads the damaged text and writes the whole one", async () => {
    const rows = await preview(denoise);
    for (const { original, input, targets } of rows) {
      expect(targets).toEqual(original);
      expect(original[0]).toBe("<s>");
      expect([input[0], input.at(-1)]).toEqual(["<s>", "</s>"]);
      expect(input).toContain("<mask>");
      const kept = input.filter((token) => token !== "<mask>");
      expect(kept.every((token) => original.includes(token))).toBe(true);
      expect((original.length - kept.length) / (original.length - 2)).toBeCloseTo(0.3, 1);
    }
    const orders = rows.map(({ original, input }) => original.indexOf(input[1]!));
    expect(orders.some((place) => place > 1)).toBe(true);
    expect(await preview(denoise)).toEqual(rows);
    expect(await preview(denoise, 1)).not.toEqual(rows);
  });

  it("does the noises that are asked for, and no others", async () => {
    const [row] = await preview({ ...denoise, noise: { infill: 0, permute: 0, delete: 0.5 } });
    const size = row!.original.length - 2;
    expect(row!.input).toHaveLength(2 + size - Math.round(size / 2));
    await expect(preview({ ...denoise, noise: { infill: 0, permute: 0 } })).rejects.toThrow("nothing to learn");
    await expect(preview({ ...span, objective: "denoise" })).rejects.toThrow("no mask token");
  });
});

describe("heed pretrain --objective span", () => {
  it("learns the spans better than a guess by how often tokens are", async () => {
    const whole = await pretraining(files, { ...span, training: { ...span.training, updates: 60, saveEvery: 60 } });
    const { loss, "unigram loss": guess } = whole.learned!.scores as Record<string, number>;
    expect(loss).toBeLessThan(guess! - 0.2);
    expect((await inspectCheckpoint(whole.folder)).architecture.className).toBe("T5ForConditionalGeneration");
    // Generation starts from what config.json says.
    const json = JSON.parse(await readText(whole.folder, "config.json")) as Record<string, unknown>;
    expect(json).toMatchObject({ decoder_start_token_id: 0, pad_token_id: 0, eos_token_id: 1 });
  });

  it("reads sentinels and writes what they stand for", async () => {
    for (const { original, input, targets } of await preview(span)) {
      const sentinel = (token: string | undefined): boolean => /^<extra_id_\d+>$/.test(token!);
      expect(input.filter(sentinel)).toEqual(targets.filter(sentinel).slice(0, -1));
      expect([input.at(-1), targets.at(-1)]).toEqual(["</s>", "</s>"]);
      const behind = (token: string): (string | undefined)[] => {
        const rest = targets.slice(targets.indexOf(token) + 1);
        return rest.slice(0, rest.findIndex(sentinel));
      };
      expect(input.flatMap((token) => (sentinel(token) ? behind(token) : [token]))).toEqual(original);
    }
    const elsewhere = { ...span, tokenizer: "bert" };
    await expect(preview(elsewhere)).rejects.toThrow("no sentinels");
  });
});

describe("parts of a document", () => {
  it.each(["bart", "t5", "bert"] as TokenizerFamily[])("%s: are whole sentences as far as they fit", async (family) => {
    const tokenizer = await trainTokenizer([...sentences(200, 5), ...Array<string>(30).fill("really?")], {
      family,
      size: 400,
    });
    const lines = [`${sentences(2, 1).join(" ")} really?`, ...sentences(2, 2)];
    const all = tokenizer.encode(lines.join(" "), { addSpecialTokens: false }).ids;
    const [part, ...others] = partsOf(tokenizer, lines, 500);
    expect(others).toEqual([]);
    expect(part!.flat()).toEqual(all);
    expect(part).toHaveLength(5);
    for (const sentence of part!) expect(tokenizer.decode(sentence)).toMatch(/[.?]$/);
    const small = partsOf(tokenizer, lines, 12);
    expect(small.flat(2)).toEqual(all);
    for (const one of small) expect(one.flat().length).toBeLessThanOrEqual(12);
  });
});
