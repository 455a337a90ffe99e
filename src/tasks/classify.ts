/** Classes of whole texts and of pairs of texts. */
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
export class TextClassifier extends TextModel {
  /** The names of the classes. */
  get labels(): readonly string[] {
    return this.model.architecture.config["labels"] as readonly string[];
  }

  /** The classes of each text or pair, most probable first. Throws InputError for a text that is too long. */
  async classify(inputs: readonly TokenizerInput[], options: ReadOptions = {}): Promise<ClassScore[][]> {
    const results = await this.read(inputs, { ...options, outputs: ["logits"] });
    const logits = results.get("logits")!;
    return inputs.map((_, row) => {
      const scores = this.#scores(rowOf(logits, row));
      return this.labels.map((label, i) => ({ label, score: scores[i]! })).sort((a, b) => b.score - a.score);
    });
  }

  #scores(logits: Float32Array): Float32Array {
    const kind = this.model.architecture.config["problemType"];
    if (kind === "regression" || (kind === undefined && logits.length === 1)) return logits;
    if (kind === "multi_label_classification") return logits.map((x) => 1 / (1 + Math.exp(-x)));
    return probabilities(logits);
  }
}
