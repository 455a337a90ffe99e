/** What can be asked of something that is looked into: an input that is checked, an answer of plain values and tensors. */
import type { z } from "zod";
import { InputError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { StopSignal } from "../training/index.ts";
import type { Subject } from "./subject.ts";

/** What an answer may be besides plain JSON: tensors by name, which travel as bytes. */
export interface Answer {
  readonly tensors?: Readonly<Record<string, HostTensor>> | undefined;
}

/** What a query is told while it works. */
export interface QueryContext {
  /** Set where nobody waits for the answer any more; long queries look at it and throw `Stopped`. */
  readonly stop?: StopSignal | undefined;
  /** Told how much of long work is done, of how much, and what it is. */
  readonly progress?: ((done: number, total: number, what: string) => void) | undefined;
  /** Another subject, by the name that it has where the question is asked; throws InputError for one that is not there. */
  readonly subject?: ((id: string) => Promise<Subject>) | undefined;
  /** Folders of data that may be read, by name, beside the model's own. */
  readonly data?: Readonly<Record<string, ReadableFolder>> | undefined;
}

/** One thing to ask. `I` is what is asked with, `A` what comes back. */
export interface Query<I extends z.ZodType = z.ZodType, A extends object = object> {
  /** One sentence for the page of the interface. */
  readonly about: string;
  readonly input: I;
  readonly answer: (subject: Subject, input: z.output<I>, context: QueryContext) => Promise<A>;
}

/** A query, with the types of its input and answer. */
export function query<I extends z.ZodType, A extends object>(made: Query<I, A>): Query<I, A> {
  return made;
}

/** Another subject that a question names. Throws InputError where there is none of that name. */
export async function otherSubject({ subject }: QueryContext, id: string): Promise<Subject> {
  if (subject !== undefined) return subject(id);
  throw new InputError(`There is no "${id}" here: one model is open. Open both to compare them.`);
}

/** Asks something, after checking the input. Throws InputError that names the part of the input that is wrong. */
export async function ask<I extends z.ZodType, A extends object>(
  { input, answer }: Query<I, A>,
  subject: Subject,
  given: unknown,
  context: QueryContext = {},
): Promise<A> {
  const checked = input.safeParse(given);
  if (checked.success) return answer(subject, checked.data, context);
  const { path, message } = checked.error.issues[0]!;
  throw new InputError(`${path.length === 0 ? "The question" : path.join(".")} is not as expected: ${message}.`);
}
