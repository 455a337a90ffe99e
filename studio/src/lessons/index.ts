/** The lessons in their order; what is in one is loaded when it is opened. */
import type { Lesson } from "./lesson.ts";

export interface LessonEntry {
  /** In the address: `#/lessons?lesson=attention`. */
  readonly id: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: Lesson }>;
}

export const lessons: readonly LessonEntry[] = [
  { id: "perceptron", title: "A perceptron", load: () => import("./cards/perceptron.ts") },
  { id: "tokens", title: "Tokens", load: () => import("./cards/tokens.ts") },
  { id: "embeddings", title: "Embeddings and analogies", load: () => import("./cards/embeddings.ts") },
  { id: "attention", title: "Attention from a bigram table", load: () => import("./cards/attention.ts") },
  { id: "query-key", title: "Query, key and value", load: () => import("./cards/query-key.ts") },
  { id: "heads", title: "Many heads", load: () => import("./cards/heads.ts") },
  { id: "positions", title: "Positions", load: () => import("./cards/positions.ts") },
  { id: "blocks", title: "The block", load: () => import("./cards/blocks.ts") },
  { id: "translation", title: "A translator", load: () => import("./cards/translation.ts") },
  { id: "masks", title: "Masked and causal", load: () => import("./cards/masks.ts") },
  { id: "beams", title: "Beam search", load: () => import("./cards/beams.ts") },
  { id: "parameters", title: "Counting parameters", load: () => import("./cards/parameters.ts") },
];
