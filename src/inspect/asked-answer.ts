/** The answer that a question is about, in words: which token, label or place, and which it is compared with. */
import { z } from "zod";
import { InputError } from "../errors/index.ts";
import { probabilities, scoredOf, settle, tokensOf, type Answered, type Side } from "../insight/index.ts";
import type { Architecture } from "../models/index.ts";
import { tokenLabels } from "../tasks/token-labels.ts";
import type { Reading } from "./reading.ts";
import type { Subject } from "./subject.ts";

/** One of what a model scores: its number, or its text. */
const choice = z.union([z.int().nonnegative(), z.string().min(1)]);

/** What a question says of the answer that it is about; the model's own first answer where it says nothing. */
export const answerInput = z.object({
  /** The output, where the model has several that score. */
  output: z.string().optional(),
  /** The token whose scores are meant, from 0; from the end where negative. */
  position: z.int().optional(),
  /** A token or a label: its number or its text. */
  token: choice.optional(),
  label: choice.optional(),
  /** What it is compared with; then the score is the difference of the two. */
  against: choice.optional(),
});
export type AnswerInput = z.output<typeof answerInput>;

/** An answer as plain values. */
export interface AnswerFound {
  readonly output: string;
  readonly each: "token" | "row";
  readonly position: number;
  readonly index: number;
  /** The token or label. */
  readonly text: string;
  readonly against?: { readonly index: number; readonly text: string } | undefined;
  /** The score, or its difference to the other one. */
  readonly logit: number;
  readonly probability: number;
  /** The best ones at that place. */
  readonly best: readonly { readonly index: number; readonly text: string; readonly probability: number }[];
}

/** Settles the answer of a reading. Throws InputError for one that the model does not score. */
export async function settledAnswer(
  subject: Subject,
  reading: Reading,
  asked: AnswerInput | undefined,
): Promise<{ answered: Answered; found: AnswerFound }> {
  const { output, position, token, label, against } = asked ?? {};
  const { of } = scoredOf(subject.architecture, reading.feeds, output);
  const place = position ?? usualPosition(subject, reading);
  const answered = await settle(subject.model, reading.feeds, {
    ...{ output, position: place },
    index: indexOf(subject, reading, of, token ?? label),
    against: indexOf(subject, reading, of, against),
  });
  return { answered, found: describedAnswer(subject, reading, answered) };
}

function describedAnswer(subject: Subject, reading: Reading, answered: Answered): AnswerFound {
  const { output, each, position, index, against, scores } = answered;
  const text = (one: number): string => textOfAnswer(subject, reading, answered, one);
  const shares = probabilities(scores);
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  return {
    ...{ output, each, position, index, text: text(index) },
    against: against === undefined ? undefined : { index: against, text: text(against) },
    logit: scores[index]! - (against === undefined ? 0 : scores[against]!),
    probability: shares[index]!,
    best: order.slice(0, 5).map((one) => ({ index: one, text: text(one), probability: shares[one]! })),
  };
}

/** The text of one thing that a model scores. */
export function textOfAnswer(subject: Subject, { axes }: Reading, { of }: Pick<Answered, "of">, index: number): string {
  if (of === "words") return wordOf(subject, index);
  if (of === "labels") return labelsOf(subject.architecture)[index] ?? String(index);
  if (of === "places") return (axes.text ?? axes.source)?.labels[index] ?? String(index);
  return of === "replaced" ? "replaced" : (namedRows[subject.architecture.task]?.[index] ?? `choice ${index + 1}`);
}

const namedRows: Partial<Record<Architecture["task"], readonly string[]>> = {
  "next-sentence": ["follows", "does not follow"],
  "pre-training": ["in order", "not in order"],
};

function wordOf({ tokenizer }: Subject, id: number): string {
  return tokenizer === undefined ? String(id) : tokenLabels(tokenizer.target, Int32Array.of(id))[0]!;
}

const labelsOf = ({ config }: Architecture): readonly string[] => (config["labels"] ?? []) as readonly string[];

/** The number of a token, a label or a place. Throws InputError for a text that is none. */
function indexOf(
  { architecture, tokenizer }: Subject,
  { axes }: Reading,
  of: Answered["of"],
  given: string | number | undefined,
): number | undefined {
  if (typeof given !== "string") return given;
  if (of === "words" && tokenizer !== undefined) {
    const words = tokenizer.target;
    const known = words.tokenToId(given);
    if (known !== undefined) return known;
    // As words stand in a text, with a space in front, where that is one token.
    const spaced = [` ${given}`, given].map((text) => words.ids(text, { addSpecialTokens: false }));
    const one = spaced.find((ids) => ids.length === 1) ?? spaced[1]!;
    if (one.length >= 1) return one[0];
  }
  const names = of === "labels" ? labelsOf(architecture) : of === "places" ? (axes.text?.labels ?? []) : [];
  const index = names.indexOf(given);
  if (index >= 0) return index;
  const hint = names.length === 0 ? "Give its number." : `It has ${names.slice(0, 12).join(", ")}.`;
  throw new InputError(`${architecture.className} scores no "${given}". ${hint}`);
}

/** The place that people mean: the masked one, the last word of what is written, the last token that is read. */
function usualPosition({ architecture, tokenizer }: Subject, { feeds }: Reading): number {
  const tokens = tokensOf(architecture, feeds);
  const { task } = architecture;
  if (task === "masked-lm" || task === "pre-training") {
    const mask = tokenizer?.special.mask?.id;
    const masked = mask === undefined ? -1 : Array.from(feeds["inputIds"]!.data, Number).indexOf(mask);
    if (masked >= 0) return masked;
  }
  // The end of what is written and special tokens at the end of a text say little.
  return task === "causal-lm" || tokens < 3 ? tokens - 1 : tokens - 2;
}

/** The names of what enters a model on a side: for a decoder, what it has read, which is one behind what it writes. */
export function enteredLabels(subject: Subject, { axes, feeds }: Reading, side: Side): string[] {
  if (side !== "target" || axes.target === undefined) return [...(axes[side] ?? axes.text ?? axes.source)!.labels];
  const read = feeds["decoderInputIds"] ?? feeds["inputIds"]!;
  const ids = Array.from(read.data, Number);
  const { tokenizer } = subject;
  return tokenizer === undefined ? ids.map(String) : tokenLabels(tokenizer.target, Int32Array.from(ids));
}

/** The side whose tokens a stream of hidden states belongs to. */
export function sideOf(subject: Subject, stream: string): Side {
  if (/^decoder/.test(stream)) return "target";
  const { inputs } = subject.architecture;
  if (inputs["inputIds"] === undefined || /^vision/.test(stream)) return "image";
  return /^encoder/.test(stream) && inputs["decoderInputIds"] !== undefined ? "source" : "text";
}
