/** Activation patching: a corrupted reading with one value at a time from the clean one. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import { ablationPlaces, patch, tokensOf, type Patch } from "../../insight/index.ts";
import { answerInput, enteredLabels, settledAnswer, sideOf } from "../asked-answer.ts";
import { query } from "../query.ts";
import { read, readingInput } from "../reading.ts";

export const patching = query({
  about:
    "Activation patching (Vig et al. 2020; Meng et al. 2022): how much of the clean answer comes back where the model " +
    "reads a corrupted text, but one hidden state or head has its value from the clean text.",
  input: readingInput.extend({
    answer: answerInput.optional(),
    /** The corrupted reading, of as many tokens; the target stays the clean one. */
    corrupted: readingInput.pick({ text: true, ids: true, image: true }),
    what: z.enum(["states", "heads"]).default("states"),
    /** Whose states or heads: the first ones, those that read what was corrupted, where it is left out. */
    group: z.string().optional(),
    stream: z.string().optional(),
  }),
  answer: async (subject, { answer, corrupted, what, group, stream, ...given }, watch) => {
    const reading = await read(subject, given);
    const target = given.target ?? reading.target;
    const other = await read(subject, { ...corrupted, ...(target !== undefined && { target }) });
    const { answered, found } = await settledAnswer(subject, reading, answer);
    const { groups, streams } = ablationPlaces(subject.model, reading.feeds);
    const of = what === "heads" ? (group ?? groups[0]?.group) : (stream ?? streams[0]?.stream);
    const heads = groups.find((one) => one.group === of);
    const states = streams.find((one) => one.stream === of);
    const known = what === "heads" ? groups.map((one) => one.group) : streams.map((one) => one.stream);
    const layers = (what === "heads" ? heads : states)?.layers;
    if (of === undefined || layers === undefined) {
      throw new InputError(`The model has no "${of ?? ""}" to patch; it has ${known.join(", ") || "none"}.`);
    }
    const side = sideOf(subject, of);
    const columns =
      what === "heads"
        ? Array.from({ length: heads!.heads }, (_, head) => `head ${head + 1}`)
        : enteredLabels(subject, reading, side);
    const rows = Array.from({ length: what === "heads" ? layers : layers + 1 }, (_, layer) =>
      what === "heads" || layer < layers ? `layer ${layer + 1}` : "behind the last",
    );
    const cells = rows.flatMap((_, layer) =>
      columns.map((__, i): Patch => {
        return what === "heads"
          ? { kind: "head", group: of, layer, head: i }
          : { kind: "state", stream: of, layer, position: i };
      }),
    );
    const readings = { clean: reading.feeds, corrupted: other.feeds };
    const made = await patch(subject.model, readings, answered, cells, watch);
    const shape = [rows.length, columns.length];
    const map = (value: (one: (typeof made.patched)[number]) => number) => {
      return { dtype: "float32" as const, shape, data: Float32Array.from(made.patched, value) };
    };
    return {
      ...{
        answer: found,
        what,
        of,
        rows,
        columns,
        groups: groups.map((one) => one.group),
        streams: streams.map((one) => one.stream),
      },
      tokens: tokensOf(subject.architecture, reading.feeds),
      corruptedColumns: what === "heads" ? columns : enteredLabels(subject, other, side),
      ...{ clean: made.clean, corrupted: made.corrupted },
      tensors: {
        restored: map((one) => one.restored),
        logits: map((one) => one.logit),
        probabilities: map((one) => one.probability),
      },
    };
  },
});
