/** Filling in masked words. */
import { InputError } from "../errors/index.ts";
import { probabilities, rowOf, TextModel, type ReadOptions } from "./text-model.ts";

/** A token in place of a mask. */
export interface Filling {
  readonly token: string;
  readonly id: number;
  readonly probability: number;
  /** The text with this token at the mask, the other masks left as they are. */
  readonly text: string;
}

/** A masked language model with its tokenizer. */
export class MaskFiller extends TextModel {
  /** The token that stands for a word to be filled in, such as `[MASK]`. */
  get mask(): string {
    const mask = this.tokenizer.special.mask?.token;
    if (mask !== undefined) return mask;
    throw new InputError("This tokenizer names no mask token. It belongs to a model that does not fill in words.");
  }

  /**
   * The most probable tokens at each mask of a text, best first: one list a mask. Throws InputError for a text without
   * a mask.
   */
  async fill(
    text: string,
    { top = 5, ...options }: ReadOptions & { readonly top?: number } = {},
  ): Promise<Filling[][]> {
    const { id } = this.tokenizer.special.mask ?? { id: this.tokenizer.tokenToId(this.mask) };
    const { feeds, encodings } = this.encode([text], options);
    const [{ ids }] = encodings as [(typeof encodings)[number]];
    const masks = ids.flatMap((one, at) => (one === id ? [at] : []));
    if (masks.length === 0)
      throw new InputError(`The text has no mask. Write ${this.mask} where a word is to be found.`);
    const results = await this.model.run(feeds, { outputs: ["logits"] });
    const logits = results.get("logits")!;
    const vocabulary = logits.shape.at(-1)!;
    const whole = rowOf(logits, 0);
    return masks.map((at) => {
      const shares = probabilities(whole.subarray(at * vocabulary, (at + 1) * vocabulary));
      return best(shares, top).map((found) => {
        const filled = ids.map((one, i) => (i === at ? found : one));
        const visible = filled.filter((one, i) => i === at || one === id || !this.#added(encodings[0]!, i));
        return {
          token: this.tokenizer.decode([found], { skipSpecialTokens: false }).trim(),
          id: found,
          probability: shares[found]!,
          text: this.tokenizer.decode(visible, { skipSpecialTokens: false }).trim(),
        };
      });
    });
  }

  /** Whether a place holds a token that was not in the text. */
  #added(
    { specialTokensMask, sequenceIds }: { specialTokensMask: number[]; sequenceIds: (number | undefined)[] },
    at: number,
  ): boolean {
    return specialTokensMask[at] === 1 && sequenceIds[at] === undefined;
  }
}

/** The places of the largest values, largest first. */
export function best(values: Float32Array, count: number): number[] {
  return Array.from(values.keys())
    .sort((a, b) => values[b]! - values[a]!)
    .slice(0, count);
}
