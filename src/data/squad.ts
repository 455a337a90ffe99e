/** Questions about texts as SQuAD's files have them (Rajpurkar et al. 2016; version 2.0: Rajpurkar, Jia and Liang 2018). */
import { z } from "zod";
import { InputError } from "../errors/index.ts";

/** A question about a text. */
export interface TextQuestion {
  readonly id: string;
  readonly question: string;
  readonly context: string;
  /** None where the text does not answer it. `start` counts characters (code points), as the files do. */
  readonly answers: readonly { readonly text: string; readonly start: number }[];
  /** The article it belongs to: questions about one article should be in one split. */
  readonly title: string;
}

const answer = z.object({ text: z.string(), answer_start: z.number() });
const question = z.object({
  id: z.coerce.string(),
  question: z.string(),
  answers: z.array(answer).default([]),
  is_impossible: z.boolean().optional(),
});
const article = z.object({
  title: z.string().default(""),
  paragraphs: z.array(z.object({ context: z.string(), qas: z.array(question) })),
});
const file = z.object({ data: z.array(article) });

/**
 * The questions of a SQuAD file, versions 1.1 and 2.0.
 * @param value the file's JSON value.
 * @throws InputError where it is not built so, naming the place; and where an id occurs twice.
 */
export function parseSquad(value: unknown, name: string): TextQuestion[] {
  const read = file.safeParse(value);
  if (!read.success) {
    const [{ path, message } = { path: [], message: "" }] = read.error.issues;
    throw new InputError(`${name} is not a file of SQuAD: ${path.join(".") || "the whole"}: ${message}.`);
  }
  const ids = new Set<string>();
  const questions = read.data.data.flatMap(({ title, paragraphs }) =>
    paragraphs.flatMap(({ context, qas }) =>
      qas.map(({ id, question: text, answers, is_impossible: impossible }) => {
        if (ids.has(id)) throw new InputError(`${name} has two questions with the id ${id}.`);
        ids.add(id);
        // Version 2.0 gives plausible answers elsewhere; those of an impossible question do not count.
        const due = impossible === true ? [] : answers;
        return {
          ...{ id, question: text, context, title },
          answers: due.map((one) => ({ text: one.text, start: one.answer_start })),
        };
      }),
    ),
  );
  if (questions.length === 0) throw new InputError(`${name} has no questions.`);
  return questions;
}
