/** A training that a page pauses, resumes, stops and branches: what it learns is what it would have learned. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { stepsOf } from "../../src/checkpoints/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { ControlledTraining, type RunStart, type Studio, type TrainingState } from "../../src/server/index.ts";
import { runTranslation, translatorRunConfig } from "../../src/tasks/translator-run.ts";
import type { Translator } from "../../src/tasks/translator.ts";
import type { Step } from "../../src/training/index.ts";
import { files } from "../cli/heed.ts";
import { errorIn, request, serve } from "./serving.ts";

const pairs = ["a dog", "a cat", "the dog", "the cat", "one dog", "one cat"].map((target, i) => ({
  source: target.replace("dog", "chien").replace("cat", "chat"),
  target,
  line: i + 1,
}));
const config = {
  vocabulary: 270,
  model: { layers: 1, width: 8, heads: 2, feedForward: 16, dropout: 0.1 },
  training: { updates: 12, batchTokens: 16, saveEvery: 4, validateEvery: 4, schedule: "linear", warmUp: 2 },
};
const changedConfig = (changed: RunStart["changed"]) =>
  translatorRunConfig({ ...config, training: { ...config.training, ...changed } }, "test");

const told: string[] = [];
function training(path: string): ControlledTraining<Step, Translator> {
  return new ControlledTraining({
    path,
    resume: false,
    start: ({ path: folder, resume, signal, changed }) =>
      runTranslation({
        ...{ folder: diskFolder(folder), config: changedConfig(changed), pairs, resume, signal },
        ...{ engine: "onnxruntime", threads: 1, worker: false, warn: () => undefined },
      }),
    check: (changed) => void changedConfig(changed),
    discard: (model) => model.dispose(),
    tell: (message) => told.push(message),
  });
}

/** Takes all steps; `each` is called after each of them. */
async function run(
  made: ControlledTraining<Step, Translator>,
  each: (step: Step) => unknown = () => undefined,
  signal = { aborted: false },
): Promise<number[]> {
  const updates: number[] = [];
  const steps = made.steps(signal);
  for (let next = await steps.next(); ; next = await steps.next()) {
    if (next.done === true) {
      await next.value.dispose();
      return updates;
    }
    updates.push(next.value.update);
    await each(next.value);
  }
}

const logOf = (path: string): { step: number; loss?: number; event?: string; learningRate: number }[] =>
  readFileSync(`${path}/log.jsonl`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { step: number; learningRate: number });
const losses = (path: string): unknown[] =>
  logOf(path)
    .filter(({ event }) => event === undefined)
    .map(({ step, loss }) => [step, loss]);
const reached = (made: { state: TrainingState }, state: TrainingState): Promise<void> =>
  expect.poll(() => made.state, { interval: 20, timeout: 30_000 }).toBe(state);

let at: (name: string) => string;
beforeAll(async () => {
  at = await files();
  await run(training(at("whole")));
});

it("paused and resumed, it learns the same to the bit", async () => {
  const made = training(at("paused"));
  let paused = false;
  const updatesAtPause = (): number => Math.max(...logOf(at("paused")).map(({ step }) => step));
  const updates = await run(made, async ({ update }) => {
    if (update !== 5 || paused) return;
    paused = true;
    await made.act("pause", {});
    expect(made.state).toBe("stopping");
    void reached(made, "paused").then(async () => {
      // What is paused is on the disk, and nobody holds the folder.
      expect(await stepsOf(diskFolder(at("paused")))).toContain(updatesAtPause());
      await made.act("resume", {});
    });
  });
  expect(updates).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect(losses(at("paused"))).toEqual(losses(at("whole")));
  expect(made.state).toBe("ended");
});

it("stopped, it ends with a checkpoint; interrupted while it is paused, too", async () => {
  const stopped = training(at("stopped"));
  await run(stopped, ({ update }) => (update === 3 ? stopped.act("stop", {}) : undefined));
  expect((await stepsOf(diskFolder(at("stopped")))).at(-1)).toBeLessThan(12);
  const signal = { aborted: false };
  const paused = training(at("interrupted"));
  const done = run(paused, ({ update }) => (update === 3 ? paused.act("pause", {}) : undefined), signal);
  await reached(paused, "paused");
  signal.aborted = true;
  await done;
  expect(paused.state).toBe("ended");
});

describe("through the server", () => {
  let studio: Studio;
  const steer = (id: string, action: string, details?: object) =>
    request(studio, `/api/models/${id}/training/${action}`, {
      method: "POST",
      ...(details === undefined ? {} : { body: JSON.stringify(details) }),
    });

  it("branches from a checkpoint with other settings, into a run of its own", async () => {
    const made = training(at("run"));
    const stop = { aborted: false };
    const done = run(made, ({ update }) => (update === 6 ? made.act("pause", {}) : undefined), stop);
    await reached(made, "paused");
    studio = await serve({ places: [at("run")], trainings: [made] });
    const list = JSON.parse((await request(studio, "/api/models")).text) as {
      models: { id: string; control: unknown }[];
    };
    expect(list.models.find(({ id }) => id === "run")).toMatchObject({ control: "paused", state: "ready" });

    const refused = async (details: object): Promise<unknown> => {
      const reply = await steer("run", "branch", details);
      return [reply.status, errorIn(reply).name];
    };
    const step = 4;
    for (const name of ["../out", "a/b", "", ".hidden"])
      expect(await refused({ step, name })).toEqual([400, "InputError"]);
    expect(await refused({ step: 5, name: "no" })).toEqual([500, "CheckpointError"]);
    expect(await refused({ step, name: "run" })).toEqual([400, "ConfigError"]);
    expect(await refused({ step, name: "no", training: { batchTokens: 8 } })).toEqual([400, "ConfigError"]);
    expect(await refused({ step, name: "no", training: { learningRate: -1 } })).toEqual([400, "ConfigError"]);

    const branched = await steer("run", "branch", { step, name: "twig", training: { learningRate: 1e-5, updates: 8 } });
    expect([branched.status, JSON.parse(branched.text)]).toEqual([201, { id: "twig" }]);
    await expect.poll(() => told, { timeout: 30_000 }).toEqual([`The branch in ${at("twig")} has ended.`]);
    const log = logOf(at("twig"));
    expect(losses(at("twig")).slice(0, step)).toEqual(losses(at("whole")).slice(0, step));
    expect(log.at(-1)).toMatchObject({ step: 8 });
    for (const one of log.filter((record) => record.step > step && record.event === undefined)) {
      expect(one.learningRate).toBeLessThanOrEqual(1e-5);
    }
    expect((await request(studio, "/api/models/twig/summary", { method: "POST", body: "{}" })).status).toBe(200);

    expect((await steer("run", "resume")).status).toBe(204);
    await done;
    expect(losses(at("run"))).toEqual(losses(at("whole")));
    const late = await steer("run", "pause");
    expect([late.status, errorIn(late).message]).toEqual([409, "The training is ended; it cannot pause now."]);
    await made.branchesEnded();
  });
});
