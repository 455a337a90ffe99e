/** Tensors of forward passes that were looked at lately, so that a head is cut out of what is already there. */
import type { HostTensor } from "../onnx/index.ts";

/** How many bytes of tensors are kept. */
const LIMIT = 256 * 1024 * 1024;

/** A memory of tensors by key; what was used longest ago goes first. */
export class Traces {
  readonly #kept = new Map<string, Promise<HostTensor>>();
  readonly #bytes = new Map<string, number>();
  #total = 0;

  /** What is kept under the key, or what `compute` gives. */
  async of(key: string, compute: () => Promise<HostTensor>): Promise<HostTensor> {
    const before = this.#kept.get(key);
    if (before !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, before);
      return before;
    }
    const computing = compute();
    this.#kept.set(key, computing);
    try {
      const tensor = await computing;
      this.#count(key, tensor.data.byteLength);
      return tensor;
    } catch (error) {
      this.#kept.delete(key);
      throw error;
    }
  }

  /** Forgets everything: after a change of the parameters. */
  clear(): void {
    this.#kept.clear();
    this.#bytes.clear();
    this.#total = 0;
  }

  #count(key: string, bytes: number): void {
    this.#bytes.set(key, bytes);
    this.#total += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#total <= LIMIT || oldest === key) return;
      this.#kept.delete(oldest);
      this.#total -= this.#bytes.get(oldest) ?? 0;
      this.#bytes.delete(oldest);
    }
  }
}
