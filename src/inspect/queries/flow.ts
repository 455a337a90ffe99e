/** The way from tokens to what comes out: its steps, the matrix of each, and what the model says at the end. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import { tokenLabels } from "../../tasks/token-labels.ts";
import type { Tokenizer } from "../../tokens/index.ts";
import { query } from "../query.ts";
import { read, readingInput, type Reading } from "../reading.ts";
import type { Subject } from "../subject.ts";
import { stepsOf, tensorOf } from "./tensors.ts";
import { clipped, windowOf } from "./window.ts";

const whole = z.int().nonnegative();

export const flow = query({
  about: "The steps from tokens to what comes out, in order: what each computes, and what its rows and columns are.",
  input: readingInput,
  answer: async (subject, given) => {
    const found = await read(subject, given);
    return { steps: stepsOf(subject, found), axes: found.axes };
  },
});

export const tensor = query({
  about:
    "One inner tensor by name, as a matrix [rows, columns]: a published one or a step of `flow`; one head of it, a " +
    "window of it, or all of it with at most `cells` rows and columns, each the value farthest from zero.",
  input: readingInput.extend({
    name: z.string(),
    head: whole.default(0),
    rows: z.tuple([whole, whole]).optional(),
    columns: z.tuple([whole, whole]).optional(),
    cells: z.int().positive().optional(),
  }),
  answer: async (subject, { name, head, rows, columns, cells, ...given }) => {
    const { shape, data } = await tensorOf(subject, await read(subject, given), name);
    const [height = 1, width = 1] = shape.length === 1 ? [1, shape[0]] : shape.slice(-2);
    const matrices = data.length / (height * width);
    if (head >= Math.max(1, matrices)) {
      throw new InputError(`${name} has heads 1 to ${matrices}; head ${head + 1} was asked for.`);
    }
    const matrix = (data as Float32Array).subarray(head * height * width, (head + 1) * height * width);
    const window = { rows: clipped(rows, height), columns: clipped(columns, width) };
    const values = windowOf(matrix, [height, width], window, { cells, signed: true });
    return { shape, heads: matrices, range: rangeOf(matrix), window, tensors: { values } };
  },
});

export const outcome = query({
  about:
    "What the model says at one place: the likeliest tokens or classes, softmax of its logits; the last place where none is named.",
  input: readingInput.extend({ position: whole.optional(), count: z.int().positive().default(10) }),
  answer: async (subject, { position, count, ...given }) => {
    const found = await read(subject, given);
    const names = subject.model.outputNames(Object.keys(found.feeds));
    const name = ["logits", "predictionScores", "predictionLogits"].find((one) => names.includes(one));
    if (name === undefined) return undefinedOutcome;
    const { shape, data } = await tensorOf(subject, found, name);
    const [size, places] = [shape.at(-1)!, shape.length === 3 ? shape[1]! : 1];
    const at = Math.min(position ?? placeOf(subject, found, places), places - 1);
    const logits = Array.from((data as Float32Array).subarray(at * size, (at + 1) * size));
    const chances = softmax(logits);
    const best = [...chances.keys()].sort((a, b) => chances[b]! - chances[a]! || a - b).slice(0, count);
    const labels = labelsOf(subject, best, size);
    const top = best.map((id, i) => ({ id, label: labels[i]!, probability: chances[id]!, logit: logits[id]! }));
    return { output: name, position: at, places, size, top };
  },
});

/** Of models that give vectors, spans or images. */
const undefinedOutcome = { output: undefined, position: 0, places: 0, size: 0, top: [] };

/** Where a person would look first: at the masked token, or at the last one. */
function placeOf({ tokenizer }: Subject, { axes }: Reading, places: number): number {
  const mask = tokenizer?.special.mask?.id;
  const found = mask === undefined ? -1 : (axes.text?.ids.indexOf(mask) ?? -1);
  return found >= 0 ? found : places - 1;
}

function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

/** Tokens of the vocabulary that is written, or the classes of the config. */
function labelsOf({ architecture, tokenizer }: Subject, ids: readonly number[], size: number): string[] {
  const classes = architecture.config["labels"];
  const { task } = architecture;
  const ofTokens =
    task === "masked-lm" || task === "causal-lm" || task === "conditional-generation" || task === "pre-training";
  if (Array.isArray(classes) && classes.length === size && !ofTokens) return ids.map((id) => String(classes[id]));
  const writer: Tokenizer | undefined = tokenizer?.target;
  if (!ofTokens || writer === undefined) return ids.map(String);
  return ids.map((id) => (id < writer.size ? tokenLabels(writer, Int32Array.of(id))[0]! : String(id)));
}

function rangeOf(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    // What a mask adds is as good as minus infinity, and would leave no color for the rest.
    if (Math.abs(value) > 1e4 || Number.isNaN(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 0] : [low, high];
}
