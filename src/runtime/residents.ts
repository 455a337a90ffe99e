/** What engines over JavaScript's memory share: arrays that stay under names, tensors made over them once, checks. */
import { EngineError } from "../errors/index.ts";
import { showType, type Dtype } from "../graph/index.ts";
import { allocate, type Constant, type HostData, type HostTensor, type Port, type Program } from "../onnx/index.ts";
import type { Values, View } from "./engine.ts";

interface Resident<T> {
  readonly dtype: Dtype;
  readonly data: HostData;
  readonly shape: readonly number[];
  /** Tensors over parts of this resident, by offset and shape: made once, used every step. */
  readonly tensors: Map<string, T>;
  /** Whether `data` was allocated here, and is not an output's own memory. */
  readonly allocated: boolean;
}

/** Where residents lie. */
export interface Arrays {
  allocate(dtype: Dtype, length: number): HostData;
  free(data: HostData): void;
}

const plainArrays: Arrays = { allocate, free: () => undefined };

/** Residents by name. `T` is what the engine sees an array as. */
export class Residents<T> {
  readonly #byName = new Map<string, Resident<T>>();
  readonly #wrap: (dtype: Dtype, data: HostData, shape: readonly number[]) => T;
  readonly #release: (tensor: T) => void;
  readonly #arrays: Arrays;

  constructor(
    wrap: (dtype: Dtype, data: HostData, shape: readonly number[]) => T,
    release: (tensor: T) => void,
    arrays: Arrays = plainArrays,
  ) {
    this.#wrap = wrap;
    this.#release = release;
    this.#arrays = arrays;
  }

  allocate(name: string, dtype: Dtype, length: number): void {
    this.free(name);
    const data = this.#arrays.allocate(dtype, length);
    this.#byName.set(name, { dtype, data, shape: [length], tensors: new Map(), allocated: true });
  }

  /** A tensor as a resident; its array is the engine's from here on. */
  put(name: string, { dtype, data, shape }: HostTensor, tensor?: T): void {
    this.free(name);
    const tensors = new Map(tensor === undefined ? [] : [[`0:${shape.join()}`, tensor]]);
    this.#byName.set(name, { dtype, data, shape, tensors, allocated: false });
  }

  write(name: string, data: HostData, offset = 0): void {
    const resident = this.#resident(name);
    if (offset + data.length > resident.data.length) {
      throw new EngineError(
        `Writing ${data.length} elements at ${offset} into "${name}", which holds ${resident.data.length}.`,
      );
    }
    (resident.data as Float32Array).set(data as Float32Array, offset);
  }

  read(name: string, offset?: number, length?: number): HostTensor {
    const { dtype, data, shape } = this.#resident(name);
    if (offset === undefined) return { dtype, shape, data: data.slice() };
    const part = data.slice(offset, length === undefined ? undefined : offset + length);
    return { dtype, shape: [part.length], data: part };
  }

  free(name: string): void {
    const resident = this.#byName.get(name);
    if (resident === undefined) return;
    for (const tensor of resident.tensors.values()) this.#release(tensor);
    if (resident.allocated) this.#arrays.free(resident.data);
    this.#byName.delete(name);
  }

  clear(): void {
    for (const name of [...this.#byName.keys()]) this.free(name);
  }

  /** The tensor over a view. Throws EngineError where it does not fit into the resident. */
  tensor({ resident: name, offset = 0, shape }: View): T {
    const resident = this.#resident(name);
    const seen = shape ?? resident.shape;
    const key = `${offset}:${seen.join()}`;
    let tensor = resident.tensors.get(key);
    if (tensor === undefined) {
      const length = seen.reduce((product, d) => product * d, 1);
      if (offset + length > resident.data.length) {
        throw new EngineError(
          `"${name}" holds ${resident.data.length} elements; [${seen.join(", ")}] at ${offset} does not fit.`,
        );
      }
      tensor = this.#wrap(resident.dtype, resident.data.subarray(offset, offset + length), seen);
      resident.tensors.set(key, tensor);
    }
    return tensor;
  }

  /** A whole resident. */
  whole(name: string): HostTensor {
    return this.#resident(name);
  }

  #resident(name: string): Resident<T> {
    const resident = this.#byName.get(name);
    if (resident === undefined) throw new EngineError(`The engine holds nothing under the name "${name}".`);
    return resident;
  }
}

/** Constants of so many bytes are copied into the model, where nobody changes them; more are read where they lie. */
const FEW_BYTES = 2 ** 26;

/**
 * The values of a program's constants; large ones where they lie, if the engine knows a place for a resident. Throws
 * EngineError where one is not given.
 */
export function constantsOf<T>(
  { name: program, constants = [] }: Program,
  views: Readonly<Record<string, View>>,
  residents: Residents<T>,
  placeOf?: (resident: string) => NonNullable<Constant["place"]>,
): Constant[] {
  const found = constants.map(({ name, shape }) => {
    const view = views[name];
    if (view === undefined) throw new EngineError(`The program "${program}" has a constant ${name}; it was not given.`);
    const { resident, offset = 0 } = view;
    const { dtype, data } = residents.whole(resident);
    const sizes = shape as readonly number[];
    const end = offset + sizes.reduce((product, d) => product * d, 1);
    return { resident, offset, constant: { name, dtype, shape: sizes, data: data.subarray(offset, end) } };
  });
  const bytes = found.reduce((sum, { constant }) => sum + constant.data.byteLength, 0);
  return found.map(({ resident, offset, constant }) => {
    if (placeOf === undefined || bytes <= FEW_BYTES) return constant;
    const { file, offset: start } = placeOf(resident);
    const place = { file, offset: start + BigInt(offset * constant.data.BYTES_PER_ELEMENT) };
    return { ...constant, place };
  });
}

/** What a program is fed for a port. Throws EngineError where it is missing, or of another type. */
export function feedFor(program: Program, port: Port, feeds: Values): HostTensor {
  const value = feeds[port.name];
  if (value === undefined) {
    throw new EngineError(`The program "${program.name}" needs ${port.name}: ${showType(port)}; it was not given.`);
  }
  const fits = value.dtype === port.dtype && value.shape.length === port.shape.length;
  if (!fits || value.shape.some((d, i) => typeof port.shape[i] === "number" && port.shape[i] !== d)) {
    throw new EngineError(
      `The program "${program.name}" needs ${port.name}: ${showType(port)}, and was given ${showType(value)}.`,
    );
  }
  return value;
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
