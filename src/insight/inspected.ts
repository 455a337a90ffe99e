/** What insight asks of a model: its published tensors, whatever the family, and programs made of them. */
import type { Tensor } from "../graph/index.ts";
import type { Architecture } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";

/** The tensors of a model while a program is made of them. */
export interface ModelTensors {
  /** Inner tensors and outputs, in the order in which they are computed. */
  readonly all: ReadonlyMap<string, Tensor>;
  /** What the head computes. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** The inputs that any of them depends on. */
  readonly inputs: ReadonlyMap<string, Tensor>;
}

/** What is different in one program. */
export interface DeriveOptions {
  /**
   * Tensors in place of published ones, by their public names: what follows is computed from these. They may be made of
   * inputs of their own, which `feeds` holds.
   */
  readonly instead?: ReadonlyMap<string, (published: Tensor) => Tensor> | undefined;
  /** Values of inputs that `instead` or `make` declare, beside the model's own. */
  readonly feeds?: Values | undefined;
}

/** A model in an engine, as far as insight needs it: `Model` is one. */
export interface InspectedModel {
  readonly architecture: Architecture;
  /** See `Model.derive`. */
  derive(
    name: string,
    inputs: Values,
    make: (tensors: ModelTensors) => ReadonlyMap<string, Tensor>,
    options?: DeriveOptions,
  ): Promise<ReadonlyMap<string, HostTensor>>;
}
