/** What each step is called, the formula of it, and one sentence. */
import type { FlowRole, FlowStep } from "heed/insight";

interface Words {
  readonly title: string;
  readonly formula: string;
  readonly says: string;
}

export const words: Readonly<Record<FlowRole, Words>> = {
  embeddings: { title: "Embeddings", formula: "X = E[ids]", says: "Each token, or patch, becomes a vector." },
  positions: { title: "Positions", formula: "P", says: "A vector for each place, so that order can be told." },
  sum: {
    title: "Added up",
    formula: "X + P",
    says: "What was found so far is added: tokens, positions, kinds of text.",
  },
  norm: {
    title: "Norm",
    formula: "norm(x)",
    says: "Each vector is brought to one size, so that layers can be stacked.",
  },
  queries: { title: "Queries", formula: "Q = x W_Q", says: "What each token looks for, for this head." },
  keys: { title: "Keys", formula: "K = x W_K", says: "What each token is found by." },
  values: { title: "Values", formula: "V = x W_V", says: "What each token has to tell." },
  scores: { title: "Query · key", formula: "Q Kᵀ", says: "How well each query fits each key." },
  scaled: { title: "Scaled", formula: "Q Kᵀ / √d", says: "By the root of the width, so that softmax stays soft." },
  masked: {
    title: "Mask added",
    formula: "+ mask, bias",
    says: "Places that may not be seen fall to minus infinity; terms of distance come in here.",
  },
  weights: {
    title: "Softmax",
    formula: "A = softmax(…)",
    says: "Each row becomes shares that sum to 1: the attention weights.",
  },
  contexts: { title: "Weights · values", formula: "A V", says: "Each token gathers values, by its weights." },
  projection: { title: "Projection", formula: "… W_O", says: "What was found is turned into the model's own space." },
  widen: { title: "Feed-forward, in", formula: "x W₁", says: "Each vector by itself, into a wider one." },
  narrow: { title: "Feed-forward, out", formula: "… W₂", says: "Back to the width of the model." },
  activation: {
    title: "Activation",
    formula: "f(x)",
    says: "What is negative fades: the bend that makes it more than one matrix.",
  },
  gate: { title: "Gated", formula: "f(x W) ⊙ x V", says: "One half says how much of the other passes." },
  residual: { title: "Residual", formula: "x + f(x)", says: "What was made is added to what came in." },
  hidden: { title: "Hidden states", formula: "h", says: "What the model knows of each token here." },
  output: { title: "Logits", formula: "h Wᵀ", says: "A score for each token of the vocabulary, or for each class." },
};

/** The name of a section of the way. */
export function sectionTitle({ section, side, layer }: FlowStep, both: boolean): string {
  const stack = !both
    ? ""
    : side === "source"
      ? "Encoder, "
      : side === "target"
        ? "Decoder, "
        : side === "image"
          ? "Image, "
          : "Text, ";
  const place = section === "start" ? "input" : section === "end" ? "output" : `layer ${layer + 1}`;
  const title = `${stack}${place}`;
  return title[0]!.toUpperCase() + title.slice(1);
}
