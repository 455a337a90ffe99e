/**
 * The double head of GPT and GPT-2 (Radford et al. 2018, section 3.2 and figure 1): language modeling on every choice,
 * and a score for each choice from one of its tokens.
 */
// B batch, N choices, T tokens, D width, V vocabulary
import type { Tensor } from "../graph/index.ts";
import { activations, dropout, type Scope } from "../nn/index.ts";
import { activation, choice, flag, optional, rate } from "./config-fields.ts";
import { head, maybe, needed, type Head, type InputTensors, type InputTypes } from "./family.ts";
import { atPlaces, finalToken, firstToken, meanCrossEntropy, shiftedLoss } from "./heads.ts";
import { dense, hiddenOf, type TextBody, type WordScores } from "./text-heads.ts";

/** How the score of a choice is made; the names are those of config.json. */
export const summaryFields = {
  /** Which token stands for a choice: the one that `mcTokenIds` says, the last, the first, or the mean of all. */
  summary: choice("summary_type", ["cls_index", "last", "first", "mean"], "cls_index"),
  summaryProjection: flag("summary_use_proj", true),
  /** Whether the projection gives one score; else it gives D numbers. */
  summaryScore: flag("summary_proj_to_labels", true),
  summaryActivation: optional(activation("summary_activation", "tanh")),
  summaryDropout: rate("summary_first_dropout", 0.1),
};

interface SummaryConfig {
  readonly width: number;
  readonly summary: "cls_index" | "last" | "first" | "mean";
  readonly summaryProjection: boolean;
  readonly summaryScore: boolean;
  readonly summaryActivation: keyof typeof activations | undefined;
  readonly summaryDropout: number;
  /** Of fresh weights. */
  readonly deviation: number;
}

const choices = ["batch", "choices", "time"] as const;

/** What the double heads read: each row holds several texts. */
const doubleInputs = {
  inputIds: needed("int32", ...choices),
  attentionMask: maybe("int32", ...choices),
  tokenTypeIds: maybe("int32", ...choices),
  positionIds: maybe("int32", ...choices),
  /** The token of each choice that its score is made from; the last where absent. */
  mcTokenIds: maybe("int32", "batch", "choices"),
  labels: maybe("int32", ...choices),
  /** The right choice of each row. */
  mcLabels: maybe("int32", "batch"),
} as const satisfies InputTypes;

type DoubleTensors = InputTensors<typeof doubleInputs>;

/** Logits [B, N, T, V] and `mcLogits` [B, N], each with its own loss. */
export function doubleHeads<C extends SummaryConfig>(text: TextBody<C>, words: WordScores<C>): Head<C> {
  const compute = (scope: Scope, config: C, inputs: DoubleTensors) => computeBoth(text, words, scope, config, inputs);
  return head<C>()({ task: "multiple-choice", inputs: doubleInputs, compute });
}

function computeBoth<C extends SummaryConfig>(
  text: TextBody<C>,
  words: WordScores<C>,
  scope: Scope,
  config: C,
  { mcTokenIds, labels, mcLabels, ...texts }: DoubleTensors,
) {
  const [batch, count, time] = texts.inputIds.shape;
  const flat = (x: Tensor | undefined): Tensor | undefined => x?.reshape([-1, time!]);
  const hidden = hiddenOf(text, scope, config, {
    inputIds: texts.inputIds.reshape([-1, time!]),
    attentionMask: flat(texts.attentionMask),
    tokenTypeIds: flat(texts.tokenTypeIds),
    positionIds: flat(texts.positionIds),
  });
  const logits = words(scope, config, hidden);
  const summaries = summaryOf(scope.at("multiple_choice_head.summary"), config, hidden, mcTokenIds);
  const mcLogits = summaries.reshape([batch!, count!, ...(summaries.fixed(-1) === 1 ? [] : [summaries.fixed(-1)])]);
  return {
    logits: logits.reshape([batch!, count!, time!, logits.dim(-1)]),
    mcLogits,
    loss: shiftedLoss(logits, flat(labels)),
    mcLoss: mcLabels && mcLogits.shape.length === 2 ? meanCrossEntropy(mcLogits, mcLabels) : undefined,
  };
}

/** One vector, or one number, for each text: [B·N, T, D] to [B·N, 1 or D]. */
function summaryOf(scope: Scope, config: SummaryConfig, hidden: Tensor, places: Tensor | undefined): Tensor {
  const chosen = dropout(scope, chosenToken(hidden, config.summary, places), config.summaryDropout);
  const width = config.summaryScore ? 1 : config.width;
  const projected = config.summaryProjection ? dense(scope, config, chosen, width) : chosen;
  return config.summaryActivation === undefined ? projected : activations[config.summaryActivation](projected);
}

function chosenToken(hidden: Tensor, summary: SummaryConfig["summary"], places: Tensor | undefined): Tensor {
  if (summary === "mean") return hidden.mean(1);
  if (summary === "first") return firstToken(hidden);
  if (summary === "last" || places === undefined) return finalToken(hidden);
  return atPlaces(hidden, places.reshape([-1, 1])).squeeze(1);
}
