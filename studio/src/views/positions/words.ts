/** Positions in words, and what their pictures share. */
import type { AnswerOf } from "heed/inspect";

export type Answer = AnswerOf<"positions">;
export type Shown = NonNullable<Answer["shown"]>;

/** One sentence for each kind: what it is, and how it acts. */
export function about(shown: Shown): string {
  switch (shown.kind) {
    case "sinusoidal":
      return `Sines and cosines of falling frequency are added to the tokens, ${shown.layout === "halves" ? "all sines before all cosines" : "sine and cosine in turns"}; nothing of them is learned. The product of two places depends on their distance alone.`;
    case "learned":
      return `A table of ${shown.places ?? 0} learned rows is added to the tokens, one row for each place${shown.before === 0 ? "" : `; the first ${shown.before ?? 0} rows of the parameter stand for no place`}.`;
    case "patches":
      return "Each patch of the image has a learned row. Nobody told the model where a patch lies: that near ones are alike was learned.";
    case "buckets":
      return `Each head adds a learned number to its scores for each distance, in ${shown.buckets ?? 0} buckets that grow with it; beyond ${shown.longest ?? 0} all are one.`;
    case "rotary":
      return `Queries and keys are turned by angles that grow with the place, each pair of components at its own speed; their product then depends on the distance alone.${shown.scaling === "none" ? "" : ` The angles are scaled (${shown.scaling ?? ""}) for longer texts than those of the training.`}`;
    default:
      return "Keys are made of sines and cosines of distances, the sines first; a memory of earlier segments keeps its place.";
  }
}

/** Floats of an answer's tensor; none where it has no such tensor. */
export const floats = ({ tensors }: Answer, name: string): Float32Array | undefined =>
  tensors[name]?.data as Float32Array | undefined;

/** "5", "6", … */
export const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => String(from + i));

/** The largest number without its sign, for a scale with zero in the middle. */
export function reach(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most || 1;
}

/** Column `column` of values [rows, columns]. */
export const columnOf = (values: Float32Array, columns: number, column: number): Float32Array =>
  Float32Array.from({ length: values.length / columns }, (_, row) => values[row * columns + column]!);
