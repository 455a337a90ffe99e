/** How far two tensors are apart, by the rule of docs/goldens.md. */
import type { HostTensor } from "../onnx/index.ts";
import { placeOf } from "./model-inputs.ts";

/** One line of a verification. */
export interface VerifyRow {
  /** As in the golden file, for example `outputs.hidden_states.1`. */
  readonly name: string;
  readonly ok: boolean;
  /** Largest difference, or the norm of the difference. */
  readonly difference?: number;
  /** The largest difference that is ok. */
  readonly allowed?: number;
  /** What else there is to say: why the tensor cannot be compared, or where it differs first. */
  readonly note?: string;
}

/** Which elements count: false for the rows of padded positions. */
export type Counts = (element: number) => boolean;

/** max |a − b| ≤ tolerance · max(1, max |b|), over the elements that count. Not-a-number is never ok; infinities must be equal. */
export function compareValues(
  name: string,
  ours: HostTensor,
  golden: HostTensor,
  tolerance: number,
  counts: Counts = () => true,
): VerifyRow {
  const shapes = otherShape(name, ours, golden);
  if (shapes !== undefined) return shapes;
  let [difference, largest, at] = [0, 0, 0];
  for (let i = 0; i < golden.data.length; i++) {
    if (!counts(i)) continue;
    const [a, b] = [Number(ours.data[i]), Number(golden.data[i])];
    const apart = a === b ? 0 : Math.abs(a - b);
    if (Math.abs(b) < Infinity) largest = Math.max(largest, Math.abs(b));
    if (apart <= difference) continue;
    [difference, at] = [apart, i];
    // Nothing is further apart than what cannot be compared.
    if (Number.isNaN(apart)) break;
  }
  const allowed = tolerance * Math.max(1, largest);
  const ok = difference <= allowed;
  if (ok) return { name, ok, difference, allowed };
  const note = `at [${placeOf(at, golden.shape).join(", ")}]: ${Number(ours.data[at])}, expected ${Number(golden.data[at])}`;
  return { name, ok, difference, allowed, note };
}

/** ‖a − b‖ ≤ 10 · tolerance · ‖b‖. */
export function compareNorms(name: string, ours: HostTensor, golden: HostTensor, tolerance: number): VerifyRow {
  const shapes = otherShape(name, ours, golden);
  if (shapes !== undefined) return shapes;
  let [apart, norm] = [0, 0];
  for (let i = 0; i < golden.data.length; i++) {
    const [a, b] = [Number(ours.data[i]), Number(golden.data[i])];
    apart += (a - b) ** 2;
    norm += b ** 2;
  }
  const [difference, allowed] = [Math.sqrt(apart), 10 * tolerance * Math.sqrt(norm)];
  return { name, ok: difference <= allowed, difference, allowed };
}

/** max |a| < 1e-6: a gradient that is zero in truth. */
export function compareZero(name: string, ours: HostTensor): VerifyRow {
  const difference = largest(ours);
  return { name, ok: difference < ZERO, difference, allowed: ZERO, note: "zero in truth" };
}

const ZERO = 1e-6;

/** Equal whole numbers. */
export function compareIds(name: string, ours: readonly (readonly number[])[], golden: readonly number[][]): VerifyRow {
  const wrong = golden.findIndex((row, i) => row.join() !== ours[i]?.join());
  if (wrong < 0 && ours.length === golden.length) return { name, ok: true };
  const at = Math.max(wrong, 0);
  return {
    name,
    ok: false,
    note: `row ${at}: ${ours[at]?.join(" ") ?? "none"}; expected ${golden[at]?.join(" ") ?? "none"}`,
  };
}

/** max |a|. */
export function largest({ data }: HostTensor): number {
  let most = 0;
  for (const value of data) most = Math.max(most, Math.abs(Number(value)));
  return most;
}

/** a − b, element by element. */
export function difference(a: HostTensor, b: HostTensor): HostTensor {
  const data = Float32Array.from({ length: a.data.length }, (_, i) => Number(a.data[i]) - Number(b.data[i]));
  return { dtype: "float32", shape: a.shape, data };
}

function otherShape(name: string, ours: HostTensor, golden: HostTensor): VerifyRow | undefined {
  if (ours.shape.join() === golden.shape.join()) return undefined;
  return { name, ok: false, note: `the shape is [${ours.shape.join(", ")}], expected [${golden.shape.join(", ")}]` };
}
