/** Which vectors a model has to look at. */
import { z } from "zod";
import { hiddenGroups, tokenTables } from "../../insight/index.ts";
import { query } from "../query.ts";
import { readInputs } from "../subject.ts";

export const vectors = query({
  about: "Which vectors there are: tables of tokens with their sizes, and stacks of hidden states.",
  input: z.strictObject({}),
  answer: ({ architecture, parameters }) =>
    Promise.resolve({
      tables: tokenTables(architecture, parameters),
      states: hiddenGroups(architecture, readInputs(architecture)),
    }),
});
