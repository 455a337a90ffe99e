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

/** Mask tokens by their usual names, for a tokenizer.json that says no more of them. */
const MASKS = ["[MASK]", "<mask>"];

/** A masked language model with its tokenizer. */
export class MaskFiller extends TextModel<"masked-lm"> {
  /**
   * The token that stands for a word to be filled in, such as `[MASK]`. Throws InputError where the tokenizer has none.
   */
  get mask(): string {
    return this.#mask.token;
  }

  get #mask(): { readonly token: string; readonly id: number } {
    const found = MASKS.map((token) => ({ token, id: this.tokenizer.tokenToId(token) })).find(
      ({ id }) => id !== undefined,
    );
    const mask = this.tokenizer.special.mask ?? found;
    if (mask?.id !== undefined) return { token: mask.token, id: mask.id };
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
    const { id } = this.#mask;
    const { feeds, encodings } = this.encode([text], options);
    const encoding = encodings[0]!;
    const { ids } = encoding;
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
        const visible = filled.filter((_, i) => encoding.sequenceIds[i] !== undefined);
        return {
          token: this.tokenizer.decode([found], { skipSpecialTokens: false }).trim(),
          id: found,
          probability: shares[found]!,
          text: this.tokenizer.decode(visible, { skipSpecialTokens: false }).trim(),
        };
      });
    });
  }
}

/** The places of the largest values, largest first. */
export function best(values: Float32Array, count: number): number[] {
  return Array.from(values.keys())
    .sort((a, b) => values[b]! - values[a]!)
    .slice(0, count);
}
