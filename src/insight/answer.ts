/** The answer that is asked about: one score among those that a head gives at one place, and what it is compared with. */
// B batch, T tokens, N what is scored: tokens, labels, or places of a text
import { InputError, nearest } from "../errors/index.ts";
import { input, type Tensor } from "../graph/index.ts";
import { traceOf, type Architecture } from "../models/index.ts";
import type { Values } from "../runtime/index.ts";
import type { InspectedModel, ModelTensors } from "./inspected.ts";

/** What a head scores. */
export interface Scored {
  /** The name of the output. */
  readonly output: string;
  /** Whether there is a row of scores for each token, or one for the whole. */
  readonly each: "token" | "row";
  /** What the scores are of; `replaced` is one number for each token, whether it was replaced. */
  readonly of: "words" | "labels" | "places" | "rows" | "replaced";
}

/** The outputs that score something, by the name that they have in most heads. */
const scoredOutputs: readonly (readonly [name: string, scored: Omit<Scored, "output">])[] = [
  ["predictionScores", { each: "token", of: "words" }],
  ["predictionLogits", { each: "token", of: "words" }],
  ["startLogits", { each: "row", of: "places" }],
  ["endLogits", { each: "row", of: "places" }],
  ["seqRelationshipLogits", { each: "row", of: "rows" }],
  ["sopLogits", { each: "row", of: "rows" }],
];

const byTask: Partial<Record<Architecture["task"], Omit<Scored, "output">>> = {
  "masked-lm": { each: "token", of: "words" },
  "causal-lm": { each: "token", of: "words" },
  "conditional-generation": { each: "token", of: "words" },
  "sequence-classification": { each: "row", of: "labels" },
  "token-classification": { each: "token", of: "labels" },
  "image-classification": { each: "row", of: "labels" },
  "multiple-choice": { each: "row", of: "rows" },
  "next-sentence": { each: "row", of: "rows" },
  "pre-training": { each: "token", of: "replaced" },
};

/** What a model scores, best known first; empty for one without an output layer. */
export function scoredBy({ task }: Pick<Architecture, "task">, outputs: ReadonlyMap<string, Tensor>): Scored[] {
  const named = scoredOutputs.flatMap(([output, scored]) => (outputs.has(output) ? [{ output, ...scored }] : []));
  const own = byTask[task];
  const rank = own?.of === "replaced" ? 2 : own?.each === "token" ? 3 : 2;
  const fits = own !== undefined && outputs.get("logits")?.shape.length === rank;
  return named.length > 0 || !fits ? named : [{ output: "logits", ...own }];
}

/** Which score is meant. */
export interface AskedAnswer {
  /** The output that scores; the first of `scoredBy` where it is left out. */
  readonly output?: string | undefined;
  /** The token whose scores are meant, counted from 0, or from the end where negative. Of rows it says nothing. */
  readonly position?: number | undefined;
  /** Which of the scores; the best one where it is left out. */
  readonly index?: number | undefined;
  /** What it is compared with: then the score is the difference of the two. */
  readonly against?: number | undefined;
}

/** An answer that is settled, for one reading. */
export interface Answered extends Scored {
  readonly position: number;
  readonly index: number;
  readonly against?: number | undefined;
  /** All scores at that place. */
  readonly scores: Float32Array;
}

/** What the scores of an output are, [B, N], at the place that the inputs `answer.position` says. */
export function scoresAt({ output, each, of }: Scored, outputs: ReadonlyMap<string, Tensor>): Tensor {
  const scores = outputs.get(output)!;
  if (each === "row") return scores;
  const place = scores.gather(input("answer.position", "int32", [1]), 1);
  return of === "replaced" ? place : place.squeeze(1);
}

/**
 * What is asked about as one number for each row, [B]: the score, or its difference to the other one. Programs read
 * which it is from inputs.
 */
export function askedScore(scored: Scored, outputs: ReadonlyMap<string, Tensor>): Tensor {
  const scores = scoresAt(scored, outputs);
  return scores.mul(input("answer.weights", "float32", [scores.dim(-1)])).sum(-1);
}

/** The feeds of `askedScore` and `scoresAt`. */
export function answerFeeds({ position, index, against, scores }: Answered): Values {
  const weights = new Float32Array(scores.length);
  weights[index] = 1;
  if (against !== undefined) weights[against]! -= 1;
  return { ...positionFeed(position), "answer.weights": { dtype: "float32", shape: [weights.length], data: weights } };
}

/** The feed of `scoresAt`. */
export function positionFeed(position: number): Values {
  return { "answer.position": { dtype: "int32", shape: [1], data: Int32Array.of(position) } };
}

/**
 * Settles which score is meant, by a forward pass: the best one of the place, where none was named. Throws InputError for
 * a model that scores nothing, and for a place or a score that is not there.
 */
export async function settle(model: InspectedModel, inputs: Values, asked: AskedAnswer = {}): Promise<Answered> {
  const scored = scoredOf(model.architecture, inputs, asked.output);
  const tokens = tokensOf(model.architecture, inputs);
  const position = scored.each === "row" ? 0 : placeIn(tokens, asked.position ?? -1);
  const found = await model.derive(
    `scores ${scored.output}`,
    inputs,
    ({ outputs }) => new Map([["scores", scoresAt(scored, outputs)]]),
    { feeds: positionFeed(position) },
  );
  const scores = found.get("scores")!.data as Float32Array;
  const index = asked.index ?? scores.indexOf(scores.reduce((best, score) => Math.max(best, score), -Infinity));
  for (const one of [index, asked.against ?? 0]) {
    if (one < scores.length) continue;
    throw new InputError(`The answer ${one} is not one of the ${scores.length} that ${scored.output} scores.`);
  }
  return { ...scored, position, index, against: asked.against, scores: scores.slice(0, scores.length) };
}

/** What a model publishes and computes for some inputs, to look at: nothing runs. */
export function tracedOf(architecture: Architecture, inputs: Values): Pick<ModelTensors, "all" | "outputs"> {
  const { trace, outputs } = traceOf(architecture, Object.keys(inputs));
  return { all: new Map([...trace.records, ...Object.entries(outputs)]), outputs: new Map(Object.entries(outputs)) };
}

/** The output that is asked about. Throws InputError where the model scores nothing, or not that. */
export function scoredOf(architecture: Architecture, inputs: Values, output?: string): Scored {
  return chosenOf(architecture, scoredBy(architecture, tracedOf(architecture, inputs).outputs), output);
}

/** One of what a model scores. Throws InputError where there is none, or not that one. */
export function chosenOf({ className }: Architecture, outputs: readonly Scored[], output?: string): Scored {
  const [first] = outputs;
  if (first === undefined) {
    throw new InputError(
      `${className} scores no tokens and no labels, so it has no answer to ask about. Open the model with a head.`,
    );
  }
  if (output === undefined) return first;
  const found = outputs.find((one) => one.output === output);
  if (found !== undefined) return found;
  const names = outputs.map((one) => one.output);
  const near = nearest(output, names);
  const hint = near === undefined ? `It has ${names.join(", ")}.` : `Did you mean "${near}"?`;
  throw new InputError(`${className} has no scores "${output}". ${hint}`);
}

/** How many tokens the side has whose scores are asked about. */
export function tokensOf({ task, inputs: known }: Architecture, inputs: Values): number {
  const name =
    task === "conditional-generation" || inputs["decoderInputIds"] !== undefined ? "decoderInputIds" : "inputIds";
  const tensor = inputs[known[name] === undefined ? "inputIds" : name];
  return tensor?.shape.at(-1) ?? 1;
}

function placeIn(tokens: number, position: number): number {
  const place = position < 0 ? tokens + position : position;
  if (Number.isInteger(place) && place >= 0 && place < tokens) return place;
  throw new InputError(`Position ${position} is not one of the ${tokens} tokens, 0 to ${tokens - 1}.`);
}

/** How sure a model is of an answer. */
export interface AnswerScore {
  /** The score, or its difference to the other one. */
  readonly logit: number;
  /** By softmax over all scores; by the logistic function where there is one. */
  readonly probability: number;
}

/** The score of an answer among others, and its probability. */
export function scoreOf(
  scores: ArrayLike<number>,
  { index, against }: Pick<Answered, "index" | "against">,
): AnswerScore {
  const other = against === undefined ? 0 : scores[against]!;
  return { logit: scores[index]! - other, probability: probabilities(scores)[index]! };
}

/** Softmax; of a single score the logistic function. */
export function probabilities(scores: ArrayLike<number>): Float64Array {
  if (scores.length === 1) return Float64Array.of(1 / (1 + Math.exp(-scores[0]!)));
  let largest = -Infinity;
  for (let i = 0; i < scores.length; i++) largest = Math.max(largest, scores[i]!);
  const result = Float64Array.from(scores, (score) => Math.exp(score - largest));
  const sum = result.reduce((total, value) => total + value, 0);
  return result.map((value) => value / sum);
}

/** Kullback-Leibler divergence of two distributions, from the first to the second, in nats. */
export function divergence(from: ArrayLike<number>, to: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < from.length; i++) {
    if (from[i]! > 0) sum += from[i]! * (Math.log(from[i]!) - Math.log(Math.max(to[i]!, Number.MIN_VALUE)));
  }
  return sum;
}
