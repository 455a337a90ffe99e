/** Fine-tuning for answers in a text: windows, places, questions without an answer, a folder that answers. */
import { afterEach, describe, expect, it } from "vitest";
import { scoreOf } from "../../src/evaluation/index.ts";
import { finetuneTasks, type FinetuneConfig } from "../../src/learning/index.ts";
import { QuestionAnswerer } from "../../src/tasks/answer.ts";
import type { Model } from "../../src/tasks/model.ts";
import { open } from "../../src/tasks/open-task.ts";
import { createModel } from "../../src/tasks/open.ts";
import { architectureOf } from "../../src/models/index.ts";
import { trainTokenizer } from "../../src/tokens/index.ts";
import { here } from "../tasks/checkpoints.ts";
import { filesWith, finetuned, tinyBert } from "./runs.ts";

const opened: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose();
});

interface Asked {
  readonly question: string;
  readonly answer?: string;
  /** In code points. */
  readonly start?: number;
}
const squad = (context: string, ...asked: readonly Asked[]): string =>
  JSON.stringify({
    data: [
      {
        title: "t",
        paragraphs: [
          {
            context,
            qas: asked.map(({ question, answer, start }, id) => ({
              ...{ id, question, is_impossible: answer === undefined },
              answers:
                answer === undefined
                  ? []
                  : [{ text: answer, answer_start: start ?? Array.from(context.split(answer)[0]!).length }],
            })),
          },
        ],
      },
    ],
  });

/** Who lives where, for three people and two places; with one more question about each, if given. */
function whoAndWhere(more?: Asked): string {
  const files = ["Jane", "Paul", "Anna"].flatMap((who) =>
    ["Rome", "Oslo"].map((where) => {
      const asked = [{ question: "Who?", answer: who }, { question: "Where?", answer: where }, ...(more ? [more] : [])];
      return JSON.parse(squad(`${who} lives in ${where}.`, ...asked)) as {
        data: { paragraphs: { qas: { id: unknown }[] }[] }[];
      };
    }),
  );
  const data = files.flatMap((file) => file.data);
  for (const [i, { paragraphs }] of data.entries()) {
    for (const one of paragraphs.flatMap(({ qas }) => qas)) one.id = `${i} ${String(one.id)}`;
  }
  return JSON.stringify({ data });
}

const answers = finetuneTasks.answer;

/** A fresh answerer whose tokenizer knows the words of a text. */
async function fresh(text: string): Promise<QuestionAnswerer> {
  const tokenizer = await trainTokenizer([text], { family: "bert", size: 60 });
  const architecture = architectureOf({ ...tinyBert, vocab_size: tokenizer.size }, "json", {
    task: "question-answering",
  });
  const model = await createModel(architecture, here);
  opened.push(model);
  return new QuestionAnswerer(model as Model<"question-answering">, tokenizer);
}

describe("answers", () => {
  it("are learned, and the folder opens as an answerer", async () => {
    const files = await filesWith({ "train.json": whoAndWhere() });
    const given = {
      task: "answer",
      data: ["train.json"],
      test: ["train.json"],
      training: { updates: 80, learningRate: 0.003 },
    };
    const { folder, scores } = await finetuned(given, files);
    expect(scores).toEqual({ "exact match": 100, F1: 100 });
    const answerer = await open(folder, { task: "answer", ...here });
    opened.push(answerer);
    const rows = await answers.read(files, ["train.json"], {});
    const found = await answerer.answerAll(rows);
    expect(found.map(([best]) => best!.text)).toEqual(rows.map(({ answers: [due] }) => due));
    expect((await answers.judge(answerer, rows, {})).map(scoreOf)).toEqual([100, 100]);
  });

  it("are pointed at in the window that holds them, and elsewhere at the first token", async () => {
    const context = Array.from({ length: 40 }, (_, i) => `word${i % 7} ${i === 30 ? "the golden key" : "and"}`).join(
      " ",
    );
    const answerer = await fresh(`${context} what is it`);
    const files = await filesWith({ "long.json": squad(context, { question: "what is it", answer: "golden key" }) });
    const rows = await answers.read(files, ["long.json"], {});
    // By some strides a window begins or ends inside the answer.
    for (let stride = 0; stride <= 12; stride++) {
      const options = { maxLength: 32, stride };
      const made = answers.prepare(answerer, rows, options as FinetuneConfig);
      const windows = answerer.windows("what is it", context, options);
      expect(windows.length).toBeGreaterThan(3);
      expect(made.lengths).toHaveLength(windows.length);
      const { startPositions, endPositions } = made.batch(windows.map((_, i) => i)).feeds;
      const texts = windows.map(({ offsets }, i) => {
        const [from, to] = [Number(startPositions!.data[i]), Number(endPositions!.data[i])];
        return from === 0 ? `first ${to}` : context.slice(offsets[from]![0], offsets[to]![1]);
      });
      const holding = windows.filter(({ offsets, sequenceIds }) => {
        const inside = offsets.filter((_, at) => sequenceIds[at] === 1);
        const start = context.indexOf("golden key");
        return inside[0]![0] <= start && inside.at(-1)![1] >= start + 10;
      });
      expect(texts.filter((text) => text === "golden key")).toHaveLength(holding.length);
      expect(texts.filter((text) => text === "first 0")).toHaveLength(windows.length - holding.length);
      expect(made.summary.join("\n")).toContain("1 texts are too long for one window");
    }
  });

  it("stand where the file says, counted in code points, or else at the nearest place", async () => {
    const files = await filesWith({
      "a.json": squad(
        "😀😀 one two one",
        { question: "a", answer: "one", start: 3 },
        { question: "b", answer: "one", start: 10 },
      ),
      "b.json": squad(
        "one two one",
        { question: "a", answer: "one", start: 7 },
        { question: "b", answer: "three", start: 0 },
      ),
    });
    const spans = async (name: string) => (await answers.read(files, [name], {})).map(({ span }) => span);
    expect(await spans("a.json")).toEqual([[5, 8], [13, 16]]); // prettier-ignore
    expect(await spans("b.json")).toEqual([[8, 11], undefined]);
  });

  it("may be none: learned from, and chosen where that scores better by the threshold", async () => {
    const context = "Jane lives in Rome.";
    const files = await filesWith({ "train.json": whoAndWhere({ question: "When?" }) });
    const given = {
      task: "answer",
      data: ["train.json"],
      test: ["train.json"],
      training: { updates: 60, learningRate: 0.003 },
    };
    const { folder, scores, summary } = await finetuned(given, files);
    expect(summary[0]).toBe("18 questions, 6 without an answer; 18 windows, 6 of them without the answer");
    expect(scores["exact match"]).toBe(100);
    const answerer = await open(folder, { task: "answer", ...here });
    opened.push(answerer);
    const ask = async (noAnswer?: number) => (await answerer.answer("When?", context, { noAnswer, top: 2 }))[0]!;
    expect(await ask(0)).toMatchObject({ text: "", start: 0, end: 0 });
    expect((await ask(0)).probability).toBeGreaterThan(0.5);
    expect((await ask(1000)).text).not.toBe("");
    expect((await ask()).text).not.toBe("");
  });

  it("of files that are none are refused", async () => {
    const files = await filesWith({ "no.json": "{", "other.json": "[]", "blank.json": squad(" ", { question: "a" }) });
    await expect(answers.read(files, ["no.json"], {})).rejects.toThrow("no.json is not valid JSON");
    await expect(answers.read(files, ["other.json"], {})).rejects.toThrow("other.json is not a file of SQuAD");
    await expect(answers.read(files, ["blank.json"], {})).rejects.toThrow("question 0: the text is empty.");
  });
});
