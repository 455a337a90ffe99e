/** Options, checked, with what is left out filled in and the prompts looked at. */
import { InputError } from "../errors/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { completeFeeds, promptOf, maskOf } from "./feeds.ts";
import type { GenerationOptions, StopSignal } from "./options.ts";
import type { Selection } from "./programs.ts";
import { lastRules, requireValue, rulesOf, type Rule, type RuleContext } from "./rules.ts";
import { samplingOf, type Warper } from "./sampling.ts";
import { stopStringsOf } from "./stop-strings.ts";

/** What a search follows. */
export interface SearchPlan {
  /** The inputs of the model function, prompts and their mask included. */
  readonly feeds: Values;
  /** int32[rows, length]. */
  readonly prompt: HostTensor;
  /** The most new tokens of a row. */
  readonly limit: (place: number) => number;
  readonly endIds: ReadonlySet<number>;
  /** Whether the text of a sequence, prompt included, ends in a stop string. */
  readonly hitsStopString: ((ids: readonly number[]) => boolean) | undefined;
  readonly rules: readonly Rule[];
  /** Rules of drawing; undefined where the best token is taken. */
  readonly sampling: { readonly warpers: readonly Warper[]; readonly last: readonly Rule[] } | undefined;
  readonly seed: number;
  /** The place of a row in the whole input. */
  readonly placeOf: (place: number) => number;
  readonly beams: number;
  /** How many continuations of all beams of a row are looked at. */
  readonly width: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | "never";
  readonly sequences: number;
  readonly alternatives: number;
  readonly outputScores: boolean;
  readonly stop: StopSignal | undefined;
  readonly onBeamStep: GenerationOptions["onBeamStep"];
  /** What of the scores leaves the engine. */
  readonly selection: Selection;
}

/** Whether the caller wants the search to end. */
export const stopped = ({ stop }: SearchPlan): boolean => stop?.aborted ?? false;

/** Which input of a model grows by what is generated. */
interface Growing {
  readonly growing: string;
}

/** Throws InputError for an option or a prompt that cannot be used. */
export function planOf(model: Growing, given: Values, options: GenerationOptions): SearchPlan {
  const { eosTokenId, alternatives = 0, outputScores = false, doSample = false, seed = 0, places } = options;
  const endIds = eosTokenId === undefined ? [] : typeof eosTokenId === "number" ? [eosTokenId] : eosTokenId;
  const feeds = completeFeeds(model.growing, given, { ...options, endIds });
  const prompt = promptOf(model.growing, feeds);
  const [rows, promptLength] = prompt.shape as readonly [number, number];
  const beams = beamsOf(options);
  const limit = limitsOf(options, rows, promptLength);
  const context: RuleContext = {
    promptLength,
    padding: paddingOf(model.growing, feeds),
    limit,
    endIds,
    encoderIds: (place) => rowOf(feeds["inputIds"] ?? feeds["source"] ?? prompt, place),
  };
  const rules = rulesOf(options, context);
  const last = lastRules(options);
  const sampling = doSample ? samplingOf(options, beams.beams > 1 ? Math.max(endIds.length, 1) + 1 : 1) : undefined;
  const width = Math.max(2, 1 + endIds.length) * beams.beams;
  const simple = ![...rules, ...last].some(({ kind }) => kind === "process") && !outputScores;
  const candidates = simple ? candidatesOf(beams.beams, width, sampling) : undefined;
  const forbidden = rules.reduce((count, rule) => count + (rule.kind === "forbid" ? rule.ids.size : 0), 0);
  return {
    feeds,
    prompt,
    limit,
    endIds: new Set(endIds),
    hitsStopString: stopStringsOf(options),
    rules: sampling === undefined ? [...rules, ...last] : rules,
    sampling: sampling && { warpers: sampling.warpers, last },
    seed,
    placeOf: (place) => places?.[place] ?? place,
    ...beams,
    width,
    alternatives,
    outputScores,
    stop: options.stop,
    onBeamStep: options.onBeamStep,
    selection:
      candidates === undefined
        ? { kind: "logits" }
        : { kind: "top", count: Math.max(candidates + forbidden, alternatives) },
  };
}

/** How many of a sequence's best tokens can matter; undefined where it may be any. */
function candidatesOf(
  beams: number,
  width: number,
  sampling: { readonly candidates: number | undefined } | undefined,
): number | undefined {
  if (sampling !== undefined) return beams > 1 ? undefined : sampling.candidates;
  return beams > 1 ? width : 1;
}

function beamsOf(
  options: GenerationOptions,
): Pick<SearchPlan, "beams" | "lengthPenalty" | "earlyStopping" | "sequences"> {
  const { numBeams: beams = 1, lengthPenalty = 1, earlyStopping = false, numReturnSequences: sequences = 1 } = options;
  const isCount = (value: number): boolean => Number.isInteger(value) && value > 0;
  requireValue("numBeams", beams, isCount, "a whole number from 1 on");
  requireValue("numReturnSequences", sequences, isCount, "a whole number from 1 on");
  if (beams > 1 && sequences > beams) {
    throw new InputError(`numReturnSequences is ${sequences}; expected at most the number of beams, ${beams}.`);
  }
  if (beams === 1 && sequences > 1 && options.doSample !== true) {
    throw new InputError(
      `numReturnSequences is ${sequences}; greedy search finds one sequence. Set doSample, or numBeams.`,
    );
  }
  return { beams, lengthPenalty, earlyStopping, sequences };
}

/** What the length is where nobody says: as in Hugging Face's `generate`. */
const NEW_TOKENS = 20;

function limitsOf(options: GenerationOptions, rows: number, promptLength: number): (place: number) => number {
  const { maxNewTokens, maxLength, maxPositions = Infinity } = options;
  const room = maxPositions - promptLength;
  if (room < 1) {
    throw new InputError(
      `The prompts have ${promptLength} tokens; the model has ${maxPositions} positions. Give shorter ones.`,
    );
  }
  if (maxNewTokens !== undefined && typeof maxNewTokens !== "number") {
    if (maxNewTokens.length !== rows) {
      throw new InputError(
        `maxNewTokens has ${maxNewTokens.length} numbers for ${rows} rows. Give one number, or one a row.`,
      );
    }
    for (const limit of maxNewTokens) requireLimit(limit);
    return (place) => Math.min(maxNewTokens[place]!, room);
  }
  if (maxNewTokens !== undefined) requireLimit(maxNewTokens);
  else if (maxLength !== undefined && !(Number.isInteger(maxLength) && maxLength > promptLength)) {
    throw new InputError(
      `maxLength is ${maxLength}; expected a whole number above the prompts' ${promptLength} tokens. ` +
        `maxNewTokens counts without them.`,
    );
  }
  const limit = Math.min(maxNewTokens ?? (maxLength === undefined ? NEW_TOKENS : maxLength - promptLength), room);
  return () => limit;
}

function requireLimit(limit: number): void {
  requireValue("maxNewTokens", limit, (value) => Number.isInteger(value) && value >= 1, "a whole number from 1 on");
}

/** How many places at the left of a row are padding. */
function paddingOf(growing: string, feeds: Values): (place: number) => number {
  const mask = maskOf(growing, feeds);
  return (place) =>
    mask === undefined
      ? 0
      : Math.max(
          Array.from(rowOf(mask, place)).findIndex((one) => one !== 0),
          0,
        );
}

function rowOf({ shape, data }: HostTensor, place: number): ArrayLike<number> {
  const length = shape[1]!;
  return (data as Int32Array).subarray(place * length, (place + 1) * length);
}
