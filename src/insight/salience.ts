/**
 * How much an answer's score depends on each token or patch: by gradients (Simonyan et al. 2014: "Deep inside
 * convolutional networks"; Li et al. 2016 for text), by gradient times input (Shrikumar et al. 2017), and by integrated
 * gradients (Sundararajan, Taly, Yan: "Axiomatic attribution for deep networks", 2017).
 */
// B batch, T tokens, D width, C channels, h and w pixels
import { InputError } from "../errors/index.ts";
import { gradients, input, replaced, type Tensor } from "../graph/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { answerFeeds, askedScore, tracedOf, type Answered, type Scored } from "./answer.ts";
import type { Side } from "./attentions.ts";
import { entrancesOf, type Entrance } from "./embedded.ts";
import type { InspectedModel, ModelTensors } from "./inspected.ts";
import { inPieces, repeated, rowsAtOnce, type Watch } from "./many-questions.ts";

export const salienceMethods = ["gradient", "gradient-x-input", "integrated-gradients"] as const;
export type SalienceMethod = (typeof salienceMethods)[number];

/** Where integrated gradients start: at the mean of all vectors in the tokens' table, or at zeros. */
export const salienceBaselines = ["mean", "zero"] as const;
export type SalienceBaseline = (typeof salienceBaselines)[number];

/** The salience of one side. */
export interface SideSalience {
  readonly side: Side;
  /** One number for each token; for an image one for each patch, in rows from the top left. */
  readonly values: Float32Array;
}

/** What a score depends on. */
export interface Salience {
  readonly method: SalienceMethod;
  readonly sides: readonly SideSalience[];
  /** The score that is asked about, and that of the baseline, to whose difference integrated gradients add up. */
  readonly score: number;
  readonly baseline?: number | undefined;
}

/** How salience is computed. */
export interface SalienceOptions extends Watch {
  readonly method?: SalienceMethod | undefined;
  /** Steps of the integral: more of them come closer to it. Default: 32. */
  readonly steps?: number | undefined;
  /** Where the integral starts. Default: the mean, since norms make of next to nothing as much as of everything. */
  readonly baseline?: SalienceBaseline | undefined;
}

/**
 * The salience of every token for the score of an answer, x being the vectors that tokens are looked up as (without
 * positions), or the pixels of an image, and f the score:
 *
 * - `gradient`: ‖∂f/∂xₜ‖₂, how much the score could change with a token; never negative;
 * - `gradient-x-input`: ⟨∂f/∂xₜ, xₜ⟩, positive where the token speaks for the answer, to first order;
 * - `integrated-gradients`: ⟨∫ ∂f(b + α (x − b))/∂xₜ dα, xₜ − b⟩ over α from 0 to 1, by the middles of equal steps; b is
 *   the baseline, for all tokens at once, and zeros for pixels. The numbers add up to f(x) − f(b), the more closely the
 *   more steps.
 *
 * Of an image the numbers of a patch's pixels are added up (squares, for the norm). Throws InputError for inputs of
 * several rows.
 */
export async function salience(
  model: InspectedModel,
  inputs: Values,
  answered: Answered,
  { method = "gradient-x-input", steps = 32, baseline = "mean", ...watch }: SalienceOptions = {},
): Promise<Salience> {
  if (!(steps >= 1)) throw new InputError(`Integrated gradients take 1 step at least, not ${steps}.`);
  const sides = entrancesOf(tracedOf(model.architecture, inputs)).map(({ side }) => side);
  const patch = patchOf(model);
  const integrates = method === "integrated-gradients";
  const fractions = integrates ? Array.from({ length: steps }, (_, i) => (i + 0.5) / steps) : [1];
  // The ends of the way, for what the numbers add up to.
  const all = integrates ? [...fractions, 0, 1] : fractions;
  const tokens = Math.max(...Object.values(inputs).map(({ shape }) => shape[1] ?? 1));
  const rows = await inPieces(all, rowsAtOnce(tokens, answered.scores.length), "gradients", watch, async (piece) => {
    const found = await model.derive(
      `salience ${answered.output}`,
      repeated(model.architecture, inputs, piece.length),
      (tensors) => salienceTensors(tensors, answered),
      { feeds: { ...answerFeeds(answered), ...wayFeeds(piece, integrates && baseline === "mean") } },
    );
    return piece.map((_, row) => rowOf(found, sides, method === "gradient" ? "squares" : "products", row, patch));
  });
  const inside = rows.slice(0, fractions.length);
  const values = sides.map((side, i): SideSalience => {
    const sum = Float32Array.from(inside[0]!.sides[i]!, (_, t) =>
      inside.reduce((total, row) => total + row.sides[i]![t]!, 0),
    );
    return { side, values: sum.map((value) => (method === "gradient" ? Math.sqrt(value) : value / inside.length)) };
  });
  const score = rows.at(-1)!.score;
  return { method, sides: values, score, ...(integrates && { baseline: rows.at(-2)!.score }) };
}

/** How far each row is on the way from the baseline, and whether that is the mean. */
function wayFeeds(fractions: readonly number[], mean: boolean): Values {
  return {
    "salience.fraction": { dtype: "float32", shape: [fractions.length], data: Float32Array.from(fractions) },
    "salience.mean": { dtype: "float32", shape: [], data: Float32Array.of(mean ? 1 : 0) },
  };
}

/** The score [B], and of each way in the products and squares of gradients, [B, T] or [B, h, w]. */
function salienceTensors(tensors: ModelTensors, scored: Scored): ReadonlyMap<string, Tensor> {
  const before = askedScore(scored, tensors.outputs);
  const entrances = entrancesOf(tensors);
  const moved = new Map<Tensor, Tensor>();
  const whole = new Map(entrances.map((entrance) => [entrance.tensor, fromBaseline(entrance)]));
  const changes = new Map(
    entrances.map(({ tensor }) => {
      const change = (entered: Tensor): Tensor => {
        const fraction = input("salience.fraction", "float32", [entered.dim(0)]);
        const missing = whole
          .get(tensor)!
          .mul(fraction.rsub(1).reshape([entered.dim(0), ...entered.shape.slice(1).map(() => 1)]));
        moved.set(tensor, entered.sub(missing));
        return moved.get(tensor)!;
      };
      return [tensor, change] as const;
    }),
  );
  const score = replaced([before], changes)[0]!;
  const slopes = gradients(
    score.sum(),
    entrances.map(({ tensor }) => moved.get(tensor)!),
  );
  const found = new Map([["score", score]]);
  for (const [i, entrance] of entrances.entries()) {
    found.set(`products.${i}`, folded(slopes[i]!.mul(whole.get(entrance.tensor)!), entrance));
    found.set(`squares.${i}`, folded(slopes[i]!.mul(slopes[i]!), entrance));
  }
  return found;
}

/** How far a vector is from the baseline. */
function fromBaseline({ tensor, table }: Entrance): Tensor {
  return table === undefined ? tensor : tensor.sub(table.mean(0).mul(input("salience.mean", "float32", [])));
}

const folded = (tensor: Tensor, { side }: Entrance): Tensor => tensor.sum(side === "image" ? 1 : -1);

function rowOf(
  found: ReadonlyMap<string, HostTensor>,
  sides: readonly Side[],
  what: "squares" | "products",
  row: number,
  patch: number | undefined,
): { sides: Float32Array[]; score: number } {
  const values = sides.map((side, i) => {
    const { shape, data } = found.get(`${what}.${i}`)!;
    const size = shape.slice(1).reduce((product, d) => product * d, 1);
    const one = (data as Float32Array).slice(row * size, (row + 1) * size);
    return side === "image" ? byPatches(one, shape[2]!, patch ?? 1) : one;
  });
  return { sides: values, score: Number(found.get("score")!.data[row]) };
}

/** The sums of squares of pixels: [h, w] to [rows · columns]. What is left at the edges belongs to no patch. */
function byPatches(pixels: Float32Array, width: number, patch: number): Float32Array {
  const [rows, columns] = [Math.floor(pixels.length / width / patch), Math.floor(width / patch)];
  const sums = new Float32Array(rows * columns);
  for (let y = 0; y < rows * patch; y++) {
    for (let x = 0; x < columns * patch; x++) {
      sums[Math.floor(y / patch) * columns + Math.floor(x / patch)]! += pixels[y * width + x]!;
    }
  }
  return sums;
}

function patchOf({ architecture: { config } }: InspectedModel): number | undefined {
  const { patch } = (config["vision"] ?? config) as { readonly patch?: number };
  return patch;
}
