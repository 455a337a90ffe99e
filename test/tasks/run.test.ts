import { beforeAll, describe, expect, it } from "vitest";
import { readTensors, stepsOf } from "../../src/checkpoints/index.ts";
import { CheckpointError, ConfigError, InputError, TrainingError } from "../../src/errors/index.ts";
import { memoryFolder, readLines, readText, type Folder } from "../../src/files/index.ts";
import { optimizers } from "../../src/training/index.ts";
import { isEventFile } from "../../src/training/tensorboard.ts";
import { train } from "../../src/tasks/train-translator.ts";
import { runTranslation, translatorRunConfig, type TranslatorRunOptions } from "../../src/tasks/translator-run.ts";
import { Translator } from "../../src/tasks/translator.ts";
import type { Step } from "../../src/training/index.ts";
import type { EngineOptions } from "../../src/runtime/index.ts";
import { describeEngines } from "../engines.ts";
import { sizes, toyPairs } from "./toy.ts";

const pairs = toyPairs(80);
const validation = toyPairs(20, 50);
const model = { layers: 1, width: 16, heads: 2, feedForward: 16, dropout: 0.1 };
const config = (training: object, more: object = {}): TranslatorRunOptions["config"] =>
  translatorRunConfig({ vocabulary: 290, model, training: { batchTokens: 128, ...training }, ...more }, "test.yaml");

interface Ran {
  readonly steps: Step[];
  readonly warnings: string[];
  readonly text: string;
}

let chosen: EngineOptions = {};
/** Runs to the end, or until `until` says to stop, and disposes of the model. */
async function ran(
  options: Omit<TranslatorRunOptions, "warn" | "pairs"> & Partial<TranslatorRunOptions>,
  until?: (step: Step) => boolean,
): Promise<Ran> {
  const [steps, warnings]: [Step[], string[]] = [[], []];
  const signal = { aborted: false };
  const run = runTranslation({
    ...chosen,
    threads: 1,
    pairs,
    signal,
    warn: (message) => warnings.push(message),
    ...options,
  });
  for (let next = await run.next(); ; next = await run.next()) {
    if (next.done === true) {
      const { text } = await next.value.translate("chat noir", { beams: 1 });
      await next.value.dispose();
      return { steps, warnings, text };
    }
    steps.push(next.value);
    if (until?.(next.value) === true) signal.aborted = true;
  }
}

const weightsOf = async (folder: Folder, path = ""): Promise<Record<string, number[]>> => {
  const tensors = await readTensors(path === "" ? folder : folder.at(path), "model.safetensors");
  return Object.fromEntries([...tensors].map(([name, { data }]) => [name, Array.from(data as Float32Array)]));
};

async function logOf(folder: Folder): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  for await (const line of readLines(folder, "log.jsonl")) lines.push(JSON.parse(line) as Record<string, unknown>);
  return lines;
}

/** The steps of a run's TensorBoard events, in their order; `restart` for those that say where a run goes on. */
async function eventsOf(folder: Folder): Promise<{ step: number; restart: boolean }[]> {
  const events: { step: number; restart: boolean }[] = [];
  for (const { name } of (await folder.list()).filter((file) => isEventFile(file.name))) {
    const bytes = await folder.read(name);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    // Length, its checksum, the event, its checksum. In the event: the time (9 bytes), and the step where it is not 0.
    for (let at = 0; at < bytes.length;) {
      const length = Number(view.getBigUint64(at, true));
      const event = bytes.subarray(at + 12, at + 12 + length);
      const hasStep = event[9] === 0x10;
      events.push({ step: hasStep ? event[10]! : 0, restart: event[hasStep ? 11 : 9] === 0x3a });
      at += 16 + length;
    }
  }
  return events;
}

describeEngines((options) => {
  beforeAll(() => {
    chosen = options;
  });

  describe("a run", () => {
    it("that is stopped and resumed ends as one that was not: weights, losses and log", async () => {
      const [whole, broken] = [memoryFolder().at("whole"), memoryFolder().at("broken")];
      const settings = config({ updates: 24, saveEvery: 5, validateEvery: 6, movingAverage: 0.9 });
      const { steps } = await ran({ folder: whole, config: settings, validation });
      const first = await ran({ folder: broken, config: settings, validation }, ({ update }) => update === 9);
      expect(first.steps.length).toBeLessThan(12);
      const begun: number[] = [];
      const begin = (_: Translator, resumedAt: number): void => void begun.push(resumedAt);
      const second = await ran({ folder: broken, config: settings, validation, resume: true, begin });
      const [, resumedAt] = [begun.length, begun[0]!];
      expect(resumedAt).toBe(first.steps.at(-1)!.update);
      const losses = (list: readonly Step[]): number[] => list.map(({ loss }) => loss);
      expect(losses([...first.steps, ...second.steps])).toEqual(losses(steps));
      expect(await weightsOf(broken)).toEqual(await weightsOf(whole));

      const log = await logOf(broken);
      const records = log.filter(({ event }) => event === undefined);
      expect(records.map(({ step }) => step)).toEqual(steps.map(({ update }) => update));
      expect(log.filter(({ event }) => event === "resume")).toEqual([
        { event: "resume", step: resumedAt, lastStep: resumedAt, repeated: 0 },
      ]);
      const validated = (await logOf(whole)).filter((record) => "validation_nats" in record).map(({ step }) => step);
      expect(validated).toEqual([6, 12, 18, 24]);
      // TensorBoard drops what is behind a restart, and reads on: each update once.
      const shown = new Set<number>();
      for (const { step, restart } of await eventsOf(broken)) {
        if (restart) for (const one of [...shown]) if (one >= step) shown.delete(one);
        if (!restart && step > 0) shown.add(step);
      }
      expect([...shown]).toEqual(steps.map(({ update }) => update));
      expect((await eventsOf(broken)).filter(({ restart }) => restart)).toEqual([
        { step: resumedAt + 1, restart: true },
      ]);

      const again = await ran({ folder: broken, config: settings, validation, resume: true });
      expect(again.steps).toEqual([]);
      expect(await weightsOf(broken)).toEqual(await weightsOf(whole));
    });

    it("refuses a folder that holds one, other settings and another text; replaces it when told", async () => {
      const folder = memoryFolder().at("run");
      const settings = config({ updates: 4, saveEvery: 2, schedule: "constant" });
      await ran({ folder, config: settings });
      await expect(ran({ folder, config: settings })).rejects.toThrow(
        "memory:run already holds a run (its last checkpoint is of update 4). Give --resume to go on with it, or another folder.",
      );
      const resumed = (changed: TranslatorRunOptions["config"], text = pairs): Promise<unknown> =>
        ran({ folder, config: changed, resume: true, pairs: text });
      const other = config({ updates: 4, saveEvery: 2, schedule: "constant", learningRate: 0.5 }, { seed: 9 });
      await expect(resumed(other)).rejects.toThrow(ConfigError);
      await expect(resumed(other)).rejects.toThrow(
        /^memory:run\/checkpoints\/step-000004 was trained with other settings: seed was 1, now 9; training\.learningRate was 0\.004, now 0\.5\. /,
      );
      await expect(resumed(settings, toyPairs(81))).rejects.toThrow(/the training text was another one\./);
      // A schedule that does not depend on the end may get a new one.
      const longer = await ran({
        folder,
        config: config({ updates: 6, saveEvery: 2, schedule: "constant" }),
        resume: true,
      });
      expect(longer.steps.map(({ update }) => update)).toEqual([5, 6]);
      await ran({ folder, config: other, replace: true });
      expect(await stepsOf(folder)).toEqual([2, 4]);
      expect((await logOf(folder)).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    });

    it("has one writer; a second one, even one that would replace it, changes nothing", async () => {
      const folder = memoryFolder().at("run");
      const first = runTranslation({
        folder,
        config: config({ updates: 4, saveEvery: 1 }),
        pairs,
        threads: 1,
        warn: () => 0,
      });
      await first.next();
      await first.next();
      const settings = config({ updates: 4, saveEvery: 1 });
      await expect(ran({ folder, config: settings, replace: true })).rejects.toThrow(TrainingError);
      await expect(ran({ folder, config: settings, resume: true })).rejects.toThrow(/memory:run is in use/);
      expect(await stepsOf(folder)).toEqual([1, 2]);
      for (let next = await first.next(); ; next = await first.next()) {
        if (next.done !== true) continue;
        await next.value.dispose();
        break;
      }
    });

    it("stops after `patience` validations without a better one, and ends with the best weights", async () => {
      const folder = memoryFolder().at("early");
      // The rate rises until the loss does, too.
      const settings = config({
        updates: 400,
        validateEvery: 4,
        saveEvery: 1000,
        patience: 2,
        schedule: "constant",
        learningRate: 0.3,
        warmUp: 200,
        clipNorm: 0,
      });
      const { steps } = await ran({ folder, config: settings, validation });
      const losses = steps.flatMap(({ update, validation: found }) =>
        found ? [[update, found["loss"]!] as const] : [],
      );
      const [best] = losses.toSorted(([, a], [, b]) => a - b);
      expect(steps.at(-1)!.update).toBe(best![0] + 8);
      const saved = `checkpoints/step-${String(best![0]).padStart(6, "0")}`;
      expect(await weightsOf(folder)).toEqual(await weightsOf(folder, saved));
      expect((await ran({ folder, config: settings, validation, resume: true })).steps).toEqual([]);
      await expect(ran({ folder: memoryFolder(), config: settings })).rejects.toThrow(
        "training.patience needs sentences to validate on. Give them, or leave patience out.",
      );
    });

    it("ends with the mean of the last checkpoints, or with the moving average, where asked", async () => {
      const mean = memoryFolder().at("mean");
      await ran({ folder: mean, config: config({ updates: 6, saveEvery: 2, averageCheckpoints: 2 }) });
      const [a, b] = [
        await weightsOf(mean, "checkpoints/step-000004"),
        await weightsOf(mean, "checkpoints/step-000006"),
      ];
      for (const [name, values] of Object.entries(await weightsOf(mean))) {
        values.forEach((value, i) => {
          expect(value).toBeCloseTo((a[name]![i]! + b[name]![i]!) / 2, 6);
        });
      }
      const moving = memoryFolder().at("moving");
      await ran({ folder: moving, config: config({ updates: 3, saveEvery: 1, movingAverage: 0.5 }) });
      const at = (step: number): Promise<Record<string, number[]>> =>
        weightsOf(moving, `checkpoints/step-00000${step}`);
      const [one, two, three] = [await at(1), await at(2), await at(3)];
      const start = await Translator.create(pairs, {
        ...sizes,
        vocabulary: 290,
        layers: 1,
        width: 16,
        heads: 2,
        feedForward: 16,
        seed: 1,
      });
      const zero = await start.parameters.read();
      await start.dispose();
      for (const [name, values] of Object.entries(await weightsOf(moving))) {
        values.forEach((value, i) => {
          const first = zero.get(name)!.data[i] as number;
          expect(value).toBeCloseTo(first / 8 + one[name]![i]! / 8 + two[name]![i]! / 4 + three[name]![i]! / 2, 5);
        });
      }
    });

    it("counts and names the pairs that are too long, for training and for validating", async () => {
      const long = { source: Array<string>(40).fill("chat").join(" "), target: "cat", line: 7 };
      const short = { ...model, maxPositions: 40 };
      const settings = translatorRunConfig({ vocabulary: 290, model: short, training: { updates: 1 } }, "test.yaml");
      const { warnings } = await ran({
        folder: memoryFolder(),
        config: settings,
        pairs: [...pairs, long],
        validation: [long, ...validation],
      });
      expect(warnings).toEqual([
        "1 of 81 training pairs have more than the model's 40 tokens and were left out (line 7).",
        "1 of 21 validation pairs have more than the model's 40 tokens and were left out (line 7).",
      ]);
      await expect(ran({ folder: memoryFolder(), config: settings, pairs: [long] })).rejects.toThrow(InputError);
    });
  });
});

describe("numbers that are not finite", () => {
  it("stop the run at once: the step, the tensor, and the last good checkpoint are left", async () => {
    const folder = memoryFolder().at("wild");
    const wild = config({ updates: 40, saveEvery: 1, learningRate: 1e20, warmUp: 0, schedule: "constant" });
    const refusal = ran({ folder, config: wild });
    await expect(refusal).rejects.toThrow(TrainingError);
    await expect(refusal).rejects.toThrow(
      /^At update 2 the loss is (NaN|-?Infinity) .* first that is not appeared in the (tensor|parameter|gradient of) (\S*model\.\S+|encoder\w+\.\d)\. What was saved before is intact\. Train again, in another folder, with a lower learning rate/,
    );
    expect(await stepsOf(folder)).toEqual([1]);
    expect((await logOf(folder)).map(({ step }) => step)).toEqual([1]);
    await (await Translator.open(folder.at("checkpoints/step-000001"), { threads: 1 })).dispose();
  });

  it("name a poisoned weight", async () => {
    const translator = await Translator.create(pairs, sizes);
    const weights = await translator.parameters.read();
    const name = "model.decoder.layers.0.fc1.weight";
    weights.get(name)!.data[3] = NaN;
    await translator.parameters.write(weights);
    const first = train(translator, pairs, { updates: 3 }).next();
    await expect(first).rejects.toThrow(/^At update 1 the loss is .*NaN/);
    await expect(first).rejects.toThrow(`The first that is not appeared in the parameter ${name}.`);
    const folder = memoryFolder().at("poisoned");
    await translator.save(folder);
    await translator.dispose();
    await expect(Translator.open(folder)).rejects.toThrow(CheckpointError);
    await expect(Translator.open(folder)).rejects.toThrow(
      `memory:poisoned/model.safetensors: ${name} holds a value that is not a finite number`,
    );
  });

  it("never become a checkpoint, where an update overflows though its loss did not", async () => {
    const folder = memoryFolder().at("overflow");
    // The engine computes in float32, where this rate is infinite.
    const endless = { learningRate: 1e39, warmUp: 0, schedule: "constant", optimizer: "sgd" };
    const refusal = ran({ folder, config: config({ updates: 5, saveEvery: 1, ...endless }) });
    await expect(refusal).rejects.toThrow(TrainingError);
    await expect(refusal).rejects.toThrow(
      /^Update 1 made the parameter model\.\S+ infinite or not a number\. What was saved before is intact\. Train again/,
    );
    expect(await stepsOf(folder)).toEqual([]);
  });
});

describe("configs of a run", () => {
  it.each([
    [{ trainng: {} }, 'test.yaml cannot be used: there is no key "trainng"; did you mean "training"?'],
    [{ model: { layres: 2 } }, 'test.yaml cannot be used: there is no key "layres" in model; did you mean "layers"?'],
    [
      { training: { warmup: 2 } },
      'test.yaml cannot be used: there is no key "warmup" in training; did you mean "warmUp"?',
    ],
    [{ training: 3 }, "test.yaml cannot be used: training must be a list of keys and values, not 3."],
    [{ seed: -1 }, "test.yaml cannot be used: seed must be at least 0, not -1."],
    [
      { preset: "tinny" },
      'test.yaml cannot be used: preset must be one of tiny, small, base, big, not "tinny"; did you mean "tiny"?',
    ],
    [{ model: { dropout: 1 } }, "test.yaml cannot be used: model.dropout must be below 1, not 1."],
    [{ training: { minutes: 0 } }, "test.yaml cannot be used: training.minutes must be above 0, not 0."],
    [{ training: { updates: 2.5 } }, "test.yaml cannot be used: training.updates must be a whole number, not 2.5."],
    [
      { training: { learningRate: "fast" } },
      'test.yaml cannot be used: training.learningRate must be a number, not "fast".',
    ],
    [
      { training: { optimizer: "adan", schedule: "x" } },
      'test.yaml cannot be used: training.optimizer must be one of adam, adamw, sgd, adafactor, not "adan"; did you mean "adam"?; training.schedule must be one of noam, inverse-sqrt, linear, cosine, constant, not "x".',
    ],
  ])("refuse %j", (value, message) => {
    expect(() => translatorRunConfig(value, "test.yaml")).toThrow(new ConfigError(message));
  });

  it("take layers for both sides; single ones go before", () => {
    expect(translatorRunConfig({ model: { layers: 3 } }, "x").model).toEqual({ encoderLayers: 3, decoderLayers: 3 });
    expect(translatorRunConfig({ model: { layers: 3, decoderLayers: 1 } }, "x").model).toEqual({
      encoderLayers: 3,
      decoderLayers: 1,
    });
    expect(translatorRunConfig({}, "x").training.updates).toBe(2000);
    expect(translatorRunConfig({ training: { minutes: 3 } }, "x").training.updates).toBeUndefined();
    expect(Object.keys(optimizers)).toEqual(["adam", "adamw", "sgd", "adafactor"]);
  });

  it("that do not fit together are refused before training", async () => {
    const settings = config({ updates: 1 }, { model: { ...model, width: 15 } });
    await expect(ran({ folder: memoryFolder(), config: settings })).rejects.toThrow(
      "2 heads cannot share a width of 15 evenly",
    );
    await expect(ran({ folder: memoryFolder(), config: config({ updates: 1 }, { vocabulary: 10 }) })).rejects.toThrow(
      /A vocabulary of 10 tokens has no room/,
    );
  });
});

describe("a folder that is no whole translator", () => {
  const made = async (): Promise<Folder> => {
    const folder = memoryFolder().at("model");
    const translator = await Translator.create(pairs, sizes);
    await translator.save(folder);
    await translator.dispose();
    return folder;
  };
  const error = async (folder: Folder): Promise<string> => {
    const thrown: unknown = await Translator.open(folder).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(CheckpointError);
    return (thrown as Error).message;
  };

  it("is named with what is missing, and with the checkpoint that could be opened", async () => {
    expect(await error(memoryFolder().at("nowhere").at("here"))).toMatch(
      /^memory:nowhere\/here does not exist\. Give a folder /,
    );
    const folder = await made();
    for (const [file, list] of [
      ["tokenizer.json", "tokenizer.json is missing."],
      ["model.safetensors", "model.safetensors and tokenizer.json are missing."],
    ]) {
      await folder.remove(file!);
      expect(await error(folder)).toBe(
        `memory:model is not a model folder: ${list!} Give a folder that a finished training wrote.`,
      );
    }
    const unfinished = memoryFolder().at("run");
    const first = runTranslation({
      folder: unfinished,
      config: config({ updates: 9, saveEvery: 1 }),
      pairs,
      threads: 1,
      warn: () => 0,
    });
    await first.next();
    expect(await error(unfinished)).toBe(
      "The training in memory:run is not finished. Finish it with --resume, or give its last checkpoint, memory:run/checkpoints/step-000001.",
    );
    for (let next = await first.next(); ; next = await first.next()) {
      if (next.done !== true) continue;
      await next.value.dispose();
      break;
    }
  });

  it("is refused for a tokenizer of another size, of other special tokens, or none at all", async () => {
    const folder = await made();
    const text = await readText(folder, "tokenizer.json");
    const swapped = text.replaceAll("<pad>", "<x>").replaceAll("<s>", "<pad>").replaceAll("<x>", "<s>");
    await folder.write("tokenizer.json", swapped);
    expect(await error(folder)).toBe(
      "memory:model/tokenizer.json gives <pad> the id 1, and the model was trained with 0. Use the tokenizer that the model was saved with.",
    );
    await folder.write("tokenizer.json", "{}");
    expect(await error(folder)).toMatch(/^memory:model\/tokenizer\.json cannot be used: /);
    const other = await Translator.create(toyPairs(3), { ...sizes, vocabulary: 265 });
    await folder.write("tokenizer.json", other.tokenizer.toText());
    await other.dispose();
    expect(await error(folder)).toMatch(
      /^memory:model\/tokenizer\.json has 265 tokens, and the model was trained with \d+\. /,
    );
  });
});
