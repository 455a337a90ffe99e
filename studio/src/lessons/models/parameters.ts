/** How many parameters a GPT-2 of given sizes has: counted in its trace, and by formula. */
import { architectureOf, countParameters, parametersOf, type ParameterCounts } from "heed";

export interface Sizes {
  readonly layers: number;
  readonly width: number;
  readonly vocabulary: number;
  readonly positions: number;
}

/** The parameters that the model function asks for, by part. */
export function countsOf({ layers, width, vocabulary, positions }: Sizes): ParameterCounts {
  const json = {
    model_type: "gpt2",
    architectures: ["GPT2LMHeadModel"],
    n_layer: layers,
    n_embd: width,
    n_head: width / 16,
    vocab_size: vocabulary,
    n_positions: positions,
  };
  return countParameters(parametersOf(architectureOf(json, "The lesson's model")));
}

/** The same by formula, part by part: d is the width. */
export function formulas({
  layers,
  width: d,
  vocabulary,
  positions,
}: Sizes): { part: string; formula: string; count: number }[] {
  return [
    { part: "token embeddings", formula: "V · d", count: vocabulary * d },
    { part: "positions", formula: "P · d", count: positions * d },
    { part: "attention", formula: "L · (4 d² + 4 d)", count: layers * (4 * d * d + 4 * d) },
    { part: "feed-forward", formula: "L · (8 d² + 5 d)", count: layers * (8 * d * d + 5 * d) },
    { part: "norms", formula: "(2 L + 1) · 2 d", count: (2 * layers + 1) * 2 * d },
  ];
}

/** The parameters of one layer: what a model with one layer more has more. */
export function ofOneLayer(sizes: Sizes): number {
  return countsOf({ ...sizes, layers: sizes.layers + 1 }).total - countsOf(sizes).total;
}
