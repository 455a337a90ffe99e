/** Ablation: an answer without each head, sub-layer, layer or position, one at a time. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import { ablate, ablationMethods, ablationPlaces, type Ablation, type AblationPlaces } from "../../insight/index.ts";
import { answerInput, enteredLabels, settledAnswer, sideOf, textOfAnswer } from "../asked-answer.ts";
import { query } from "../query.ts";
import { read, readingInput, type Reading } from "../reading.ts";
import type { Subject } from "../subject.ts";

export const ablation = query({
  about:
    "Ablation: the answer without each head, sub-layer, layer or position, one at a time: the change of its score and " +
    "probability, and how far the whole distribution moves.",
  input: readingInput.extend({
    answer: answerInput.optional(),
    what: z.enum(["heads", "parts", "layers", "positions"]).default("heads"),
    /** The group of attention whose heads are taken out; the usual one where it is left out. */
    group: z.string().optional(),
    /** The hidden states whose parts, layers or positions are taken out. */
    stream: z.string().optional(),
    method: z.enum(ablationMethods).default("zero"),
  }),
  answer: async (subject, { answer, what, group, stream, method, ...given }, watch) => {
    const reading = await read(subject, given);
    const { answered, found } = await settledAnswer(subject, reading, answer);
    const places = ablationPlaces(subject.model, reading.feeds);
    const grid = gridOf(subject, reading, places, what, what === "heads" ? group : stream);
    const effects = await ablate(subject.model, reading.feeds, answered, grid.cells, { method, ...watch });
    const map = (value: (effect: (typeof effects)[number]) => number) => {
      const shape = [grid.rows.length, grid.columns.length];
      return { dtype: "float32" as const, shape, data: Float32Array.from(effects, value) };
    };
    return {
      ...{ answer: found, what, method, of: grid.of, rows: grid.rows, columns: grid.columns },
      /** What all that can be asked for is called. */
      groups: places.groups.map((one) => one.group),
      streams: places.streams.map((one) => one.stream),
      /** What the model answers without each. */
      answers: effects.map(({ best }) => textOfAnswer(subject, reading, answered, best)),
      tensors: {
        logitChange: map((effect) => effect.logitChange),
        probabilityChange: map((effect) => effect.probabilityChange),
        divergence: map((effect) => effect.divergence),
      },
    };
  },
});

interface Grid {
  /** The group or stream. */
  readonly of: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** In rows. */
  readonly cells: readonly Ablation[];
}

function gridOf(subject: Subject, reading: Reading, places: AblationPlaces, what: string, asked?: string): Grid {
  const counted = (count: number, name: string): string[] =>
    Array.from({ length: count }, (_, i) => `${name} ${i + 1}`);
  if (what === "heads") {
    const { groups } = places;
    const found = chosen(groups, asked ?? usual(groups.map(({ group }) => group)), ({ group }) => group, "attention");
    const { group, layers, heads } = found;
    const cells = counted(layers, "").flatMap((_, layer) =>
      counted(heads, "").map((__, head): Ablation => ({ kind: "head", group, layer, head })),
    );
    return { of: group, rows: counted(layers, "layer"), columns: counted(heads, "head"), cells };
  }
  const names = places.streams.map(({ stream }) => stream);
  const { stream, layers, parts } = chosen(places.streams, asked ?? usual(names), (one) => one.stream, "hidden states");
  const rows = counted(layers, "layer");
  if (what === "layers") {
    return {
      of: stream,
      rows,
      columns: ["skipped"],
      cells: rows.map((_, layer) => ({ kind: "layer", stream, layer })),
    };
  }
  if (what === "parts") {
    const cells = rows.flatMap((_, layer) =>
      parts.map((part): Ablation => ({ kind: "sublayer", stream, layer, part })),
    );
    return { of: stream, rows, columns: parts, cells };
  }
  const columns = enteredLabels(subject, reading, sideOf(subject, stream));
  const cells = columns.map((_, position): Ablation => ({ kind: "position", stream, position }));
  return { of: stream, rows: ["taken out"], columns, cells };
}

/** Cross-attention and the decoder, where there are any; else the only ones. */
const usual = (names: readonly string[]): string | undefined =>
  names.find((name) => /^(crossAttentions|decoderHiddenStates)$/.test(name)) ?? names[0];

function chosen<T>(all: readonly T[], asked: string | undefined, nameOf: (one: T) => string, what: string): T {
  const found = all.find((one) => nameOf(one) === asked);
  if (found !== undefined) return found;
  throw new InputError(`The model has no ${what} "${asked ?? ""}"; it has ${all.map(nameOf).join(", ") || "none"}.`);
}
