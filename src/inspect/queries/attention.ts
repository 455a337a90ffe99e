/** Attention weights: of one head, or of all heads of a layer, over all tokens or a window of them. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import { query } from "../query.ts";
import { read, readingInput, type Reading } from "../reading.ts";
import type { Subject } from "../subject.ts";
import { computed } from "./tensors.ts";
import { clipped, windowOf, type Range } from "./window.ts";

const whole = z.int().nonnegative();

/** What a model reads, and what its axes are: asked once for each text. */
export const reading = query({
  about: "A text or image as the model reads it: tokens, words and patches for the axes of every picture.",
  input: readingInput,
  answer: async (subject, given) => {
    const { axes, target } = await read(subject, given);
    return { axes, target };
  },
});

export const attention = query({
  about: "Attention weights [heads, queries, keys] of a layer; of one head or a window of it, where they are named.",
  input: readingInput.extend({
    /** The group, as `summary` lists them. */
    group: z.string().optional(),
    /** Counted from 0. */
    layer: whole.default(0),
    head: whole.optional(),
    /** [first, last + 1) of queries and of keys. */
    rows: z.tuple([whole, whole]).optional(),
    columns: z.tuple([whole, whole]).optional(),
    /** At most so many rows and columns: larger maps are shown by the largest weight of each cell. */
    cells: z.int().positive().optional(),
  }),
  answer: async (subject, { group, layer, head, rows, columns, cells, ...given }) => {
    const found = await read(subject, given);
    const weights = await layerOf(subject, found, group, layer, "attentions");
    const [, heads, queries, keys] = weights.shape as [number, number, number, number];
    if (head !== undefined && head >= heads) {
      throw new InputError(`Layer ${layer + 1} has heads 1 to ${heads}; head ${head + 1} was asked for.`);
    }
    const window = {
      heads: head === undefined ? ([0, heads] as const) : ([head, head + 1] as const),
      rows: clipped(rows, queries),
      columns: clipped(columns, keys),
    };
    return { queries, keys, window, tensors: { weights: cut(weights, window, cells) } };
  },
});

export const neuron = query({
  about:
    "How one head comes to its weights: queries [T, K], keys [S, K] and weights [T, S], and what scores are scaled by.",
  input: readingInput.extend({ group: z.string().optional(), layer: whole.default(0), head: whole.default(0) }),
  answer: async (subject, { group, layer, head, ...given }) => {
    const found = await read(subject, given);
    const of = (part: Part): Promise<HostTensor> => layerOf(subject, found, group, layer, part);
    const weights = await of("attentions");
    const heads = weights.shape[1]!;
    if (head >= heads) {
      throw new InputError(`Layer ${layer + 1} has heads 1 to ${heads}; head ${head + 1} was asked for.`);
    }
    const names = subject.model.outputNames(Object.keys(found.feeds));
    if (!names.includes(`${partName(groupOf(subject, group).name, "queries")}.${layer}`)) {
      throw new InputError(
        `${subject.architecture.className} adds terms of distance to its scores, so that no single product of a query ` +
          `and a key gives them. Look at its maps instead.`,
      );
    }
    const [queries, keys] = [await of("queries"), await of("keys")];
    return {
      width: queries.shape[3]!,
      tensors: {
        queries: headOf(queries, head, heads),
        keys: headOf(keys, head, heads),
        weights: headOf(weights, head, heads),
      },
    };
  },
});

/** Of [1, H, T, K] one head, [T, K]; where heads share keys, the ones that this head looks at. */
function headOf({ shape, data }: HostTensor, head: number, heads: number): HostTensor {
  const [, own, rows, width] = shape as [number, number, number, number];
  const place = Math.floor((head * own) / heads);
  const part = (data as Float32Array).slice(place * rows * width, (place + 1) * rows * width);
  return { dtype: "float32", shape: [rows, width], data: part };
}

type Part = "attentions" | "queries" | "keys" | "values" | "contexts";

/** One published tensor of a layer of attention for a reading: the weights, or queries, keys, values and contexts. */
export async function layerOf(
  subject: Subject,
  reading: Reading,
  group: string | undefined,
  layer: number,
  part: Part,
): Promise<HostTensor> {
  const wanted = groupOf(subject, group);
  if (layer >= wanted.layers) {
    throw new InputError(`${wanted.name} has layers 1 to ${wanted.layers}; layer ${layer + 1} was asked for.`);
  }
  const name = `${partName(wanted.name, part)}.${layer}`;
  return subject.traces.of(`${reading.key} ${name}`, async () => {
    const names = part === "attentions" ? namesAround(wanted, layer, reading) : [name];
    return (await computed(subject, reading, names)).get(name)!;
  });
}

/** Bytes of weights that one run may give: pictures of all heads ask for one layer after the other. */
const AT_ONCE = 16 * 2 ** 20;

/** The weights of a layer and of as many of its neighbors as one run should give. */
function namesAround(
  { name, layers, heads, queries, keys }: Subject["attention"][number],
  layer: number,
  { axes }: Reading,
): string[] {
  const [rows, columns] = [axes[queries]?.labels.length ?? 1, axes[keys]?.labels.length ?? 1];
  const count = Math.max(1, Math.min(layers, Math.floor(AT_ONCE / (4 * heads * rows * columns))));
  const first = Math.floor(layer / count) * count;
  return Array.from({ length: Math.min(count, layers - first) }, (_, i) => `${name}.${first + i}`);
}

/** The group of that name; where none is named, the one to the source, or the first. */
export function groupOf({ attention: groups, architecture }: Subject, name?: string): Subject["attention"][number] {
  const found =
    name === undefined
      ? (groups.find((one) => one.name === "crossAttentions") ?? groups[0])
      : groups.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = groups.map((one) => one.name).join(", ");
  throw new InputError(`${architecture.className} has no attention "${name ?? ""}"; it has ${names || "none"}.`);
}

/** `queries` for the weights' name `attentions`; see `AttentionOptions.publish`. */
function partName(group: string, part: Part): string {
  if (part === "attentions") return group;
  return group.replace(/attentions$/, part).replace(/Attentions$/, `${part[0]!.toUpperCase()}${part.slice(1)}`);
}

/** Windows of heads of weights [1, H, T, S], as [heads, rows, columns], each as `windowOf` gives it. */
function cut(
  { shape, data }: HostTensor,
  { heads, rows, columns }: { readonly heads: Range; readonly rows: Range; readonly columns: Range },
  cells?: number,
): HostTensor {
  const [, , queries, keys] = shape as [number, number, number, number];
  const parts = Array.from({ length: heads[1] - heads[0] }, (_, i) => {
    const place = (heads[0] + i) * queries * keys;
    const matrix = (data as Float32Array).subarray(place, place + queries * keys);
    return windowOf(matrix, [queries, keys], { rows, columns }, { cells });
  });
  const [down, across] = parts[0]!.shape as [number, number];
  const result = new Float32Array(parts.length * down * across);
  for (const [i, part] of parts.entries()) result.set(part.data as Float32Array, i * down * across);
  return { dtype: "float32", shape: [parts.length, down, across], data: result };
}
