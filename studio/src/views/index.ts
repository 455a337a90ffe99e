/** The views of the studio: a name in the address, a title, and the component, which is loaded when it is first opened. */
import type { Component } from "svelte";
import type { Summary } from "../state/studio.svelte.ts";

/** One view. */
export interface View {
  /** In the address: `#/attention`. */
  readonly id: string;
  readonly title: string;
  /** One sentence: what it shows. */
  readonly about: string;
  readonly section: "Look" | "Why" | "Make" | "Judge" | "Learn";
  /** Whether the view needs a text or image to read: then the shell asks for one above it. */
  readonly reads: boolean;
  /** "run": the view lives on the log of a run, also where no model can be opened yet; "nothing": it brings its own. */
  readonly needs?: "model" | "run" | "nothing";
  /** Whether it shows the pinned selection and the current one itself, so that one column is enough. */
  readonly compares?: boolean;
  /** Why a model has no such view, in a sentence; undefined where it has. */
  readonly missing?: (summary: Summary) => string | undefined;
  readonly load: () => Promise<{ readonly default: Component }>;
}

export const views: readonly View[] = [
  {
    id: "attention",
    title: "Attention",
    about: "Where each head looks: lines, maps, all heads at once, and how one weight comes about.",
    section: "Look",
    reads: true,
    missing: ({ attention, className }) =>
      attention.length === 0 ? `${className} has no attention to show.` : undefined,
    load: () => import("./attention/Attention.svelte"),
  },
  {
    id: "flow",
    title: "Flow",
    about: "From tokens to what comes out, step by step, with the matrix of each.",
    section: "Look",
    reads: true,
    load: () => import("./flow/Flow.svelte"),
  },
  {
    id: "tokens",
    title: "Tokens",
    about: "A text on its way to token ids, stage by stage and merge by merge; two tokenizers on one text.",
    section: "Look",
    reads: true,
    missing: ({ reads, className }) =>
      reads.tokenizer ? undefined : `This ${className} came without a tokenizer, so it reads ids and no text.`,
    load: () => import("./tokens/Tokens.svelte"),
  },
  {
    id: "embeddings",
    title: "Embeddings",
    about: "Vectors as points: PCA, t-SNE, UMAP; who is near whom; analogies.",
    section: "Look",
    reads: true,
    load: () => import("./embeddings/Embeddings.svelte"),
  },
  {
    id: "positions",
    title: "Positions",
    about: "How the model tells places apart: tables, biases by distance, angles; and how alike places are.",
    section: "Look",
    reads: false,
    load: () => import("./positions/Positions.svelte"),
  },
  {
    id: "parameters",
    title: "Parameters",
    about: "How many there are, part by part, and where the numbers come from.",
    section: "Look",
    reads: false,
    load: () => import("./parameters/Parameters.svelte"),
  },
  {
    id: "weights",
    title: "Weights",
    about: "The values of every parameter: their moments, and one of them closely.",
    section: "Look",
    reads: false,
    load: () => import("./weights/Weights.svelte"),
  },
  {
    id: "why",
    title: "Why this answer",
    about: "The answer by layer, by part and by token: lens, attribution, salience, rollout, ablation, patching.",
    section: "Why",
    reads: true,
    load: () => import("./why/Why.svelte"),
  },
  {
    id: "generation",
    title: "Generation",
    about: "How a model writes: each token's distribution through every processor, beam search, and the cache.",
    section: "Make",
    reads: true,
    missing: ({ task, className }) =>
      ["causal-lm", "conditional-generation", "masked-lm"].includes(task)
        ? undefined
        : `${className} does not write: it is for ${task}. Open a language model or a translator.`,
    load: () => import("./generation/Generation.svelte"),
  },
  {
    id: "training",
    title: "Training",
    about: "What it learned when: loss, scores, and the attention of one sentence, step by step.",
    section: "Make",
    reads: false,
    needs: "run",
    compares: true,
    load: () => import("./training/Training.svelte"),
  },
  {
    id: "evaluation",
    title: "Evaluation",
    about: "How good it is: BLEU taken apart, confusions and calibration, errors by loss, slices with intervals.",
    section: "Judge",
    reads: true,
    missing: ({ task, className, reads }) =>
      ["causal-lm", "conditional-generation", "masked-lm", "sequence-classification"].includes(task)
        ? task === "masked-lm" && !reads.tokenizer
          ? `This ${className} came without a tokenizer, which names the mask.`
          : undefined
        : `${className} (${task}) is judged by the command heed evaluate; here are translators, language models and classifiers of texts.`,
    load: () => import("./evaluation/Evaluation.svelte"),
  },
  {
    id: "compare",
    title: "Compare",
    about: "Two selections side by side on one scale, and what differs: attention, answers, weights.",
    section: "Judge",
    reads: true,
    compares: true,
    load: () => import("./compare/Compare.svelte"),
  },
  {
    id: "lessons",
    title: "Lessons",
    about: "From a perceptron to a translator, on models that you train here: a few cards each, and a question.",
    section: "Learn",
    reads: false,
    needs: "nothing",
    load: () => import("../lessons/Lessons.svelte"),
  },
];

/** The view of that name; the first one for a name that there is not. */
export const viewNamed = (id: string): View => views.find((view) => view.id === id) ?? views[0]!;
