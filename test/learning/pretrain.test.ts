/** Pre-training in a run folder, by each objective: the loss falls, epochs differ, the folder opens for its task. */
import { describe, expect, it } from "vitest";
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import {
  learn,
  pretrain,
  previewPretraining,
  readRecord,
  wayConfig,
  type PretrainConfig,
} from "../../src/learning/index.ts";
import { random } from "../../src/random/index.ts";
import { open } from "../../src/tasks/open-task.ts";
import type { Step } from "../../src/training/index.ts";

const engine = { worker: false, threads: 1, engine: "onnxruntime" } as const;

/** Texts with little to say: every animal eats one thing, so a hidden word can be told from the other. */
const meals = { cat: "fish", dog: "meat", cow: "grass", bird: "seeds", mouse: "cheese" };
function sentences(count: number, stream: string): string[] {
  const draw = random(stream);
  const animals = Object.keys(meals) as (keyof typeof meals)[];
  return Array.from({ length: count }, () => {
    const animal = animals[draw.below(animals.length)]!;
    return `the ${draw.below(2) === 0 ? "old " : ""}${animal} likes to eat ${meals[animal]}`;
  });
}
/** Two lines about one animal, with an empty line behind them. */
const stories = (count: number, stream: string): string =>
  sentences(count, stream)
    .map((line) => `${line}\nso we give ${line.split(" ").at(-1)!} to the ${line.split(" ").at(-5)!}\n`)
    .join("\n");

const files = memoryFolder();
await files.write("train.txt", sentences(300, "train").join("\n"));
await files.write("valid.txt", sentences(40, "valid").join("\n"));
await files.write("stories.txt", stories(150, "train"));
await files.write("stories.valid.txt", stories(40, "valid"));

const bert = {
  model_type: "bert",
  ...{ hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 64 },
  ...{ max_position_embeddings: 32, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, initializer_range: 0.1 },
};
const gpt2 = { model_type: "gpt2", n_embd: 32, n_layer: 1, n_head: 2, n_positions: 32, resid_pdrop: 0, attn_pdrop: 0, embd_pdrop: 0 }; // prettier-ignore
const training = { updates: 60, batchTokens: 512, learningRate: 1e-2, warmUp: 5, validateEvery: 30, saveEvery: 30 };
const config = (settings: object): PretrainConfig =>
  wayConfig(
    pretrain,
    { data: ["train.txt"], validation: ["valid.txt"], tokenizer: { size: 150 }, training, ...settings },
    "The test",
  );
const mlm = config({ objective: "mlm", model: bert });

async function run(given: PretrainConfig, options: { folder?: Folder; resume?: boolean; until?: number } = {}) {
  const { folder = memoryFolder(), resume, until = Infinity } = options;
  const steps: Step[] = [];
  const controller = new AbortController();
  const learning = learn(pretrain, given, {
    ...{ folder, files, engine, resume, signal: controller.signal },
    warn: (message) => {
      throw new Error(message);
    },
  });
  for (;;) {
    const { done, value } = await learning.next();
    if (done === true) return { folder, steps, learned: value };
    steps.push(value);
    if (steps.length >= until) controller.abort();
  }
}

describe("masked words", () => {
  it("are told: the loss falls, and the folder fills in masks", async () => {
    const { folder, steps, learned } = await run(
      config({ ...mlm, training: { ...training, updates: 150, validateEvery: 75 } }),
    );
    expect(steps).toHaveLength(150);
    const [first, last] = [steps[74]!.validation!, steps[149]!.validation!];
    expect(last["loss"]).toBeLessThan(first["loss"]!);
    expect(last["perplexity"]).toBeCloseTo(Math.exp(last["loss"]!), 6);
    expect(learned.scores).toEqual(last);
    expect(last["accuracy"]).toBeGreaterThan(0.6);
    const filler = await open(folder, { task: "fill", ...engine });
    const [words] = await filler.fill("the cat likes to eat [MASK]");
    expect(words![0]!.token).toBe("fish");
    await filler.dispose();
    expect((await readRecord(folder)).config).toMatchObject({ objective: "mlm", masking: { share: 0.15, span: 6 } });
  });

  it("a run that was stopped goes on to the bit", async () => {
    const short = config({ ...mlm, training: { ...training, updates: 20, saveEvery: 5 } });
    const whole = await run(short);
    const part = await run(short, { until: 12 });
    const rest = await run(short, { folder: part.folder, resume: true });
    const losses = [...part.steps, ...rest.steps].map(({ loss }) => loss);
    expect(losses).toEqual(whole.steps.map(({ loss }) => loss));
  });

  it("are drawn anew each epoch, and the same by the same seed", async () => {
    const rows = async (epoch: number, seed = 1) => {
      const context = { files, from: undefined, engine, warn: () => undefined };
      return (await previewPretraining({ ...mlm, seed }, context, { rows: 20, epoch })).rows;
    };
    const [one, again, next, other] = [await rows(0), await rows(0), await rows(1), await rows(0, 2)];
    expect(one).toEqual(again);
    const input = (found: typeof one) => found.map((row) => row.input.join(" ")).join("\n");
    expect(input(one)).not.toBe(input(next));
    expect(input(one)).not.toBe(input(other));
    for (const { original, input: read, targets, marks = [] } of one) {
      expect(original[0]).toBe("[CLS]");
      for (const [i, token] of original.entries()) {
        expect(targets[i]).toBe(marks[i] === undefined ? undefined : token);
        if (marks[i] === undefined || marks[i] === "kept") expect(read[i]).toBe(token);
        if (marks[i] === "masked") expect(read[i]).toBe("[MASK]");
      }
      expect([marks[0], marks.at(-1)]).toEqual([undefined, undefined]);
    }
  });

  it("need a mask token", async () => {
    const context = { files, from: undefined, engine, warn: () => undefined };
    const odd = { ...mlm, tokenizer: { kind: "characters", family: "gpt2", size: 50 } } as const;
    await expect(previewPretraining(odd, context)).rejects.toThrow("The tokenizer has no mask token");
  });
});

describe("next words", () => {
  it("of documents that do not see each other", async () => {
    const { folder, steps } = await run(
      config({
        objective: "clm",
        model: { ...gpt2, initializer_range: 0.1 },
        unit: "line",
        tokenizer: { size: 320 },
        training: { ...training, updates: 120 },
      }),
    );
    const last = steps.at(-1)!.validation!;
    expect(last["loss"]).toBeLessThan(steps[29]!.validation!["loss"]!);
    // After "eat" one word is possible; the first ones of a sentence cannot be told.
    expect(last["loss"]).toBeLessThan(0.8);
    const generator = await open(folder, { task: "generate", ...engine });
    const [text] = await generator.generate(["<|endoftext|>the old dog likes to"], { maxNewTokens: 2 });
    expect(text![0]!.text).toBe(" eat meat");
    await generator.dispose();
    const json = JSON.parse(new TextDecoder().decode(await folder.read("config.json"))) as Record<string, unknown>;
    expect(json).toMatchObject({ model_type: "gpt2", eos_token_id: 0, bos_token_id: 0 });
  });

  it("of one long text by characters, in windows that differ from epoch to epoch", async () => {
    const stream = config({
      ...{ objective: "clm", model: { ...gpt2, n_positions: 16 }, unit: "stream", tokenizer: { kind: "characters" } },
    });
    const { steps } = await run(stream);
    const last = steps.at(-1)!.validation!;
    expect(last["loss"]).toBeLessThan(2);
    // All windows are full, and all batches but the last of an epoch.
    expect(new Set(steps.map(({ targets }) => targets % 16))).toEqual(new Set([0]));
    expect(steps.filter(({ targets }) => targets === 512).length).toBeGreaterThan(50);
    const context = { files, from: undefined, engine, warn: () => undefined };
    const [[one], [next]] = [
      (await previewPretraining(stream, context, { rows: 1 })).rows,
      (await previewPretraining(stream, context, { rows: 1, epoch: 1 })).rows,
    ];
    expect(one!.input).toHaveLength(16);
    expect(one!.input.slice(1)).toEqual(one!.targets.slice(0, 15));
    expect(one!.input).not.toEqual(next!.input);
  });

  it("are refused where documents would see each other", async () => {
    const opt = { model_type: "opt", hidden_size: 8, ffn_dim: 8, num_hidden_layers: 1, num_attention_heads: 1 };
    const context = { files, from: undefined, engine, warn: () => undefined };
    const made = config({ objective: "clm", model: { ...opt, word_embed_proj_dim: 8 } });
    await expect(previewPretraining(made, context)).rejects.toThrow(/does not read positionIds.*--unit stream/);
  });
});

describe("pairs", () => {
  const texts = { data: ["stories.txt"], validation: ["stories.valid.txt"] };
  it.each(["nsp", "sop"] as const)("%s: half are positive, drawn anew, with masks in both texts", async (objective) => {
    const made = config({ objective, model: bert, ...texts });
    const context = { files, from: undefined, engine, warn: () => undefined };
    const rows = async (epoch: number) => (await previewPretraining(made, context, { rows: 150, epoch })).rows;
    const [one, next] = [await rows(0), await rows(1)];
    const positive = [...one, ...next].filter(({ about = "" }) => about.endsWith("(0)")).length;
    // 300 coins: within four standard deviations.
    expect(Math.abs(positive - 150)).toBeLessThan(35);
    expect(one.map(({ about }) => about)).not.toEqual(next.map(({ about }) => about));
    const segments = one.flatMap(({ marks = [], inputs }) =>
      marks.flatMap((mark, i) => (mark === undefined ? [] : [inputs!["segment"]![i]])),
    );
    expect(new Set(segments)).toEqual(new Set([0, 1]));
    const file = new TextDecoder().decode(await files.read("stories.txt"));
    for (const { about, original } of one) {
      const [a, b] = original.slice(1, -1).join(" ").split(" [SEP] ") as [string, string];
      const whole = objective === "sop" && about!.endsWith("(1)") ? `${b}\n${a}` : `${a}\n${b}`;
      const stands = file.includes(whole);
      if (about!.endsWith("(0)") || objective === "sop") expect(stands, whole).toBe(true);
    }
  });

  it("are told apart with words by a BERT", async () => {
    const { steps, folder } = await run(config({ objective: "sop", model: bert, ...texts }));
    const last = steps.at(-1)!.validation!;
    expect(last["pair accuracy"]).toBeGreaterThan(0.9);
    expect(last["masked loss"]! + last["pair loss"]!).toBeCloseTo(last["loss"]!, 6);
    const config_ = JSON.parse(new TextDecoder().decode(await folder.read("config.json"))) as {
      architectures: string[];
    };
    expect(config_.architectures).toEqual(["BertForPreTraining"]);
  });

  it("need two documents, of two lines", async () => {
    const context = { files, from: undefined, engine, warn: () => undefined };
    const one = config({ objective: "nsp", model: bert });
    await expect(previewPretraining(one, context)).rejects.toThrow("Pairs need 2 documents of at least two lines");
  });
});
