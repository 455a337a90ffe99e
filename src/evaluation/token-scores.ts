/** Scores of next-token prediction: how many tokens are right, and how surprising the right ones were. */
import { InputError } from "../errors/index.ts";
import { type ExampleStatistics, meanStatistics } from "./examples.ts";

/** Things counted and things right among them, to be added up over batches or sentences. */
export interface Share {
  readonly correct: number;
  readonly total: number;
  /** correct / total, from 0 to 1; NaN where nothing was counted. */
  readonly accuracy: number;
}

/** A loss over some tokens. */
export interface TokenLoss {
  /** Mean cross-entropy in nats per token, without label smoothing. */
  readonly nats: number;
  /** How many tokens that mean is over (padding not counted). */
  readonly tokens: number;
}

/** `{ correct, total, accuracy }`. */
export function share(correct: number, total: number): Share {
  return { correct, total, accuracy: correct / total };
}

/** The shares of several parts as one: counts are added, so every thing weighs the same. */
export function sumShares(shares: Iterable<Share>): Share {
  let [correct, total] = [0, 0];
  for (const part of shares) [correct, total] = [correct + part.correct, total + part.total];
  return share(correct, total);
}

/**
 * The share of positions where the predicted id is the gold id; positions whose gold id is `ignore` (padding) do not
 * count.
 * @throws InputError where the two differ in length.
 */
export function tokenAccuracy(
  predicted: ArrayLike<number>,
  gold: ArrayLike<number>,
  { ignore }: { readonly ignore?: number | undefined } = {},
): Share {
  if (predicted.length !== gold.length) {
    throw new InputError(
      `There are ${predicted.length} predicted ids and ${gold.length} gold ids. Give one prediction for each gold id.`,
    );
  }
  let [correct, total] = [0, 0];
  for (let i = 0; i < gold.length; i++) {
    if (gold[i] === ignore) continue;
    total++;
    if (predicted[i] === gold[i]) correct++;
  }
  return share(correct, total);
}

/**
 * Mean nats per token over parts of different size, each weighted by its tokens.
 * @throws InputError where there are no tokens at all.
 */
export function meanNats(losses: Iterable<TokenLoss>): number {
  let [sum, tokens] = [0, 0];
  for (const loss of losses) {
    if (loss.tokens === 0) continue;
    sum += loss.nats * loss.tokens;
    tokens += loss.tokens;
  }
  if (tokens === 0) throw new InputError("There are no tokens: perplexity needs at least one.");
  return sum / tokens;
}

/**
 * Perplexity: exp of the mean nats per token, the number of equally likely tokens that would surprise as much.
 * @throws InputError where there are no tokens at all.
 */
export function perplexity(losses: Iterable<TokenLoss>): number {
  return Math.exp(meanNats(losses));
}

/**
 * Statistics of perplexity, for intervals and paired tests: an example is a text with its loss.
 * @throws InputError where there are no texts.
 */
export function perplexityStatistics(losses: readonly TokenLoss[]): ExampleStatistics {
  const { score, ...nats } = meanStatistics(
    losses.map(({ nats: mean }) => mean),
    losses.map(({ tokens }) => tokens),
    "perplexity",
  );
  return { ...nats, score: (rows) => Math.exp(score(rows)) };
}
