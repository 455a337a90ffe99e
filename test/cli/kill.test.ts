/** A training run that is killed at random moments and resumed ends as one that was left alone: to the bit. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeEngines } from "../engines.ts";
import { random } from "../../src/random/index.ts";

const root = new URL("../..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "heed-kill-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const SAVE_EVERY = 4;
for (const side of ["fr", "en"]) {
  const lines = readFileSync(join(root, `corpus/french-english/train.${side}`), "utf8")
    .split("\n")
    .slice(0, 300);
  writeFileSync(join(folder, `train.${side}`), `${lines.join("\n")}\n`);
}

const model =
  "preset: tiny\nmodel: { encoderLayers: 1, decoderLayers: 1, width: 16, feedForward: 32, heads: 2, dropout: 0.1 }\n";
const training = `training: { updates: 60, batchTokens: 256, saveEvery: ${SAVE_EVERY}, validateEvery: 20, movingAverage: 0.9 }\n`;
writeFileSync(join(folder, "config.yaml"), `${model}${training}vocabulary: 300\n`);

/** The engine that the tests run on at present. */
let engine: string;

function commandLine(out: string, ...more: string[]): string[] {
  const files = ["--source", join(folder, "train.fr"), "--target", join(folder, "train.en")];
  const run = [
    "--config",
    join(folder, "config.yaml"),
    "--out",
    join(folder, out),
    "--engine",
    engine,
    "--threads",
    "1",
    ...more,
  ];
  return [join(root, "bin/heed.js"), "train", "translation", ...files, ...run];
}

type LogLine = { step: number; loss?: number; event?: string; repeated?: number };
const logOf = (out: string): LogLine[] =>
  readFileSync(join(folder, out, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as LogLine);
const losses = (out: string): (number | undefined)[] =>
  logOf(out)
    .filter(({ event }) => event === undefined)
    .map(({ loss }) => loss);
const weights = (out: string): Buffer => readFileSync(join(folder, out, "model.safetensors"));

/** Starts the run, waits until its log has so many updates, and kills it a moment later. Where it ends first: false. */
function killedAt(out: string, updates: number, moment: number, resume: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, commandLine(out, ...(resume ? ["--resume"] : [])), { stdio: "ignore" });
    const timer = setInterval(() => {
      if (!existsSync(join(folder, out, "log.jsonl"))) return;
      if (readFileSync(join(folder, out, "log.jsonl"), "utf8").split('"loss"').length <= updates) return;
      clearInterval(timer);
      setTimeout(() => child.kill("SIGKILL"), moment);
    }, 2);
    child.on("exit", (_, signal) => {
      clearInterval(timer);
      resolve(signal === "SIGKILL");
    });
  });
}

describeEngines((options) => {
  beforeAll(() => {
    engine = options.engine;
  });

  describe("a run that is killed", () => {
    it("repeats to the bit, also when killed five times and resumed", async () => {
      execFileSync(process.execPath, commandLine(`${engine}-whole`), { stdio: "ignore" });

      const generator = random(Date.now() % 2 ** 32, "moments");
      for (let kill = 0; kill < 5; kill++) {
        const updates = 5 + 10 * kill + generator.below(5);
        expect(await killedAt(`${engine}-killed`, updates, generator.below(20), kill > 0)).toBe(true);
      }
      execFileSync(process.execPath, commandLine(`${engine}-killed`, "--resume"), {
        stdio: ["ignore", "ignore", "pipe"],
      });

      expect(weights(`${engine}-killed`).equals(weights(`${engine}-whole`))).toBe(true);
      expect(losses(`${engine}-killed`)).toEqual(losses(`${engine}-whole`));
      expect(losses(`${engine}-whole`)).toHaveLength(60);
      for (const { repeated = 0 } of logOf(`${engine}-killed`)) expect(repeated).toBeLessThanOrEqual(SAVE_EVERY);
    });

    it("refuses other settings, a folder that holds a run, and a second writer", () => {
      const refuse = (...more: string[]): string => {
        try {
          execFileSync(process.execPath, commandLine(`${engine}-whole`, ...more), {
            stdio: ["ignore", "ignore", "pipe"],
          });
        } catch (error) {
          return String((error as { stderr: Buffer }).stderr);
        }
        return "nothing";
      };
      expect(refuse()).toMatch(/already holds a run.*--resume/s);
      expect(refuse("--resume", "--seed", "2")).toMatch(/seed was 1, now 2/);
      expect(refuse("--resume", "--width", "32")).toMatch(/width was 16, now 32/);
    });
  });
});
