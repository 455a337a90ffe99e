/**
 * The heads that families of text share, encoders first and then decoders, made from what is particular to a family:
 * its body, and the layers that a head's scores come from. Heads with their losses are as `transformers` computes them.
 */
// B batch, T tokens, D width, V vocabulary, C classes, N choices
import type { Tensor } from "../graph/index.ts";
import { dropout, embeddingTable, linear, type Scope } from "../nn/index.ts";
import { head, maybe, needed, type Head, type InputTensors, type InputTypes } from "./family.ts";
import {
  classLabels,
  classifyTexts,
  classLoss,
  lastToken,
  meanCrossEntropy,
  rowLabels,
  shiftedLoss,
  spanLabels,
  spanOutputs,
  textInputs,
  tokenLabels,
  tokenLoss,
  type ClassifierConfig,
} from "./heads.ts";

/** What an encoder of text without segments reads. */
export const wordInputs = {
  inputIds: textInputs.inputIds,
  attentionMask: textInputs.attentionMask,
  positionIds: textInputs.positionIds,
} as const satisfies InputTypes;

/** The inputs of a text, of which a family may read fewer. */
export type TextTensors = InputTensors<typeof textInputs>;

/** What the configs of texts' families say. */
export interface TextConfig extends ClassifierConfig {
  readonly vocabulary: number;
  /** Of fresh weights. */
  readonly deviation: number;
  /** Whether the table of the words also scores them. */
  readonly tied: boolean;
}

/** The body of a family as its heads see it. */
export interface TextBody<C> {
  readonly inputs: typeof textInputs | typeof wordInputs;
  /** The name that heads give it. */
  readonly path: string;
  /** A text to hidden states [B, T, D]. */
  readonly hidden: (scope: Scope, config: C, inputs: TextTensors) => Tensor;
}

/** Hidden states [B, T, D] of the body inside a head. */
export function hiddenOf<C>({ path, hidden }: TextBody<C>, scope: Scope, config: C, inputs: TextTensors): Tensor {
  return hidden(scope.at(path), config, inputs);
}

/** Scores of whole rows: hidden states [B, T, D] to [B, classes]. */
export type RowScores<C> = (scope: Scope, config: C, hidden: Tensor, classes: number) => Tensor;
/** Scores of words at each position: hidden states [B, T, D] to [B, T, V]. */
export type WordScores<C> = (scope: Scope, config: C, hidden: Tensor) => Tensor;

/** A layer with a bias, with fresh weights as the config says: [..., in] to [..., out]; `out` is `in` where left out. */
export function dense(
  scope: Scope,
  { deviation }: Pick<TextConfig, "deviation">,
  x: Tensor,
  out = x.fixed(-1),
): Tensor {
  return linear(scope, x, out, { initial: { kind: "normal", deviation } });
}

/** Where a family has the layer that scores words. */
export interface WordLayer {
  /** The table of the word embeddings, which is the weight where the config ties them. */
  readonly table: string;
  /** What has a weight of its own where it does not. */
  readonly decoder: string;
  /** What has the bias. */
  readonly bias: string;
  /** What has it where weights are not tied, if that differs; the other one then lies in the file without use. */
  readonly untiedBias?: string;
}

/** Scores [B, T, V] of words for vectors [B, T, D]. */
export function wordScores(
  scope: Scope,
  { vocabulary, deviation, tied }: TextConfig,
  x: Tensor,
  { table, decoder, bias, untiedBias = bias }: WordLayer,
): Tensor {
  const weight = embeddingTable(scope.at(tied ? table : decoder), vocabulary, x.fixed(-1), {
    kind: "normal",
    deviation,
  });
  if (!tied && untiedBias !== bias) scope.at(bias).fixed("bias", [vocabulary], { kind: "zeros" });
  return x.linear(weight, scope.at(tied ? bias : untiedBias).parameter("bias", [vocabulary], { kind: "zeros" }));
}

/** The body alone, with a summary of the text by the layer `pooler` where the family has one. */
export function bareModel<C>(
  { inputs: known, hidden }: TextBody<C>,
  pooler?: (scope: Scope, config: C, hidden: Tensor) => Tensor,
): Head<C> {
  return head<C>()({
    task: "features",
    inputs: known,
    compute: (scope, config, inputs) => {
      const lastHiddenState = hidden(scope, config, inputs);
      return { lastHiddenState, poolerOutput: pooler?.(scope.at("pooler"), config, lastHiddenState) };
    },
  });
}

/** Masked words (Devlin et al. 2019, section 3.1). */
export function maskedWords<C>(text: TextBody<C>, words: WordScores<C>): Head<C> {
  return head<C>()({
    task: "masked-lm",
    inputs: { ...text.inputs, ...tokenLabels },
    compute: (scope, config, { labels, ...inputs }) => {
      const logits = words(scope, config, hiddenOf(text, scope, config, inputs));
      return { logits, loss: tokenLoss(logits, labels) };
    },
  });
}

/** Masked words, and one of two classes for the pair of texts; the loss is the sum of both. */
export function preTraining<C>(
  text: TextBody<C>,
  words: WordScores<C>,
  rows: RowScores<C>,
  names: { readonly rowLogits: string; readonly rowLabels: string },
): Head<C> {
  return head<C>()({
    task: "pre-training",
    inputs: { ...text.inputs, ...tokenLabels, [names.rowLabels]: maybe("int32", "batch") },
    compute: (scope, config, inputs) => {
      const hidden = hiddenOf(text, scope, config, inputs);
      const predictionLogits = words(scope, config, scope.publish("wordStates", hidden));
      const rowLogits = rows(scope, config, hidden, 2);
      const logits = { predictionLogits, [names.rowLogits]: rowLogits };
      const { labels, [names.rowLabels]: classes } = inputs as Partial<Record<string, Tensor>>;
      if (labels === undefined || classes === undefined) return logits;
      return { ...logits, loss: meanCrossEntropy(predictionLogits, labels).add(meanCrossEntropy(rowLogits, classes)) };
    },
  });
}

/** A class for each row, a number, or several labels. */
export function rowClassifier<C extends TextConfig>(text: TextBody<C>, rows: RowScores<C>): Head<C> {
  return head<C>()({
    task: "sequence-classification",
    inputs: (config) => ({ ...text.inputs, ...classLabels(config) }),
    compute: (scope, config, { labels, ...inputs }) => {
      const logits = rows(scope, config, hiddenOf(text, scope, config, inputs), config.labels.length);
      return { logits, loss: classLoss(logits, labels, config) };
    },
  });
}

/** A class for each token, by the named layer. */
export function tokenClassifier<C extends TextConfig>(
  text: TextBody<C>,
  rate: (config: C) => number,
  layer = "classifier",
): Head<C> {
  return head<C>()({
    task: "token-classification",
    inputs: { ...text.inputs, ...tokenLabels },
    compute: (scope, config, { labels, ...inputs }) => {
      const hidden = dropout(scope, hiddenOf(text, scope, config, inputs), rate(config));
      const logits = dense(scope.at(layer), config, hidden, config.labels.length);
      return { logits, loss: tokenLoss(logits, labels) };
    },
  });
}

/** Where an answer starts and ends in the text, by the layer `qa_outputs`. */
export function answerSpans<C extends TextConfig>(text: TextBody<C>, rate: (config: C) => number = () => 0): Head<C> {
  return head<C>()({
    task: "question-answering",
    inputs: { ...text.inputs, ...spanLabels },
    compute: (scope, config, { startPositions, endPositions, ...inputs }) => {
      const hidden = dropout(scope, hiddenOf(text, scope, config, inputs), rate(config));
      return { ...spanOutputs(dense(scope.at("qa_outputs"), config, hidden, 2), { startPositions, endPositions }) };
    },
  });
}

/** One of several texts: each row holds a question with its choices, [B, N, T], and the scores are [B, N]. */
export function multipleChoice<C>(text: TextBody<C>, rows: RowScores<C>): Head<C> {
  const choices = (name: keyof TextTensors): InputTypes =>
    name in text.inputs ? { [name]: maybe("int32", "batch", "choices", "time") } : {};
  return head<C>()({
    task: "multiple-choice",
    inputs: {
      inputIds: needed("int32", "batch", "choices", "time"),
      ...choices("attentionMask"),
      ...choices("tokenTypeIds"),
      ...choices("positionIds"),
      ...rowLabels,
    },
    compute: (scope, config, { labels, inputIds, ...others }) => {
      const [batch, count, time] = inputIds.shape;
      const flat = (x: Tensor | undefined): Tensor | undefined => x?.reshape([-1, time!]);
      const { attentionMask, tokenTypeIds, positionIds } = others as Partial<TextTensors>;
      const texts: TextTensors = {
        inputIds: inputIds.reshape([-1, time!]),
        attentionMask: flat(attentionMask),
        tokenTypeIds: flat(tokenTypeIds),
        positionIds: flat(positionIds),
      };
      const logits = rows(scope, config, hiddenOf(text, scope, config, texts), 1).reshape([batch!, count!]);
      return { logits, loss: tokenLoss(logits, labels) };
    },
  });
}

/** The next word at each position, from those up to it (Radford et al. 2018, equation 1). */
export function nextWords<C>(text: TextBody<C>, words: WordScores<C>): Head<C> {
  return head<C>()({
    task: "causal-lm",
    inputs: { ...text.inputs, ...tokenLabels },
    compute: (scope, config, { labels, ...inputs }) => {
      const logits = words(scope, config, hiddenOf(text, scope, config, inputs));
      return { logits, loss: shiftedLoss(logits, labels) };
    },
  });
}

/** A class for each row from its last real token, which alone has read all of it, by the named layer without bias. */
export function lastTokenClassifier<C extends TextConfig & { readonly paddingId: number | undefined }>(
  text: TextBody<C>,
  layer = "score",
): Head<C> {
  return head<C>()({
    task: "sequence-classification",
    inputs: (config) => ({ ...text.inputs, ...classLabels(config) }),
    compute: (scope, config, { labels, ...inputs }) => {
      const last = lastToken(hiddenOf(text, scope, config, inputs), inputs.inputIds, config.paddingId);
      return classifyTexts(scope.at(layer), last, labels, config, { kind: "normal", deviation: config.deviation });
    },
  });
}
