/** From what left the engine to scores of a row's next token, as the rules leave them. */
import type { Selected } from "./session.ts";
import type { Alternative } from "./options.ts";
import type { SearchPlan } from "./plan.ts";
import { logSumExp } from "./processors.ts";
import { applyRule, type Moment } from "./rules.ts";
import { best } from "./warpers.ts";

/** A token that may come next. */
export interface Choice {
  readonly id: number;
  /** After the rules. */
  readonly score: number;
  /** Under the model alone; 0 for a forced token. */
  readonly logProbability: number;
}

/** A row of the scores, and the tokens that led to it. */
export interface Place {
  /** The row of what left the engine. */
  readonly at: number;
  /** Prompt and tokens so far. */
  readonly history: () => readonly number[];
}

/** What rules that need no other scores do at one moment. */
export interface ActiveRules {
  /** The tokens that are possible, each with the score 0; undefined where no one is forced. */
  readonly forced: readonly number[] | undefined;
  readonly forbidden: readonly ReadonlySet<number>[];
}

/** What of the rules acts at a moment, where none needs all scores. */
export function activeRules({ rules }: SearchPlan, moment: Moment): ActiveRules {
  let forced: readonly number[] | undefined;
  let forbidden: ReadonlySet<number>[] = [];
  for (const rule of rules) {
    if (rule.kind === "process" || !rule.at(moment)) continue;
    if (rule.kind === "forbid") forbidden.push(rule.ids);
    else [forced, forbidden] = [rule.ids, []];
  }
  return { forced, forbidden };
}

/**
 * Calls `use` with the most probable tokens of a row that the rules leave and their scores, best first, until it answers
 * false. Log-probabilities under the model alone are the scores, but for forced tokens 0.
 */
export function visitTop(
  { width, ids, logProbabilities }: Selected & { kind: "top" },
  at: number,
  { forced, forbidden }: ActiveRules,
  use: (id: number, score: number) => boolean,
): void {
  const allowed = (id: number): boolean => {
    for (const set of forbidden) if (set.has(id)) return false;
    return true;
  };
  if (forced !== undefined) {
    for (const id of forced) if (allowed(id) && !use(id, 0)) return;
    return;
  }
  for (let i = at * width; i < (at + 1) * width; i++) {
    if (allowed(ids[i]!) && !use(ids[i]!, logProbabilities[i]!)) return;
  }
}

/** Scores of the whole vocabulary. */
export interface WholeScores {
  /** After the rules. */
  readonly scores: Float32Array;
  readonly logProbability: (id: number) => number;
}

/**
 * The scores of the rows that belong to one row of the prompts, after all rules.
 * @param normalized Whether rules are given log-probabilities, as those of beams are, and not logits.
 */
export function wholeScores(
  { width, logits }: Selected & { kind: "logits" },
  group: readonly Place[],
  { rules }: SearchPlan,
  moment: Moment,
  normalized: boolean,
): WholeScores[] {
  const rows = group.map(({ at, history }) => {
    const raw = logits.subarray(at * width, (at + 1) * width);
    const scores = raw.slice();
    let sum: number | undefined;
    const whole = (): number => (sum ??= logSumExp(raw));
    if (normalized) for (let i = 0; i < width; i++) scores[i] = scores[i]! - whole();
    return { scores, history: history(), logProbability: (id: number): number => raw[id]! - whole() };
  });
  for (const rule of rules) applyRule(rule, rows, moment);
  const forced = rules.some((rule) => rule.kind === "force" && rule.at(moment));
  return rows.map(({ scores, logProbability }) => ({ scores, logProbability: forced ? () => 0 : logProbability }));
}

/** The most probable tokens of a row under the model alone, best first. */
export function alternativesOf(selected: Selected, at: number, count: number): readonly Alternative[] {
  const { width } = selected;
  const first = at * width;
  if (selected.kind === "top") {
    const { ids, logProbabilities } = selected;
    const shown = Math.min(count, width);
    return Array.from({ length: shown }, (_, i) => ({
      id: ids[first + i]!,
      logProbability: logProbabilities[first + i]!,
    }));
  }
  const logits = selected.logits.subarray(first, first + width);
  const whole = logSumExp(logits);
  return best(logits, count).map((id) => ({ id, logProbability: logits[id]! - whole }));
}
