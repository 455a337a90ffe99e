/** In-context learning: prompts, shots, scores of choices, and the report. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryFolder } from "../../src/files/index.ts";
import {
  ChoiceScorer,
  continuation,
  openPromptTask,
  promptModel,
  promptTask,
  promptTaskConfig,
  ShotDrawer,
  type Normalization,
  type PromptTask,
} from "../../src/learning/index.ts";
import { rowText } from "../../src/learning/prompt-task.ts";
import { TokenJudge } from "../../src/tasks/likelihood.ts";
import { open } from "../../src/tasks/open-task.ts";
import type { TextModel } from "../../src/tasks/text-model.ts";
import { checkpoint, here, plainWords } from "../tasks/checkpoints.ts";

const rowOf = (values: object): ReadonlyMap<string, unknown> => new Map(Object.entries(values));
const config = (values: object) => promptTaskConfig({ template: "{text} {answer}", ...values }, "task.yaml");

describe("a task", () => {
  it("makes text of rows by {places} or in Jinja's language, cut where the answer stands", () => {
    const row = rowOf({ text: "so good", answer: "yes" });
    expect(rowText(config({ template: "Review: {text}\nMood: {answer}!" }), row)).toEqual({
      front: "Review: so good\nMood: ",
      back: "!",
    });
    const jinja = "{% if text %}{{ text | upper }}: {% endif %}{{ answer }}.";
    expect(rowText(config({ template: jinja }), row)).toEqual({ front: "SO GOOD: ", back: "." });
    expect(rowText(config({}), row, "N/A")).toEqual({ front: "N/A ", back: "" });
  });

  it.each([
    [{ template: "{text}" }, { text: "a", answer: "b" }, "names the place of the answer nowhere"],
    [{ template: "{answer} {answer}" }, { text: "a", answer: "b" }, "2 times"],
    [{ template: "{txt} {answer}" }, { text: "a", answer: "b" }, "Did you mean {text}?"],
    [{}, { text: "a", label: "b" }, 'no text under "answer"'],
    [{ choices: ["x", "y"] }, { text: "a", answer: "b" }, 'the answer "b", which is none of the choices x, y'],
    [
      { choices: "options" },
      { text: "a", answer: "b", options: ["b"] },
      'no list of two texts or more under "options"',
    ],
    [{ template: "{{ text " }, { text: "a", answer: "b" }, "template"],
  ])("%j with %j is refused", (values, row, message) => {
    expect(() => promptTask(config(values), [rowOf(row)])).toThrow(message);
  });

  it("is read from files; unknown keys are refused", async () => {
    const files = memoryFolder();
    await files.write("shots.tsv", "text\tanswer\na\tx\nb\ty\n");
    await files.write("queries.jsonl", '{"text": "c", "answer": "x"}\n');
    const task = await openPromptTask(config({ shots: ["shots.tsv"], queries: ["queries.jsonl"] }), files);
    expect([task.shots.length, task.queries.length, task.same]).toEqual([2, 1, false]);
    expect((await openPromptTask(config({ queries: ["shots.tsv"] }), files)).same).toBe(true);
    await expect(openPromptTask(config({}), files)).rejects.toThrow("names no files of rows to ask about");
    expect(() => config({ shot: [] })).toThrow('"shot"');
  });
});

describe("shots", () => {
  const rows = Array.from({ length: 12 }, (_, i) =>
    rowOf({ text: `w${i}`, answer: i % 4 === 0 ? "x" : "y", of: i % 2 }),
  );
  const apart = promptTask(config({}), rows.slice(0, 2), rows);
  const draw = (task: PromptTask, query: number, count: number, more: object = {}): number[] =>
    new ShotDrawer(task).draw(query, count, { seed: 1, balance: false, order: 0, ...more });

  it("are the same for all questions; more of them are the fewer ones and others", () => {
    expect(draw(apart, 0, 5)).toEqual(draw(apart, 1, 5));
    expect(draw(apart, 0, 8).slice(0, 5)).toEqual(draw(apart, 0, 5));
    expect(draw(apart, 0, 5, { seed: 2 })).not.toEqual(draw(apart, 0, 5));
    expect(new Set(draw(apart, 0, 12)).size).toBe(12);
  });

  it("have other orders, of the same rows", () => {
    const [first, second] = [draw(apart, 0, 8, { order: 1 }), draw(apart, 0, 8, { order: 2 })];
    expect(first).not.toEqual(second);
    expect(first.toSorted()).toEqual(draw(apart, 0, 8).toSorted());
    expect(second.toSorted()).toEqual(draw(apart, 0, 8).toSorted());
  });

  it("are balanced for each number of them, where that is asked for", () => {
    for (let seed = 1; seed <= 10; seed++) {
      for (let count = 1; count <= 6; count++) {
        const labels = draw(apart, 0, count, { seed, balance: true }).map((index) => rows[index]!.get("answer"));
        const x = labels.filter((label) => label === "x").length;
        expect(Math.abs(2 * x - count)).toBeLessThanOrEqual(1);
      }
    }
  });

  it("never are the question itself", () => {
    const same = promptTask(config({}), rows);
    for (const query of rows.keys()) expect(draw(same, query, 11)).not.toContain(query);
    expect(() => draw(same, 0, 12)).toThrow("12 shots are asked for, and there are 11 rows to show");
  });

  it("come from the question's group, and are drawn for each question", () => {
    const grouped = promptTask(config({ group: "of" }), rows.slice(0, 4), rows);
    for (const query of [0, 1, 2, 3]) {
      expect(new Set(draw(grouped, query, 4).map((index) => index % 2))).toEqual(new Set([query % 2]));
    }
    expect(draw(grouped, 0, 6)).not.toEqual(draw(grouped, 2, 6));
    expect(() => draw(grouped, 0, 7)).toThrow("6 rows of its group (of 0) to show");
  });
});

const choices = { x: "w20", y: "w30 w31", z: "w40" };
const rows = Array.from({ length: 6 }, (_, i) => rowOf({ text: `w${7 + i} w9`, answer: ["x", "y", "z"][i % 3] }));

describe("scores", () => {
  let text: TextModel;
  beforeAll(async () => {
    text = await open(await checkpoint("gpt2-causal-lm", plainWords), { task: "read", ...here });
  });
  afterAll(() => text.dispose());

  /** The log-likelihood of words behind others, from whole logits. */
  async function likelihood(front: string, words: string): Promise<number> {
    const ids = [...text.tokenizer.ids(`${front} ${words}`.trim())];
    const start = front === "" ? 0 : text.tokenizer.ids(front).length;
    const whole = front === "" ? [1, ...ids] : ids;
    const inputIds = { dtype: "int32" as const, shape: [1, whole.length], data: Int32Array.from(whole) };
    const { logits } = (await text.model.forward({ inputIds })) as { logits: { data: Float32Array } };
    let sum = 0;
    for (let t = Math.max(start, front === "" ? 1 : 0); t < whole.length; t++) {
      const at = logits.data.subarray((t - 1) * 53, t * 53);
      sum += at[whole[t]!]! - Math.log(at.reduce((total, value) => total + Math.exp(value), 0));
    }
    return sum;
  }
  const list = Object.entries(choices).map(([label, one]) => ({ label, text: one }));
  const ask = async (normalize: Normalization, calibrate = false, more: object = {}): Promise<number[]> => {
    const judge = new TokenJudge(text.model);
    const scorer = new ChoiceScorer(text, judge, config({ choices, ...more }), { normalize, calibrate });
    const asked = { text: "w5 w6 w7 ", context: "w5 w6 ", row: rowOf({ text: "w7" }), choices: list };
    const [scores] = await scorer.scores([asked]);
    await judge.dispose();
    return scores!;
  };
  const close = (found: readonly number[], expected: readonly number[]): void => {
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 4);
  };
  const each = async (front: string): Promise<number[]> => [
    await likelihood(front, choices.x),
    await likelihood(front, choices.y),
    await likelihood(front, choices.z),
  ];

  it("are the likelihoods of the choices, in all, by token, or against a prompt without condition", async () => {
    const [x, y, z] = (await each("w5 w6 w7")) as [number, number, number];
    close(await ask("none"), [x, y, z]);
    close(await ask("length"), [x, y / 2, z]);
    const alone = await each("w8");
    close(await ask("unconditional", false, { unconditional: "w8 " }), [x - alone[0]!, y - alone[1]!, z - alone[2]!]);
    const nothing = await each("");
    close(await ask("unconditional"), [x - nothing[0]!, y - nothing[1]!, z - nothing[2]!]);
  });

  it("are divided by the mean probabilities behind prompts without content, where that is asked for", async () => {
    const share = (logs: readonly number[]): number[] => {
      const powers = logs.map(Math.exp);
      return powers.map((power) => power / powers.reduce((sum, one) => sum + one, 0));
    };
    const found = share(await each("w5 w6 w7"));
    const free = [share(await each("w5 w6 w11")), share(await each("w5 w6 w12"))];
    const expected = found.map((p, i) => Math.log(p) - Math.log((free[0]![i]! + free[1]![i]!) / 2));
    close(await ask("none", true, { contentFree: ["w11", "w12"] }), expected);
  });

  it("take blanks at the end of a prompt as part of what follows", () => {
    expect(continuation(text, "w5 ", "w6")).toEqual({ ids: [5, 6], places: [1] });
    expect(continuation(text, "", "w6 w7")).toEqual({ ids: [1, 6, 7], places: [1, 2] });
  });

  it("decide what is counted; nothing of the model changes", async () => {
    const task = promptTask(config({ choices, separator: " " }), rows.slice(0, 3), rows.slice(3));
    const runs: number[] = [];
    const report = await promptModel(text, task, {
      ...{ shots: [0, 1, 2], seeds: [1, 2], orders: 2, samples: 50 },
      progress: (done) => runs.push(done),
    });
    expect(report.results.map(({ runs: made }) => made.length)).toEqual([1, 2, 4]);
    expect(runs).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(report.parameters.before).toBe(report.parameters.after);
    expect([report.queries, report.chance, report.majority]).toEqual([3, 1 / 3, 1 / 3]);
    let right = 0;
    for (const row of rows.slice(0, 3)) {
      const scores = await each(row.get("text") as string);
      if (Object.keys(choices)[scores.indexOf(Math.max(...scores))] === row.get("answer")) right++;
    }
    expect(report.results[0]!.accuracy.score).toBeCloseTo(right / 3, 9);
    for (const { accuracy, runs: made } of report.results) {
      expect(accuracy.score).toBeCloseTo(made.reduce((sum, one) => sum + one.accuracy, 0) / made.length, 9);
    }
    expect(report.example.trim().split(" ")).toHaveLength(2 * 2 + 2 + report.example.split(" ").filter((w) => /w[234]\d/.test(w)).length); // prettier-ignore
  });

  it("leave out the first shots where a prompt is too long, and say how often", async () => {
    const task = promptTask(config({ choices, separator: " " }), rows.slice(0, 2), [...rows, ...rows]);
    const report = await promptModel(text, task, { shots: [1, 8], samples: 10 });
    expect(report.results.map(({ shortened }) => shortened)).toEqual([0, 2]);
    expect(text.tokenizer.ids(report.example).length).toBeLessThanOrEqual(16);
    const long = promptTask(config({ choices }), [rowOf({ text: "w7 ".repeat(20), answer: "x" })], rows);
    await expect(promptModel(text, long, { shots: [0] })).rejects.toThrow("Question 1 has 20 tokens without any shot");
  });

  it("of written answers are exact matches of what the model writes", async () => {
    const asked = rows.slice(0, 3).map((row) => rowOf({ text: row.get("text"), answer: "?" }));
    const free = promptTask(config({ maxTokens: 3, stop: [] }), asked, rows);
    expect((await promptModel(text, free, { shots: [0], samples: 10 })).results[0]!.accuracy.score).toBe(0);
    const writer = await open(await checkpoint("gpt2-causal-lm", plainWords), { task: "generate", ...here });
    const written = await writer.generate(asked.map((row) => row.get("text") as string), { maxNewTokens: 3, doSample: false }); // prettier-ignore
    await writer.dispose();
    const known = asked.map((row, i) => rowOf({ text: row.get("text"), answer: written[i]![0]!.text.trim() }));
    const right = promptTask(config({ maxTokens: 3, stop: [] }), known, rows);
    const report = await promptModel(text, right, { shots: [0], samples: 10 });
    expect([report.results[0]!.accuracy.score, report.chance]).toEqual([1, undefined]);
  });
});
