/** `mpirun heed …`: the losses of one process, one writer, a rank that is killed, a run that goes on with another number. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeMpi, mpirun, root, type RanksEnded } from "../mpirun.ts";

const folder = mkdtempSync(join(tmpdir(), "heed-mpirun-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);

const lines = (file: string, count: number): string[] =>
  readFileSync(join(root, "corpus/french-english", file), "utf8")
    .split("\n")
    .slice(0, count);
for (const side of ["fr", "en"]) {
  writeFileSync(at(`train.${side}`), `${lines(`train.${side}`, 300).join("\n")}\n`);
  writeFileSync(at(`valid.${side}`), `${lines(`valid.${side}`, 20).join("\n")}\n`);
}
const model = "model: { layers: 1, width: 16, feedForward: 32, heads: 2, dropout: 0.1, attentionDropout: 0.1 }";
const training =
  "{ updates: 36, batchTokens: 256, saveEvery: 6, validateEvery: 12, learningRate: 0.003, schedule: constant }";
writeFileSync(at("config.yaml"), `${model}\nvocabulary: 300\ntraining: ${training}\n`);

const translation = (out: string, ...more: string[]): string[] => {
  const files = ["--source", at("train.fr"), "--target", at("train.en"), "--valid-source", at("valid.fr")];
  const run = ["--valid-target", at("valid.en"), "--config", at("config.yaml"), "--threads", "1", "--out", at(out)];
  return [join(root, "bin/heed.js"), "train", "translation", ...files, ...run, "--engine", "onnxruntime", ...more];
};
const alone = (args: readonly string[]): string =>
  execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

type LogLine = { step: number; loss?: number; validation_nats?: number };
const logOf = (out: string): LogLine[] =>
  existsSync(at(`${out}/log.jsonl`))
    ? readFileSync(at(`${out}/log.jsonl`), "utf8")
        .split("\n")
        .filter((line) => line.endsWith("}"))
        .map((line) => JSON.parse(line) as LogLine)
        .filter(({ loss }) => loss !== undefined)
    : [];

function expectSameCurve(out: string, one: string): void {
  const b = logOf(one);
  const a = logOf(out).slice(0, b.length);
  expect(a.map(({ step }) => step)).toEqual(b.map(({ step }) => step));
  for (const [i, { loss, validation_nats: judged }] of a.entries()) {
    expect(Math.abs(loss! - b[i]!.loss!)).toBeLessThan(1e-5);
    const other = b[i]!.validation_nats;
    if (judged !== undefined && other !== undefined) expect(Math.abs(judged - other)).toBeLessThan(1e-4);
  }
}

/** Waits until the log has an update, then kills the last process that was started for this run: not the writer. */
async function killed(ranks: number, out: string, update: number): Promise<RanksEnded & { readonly victim: number }> {
  const { child, ended } = mpirun(ranks, translation(out, "--updates", "4000"));
  let victim = 0;
  const timer = setInterval(() => {
    if (logOf(out).length < update || victim !== 0) return;
    victim = rankProcess(child.pid!, ranks - 1);
    process.kill(victim, "SIGKILL");
  }, 5);
  const end = await ended;
  clearInterval(timer);
  return { ...end, victim };
}

/** The process of a rank, among the children of mpirun. */
function rankProcess(parent: number, rank: number): number {
  const own = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ").map(Number);
  const found = own.find((id) =>
    readFileSync(`/proc/${id}/environ`, "utf8").split("\0").includes(`OMPI_COMM_WORLD_RANK=${rank}`),
  );
  if (found === undefined) throw new Error(`mpirun has no process of rank ${rank}.`);
  return found;
}

describeMpi("heed under mpirun", () => {
  beforeAll(() => {
    alone(translation("one"));
  });

  it("trains a translator on two ranks, then on three, with the losses of one, and one writer", async () => {
    const { code, out, err } = await mpirun(2, translation("two", "--updates", "18")).ended;
    expect(code, err).toBe(0);
    expect(out.replaceAll(folder, "")).toMatch(/^The model is in \/two, validation \d\.\d+ nats a token\.\r?\n$/);
    expect(err.match(/2 ranks over Open MPI/g)).toHaveLength(1);
    expect(err.match(/pairs, \d+ tokens/g)).toHaveLength(1);
    expect(readdirSync(at("two")).filter((name) => name.startsWith("events"))).toHaveLength(1);
    const more = await mpirun(3, translation("two", "--resume")).ended;
    expect(more.code, more.err).toBe(0);
    expect(more.err).toContain("Going on from update 18.");
    expectSameCurve("two", "one");
    expect(logOf("two")).toHaveLength(36);
    expect(readdirSync(at("two/checkpoints")).sort()).toEqual(readdirSync(at("one/checkpoints")).sort());
  });

  it("ends with a sentence and a checkpoint where a rank is killed, and goes on without it", async () => {
    const { code, err, victim } = await killed(2, "killed", 8);
    expect(code).not.toBe(0);
    expect(err).toMatch(new RegExp(`Of 2 ranks rank 1 \\(process ${victim}\\) ended before the run was done\\.`));
    const [, update] = /The run ended after update (\d+), and the checkpoint of that update is saved: /.exec(err) ?? [];
    expect(err).not.toContain("This is a defect");
    expect(readdirSync(at("killed/checkpoints"))).toContain(`step-${update!.padStart(6, "0")}`);
    expect(logOf("killed").at(-1)!.step).toBe(Number(update));
    alone(translation("killed", "--updates", String(Math.max(36, Number(update) + 1)), "--resume"));
    expectSameCurve("killed", "one");
  });

  it("says once what stops all ranks, such as other settings", async () => {
    const other = translation("other", "--seed", "2");
    const { code, err } = await mpirun(1, [...translation("other"), ":", "-n", "1", process.execPath, ...other]).ended;
    expect(code).toBe(1);
    expect(
      err.match(/^Rank 1 was started with other settings or data than rank 0: seed was 1, now 2\./gm),
    ).toHaveLength(1);
    expect(err.match(/^Rank 1/gm)).toHaveLength(1);
    // Rank 0 alone fails here: the other waits for it, and does not take it for lost.
    const there = await mpirun(2, translation("one")).ended;
    expect(there.code).toBe(1);
    expect(there.err.match(/one already holds a run/g)).toHaveLength(1);
    expect(there.err).not.toContain("ended before the run was done");
  });

  it("fine-tunes on two ranks with the losses of one", async () => {
    const words = { good: ["good", "fine", "great"], bad: ["bad", "poor", "awful"] };
    const rows = Array.from({ length: 60 }, (_, i) => {
      const label = i % 2 === 0 ? "good" : "bad";
      return `a ${words[label][i % 3]!} film ${"indeed ".repeat(i % 4)}\t${label}`;
    });
    writeFileSync(at("rows.tsv"), `text\tlabel\n${rows.join("\n")}\n`);
    const sizes = { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 };
    const config = {
      model: { model_type: "bert", ...sizes, max_position_embeddings: 32, hidden_dropout_prob: 0.1 },
      tokenizer: { size: 60 },
      training: { updates: 10, batchTokens: 100, learningRate: 0.003, schedule: "constant" },
    };
    writeFileSync(at("finetune.json"), JSON.stringify(config));
    const finetune = (out: string, ...more: string[]): string[] => {
      const flags = ["--task", "classify", "--data", at("rows.tsv"), "--test", at("rows.tsv"), "--threads", "1"];
      const run = ["--config", at("finetune.json"), "--engine", "onnxruntime", "--out", at(out), ...more];
      return [join(root, "bin/heed.js"), "finetune", ...flags, ...run];
    };
    alone(finetune("classes-one"));
    const { code, out, err } = await mpirun(2, finetune("classes-two")).ended;
    expect(code, err).toBe(0);
    expect(out.match(/The model is in /g)).toHaveLength(1);
    expectSameCurve("classes-two", "classes-one");
    const record = JSON.parse(readFileSync(at("classes-two/run.json"), "utf8")) as { machine: Record<string, string> };
    expect(record.machine["ranks"]).toMatch(/^2 ranks over Open MPI/);
  });
});
