/** Output layers and losses that families share, as `transformers` computes them: means over what counts. */
// B batch, T tokens, D width, V vocabulary, C classes
import { iota, subtractDimensions, type Tensor } from "../graph/index.ts";
import { dropout, linear, visible, type Initializer, type NameRules, type Scope } from "../nn/index.ts";
import { maybe, needed, neededUnless, option, type InputType, type InputTypes } from "./family.ts";

/** Labels that count for nothing, in PyTorch and here. */
export const IGNORED = -100;

const rows = ["batch", "time"] as const;

/** What an encoder of text reads. */
export const textInputs = {
  inputIds: needed("int32", ...rows),
  attentionMask: maybe("int32", ...rows),
  tokenTypeIds: maybe("int32", ...rows),
  positionIds: maybe("int32", ...rows),
} as const satisfies InputTypes;

/** What a decoder that generates reads: the mask covers what is in the cache, too. */
export const causalInputs = {
  inputIds: needed("int32", ...rows),
  attentionMask: maybe("int32", "batch", "past + time"),
  positionIds: maybe("int32", ...rows),
} as const satisfies InputTypes;

/** The same, where a second look-up in the table of tokens tells who speaks (GPT, GPT-2, CTRL). */
export const speakerInputs = { ...causalInputs, tokenTypeIds: maybe("int32", ...rows) } as const satisfies InputTypes;

/** What an encoder with a decoder reads. Where the decoder's inputs are left out, its head makes them from others. */
export const pairInputs = {
  inputIds: needed("int32", ...rows),
  attentionMask: maybe("int32", ...rows),
  decoderInputIds: maybe("int32", "batch", "target"),
  decoderAttentionMask: maybe("int32", "batch", "past + target"),
} as const satisfies InputTypes;
/** The same where the decoder's inputs must be given. */
export const decodedPairInputs = {
  ...pairInputs,
  decoderInputIds: needed("int32", "batch", "target"),
} as const satisfies InputTypes;
/** The same with what is to be written, from which the decoder's inputs may be made. */
export const labeledPairInputs = {
  ...pairInputs,
  decoderInputIds: neededUnless("labels", "int32", "batch", "target"),
  labels: maybe("int32", "batch", "target"),
} as const satisfies InputTypes;

/** What a model of images says of them in its config. */
export interface ImageConfig {
  readonly channels: number;
  /** Height and width, in pixels. */
  readonly imageSize: number;
}
/** Images of the size that the config says, or of any size where positions are interpolated. */
export function imageInputs({ channels, imageSize }: ImageConfig, given: ReadonlySet<string>, rows = "batch") {
  const sizes = given.has("interpolatePosEncoding") ? ["height", "width"] : [imageSize, imageSize];
  return {
    pixelValues: needed("float32", rows, channels, ...sizes),
    interpolatePosEncoding: option(),
  } as const satisfies InputTypes;
}

/** A label for each token. */
export const tokenLabels = { labels: maybe("int32", ...rows) } as const satisfies InputTypes;
/** A label for each row. */
export const rowLabels = { labels: maybe("int32", "batch") } as const satisfies InputTypes;
/** Where an answer starts and ends. */
export const spanLabels = {
  startPositions: maybe("int32", "batch"),
  endPositions: maybe("int32", "batch"),
} as const satisfies InputTypes;

/** What says how rows are labelled. */
export interface ClassifierConfig {
  readonly labels: readonly string[];
  readonly problemType?: "regression" | "single_label_classification" | "multi_label_classification" | undefined;
}

/** A classifier's labels: a class, a number where there is one label, or a 0 or 1 for each class. */
export function classLabels({ labels, problemType }: ClassifierConfig): { labels: InputType<false> } {
  if (problemType === "multi_label_classification") return { labels: maybe("float32", "batch", labels.length) };
  if (problemType !== "regression" && labels.length > 1) return rowLabels;
  return { labels: labels.length > 1 ? maybe("float32", "batch", labels.length) : maybe("float32", "batch") };
}

/** The loss of a classifier [B, C]: cross-entropy, squared error for numbers, a logistic loss for several labels. */
export function classLoss(
  logits: Tensor,
  labels: Tensor | undefined,
  { labels: names, problemType }: ClassifierConfig,
): Tensor | undefined {
  if (labels === undefined) return undefined;
  if (problemType === "multi_label_classification") return logisticLoss(logits, labels).mean();
  if (problemType !== "regression" && names.length > 1) return meanCrossEntropy(logits, labels);
  const error = logits.reshape(labels.shape).sub(labels);
  return error.mul(error).mean();
}

/** −y log σ(x) − (1 − y) log(1 − σ(x)) = max(x, 0) − x y + log(1 + exp(−|x|)), element by element. */
export function logisticLoss(x: Tensor, y: Tensor): Tensor {
  return x.relu().sub(x.mul(y)).add(x.abs().neg().exp().add(1).log());
}

/** The mean cross-entropy of logits [..., V] over labels [...] that are not negative. */
export function meanCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const flat = labels.reshape([-1]);
  const rows = logits.shape.length === 2 ? logits : logits.reshape([-1, logits.fixed(-1)]);
  const losses = rows.crossEntropy(flat);
  return losses.sum().div(flat.greaterOrEqual(0).cast(logits.dtype).sum());
}

/**
 * Of similarities [B, B]: each row belongs to the column of its own place, among all columns (van den Oord et al. 2018,
 * equation 4), and, where columns count, too, the other way round: the mean of a row, or of both ways (Radford et al.
 * 2021, figure 3).
 */
export function contrastiveLoss(similarities: Tensor, { columns = true } = {}): Tensor {
  const own = (x: Tensor): Tensor => meanCrossEntropy(x, iota(x.dim(0), { dtype: "int32" }));
  return columns
    ? own(similarities)
        .add(own(similarities.swap(0, 1)))
        .scale(0.5)
    : own(similarities);
}

/** The loss of a label for each token; undefined without labels. */
export function tokenLoss(logits: Tensor, labels: Tensor | undefined): Tensor | undefined {
  return labels === undefined ? undefined : meanCrossEntropy(logits, labels);
}

/** The loss of causal language models: the logits at a place are for the label at the next. */
export function shiftedLoss(logits: Tensor, labels: Tensor | undefined): Tensor | undefined {
  if (labels === undefined) return undefined;
  const next = labels.slice(1, 1, labels.dim(1)).pad(1, 0, 1, IGNORED);
  return meanCrossEntropy(logits, next);
}

/** From [B, T, 2], where an answer starts and where it ends: logits [B, T] of both, and their mean loss. */
export function spanOutputs(
  logits: Tensor,
  { startPositions, endPositions }: { startPositions: Tensor | undefined; endPositions: Tensor | undefined },
): { loss: Tensor | undefined; startLogits: Tensor; endLogits: Tensor } {
  const [start, end] = logits.split(-1, [1, 1]).map((part) => part.squeeze(-1)) as [Tensor, Tensor];
  if (startPositions === undefined || endPositions === undefined) {
    return { loss: undefined, startLogits: start, endLogits: end };
  }
  const loss = spanLoss(start, startPositions).add(spanLoss(end, endPositions)).scale(0.5);
  return { loss, startLogits: start, endLogits: end };
}

/** Places beyond the text count for nothing; negative ones count as the first. */
function spanLoss(logits: Tensor, places: Tensor): Tensor {
  const inside = places.maximum(0);
  const beyond = inside.greaterOrEqual(logits.sizeValue(logits.dim(1)).cast("int32"));
  return meanCrossEntropy(logits, beyond.where(IGNORED, inside));
}

/** The first position's vectors: [B, T, D] to [B, D]. */
export function firstToken(x: Tensor): Tensor {
  return x.slice(1, 0, 1).squeeze(1);
}

/** The last position's vectors: [B, T, D] to [B, D]. */
export function finalToken(x: Tensor): Tensor {
  return x.slice(1, subtractDimensions(x.dim(1), 1), x.dim(1)).squeeze(1);
}

/** The vectors [B, D] of the last token of each row that is not padding, by the ids [B, T]: of [B, T, D]. */
export function lastToken(x: Tensor, ids: Tensor, paddingId: number | undefined): Tensor {
  return paddingId === undefined ? finalToken(x) : lastReal(x, ids.equal(paddingId).not().cast("int32"));
}

/** The vectors [B, D] of the last token of each row with a 1 in the mask int32[B, T]; of the first where there is none. */
export function lastReal(x: Tensor, mask: Tensor): Tensor {
  const last = mask.mul(iota(x.dim(1), { dtype: "int32" })).max(1, { keep: true }); // [B, 1]
  return atPlaces(x, last).squeeze(1);
}

/** The vectors [B, N, D] of x [B, T, D] at places int32[B, N]. */
export function atPlaces(x: Tensor, places: Tensor): Tensor {
  return x.gatherElements(places.unsqueeze(-1).expand([...places.shape, x.dim(-1)]), 1);
}

/** A classifier without bias over the vectors [B, D] of whole texts: logits [B, C], and the loss where there are labels. */
export function classifyTexts(
  scope: Scope,
  texts: Tensor,
  labels: Tensor | undefined,
  config: ClassifierConfig,
  initial: Initializer,
): { logits: Tensor; loss: Tensor | undefined } {
  const logits = linear(scope, texts, config.labels.length, { bias: false, initial });
  return { logits, loss: classLoss(logits, labels, config) };
}

/** The names that old files have for the weights of norms. */
export const oldNorms: NonNullable<NameRules["renamed"]> = [
  [/\.gamma$/, ".weight"],
  [/\.beta$/, ".bias"],
];
/** Hides the source's padding, [B, 1, 1, S], from the encoder and, from then on, from the decoder; see `visible`. */
export function sourceMask(scope: Scope, attentionMask: Tensor | undefined): Tensor | undefined {
  const mask = visible(attentionMask);
  return mask && scope.once("source_mask", mask);
}

/** What a decoder reads to write `ids` [B, T]: a start token, then all but the last; ignored labels become padding. */
export function shiftRight(ids: Tensor, startId: number, paddingId: number): Tensor {
  const shifted = ids.slice(1, 0, subtractDimensions(ids.dim(1), 1)).pad(1, 1, 0, startId);
  return shifted.equal(IGNORED).where(paddingId, shifted);
}

/** A classifier's two layers with tanh between them, as RoBERTa, ESM, BART and T5 have them: [B, D] to [B, C]. */
export function denseClassifier(
  scope: Scope,
  x: Tensor,
  classes: number,
  { dropout: rate, initial }: { readonly dropout: number; readonly initial: Initializer },
): Tensor {
  const inner = linear(scope.at("dense"), dropout(scope, x, rate), x.fixed(-1), { initial }).tanh();
  return linear(scope.at("out_proj"), dropout(scope, inner, rate), classes, { initial });
}
