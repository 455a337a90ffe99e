import { AddedTokens } from "./added-tokens.ts";
import { Bpe } from "./bpe.ts";
import type { Encoding } from "./encoding.ts";
import { explainBpe, explainUnigram, explainWordPiece, type ModelSteps } from "./model-steps.ts";
import type { Model } from "./model.ts";
import { cutText } from "./pipeline.ts";
import { Relabeled } from "./relabeled.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { Unigram } from "./unigram.ts";
import { WordPiece } from "./word-piece.ts";

/** A part of a text, where it stands in it (UTF-16 units), and its id if it is an added token. */
export interface StepPart {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly id?: number;
}

/** A word, its tokens, and how the model came to them. */
export interface StepWord extends StepPart {
  readonly tokens: readonly (StepPart & { readonly id: number })[];
  readonly steps: ModelSteps;
}

/** Every step from a text to its ids. */
export interface TokenizerSteps {
  readonly text: string;
  /** After normalization, in the order of the text; added tokens are parts of their own. */
  readonly normalized: readonly StepPart[];
  /** After pre-tokenization: what the model gets, one by one. */
  readonly words: readonly StepWord[];
  /** The result, with the special tokens that the post-processor adds. */
  readonly encoding: Encoding;
}

/**
 * Every step that a tokenizer takes from a text to its ids: the normalized text, the words that the pre-tokenizer cuts,
 * for each word how the model cuts it (merges in their order, pieces with their scores, or longest matches), and the
 * encoding. The ids are those of `encode`.
 */
export function tokenizerSteps(tokenizer: Tokenizer, text: string): TokenizerSteps {
  const { normalizer, preTokenizer, model, addedTokens = [] } = tokenizer.parts;
  const found = new AddedTokens(addedTokens, normalizer);
  const explain = explainer(model);
  const normalized: StepPart[] = [];
  const words: StepWord[] = [];
  const place = (start: number, end: number): { start: number; end: number } => ({ start, end });
  cutText(text, { addedTokens: found, normalizer }, true, (piece) => {
    const part = { text: piece.text, ...place(...piece.origin(0, piece.text.length)) };
    normalized.push(piece.token < 0 ? part : { ...part, id: piece.token });
  });
  cutText(text, { addedTokens: found, normalizer, preTokenizer }, true, (piece) => {
    const word = { text: piece.text, ...place(...piece.origin(0, piece.text.length)) };
    if (piece.token >= 0) {
      const token = { ...word, id: piece.token };
      words.push({ ...token, tokens: [token], steps: { kind: "added" } });
      return;
    }
    const { ids, starts, ends } = model.encode(piece.text);
    const tokens = ids.map((id, i) => ({
      text: model.idToToken(id)!,
      id,
      ...place(...piece.origin(starts[i]!, ends[i]!)),
    }));
    words.push({ ...word, tokens, steps: explain(piece.text) });
  });
  return { text, normalized, words, encoding: tokenizer.encode(text) };
}

function explainer(model: Model): (word: string) => ModelSteps {
  if (model instanceof Bpe) return explainBpe(model);
  if (model instanceof WordPiece) return explainWordPiece(model);
  if (model instanceof Unigram) return explainUnigram(model);
  if (model instanceof Relabeled) return explainer(model.inner);
  return (word) => ({ kind: "word", known: model.knows(word) });
}
