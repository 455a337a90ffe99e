/** What a rank computes of an update: some parts of its batch, or some rows of each part. */
import { TrainingError } from "../errors/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Group } from "../runtime/index.ts";
import type { Batch } from "./trainer.ts";

/** What one program run takes of a batch. */
export type Share = Pick<Batch, "feeds" | "examples">;

/** Deals updates out to the ranks of a group. All ranks together compute the whole batch, each example once. */
export class Shares {
  readonly #group: Pick<Group, "rank" | "size">;
  /** Why examples must stay together; empty where they need not, undefined where that is not known yet. */
  #together: string | undefined;
  #wholeParts = false;

  constructor(group: Pick<Group, "rank" | "size">) {
    this.#group = group;
  }

  /**
   * What this rank computes of an update: as many whole parts as every other, otherwise its rows of each part, of which
   * there are none where there are more ranks. The last update of an epoch may have fewer parts than the others; it is
   * dealt out as they are, so that sums are rounded as one process rounds them. Where examples depend on each other,
   * parts stay whole: `lossOf` tells, which gives the summed loss of some. Throws TrainingError where such a batch has
   * fewer parts than there are ranks.
   */
  async of(batch: readonly Batch[], lossOf: (share: Share) => Promise<number>): Promise<readonly Share[]> {
    const { rank, size } = this.#group;
    this.#wholeParts ||= batch.length % size === 0;
    if (this.#wholeParts) return wholeParts(batch, this.#group);
    this.#together ??= await whyTogether(batch, lossOf);
    if (this.#together === undefined || this.#together === "") {
      return batch.flatMap((part) => {
        const rows = part.examples.length;
        const [start, end] = [Math.floor((rows * rank) / size), Math.floor((rows * (rank + 1)) / size)];
        return start === end ? [] : [rowsOf(part, start, end)];
      });
    }
    if (batch.length < size) {
      throw new TrainingError(
        `${size} ranks cannot share the rows of a batch here: ${this.#together}. Give training.accumulate as a multiple ` +
          `of ${size}, and as many fewer tokens a batch: then each rank gets whole batches.`,
      );
    }
    return wholeParts(batch, this.#group);
  }
}

/** Parts that stand one after the other; their sums are added up in the order of the ranks. */
function wholeParts(batch: readonly Batch[], { rank, size }: Pick<Group, "rank" | "size">): readonly Share[] {
  const first = (of: number): number => Math.ceil((batch.length * of) / size);
  return batch.slice(first(rank), first(rank + 1));
}

/** Undefined where no part has two examples to tell by. */
async function whyTogether(
  batch: readonly Batch[],
  lossOf: (share: Share) => Promise<number>,
): Promise<string | undefined> {
  const part = batch.find(({ examples }) => examples.length > 1);
  if (part === undefined) return undefined;
  const other = otherFeed(part);
  if (other !== undefined) return `its "${other}" is not a row for each example`;
  const [both, first, second] = [
    await lossOf(rowsOf(part, 0, 2)),
    await lossOf(rowsOf(part, 0, 1)),
    await lossOf(rowsOf(part, 1, 2)),
  ];
  const near = 0.05 * (Math.abs(first) + Math.abs(second)) + 1e-3;
  return Math.abs(both - first - second) > near
    ? `the loss of two examples (${both.toPrecision(4)}) is not the sum of their own (${first.toPrecision(4)} and ` +
        `${second.toPrecision(4)}), so it compares or averages them`
    : "";
}

/** A feed that cannot be split by examples. */
function otherFeed({ feeds, examples, places = [] }: Batch): string | undefined {
  const known = places.flatMap(({ feed, beside = {} }) => [feed, ...Object.keys(beside)]);
  const found = Object.entries(feeds).find(([name, { shape }]) => {
    return !known.includes(name) && shape[0] !== undefined && shape[0] !== examples.length;
  });
  return found?.[0];
}

/** The examples from `start` to `end` of a batch, padded as the whole is. */
function rowsOf({ feeds, examples, places = [] }: Batch, start: number, end: number): Share {
  const own: Record<string, HostTensor> = {};
  for (const [name, value] of Object.entries(feeds)) {
    own[name] = value.shape.length === 0 ? value : between(value, start, end);
  }
  for (const { feed, width, beside = {} } of places) {
    const at = feeds[feed]!.data as Int32Array;
    const kept = [...at.keys()].filter((i) => at[i]! >= start * width && at[i]! < end * width);
    const none = kept.length === 0;
    own[feed] = none ? filled(feeds[feed]!, 0) : moved(taken(feeds[feed]!, kept), start * width);
    for (const [name, ignored] of Object.entries(beside)) {
      own[name] = none ? filled(feeds[name]!, ignored) : taken(feeds[name]!, kept);
    }
  }
  return { feeds: own, examples: examples.slice(start, end) };
}

const rowLength = ({ shape }: HostTensor): number => shape.slice(1).reduce((product, d) => product * d, 1);

function between(value: HostTensor, start: number, end: number): HostTensor {
  const length = rowLength(value);
  const data = value.data.slice(start * length, end * length);
  return { dtype: value.dtype, shape: [end - start, ...value.shape.slice(1)], data };
}

function taken(value: HostTensor, rows: readonly number[]): HostTensor {
  const length = rowLength(value);
  const data = value.data.slice(0, rows.length * length);
  for (const [i, row] of rows.entries()) {
    data.set(value.data.subarray(row * length, (row + 1) * length) as never, i * length);
  }
  return { dtype: value.dtype, shape: [rows.length, ...value.shape.slice(1)], data };
}

/** One row of a value: engines need not know what a table of no rows is. */
function filled({ dtype, shape, data }: HostTensor, value: number): HostTensor {
  const length = rowLength({ dtype, shape, data });
  return { dtype, shape: [1, ...shape.slice(1)], data: data.slice(0, length).fill(value as never) };
}

/** Places counted from a later row on. */
function moved(value: HostTensor, by: number): HostTensor {
  return { ...value, data: (value.data as Int32Array).map((place) => place - by) };
}
