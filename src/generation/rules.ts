/** What changes the scores of the next token, as an ordered list made of the options. The order is Hugging Face's. */
import { InputError } from "../errors/index.ts";
import type { GenerationOptions } from "./options.ts";
import {
  encoderNoRepeatNgram,
  encoderRepetitionPenalty,
  exponentialDecay,
  finiteScores,
  noRepeatNgram,
  normalizedScores,
  repetitionPenalty,
  sequenceBias,
  type LogitsProcessor,
} from "./processors.ts";

/** A sequence that is being continued. */
export interface Hypothesis {
  readonly scores: Float32Array;
  /** Prompt and tokens so far. */
  readonly history: readonly number[];
}

/** Where a row stands: its place in the prompts, and how many new tokens it has. */
export interface Moment {
  readonly place: number;
  readonly step: number;
}

/**
 * One change. `forbid` and `force` need no other scores than those of the best tokens, so the whole vocabulary can stay
 * in the engine; `process` works on the scores of all sequences that a row of the prompts has.
 */
export type Rule = {
  /** The option that it comes from. */
  readonly name: RuleName;
} & (
  | { readonly kind: "forbid"; readonly ids: ReadonlySet<number>; readonly at: (moment: Moment) => boolean }
  | { readonly kind: "force"; readonly ids: readonly number[]; readonly at: (moment: Moment) => boolean }
  | { readonly kind: "process"; readonly process: (group: readonly Hypothesis[], moment: Moment) => void }
);
type RuleName = keyof GenerationOptions;

/** What rules are made from, beside the options. */
export interface RuleContext {
  /** Tokens of a prompt, padding included. */
  readonly promptLength: number;
  /** How many of them are padding. */
  readonly padding: (place: number) => number;
  /** The most new tokens of a row. */
  readonly limit: (place: number) => number;
  readonly endIds: readonly number[];
  /** The row of the encoder's input; of the prompts where there is no encoder. */
  readonly encoderIds: (place: number) => ArrayLike<number>;
}

const always = (): boolean => true;

/** All rules but those of sampling, in the order in which they act. Throws InputError for values outside their range. */
export function rulesOf(options: GenerationOptions, context: RuleContext): Rule[] {
  return [
    ...(options.sequenceBias === undefined ? [] : [each("sequenceBias", sequenceBias(options.sequenceBias))]),
    ...repetitionRules(options, context),
    ...wordRules(options, context),
    ...lengthRules(options, context),
    ...(options.prefixAllowedTokens === undefined ? [] : [prefixRule(options.prefixAllowedTokens)]),
    ...forcedRules(options, context),
    ...(options.removeInvalidValues === true ? [each("removeInvalidValues", finiteScores)] : []),
    ...decayRules(options, context),
    ...suppressRules(options, context),
    ...(options.processors ?? []).map((one) => each("processors", one)),
  ];
}

/** The last rule of all, behind those of sampling. */
export function lastRules({ renormalizeLogits }: GenerationOptions): Rule[] {
  return renormalizeLogits === true ? [each("renormalizeLogits", normalizedScores)] : [];
}

/** A processor as a rule. */
export function each(name: RuleName, processor: LogitsProcessor): Rule {
  return perRow(name, () => processor);
}

/** A processor for each row of the prompts, made when it is first needed. */
function perRow(name: RuleName, make: (place: number) => LogitsProcessor): Rule {
  const made = new Map<number, LogitsProcessor>();
  return {
    name,
    kind: "process",
    process: (group, { place }) => {
      const processor = made.get(place) ?? make(place);
      made.set(place, processor);
      for (const { scores, history } of group) processor(scores, history);
    },
  };
}

function repetitionRules(options: GenerationOptions, { padding, encoderIds }: RuleContext): Rule[] {
  const { encoderRepetitionPenalty: encoder, repetitionPenalty: penalty } = options;
  const { noRepeatNgramSize: size, encoderNoRepeatNgramSize: encoderSize } = options;
  const rules: Rule[] = [];
  if (on("encoderRepetitionPenalty", encoder, 1, isPositive, "a number above 0")) {
    rules.push(perRow("encoderRepetitionPenalty", (place) => encoderRepetitionPenalty(encoder, encoderIds(place))));
  }
  if (on("repetitionPenalty", penalty, 1, isPositive, "a number above 0")) {
    rules.push(perRow("repetitionPenalty", (place) => repetitionPenalty(penalty, padding(place))));
  }
  if (on("noRepeatNgramSize", size, 0, isCount, "a whole number from 0 on"))
    rules.push(each("noRepeatNgramSize", noRepeatNgram(size)));
  if (on("encoderNoRepeatNgramSize", encoderSize, 0, isCount, "a whole number from 0 on")) {
    rules.push(perRow("encoderNoRepeatNgramSize", (place) => encoderNoRepeatNgram(encoderSize, encoderIds(place))));
  }
  return rules;
}

/** Bad words of one token are ruled out; longer ones where all but their last token stand there. */
function wordRules({ badWordsIds = [] }: GenerationOptions, { endIds }: RuleContext): Rule[] {
  const words = badWordsIds.filter((ids) => ids.length > 0 && !(ids.length === 1 && endIds.includes(ids[0]!)));
  const longer = words.filter((ids) => ids.length > 1).map((ids) => [ids, -Infinity] as const);
  return [
    ...forbid(
      "badWordsIds",
      words.filter((ids) => ids.length === 1).map(([id]) => id!),
      always,
    ),
    ...(longer.length === 0 ? [] : [each("badWordsIds", sequenceBias(longer))]),
  ];
}

function lengthRules({ minNewTokens, minLength }: GenerationOptions, { promptLength, endIds }: RuleContext): Rule[] {
  for (const [name, value] of Object.entries({ minNewTokens, minLength })) {
    if (value !== undefined) requireValue(name, value, isCount, "a whole number from 0 on");
  }
  const fewest = minNewTokens ?? (minLength === undefined ? 0 : minLength - promptLength);
  return fewest > 0
    ? forbid(minNewTokens === undefined ? "minLength" : "minNewTokens", endIds, ({ step }) => step < fewest)
    : [];
}

function forcedRules(options: GenerationOptions, { promptLength, limit }: RuleContext): Rule[] {
  const { forcedBosTokenId: first, forcedEosTokenId: last } = options;
  const rules: Rule[] = [];
  if (first !== undefined)
    rules.push({ name: "forcedBosTokenId", kind: "force", ids: [first], at: ({ step }) => promptLength + step === 1 });
  if (last !== undefined) {
    const ids = typeof last === "number" ? [last] : last;
    rules.push({ name: "forcedEosTokenId", kind: "force", ids, at: ({ place, step }) => step === limit(place) - 1 });
  }
  return rules;
}

function decayRules(options: GenerationOptions, { promptLength, endIds }: RuleContext): Rule[] {
  if (options.exponentialDecayLengthPenalty === undefined) return [];
  const [start, factor] = options.exponentialDecayLengthPenalty;
  return [each("exponentialDecayLengthPenalty", exponentialDecay(promptLength + start, factor, endIds))];
}

function suppressRules(options: GenerationOptions, { promptLength }: RuleContext): Rule[] {
  const first = promptLength > 1 || options.forcedBosTokenId === undefined ? 0 : 1;
  return [
    ...forbid("suppressTokens", options.suppressTokens ?? [], always),
    ...forbid("beginSuppressTokens", options.beginSuppressTokens ?? [], ({ step }) => step === first),
  ];
}

function forbid(name: RuleName, ids: readonly number[], at: (moment: Moment) => boolean): Rule[] {
  return ids.length === 0 ? [] : [{ name, kind: "forbid", ids: new Set(ids), at }];
}

/** Only tokens that a function allows; where all sequences of a row have none left, they get the score 0. */
function prefixRule(allowedAfter: (row: number, ids: readonly number[]) => readonly number[]): Rule {
  return {
    name: "prefixAllowedTokens",
    kind: "process",
    process: (group, { place }) => {
      const allowed = group.map(({ history }) => {
        const ids = allowedAfter(place, history);
        if (ids.length > 0) return new Set(ids);
        throw new InputError(`prefixAllowedTokens allows no token for row ${place}; expected at least one.`);
      });
      for (const [i, { scores }] of group.entries()) {
        for (let id = 0; id < scores.length; id++) if (!allowed[i]!.has(id)) scores[id] = -Infinity;
      }
      if (!group.every(({ scores }) => scores.every((score) => score === -Infinity))) return;
      for (const [i, { scores }] of group.entries()) for (const id of allowed[i]!) scores[id] = 0;
    },
  };
}

/** Applies a rule to scores of the whole vocabulary. */
export function applyRule(rule: Rule, group: readonly Hypothesis[], moment: Moment): void {
  if (rule.kind === "process") rule.process(group, moment);
  else if (rule.at(moment)) {
    for (const { scores } of group) {
      if (rule.kind === "force") scores.fill(-Infinity);
      for (const id of rule.ids) scores[id] = rule.kind === "force" ? 0 : -Infinity;
    }
  }
}

const isPositive = (value: number): boolean => value > 0 && value < Infinity;
const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0;

/** Whether an option is given and does something. Throws InputError where its value is outside the range. */
function on(
  name: string,
  value: number | undefined,
  off: number,
  valid: (value: number) => boolean,
  range: string,
): value is number {
  if (value === undefined) return false;
  requireValue(name, value, valid, range);
  return value !== off;
}

/** Throws InputError where an option's value is outside its range. */
export function requireValue(name: string, value: number, valid: (value: number) => boolean, range: string): void {
  if (!valid(value)) throw new InputError(`${name} is ${value}; expected ${range}.`);
}
