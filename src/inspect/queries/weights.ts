/** The values of parameters: all in a line each, and one of them closely. Never more at once than a picture shows. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import {
  histogramOf,
  partUnits,
  rowNorms,
  singularValues,
  statisticsOf,
  type Statistics,
} from "../../insight/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import { tokenLabels } from "../../tasks/token-labels.ts";
import { query } from "../query.ts";
import type { Subject } from "../subject.ts";

const whole = z.int().nonnegative();
/** Values that are given as they are, at most. */
const MOST = 2 ** 20;
/** Multiplications that singular values may cost: a few seconds. */
const COSTS = 4e9;

export const weights = query({
  about: "All parameters: name, part, shape, and what the values are like: mean, deviation, norm, share of zeros.",
  input: z.strictObject({}),
  answer: async ({ parameters }, _, { stop, progress }) => {
    const parts = new Map(
      partUnits(parameters.specs).flatMap(({ part, parameters: own }) => own.map(({ name }) => [name, part] as const)),
    );
    const total = parameters.layout.size;
    let done = 0;
    const rows: ({ name: string; part: string; shape: readonly number[]; trained: boolean } & Statistics)[] = [];
    for (const { name, shape, trained } of parameters.specs) {
      if (stop?.aborted === true) throw new InputError("The question was taken back.");
      const values = await parameters.readOne(name);
      rows.push({ name, part: parts.get(name) ?? "computed", shape, trained, ...statisticsOf(values) });
      done += values.length;
      progress?.(done, total, "values read");
    }
    return { parameters: rows };
  },
});

export const parameter = query({
  about:
    "One parameter: its histogram, a map of it or of a window, shrunk by the largest magnitude of each cell, the norms of its rows, and its singular values.",
  input: z.strictObject({
    name: z.string(),
    bins: z.int().min(1).max(512).default(60),
    /** [first, last + 1) of rows and of columns; what has more than two axes is [first axis, all others]. */
    rows: z.tuple([whole, whole]).optional(),
    columns: z.tuple([whole, whole]).optional(),
    /** At most so many rows and columns. */
    cells: z.int().positive().max(1024).default(128),
    /** Whether to compute singular values, which takes a while for large matrices. */
    singular: z.boolean().default(false),
    /** Of how many rows with the largest and the smallest norms the names are given. */
    top: z.int().nonnegative().max(200).default(10),
  }),
  answer: async (subject, { name, bins, rows, columns, cells, singular, top }) => {
    const values = await subject.parameters.readOne(name);
    const { shape } = subject.parameters.placeOf(name);
    const [height, width] = asMatrix(shape);
    const window = { rows: clipped(rows, height), columns: clipped(columns, width) };
    const step = [stepOf(window.rows, cells), stepOf(window.columns, cells)] as const;
    const statistics = statisticsOf(values);
    const norms = rowNorms(values, height, width);
    const cost = Math.min(height, width) ** 2 * Math.max(height, width);
    const affordable = Math.min(height, width) > 1 && cost <= COSTS && statistics.notFinite === 0;
    const computed = singular && affordable ? singularValues(values, height, width) : undefined;
    return {
      ...{ name, shape, matrix: [height, width] as const, window, statistics },
      histogram: histogramOf(values, bins),
      /** How many rows and columns a cell of the map stands for. */
      step,
      /** Of a table of embeddings: the token of each row of the map, where a cell is one row. */
      tokens: step[0] === 1 ? tokensOf(subject, height, window.rows) : undefined,
      singular: affordable,
      lengths: outermost(norms, top, labelOf(subject, height)),
      tensors: {
        map: shrunk(values, width, window, step),
        rowNorms: floats([height], norms),
        ...(computed !== undefined && { singularValues: floats([computed.length], Float32Array.from(computed)) }),
      },
    };
  },
});

export const values = query({
  about: `Values of a parameter as they are, row after row: at most ${MOST} at once.`,
  input: z.strictObject({
    name: z.string(),
    first: whole.default(0),
    count: z.int().positive().max(MOST).default(MOST),
  }),
  answer: async ({ parameters }, { name, first, count }) => {
    const { size, shape } = parameters.placeOf(name);
    if (first >= size) throw new InputError(`${name} has ${size} values; those from ${first + 1} on were asked for.`);
    const data = await parameters.readOne(name, first, Math.min(count, size - first));
    return { size, shape, tensors: { values: floats([data.length], data) } };
  },
});

const floats = (shape: readonly number[], data: Float32Array): HostTensor => ({ dtype: "float32", shape, data });

/** A vector is one row; of more than two axes the first one that is longer than 1 goes down. */
function asMatrix(shape: readonly number[]): readonly [rows: number, columns: number] {
  const size = shape.reduce((product, d) => product * d, 1);
  const rows = shape.find((length) => length > 1) ?? 1;
  return rows === size ? [1, size] : [rows, size / rows];
}

type Range = readonly [first: number, end: number];

function clipped(range: Range | undefined, size: number): Range {
  if (range === undefined) return [0, size];
  const first = Math.min(range[0], size - 1);
  return [first, Math.max(first + 1, Math.min(range[1], size))];
}

const stepOf = ([first, end]: Range, cells: number): number => Math.max(1, Math.ceil((end - first) / cells));

/** A window of a matrix; of each cell of a shrunk one the value that is farthest from zero. */
function shrunk(
  from: Float32Array,
  stride: number,
  { rows, columns }: { readonly rows: Range; readonly columns: Range },
  [down, across]: readonly [down: number, across: number],
): HostTensor {
  const [height, width] = [rows[1] - rows[0], columns[1] - columns[0]];
  const shape = [Math.ceil(height / down), Math.ceil(width / across)] as const;
  const result = new Float32Array(shape[0] * shape[1]);
  for (let row = 0; row < height; row++) {
    const start = (rows[0] + row) * stride + columns[0];
    const line = Math.floor(row / down) * shape[1];
    for (let column = 0; column < width; column++) {
      const at = line + Math.floor(column / across);
      const value = from[start + column]!;
      if (Math.abs(value) > Math.abs(result[at]!)) result[at] = value;
    }
  }
  return { dtype: "float32", shape, data: result };
}

/** Names of rows, where they are tokens. */
function labelOf({ tokenizer }: Subject, rows: number): (row: number) => string | undefined {
  if (tokenizer?.size !== rows) return () => undefined;
  return (row) => tokenLabels(tokenizer, Int32Array.of(row))[0]!;
}

function tokensOf(subject: Subject, rows: number, [first, end]: Range): string[] | undefined {
  const label = labelOf(subject, rows);
  if (label(first) === undefined) return undefined;
  return Array.from({ length: end - first }, (_, i) => label(first + i)!);
}

/** A row of a matrix and the length of its vector. */
export interface RowNorm {
  readonly row: number;
  readonly norm: number;
  readonly token?: string | undefined;
}

function outermost(
  norms: Float32Array,
  top: number,
  label: (row: number) => string | undefined,
): { readonly longest: RowNorm[]; readonly shortest: RowNorm[] } {
  const order = Array.from(norms, (_, row) => row).sort((a, b) => norms[b]! - norms[a]!);
  const shown = (rows: readonly number[]): RowNorm[] =>
    rows.map((row) => ({ row, norm: norms[row]!, token: label(row) }));
  return { longest: shown(order.slice(0, top)), shortest: shown(order.slice(-top || order.length).reverse()) };
}
