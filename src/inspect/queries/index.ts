/** All that can be asked, by name: one query for each thing that a picture needs. */
import type { z } from "zod";
import { ablation } from "./ablation.ts";
import { attention, neuron, reading } from "./attention.ts";
import { attribution } from "./attribution.ts";
import { bleu, data } from "./bleu.ts";
import { cached } from "./caching.ts";
import { classes } from "./classes.ts";
import { flow, outcome, tensor } from "./flow.ts";
import { beamTree, distribution, generate } from "./generation.ts";
import { lens } from "./lens.ts";
import { analogy, neighbors } from "./neighbors.ts";
import { parameters } from "./parameters.ts";
import { patching } from "./patching.ts";
import { perplexity } from "./perplexity.ts";
import { positions } from "./positions.ts";
import { projection } from "./projection.ts";
import { rollout } from "./rollout.ts";
import { saliency } from "./saliency.ts";
import { summary } from "./summary.ts";
import { tokens } from "./tokens.ts";
import { vectors } from "./vectors.ts";
import { parameter, values, weights } from "./weights.ts";

export const queries = {
  summary,
  reading,
  attention,
  neuron,
  lens,
  attribution,
  saliency,
  rollout,
  ablation,
  patching,
  distribution,
  generate,
  beamTree,
  cached,
  tokens,
  data,
  bleu,
  classes,
  perplexity,
  vectors,
  projection,
  neighbors,
  analogy,
  positions,
  flow,
  tensor,
  outcome,
  parameters,
  weights,
  parameter,
  values,
} as const;

/** The name of a query. */
export type QueryName = keyof typeof queries;
/** What a query is asked with. */
export type QuestionOf<N extends QueryName> = z.input<(typeof queries)[N]["input"]>;
/** What comes back. */
export type AnswerOf<N extends QueryName> = Awaited<ReturnType<(typeof queries)[N]["answer"]>>;
