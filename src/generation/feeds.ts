/** What a model that generates is fed: prompts, and beside them the mask and the positions, which grow with them. */
import { InputError } from "../errors/index.ts";
import type { HostTensor, Port } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { startTokens, type GenerationOptions } from "./options.ts";
import { maskName, MEMORY, positionsName } from "./ports.ts";

/** The prompts among the feeds, int32[rows, length]. Throws InputError where they are missing or empty. */
export function promptOf(growing: string, feeds: Values): HostTensor {
  const prompt = feeds[growing];
  if (prompt?.dtype !== "int32" || prompt.shape.length !== 2 || prompt.shape[1] === 0) {
    const got = prompt === undefined ? "nothing" : `${prompt.dtype}[${prompt.shape.join(", ")}]`;
    throw new InputError(
      `Generation starts from "${growing}": int32[rows, length] with at least one token a row; got ${got}.`,
    );
  }
  return prompt;
}

/** The mask of the prompts; undefined where none is given. Throws InputError where it does not fit. */
export function maskOf(growing: string, feeds: Values): HostTensor | undefined {
  const name = maskName(growing);
  const mask = feeds[name];
  if (mask === undefined) return undefined;
  const { shape } = promptOf(growing, feeds);
  if (mask.dtype !== "int32" || mask.shape.join() !== shape.join()) {
    throw new InputError(
      `"${name}" is ${mask.dtype}[${mask.shape.join(", ")}]; expected int32[${shape.join(", ")}], as the prompts are.`,
    );
  }
  const [rows, length] = shape as readonly [number, number];
  for (let row = 0; row < rows; row++) {
    if (mask.data[(row + 1) * length - 1] !== 0) continue;
    throw new InputError(`Row ${row} of the prompts ends with padding. Pad them at the left, where "${name}" is 0.`);
  }
  return mask;
}

/**
 * The feeds with what Hugging Face's `generate` fills in: the decoder's start token, alone or in front of prompts that
 * lack it; of a decoder alone the mask, from the padding id, where that is not an end token.
 */
export function completeFeeds(
  growing: string,
  feeds: Values,
  options: Pick<GenerationOptions, "decoderStartTokenId" | "padTokenId"> & { readonly endIds: readonly number[] },
): Values {
  return growing === "inputIds"
    ? withMask(growing, feeds, options.padTokenId, options.endIds)
    : withStart(growing, feeds, options.decoderStartTokenId);
}

function withStart(growing: string, feeds: Values, start: number | undefined): Values {
  if (start === undefined) return feeds;
  if (feeds[growing] === undefined) {
    const rows = Object.values(feeds)[0]?.shape[0];
    return rows === undefined ? feeds : { ...feeds, [growing]: startTokens(rows, start) };
  }
  const { shape, data } = promptOf(growing, feeds);
  const [rows, length] = shape as readonly [number, number];
  for (let row = 0; row < rows; row++) if (data[row * length] === start) return feeds;
  const mask = feeds[maskName(growing)];
  return {
    ...feeds,
    [growing]: withColumn(feeds[growing], start),
    ...(mask === undefined ? {} : { [maskName(growing)]: withColumn(mask, 1) }),
  };
}

function withColumn({ shape, data }: HostTensor, value: number): HostTensor {
  const [rows, length] = shape as readonly [number, number];
  const wider = new Int32Array(rows * (length + 1)).fill(value);
  for (let row = 0; row < rows; row++) {
    wider.set((data as Int32Array).subarray(row * length, (row + 1) * length), row * (length + 1) + 1);
  }
  return { dtype: "int32", shape: [rows, length + 1], data: wider };
}

function withMask(growing: string, feeds: Values, pad: number | undefined, endIds: readonly number[]): Values {
  if (feeds[maskName(growing)] !== undefined || pad === undefined || endIds.includes(pad)) return feeds;
  const { shape, data } = promptOf(growing, feeds);
  if (!(data as Int32Array).includes(pad)) return feeds;
  const mask = { dtype: "int32" as const, shape, data: (data as Int32Array).map((id) => (id === pad ? 0 : 1)) };
  return { ...feeds, [maskName(growing)]: mask };
}

/** Mask, positions and whatever else the programs of a model read beside the growing ids, at each step. */
export class RowInputs {
  readonly #growing: string;
  readonly #feeds: Values;
  /** [rows, length]: 1 for a token, 0 for padding. */
  readonly #mask: Int32Array;
  readonly #rows: number;
  readonly #length: number;
  /** Of each row's last token. */
  readonly #last: Int32Array;

  constructor(growing: string, feeds: Values) {
    const [rows, length] = promptOf(growing, feeds).shape as readonly [number, number];
    const mask = maskOf(growing, feeds);
    this.#growing = growing;
    this.#feeds = feeds;
    this.#rows = rows;
    this.#length = length;
    this.#mask = (mask?.data as Int32Array | undefined) ?? new Int32Array(rows * length).fill(1);
    const positions = feeds[positionsName(growing)]?.data ?? this.#positions();
    this.#last = Int32Array.from({ length: rows }, (_, row) => Number(positions[(row + 1) * length - 1]));
  }

  /** What the first program is fed; memories start from zeros where none are given. Throws InputError where prompts have padding and the model reads no mask. */
  prefill(ports: readonly Port[]): Values {
    const [mask, positions] = [maskName(this.#growing), positionsName(this.#growing)];
    const has = (name: string): boolean => ports.some((port) => port.name === name);
    if (!has(mask) && this.#mask.includes(0)) {
      throw new InputError(`This model reads no "${mask}", so prompts of a batch must have one length.`);
    }
    const shape = [this.#rows, this.#length];
    const feeds: Record<string, HostTensor> = { ...this.#feeds };
    if (has(mask)) feeds[mask] = { dtype: "int32", shape, data: this.#mask };
    for (const port of ports) {
      if (!port.name.startsWith(MEMORY) || feeds[port.name] !== undefined) continue;
      const shape = [this.#rows, ...port.shape.slice(1).map(Number)];
      const data = new Float32Array(shape.reduce((product, d) => product * d, 1));
      feeds[port.name] = { dtype: "float32", shape, data };
    }
    if (has(positions)) feeds[positions] ??= { dtype: "int32", shape, data: this.#positions() };
    return feeds;
  }

  /**
   * What a step is fed beside the ids and the cache.
   * @param names The inputs of the program that are not bound.
   * @param groups For each row, the row of the prompts that it comes from.
   * @param past How many tokens the cache holds, those of the prompts included.
   */
  step(names: readonly string[], groups: Int32Array, past: number): Record<string, HostTensor> {
    const feeds: Record<string, HostTensor> = {};
    for (const name of names) {
      if (name === maskName(this.#growing)) feeds[name] = this.#grownMask(groups, past + 1);
      else if (name === positionsName(this.#growing)) feeds[name] = this.#nextPositions(groups, past);
      else if (this.#feeds[name] !== undefined) feeds[name] = rowsOf(this.#feeds[name], groups);
    }
    return feeds;
  }

  #grownMask(groups: Int32Array, width: number): HostTensor {
    const data = new Int32Array(groups.length * width).fill(1);
    for (const [row, group] of groups.entries()) {
      data.set(this.#mask.subarray(group * this.#length, (group + 1) * this.#length), row * width);
    }
    return { dtype: "int32", shape: [groups.length, width], data };
  }

  #nextPositions(groups: Int32Array, past: number): HostTensor {
    const data = groups.map((group) => this.#last[group]! + 1 + past - this.#length);
    return { dtype: "int32", shape: [groups.length, 1], data };
  }

  /** Counted without padding, whose own is 0. */
  #positions(): Int32Array {
    const positions = new Int32Array(this.#mask.length);
    for (let row = 0; row < this.#rows; row++) {
      let next = 0;
      for (let at = row * this.#length; at < (row + 1) * this.#length; at++) {
        if (this.#mask[at] !== 0) positions[at] = next++;
      }
    }
    return positions;
  }
}

/** Rows of a tensor, chosen and repeated. */
function rowsOf({ dtype, shape: [, ...rest], data }: HostTensor, rows: Int32Array): HostTensor {
  const size = rest.reduce((product, d) => product * d, 1);
  const chosen = data.slice(0, 0).constructor as new (length: number) => typeof data;
  const out = new chosen(rows.length * size) as Float32Array;
  for (const [row, from] of rows.entries()) {
    out.set((data as Float32Array).subarray(from * size, (from + 1) * size), row * size);
  }
  return { dtype, shape: [rows.length, ...rest], data: out };
}
