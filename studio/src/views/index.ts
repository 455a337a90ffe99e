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
];

/** The view of that name; the first one for a name that there is not. */
export const viewNamed = (id: string): View => views.find((view) => view.id === id) ?? views[0]!;
