/** Which of several texts a model would rather go on with: by likelihood, as it is, normalized, or calibrated. */
import type { TokenJudge, JudgedTokens } from "../tasks/likelihood.ts";
import type { TextModel } from "../tasks/text-model.ts";
import { rowText, type Choice, type PromptTaskConfig, type TaskRow } from "./prompt-task.ts";

/**
 * What the log-likelihood of a choice is put in relation to: nothing, its number of tokens, or its log-likelihood behind
 * a prompt without shots and question (Brown et al. 2020, section 2.4).
 */
export const normalizations = ["none", "length", "unconditional"] as const;
/** The name of a normalization. */
export type Normalization = (typeof normalizations)[number];

/** A prompt with what may follow. */
export interface AskedChoices {
  readonly text: string;
  /** What of the prompt stands before the question: instruction and shots. */
  readonly context: string;
  readonly row: TaskRow;
  readonly choices: readonly Choice[];
}

/** Scores choices behind prompts: the larger, the better. Scores of one prompt may be compared with each other only. */
export class ChoiceScorer {
  readonly #text: TextModel;
  readonly #judge: TokenJudge;
  readonly #config: PromptTaskConfig;
  readonly #options: { readonly normalize: Normalization; readonly calibrate: boolean };
  /** Of prompts that come again: without content, or without condition. */
  readonly #kept = new Map<string, readonly number[]>();

  constructor(
    text: TextModel,
    judge: TokenJudge,
    config: PromptTaskConfig,
    options: { readonly normalize: Normalization; readonly calibrate: boolean },
  ) {
    this.#text = text;
    this.#judge = judge;
    this.#config = config;
    this.#options = options;
  }

  /** A score for each choice of each prompt. */
  async scores(asked: readonly AskedChoices[]): Promise<number[][]> {
    const found = await this.#normalized(asked);
    if (!this.#options.calibrate) return found;
    const scored: number[][] = [];
    for (const [i, one] of asked.entries()) {
      const free = await this.#contentFree(one);
      // p / p of no content, in logarithms: argmax is that of the diagonal matrix of the paper.
      scored.push(logShares(found[i]!).map((value, k) => value - Math.log(free[k]!)));
    }
    return scored;
  }

  /** Mean probabilities of the choices behind prompts whose fields say nothing (Zhao et al. 2021, section 4). */
  async #contentFree({ context, row, choices }: AskedChoices): Promise<readonly number[]> {
    const key = JSON.stringify(["free", context, choices.map(({ text }) => text)]);
    const before = this.#kept.get(key);
    if (before !== undefined) return before;
    const asked = this.#config.contentFree.map((nothing) => {
      return { context, row, choices, text: `${context}${rowText(this.#config, row, nothing).front}` };
    });
    const shares = (await this.#normalized(asked)).map((scores) => logShares(scores).map(Math.exp));
    const means = choices.map((_, k) => shares.reduce((sum, share) => sum + share[k]!, 0) / shares.length);
    this.#kept.set(key, means);
    return means;
  }

  async #normalized(asked: readonly AskedChoices[]): Promise<number[][]> {
    const { normalize } = this.#options;
    const found = await this.#likelihoods(asked);
    if (normalize === "none") return found.map((row) => row.map(({ sum }) => sum));
    if (normalize === "length") return found.map((row) => row.map(({ sum, tokens }) => sum / tokens));
    const scores: number[][] = [];
    for (const [i, { row, choices }] of asked.entries()) {
      const front = this.#config.unconditional ?? rowText(this.#config, row, "").front;
      const key = JSON.stringify(["unconditional", front, choices.map(({ text }) => text)]);
      let alone = this.#kept.get(key);
      if (alone === undefined) {
        const [likelihoods] = await this.#likelihoods([{ text: front, choices }]);
        alone = likelihoods!.map(({ sum }) => sum);
        this.#kept.set(key, alone);
      }
      scores.push(found[i]!.map(({ sum }, k) => sum - alone[k]!));
    }
    return scores;
  }

  /** Log-likelihoods of all choices, and of how many tokens they are. */
  async #likelihoods(
    asked: readonly Pick<AskedChoices, "text" | "choices">[],
  ): Promise<{ readonly sum: number; readonly tokens: number }[][]> {
    const rows = asked.map(({ text, choices }) => choices.map((choice) => continuation(this.#text, text, choice.text)));
    const judged = (await this.#judge.judge(rows.flat())).values();
    return rows.map((row) =>
      row.map(({ places }) => {
        const { logProbabilities } = judged.next().value!;
        return { sum: logProbabilities.reduce((sum, value) => sum + value, 0), tokens: places.length };
      }),
    );
  }
}

/**
 * A text behind a prompt as tokens to judge. Blanks at the end of the prompt belong to the text, as tokenizers have
 * them; so does a token that begins in the prompt. An encoder reads the prompt, where there is one.
 */
export function continuation({ model, tokenizer }: TextModel, prompt: string, text: string): JudgedTokens {
  const front = withoutBlanks(prompt);
  if (model.architecture.task === "conditional-generation") {
    const ids = [...tokenizer.target.ids(text.trim())];
    return { source: [...tokenizer.ids(front)], ids, places: [...ids.keys()] };
  }
  const { ids, offsets, sequenceIds } = tokenizer.encode(front + prompt.slice(front.length) + text);
  const places = offsets.flatMap(([, end], t) => (sequenceIds[t] !== undefined && end > front.length ? [t] : []));
  const begin = tokenizer.special.bos?.id ?? tokenizer.special.eos?.id;
  if (places[0] !== 0 || begin === undefined) return { ids, places };
  return { ids: [begin, ...ids], places: places.map((t) => t + 1) };
}

/** A prompt without blanks at its end: they belong to what follows. */
export const withoutBlanks = (prompt: string): string => prompt.replace(/[ \t]+$/, "");

/** Logarithms of e^x / Σ e^x. */
function logShares(values: readonly number[]): number[] {
  const largest = Math.max(...values);
  const sum = Math.log(values.reduce((total, value) => total + Math.exp(value - largest), 0)) + largest;
  return values.map((value) => value - sum);
}
