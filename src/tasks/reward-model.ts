/** A reward model: how good an answer to a prompt is, as one number, learned from preferences. */
import { ConfigError } from "../errors/index.ts";
import type { Architecture } from "../models/index.ts";
import { paddedRows } from "../objectives/index.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { answerIds, fitted, promptIds, type Answered } from "./answers.ts";
import type { Model } from "./model.ts";
import { TextModel } from "./text-model.ts";

/** Rows that are judged at once. */
const JUDGED = 64;

/** A model with one score for each text, and its tokenizer. Dispose of it when done. */
export class RewardModel extends TextModel<"sequence-classification"> {
  /** Throws ConfigError for a classifier with several classes. */
  constructor(model: Model<"sequence-classification">, tokenizer: Tokenizer) {
    super(model, tokenizer);
    requireOneScore(model.architecture);
  }

  /** The ids of a prompt with its answer, as the model reads them; what is too long loses the prompt's beginning. */
  idsOf(answered: Answered): number[] {
    const { prompt, answer } = fitted(
      promptIds(this.tokenizer, answered.prompt),
      answerIds(this.tokenizer, answered),
      this.limit(),
    );
    return [...prompt, ...answer];
  }

  /** The reward of each answer, in the model's own units: differences of two to the same prompt mean something. */
  async score(answers: readonly Answered[]): Promise<Float32Array> {
    return this.scoreIds(answers.map((one) => this.idsOf(one)));
  }

  /** As `score`, of rows of ids. */
  async scoreIds(rows: readonly (readonly number[])[]): Promise<Float32Array> {
    const { architecture } = this.model;
    // Decoders find the end of a text by the padding's id; without one, texts of a batch would be cut by the longest.
    const batch = architecture.config["paddingId"] === undefined ? 1 : JUDGED;
    const scores = new Float32Array(rows.length);
    for (let start = 0; start < rows.length; start += batch) {
      const feeds = paddedRows(architecture, rows.slice(start, start + batch));
      const results = await this.model.run(feeds, { outputs: ["logits"] });
      scores.set(results.get("logits")!.data as Float32Array, start);
    }
    return scores;
  }
}

/** Throws ConfigError for a classifier with several classes. */
export function requireOneScore({ className, config }: Architecture): void {
  const labels = config["labels"] as readonly string[];
  if (labels.length === 1) return;
  throw new ConfigError(
    `${className} has ${labels.length} classes (${labels.join(", ")}); a reward model has one score. ` +
      `Train one with heed align --method reward.`,
  );
}
