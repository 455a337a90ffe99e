/** Classes of whole texts and of pairs of texts. */
import type { Architecture } from "../models/index.ts";
import type { TokenizerInput } from "../tokens/index.ts";
import { probabilities, rowOf, TextModel, type ReadOptions } from "./text-model.ts";

/** A class of a text. */
export interface ClassScore {
  readonly label: string;
  /**
   * A probability: of one class among all, or by itself where a text may have several. Of a model that was trained on
   * numbers, the number.
   */
  readonly score: number;
}

/** A classifier of texts with its tokenizer. */
export class TextClassifier extends TextModel<"sequence-classification"> {
  /** The names of the classes. */
  get labels(): readonly string[] {
    return this.model.architecture.config["labels"] as readonly string[];
  }

  /** The classes of each text or pair, most probable first. Throws InputError for a text that is too long. */
  async classify(inputs: readonly TokenizerInput[], options: ReadOptions = {}): Promise<ClassScore[][]> {
    // Decoders find the end of a text by the padding's id; without one, texts of a batch would be cut by the longest.
    const batch = this.model.architecture.config["paddingId"] === undefined ? 1 : inputs.length;
    const found: ClassScore[][] = [];
    for (let start = 0; start < Math.max(inputs.length, 1); start += batch) {
      const { logits } = await this.forward(inputs.slice(start, start + batch), options);
      for (let row = 0; row < logits.shape[0]!; row++) {
        found.push(classScores(rowOf(logits, row), this.model.architecture));
      }
    }
    return found;
  }
}

/** The classes of a row of logits, most probable first. */
export function classScores(logits: Float32Array, { config }: Architecture): ClassScore[] {
  const { labels, problemType: kind } = config as { readonly labels: readonly string[]; readonly problemType?: string };
  if (kind === "regression" || (kind === undefined && logits.length === 1)) return ranked(labels, logits);
  if (kind === "multi_label_classification")
    return ranked(
      labels,
      logits.map((x) => 1 / (1 + Math.exp(-x))),
    );
  return ranked(labels, probabilities(logits));
}

/** Names with their scores, the largest first. */
export const ranked = (labels: readonly string[], scores: Float32Array): ClassScore[] =>
  labels.map((label, i) => ({ label, score: scores[i]! })).sort((a, b) => b.score - a.score);
