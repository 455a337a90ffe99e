/** What a change inside a model does to an answer. */
import { divergence, probabilities, scoreOf, type Answered, type AnswerScore } from "./answer.ts";

/** The answer after a change, and how far all that the model scores has moved. */
export interface Effect extends AnswerScore {
  /** The score after the change less the one before; and so the probability. */
  readonly logitChange: number;
  readonly probabilityChange: number;
  /** Kullback-Leibler divergence of the distribution after the change from the one before, in nats. */
  readonly divergence: number;
  /** What the model then answers. */
  readonly best: number;
}

/** Compares scores after a change with those before. */
export function effectOf(before: ArrayLike<number>, after: ArrayLike<number>, answered: Answered): Effect {
  const [was, is] = [scoreOf(before, answered), scoreOf(after, answered)];
  const [from, to] = [probabilities(before), probabilities(after)];
  let best = 0;
  for (let i = 1; i < after.length; i++) if (after[i]! > after[best]!) best = i;
  return {
    ...is,
    logitChange: is.logit - was.logit,
    probabilityChange: is.probability - was.probability,
    divergence: from.length === 1 ? binary(from[0]!, to[0]!) : divergence(from, to),
    best,
  };
}

const binary = (from: number, to: number): number => divergence([from, 1 - from], [to, 1 - to]);
