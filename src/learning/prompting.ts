/**
 * In-context learning: a model is shown a few solved rows of a task and asked about another one (Brown et al. 2020,
 * "Language models are few-shot learners", section 2). Nothing of the model changes.
 */
import { InputError } from "../errors/index.ts";
import { bootstrap, meanStatistics, type Interval } from "../evaluation/index.ts";
import { cachedModel } from "../tasks/generation.ts";
import { greedyAnswers } from "../tasks/greedy-answers.ts";
import { TokenJudge } from "../tasks/likelihood.ts";
import { parametersHash } from "../tasks/parameters-hash.ts";
import type { TextModel } from "../tasks/text-model.ts";
import { ChoiceScorer, withoutBlanks, type Normalization } from "./choice-scores.ts";
import { choicesOf, labelOf, rowText, shownAnswer, type PromptTask } from "./prompt-task.ts";
import { ShotDrawer } from "./shots.ts";

/** How a task is put to a model. */
export interface PromptOptions {
  /** How many shots: an accuracy for each. */
  readonly shots: readonly number[];
  /** Each draws other shots. Default: [1]. */
  readonly seeds?: readonly number[] | undefined;
  /** In how many orders the drawn shots are shown. Default: 1. */
  readonly orders?: number | undefined;
  /** Whether each label is shown as often as any other. Default: false. */
  readonly balance?: boolean | undefined;
  /** Whether scores are calibrated by prompts without content (Zhao et al. 2021). Default: false. */
  readonly calibrate?: boolean | undefined;
  /** What the likelihood of a choice is divided by. Default: "none". */
  readonly normalize?: Normalization | undefined;
  /** Of questions, the first ones. Default: all. */
  readonly limit?: number | undefined;
  /** Resamples of the questions for the intervals. Default: 1000. */
  readonly samples?: number | undefined;
  /** Told after each run: those done, and all. */
  readonly progress?: ((done: number, of: number) => void) | undefined;
}

/** One draw of shots in one order. */
export interface PromptRun {
  readonly seed: number;
  readonly order: number;
  readonly accuracy: number;
}

/** What a number of shots gives. */
export interface ShotResult {
  readonly shots: number;
  /** The mean over questions and runs; the interval is that of resampled questions. */
  readonly accuracy: Interval;
  readonly runs: readonly PromptRun[];
  /** The standard deviation over the runs; 0 for one. */
  readonly deviation: number;
  /** Prompts from which shots were left out, the earliest first, because they were too long. */
  readonly shortened: number;
}

/** What a model reaches on a task. */
export interface PromptReport {
  readonly results: readonly ShotResult[];
  readonly queries: number;
  /** The share of the most frequent answer. */
  readonly majority: number;
  /** What guessing among the choices gives; undefined where answers are written. */
  readonly chance: number | undefined;
  /** Sums over the parameters before and after: they are equal. */
  readonly parameters: { readonly before: string; readonly after: string };
  /** A prompt as the model saw it, with the most shots. */
  readonly example: string;
}

/**
 * Puts a task to a model with each number of shots. Choices are scored by their likelihood, all of a question in one
 * forward pass; written answers by exact match. Throws InputError where there are not enough rows to show.
 */
export async function promptModel(text: TextModel, task: PromptTask, options: PromptOptions): Promise<PromptReport> {
  const { shots, seeds = [1], orders = 1, limit = Infinity, samples, progress } = options;
  const before = await parametersHash(text.model.parameters);
  const queries = [...task.queries.keys()].slice(0, limit);
  const drawer = new ShotDrawer(task);
  const answerer = new Answerer(text, task, options);
  const results: ShotResult[] = [];
  let example = "";
  // Without shots, or with one, draws and orders do not differ.
  const runsOf = (count: number): { seed: number; order: number }[] =>
    (count === 0 ? seeds.slice(0, 1) : seeds).flatMap((seed) =>
      Array.from({ length: count < 2 ? 1 : orders }, (_, order) => ({ seed, order })),
    );
  const all = shots.reduce((sum, count) => sum + runsOf(count).length, 0);
  let done = 0;
  try {
    for (const count of shots) {
      const right = new Float64Array(queries.length);
      const runs: PromptRun[] = [];
      let shortened = 0;
      for (const { seed, order } of runsOf(count)) {
        const draw = { seed, order, balance: options.balance ?? false };
        const prompts = queries.map((query) => answerer.prompt(query, drawer.draw(query, count, draw)));
        shortened += prompts.filter((prompt) => prompt.leftOut > 0).length;
        example = prompts[0]?.text ?? example;
        const answers = await answerer.answers(prompts);
        const hits = queries.map((query, i) => (answers[i] === labelOf(task, task.queries[query]!).trim() ? 1 : 0));
        for (const [i, hit] of hits.entries()) right[i]! += hit;
        runs.push({ seed, order, accuracy: mean(hits) });
        progress?.(++done, all);
      }
      const accuracy = bootstrap(
        meanStatistics(
          right.map((sum) => sum / runs.length),
          undefined,
          "accuracy",
        ),
        { samples },
      );
      results.push({ shots: count, accuracy, runs, deviation: deviation(runs.map((run) => run.accuracy)), shortened });
    }
  } finally {
    await answerer.dispose();
  }
  const labels = queries.map((query) => labelOf(task, task.queries[query]!));
  const most = Math.max(...labels.map((label) => labels.filter((one) => one === label).length));
  const chances = queries.flatMap((query) => {
    const choices = choicesOf(task, task.queries[query]!);
    return choices === undefined ? [] : [1 / choices.length];
  });
  return {
    ...{ results, queries: queries.length, majority: most / queries.length, example },
    chance: chances.length === 0 ? undefined : mean(chances),
    parameters: { before, after: await parametersHash(text.model.parameters) },
  };
}

/** A question with its shots. */
interface Prompt {
  readonly query: number;
  readonly text: string;
  /** The shots with what stands around them, without the question. */
  readonly context: string;
  readonly leftOut: number;
}

class Answerer {
  readonly #text: TextModel;
  readonly #task: PromptTask;
  readonly #judge: TokenJudge;
  readonly #scorer: ChoiceScorer;
  readonly #cached: ReturnType<typeof cachedModel>;

  constructor(text: TextModel, task: PromptTask, { normalize = "none", calibrate = false }: PromptOptions) {
    this.#text = text;
    this.#task = task;
    this.#judge = new TokenJudge(text.model);
    this.#scorer = new ChoiceScorer(text, this.#judge, task.config, { normalize, calibrate });
    this.#cached = cachedModel(text.model);
  }

  /** The prompt of a question behind its shots; as many of these as fit, the last ones. */
  prompt(query: number, shots: readonly number[]): Prompt {
    const { config, shots: rows, queries } = this.#task;
    const row = queries[query]!;
    const choices = choicesOf(this.#task, row);
    const [head, { front }] = [config.instruction === "" ? [] : [config.instruction], rowText(config, row)];
    const longest = Math.max(0, ...(choices ?? []).map(({ text }) => this.#count(` ${text}`)));
    const room =
      (this.#text.model.architecture.longest ?? Infinity) - (choices === undefined ? config.maxTokens : longest);
    for (let left = 0; left <= shots.length; left++) {
      const shown = shots.slice(left).map((index) => this.#shot(rows[index]!));
      const context = [...head, ...shown, ""].join(config.separator);
      const text = `${context}${front}`;
      if (this.#count(text) <= room) return { query, text, context, leftOut: left };
    }
    throw new InputError(
      `Question ${query + 1} has ${this.#count(front)} tokens without any shot; the model reads ${String(room)} beside ` +
        "the answer. Leave it out, or take a model that reads more.",
    );
  }

  #shot(row: PromptTask["shots"][number]): string {
    const { front, back } = rowText(this.#task.config, row);
    return `${front}${shownAnswer(this.#task, row)}${back}`;
  }

  #count(text: string): number {
    return this.#text.tokenizer.ids(text).length;
  }

  /** The answer to each prompt: the label of the best choice, or what the model writes. */
  async answers(prompts: readonly Prompt[]): Promise<string[]> {
    const { config, queries } = this.#task;
    if (config.choices === undefined) {
      const { tokenizer } = this.#text;
      const given = prompts.map(({ text }) => ({
        encoding: tokenizer.encode(withoutBlanks(text)),
        limit: config.maxTokens,
      }));
      return greedyAnswers(this.#text, this.#cached, given, { stopStrings: config.stop });
    }
    const asked = prompts.map(({ query, text, context }) => {
      const row = queries[query]!;
      return { text, context, row, choices: choicesOf(this.#task, row)! };
    });
    const scores = await this.#scorer.scores(asked);
    return asked.map(({ choices }, i) => {
      const best = scores[i]!.indexOf(Math.max(...scores[i]!));
      return choices[best]!.label.trim();
    });
  }

  async dispose(): Promise<void> {
    await this.#judge.dispose();
    await this.#cached.dispose();
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);

function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}
