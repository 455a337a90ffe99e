/** A run on screen: from its log alone, while the log grows, with its checkpoints, and steered. */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { diskFolder } from "heed";
import { ask, openSubject, queries } from "heed/inspect";
import type { Training, TrainingAction, TrainingState } from "heed/server";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { grow } from "./grow.ts";
import { NO_CHROMIUM, openStudio, type OpenStudio } from "./open-studio.ts";
import { tableOf } from "./table-of.ts";

const record = (step: number, more: object = {}): string =>
  `${JSON.stringify({ step, loss: 4 / step, gradientNorm: 1 / step, learningRate: 0.001 * step, progress: step / 10, ...more })}\n`;

let opened: OpenStudio | undefined;
let folder: string;
const acted: [TrainingAction, unknown][] = [];
let state: TrainingState = "running";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heed-runs-"));
  const model = fileURLToPath(new URL("../families/bart-conditional-generation", import.meta.url));
  for (const run of ["first", "second"]) {
    mkdirSync(join(folder, run, "checkpoints"), { recursive: true });
    writeFileSync(
      join(folder, run, "log.jsonl"),
      record(1) + record(2, { validation_loss: 3, validation_accuracy: 0.25, sample: "a sample" }),
    );
  }
  for (const step of ["step-000001", "step-000002"]) {
    cpSync(model, join(folder, "first", "checkpoints", step), { recursive: true });
  }
  grow(join(folder, "first", "checkpoints", "step-000002", "model.safetensors"));
  opened = await openStudio([folder]);
  const training: Training = {
    path: join(folder, "second"),
    get state() {
      return state;
    },
    act: (action, details) => {
      acted.push([action, details]);
      state = action === "pause" ? "paused" : "running";
      return Promise.resolve(undefined);
    },
  };
  opened?.studio.add(training);
});
afterAll(async () => {
  await opened?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("training", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it("shows what the log says, and what comes to it while the page is open", async () => {
    const { page, problems } = await opened!.open("#/training?model=first");
    await expect.poll(() => page.getByTestId("last").textContent()).toContain("Step 2");
    const titles = ["Loss", "Validation accuracy", "Gradient norm", "Learning rate"];
    for (const title of titles) await page.getByRole("heading", { name: title, exact: true }).waitFor();
    expect(await page.textContent("body")).toContain("Nobody trains it now");
    expect(await page.textContent("body")).toContain("a sample");
    appendFileSync(join(folder, "first", "log.jsonl"), record(3) + record(4, { loss: 0.5, validation_loss: 2 }));
    await expect.poll(() => page.getByTestId("last").textContent()).toContain("Step 4");
    const { names, numbers } = await tableOf(page, "training-loss");
    expect(names).toEqual(["1", "2", "3", "4"]);
    expect(numbers.map(([loss]) => loss)).toEqual([4, 2, 1.333, 0.5]);
    expect(numbers[3]![1]).toBe(2);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("is read by keyboard, smoothed and logarithmic, and another run lies over it", async () => {
    const { page, problems } = await opened!.open("#/training?model=first&over=second&smooth=0.5&log=true");
    const chart = page.getByRole("application", { name: "Loss against the step" });
    await chart.focus();
    await chart.press("ArrowRight");
    await chart.press("ArrowRight");
    const figure = page.locator('[data-figure="training-loss"]');
    // The mean by hand: (0.5 · 2 + 0.25 · 4) / 0.75.
    await expect.poll(() => figure.textContent()).toContain("step 2: first: loss: 2 (smoothed 2.667)");
    expect(await figure.textContent()).toContain("second: loss: 2");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("goes through checkpoints with one scale: the attention is each checkpoint's own", async () => {
    const { page, problems } = await opened!.open("#/training?model=first&step=1&ids=4,5,6,7,8&head=1");
    await page.getByRole("heading", { name: "Step 1: cross-attention" }).waitFor();
    const shown = await tableOf(page, "training-attention");
    const slider = page.getByRole("slider", { name: "Checkpoint" });
    await slider.focus();
    await slider.press("ArrowRight");
    await page.getByRole("heading", { name: "Step 2: cross-attention" }).waitFor();
    const weightsOf = async (step: string): Promise<number[]> => {
      const subject = await openSubject(diskFolder(join(folder, "first", "checkpoints", step)), { threads: 1 });
      try {
        const question = { ids: [4, 5, 6, 7, 8], group: "crossAttentions", layer: 0, head: 1 };
        return Array.from((await ask(queries.attention, subject, question)).tensors.weights.data as Float32Array);
      } finally {
        await subject.dispose();
      }
    };
    const [one, two] = [await weightsOf("step-000001"), await weightsOf("step-000002")];
    shown.numbers.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(one[i]!, 3);
    });
    const region = page.locator('[data-figure="training-attention"]').getByRole("region").locator("tbody td");
    const first = (): Promise<number> => region.nth(1).textContent().then(Number);
    expect(one[0]!.toPrecision(4)).not.toBe(two[0]!.toPrecision(4));
    await expect.poll(first).toBeCloseTo(two[0]!, 3);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("is paused and resumed where this server trains, and says why not where it does not", async () => {
    const { page, problems } = await opened!.open("#/training?model=second");
    await expect.poll(() => page.getByTestId("state").textContent()).toBe("running");
    await page.getByRole("button", { name: "pause" }).click();
    await expect.poll(() => page.getByTestId("state").textContent()).toBe("paused");
    expect(await page.getByRole("button", { name: "pause" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "resume" }).click();
    await expect.poll(() => page.getByTestId("state").textContent()).toBe("running");
    expect(acted.map(([action]) => action)).toEqual(["pause", "resume"]);
    expect(problems).toEqual([]);
    await page.close();
  });
});
