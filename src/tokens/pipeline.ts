import type { AddedTokens } from "./added-tokens.ts";
import { Aligned } from "./aligned.ts";
import type { Normalizer } from "./normalizers.ts";
import type { PreTokenizer } from "./pre-tokenizers.ts";

/** The stages before the model; each may be left out. */
export interface Pipeline {
  readonly addedTokens?: AddedTokens | undefined;
  readonly normalizer?: Normalizer | undefined;
  readonly preTokenizer?: PreTokenizer | undefined;
}

/**
 * Takes a text through the stages before the model: added tokens are cut out, the rest is normalized, added tokens
 * in normalized form are cut out, the rest is cut into words. Calls `emit` with each word and each added token.
 * @param tracked Whether the words should know where they came from.
 */
export function cutText(text: string, pipeline: Pipeline, tracked: boolean, emit: (piece: Aligned) => void): void {
  const { addedTokens, normalizer, preTokenizer } = pipeline;
  const keep = (piece: Aligned): void => {
    if (piece.text !== "") emit(piece);
  };
  const cut = (piece: Aligned): void => {
    if (piece.text === "") return;
    if (preTokenizer === undefined || piece.token >= 0) emit(piece);
    else preTokenizer.split(piece, keep);
  };
  const normalize = (piece: Aligned): void => {
    if (piece.token >= 0) {
      emit(piece);
      return;
    }
    const normalized = normalizer === undefined ? piece : normalizer.normalize(piece);
    if (addedTokens === undefined) cut(normalized);
    else addedTokens.split(normalized, "normalized", cut);
  };
  const whole = new Aligned(text, 0, undefined, tracked || preTokenizer?.needsPlaces === true);
  if (addedTokens === undefined) normalize(whole);
  else addedTokens.split(whole, "raw", normalize);
}
