/** All that can be asked, by name: one query for each thing that a picture needs. */
import type { z } from "zod";
import { attention, neuron, reading } from "./attention.ts";
import { parameters } from "./parameters.ts";
import { summary } from "./summary.ts";
import { parameter, values, weights } from "./weights.ts";

export const queries = { summary, reading, attention, neuron, parameters, weights, parameter, values } as const;

/** The name of a query. */
export type QueryName = keyof typeof queries;
/** What a query is asked with. */
export type QuestionOf<N extends QueryName> = z.input<(typeof queries)[N]["input"]>;
/** What comes back. */
export type AnswerOf<N extends QueryName> = Awaited<ReturnType<(typeof queries)[N]["answer"]>>;
