/** What a forward call of each kind of model gives, by Hugging Face's names in camelCase. */
import type { ModelTask } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";

/** The outputs of the heads for each task: those that are always there, and those of some families or inputs. */
export const taskOutputs = {
  features: { always: [], sometimes: ["lastHiddenState", "poolerOutput", "textEmbeds", "imageEmbeds"] },
  "masked-lm": { always: ["logits"], sometimes: ["loss"] },
  "causal-lm": { always: [], sometimes: ["logits", "predictionScores", "loss"] },
  "conditional-generation": { always: ["logits"], sometimes: ["loss"] },
  "sequence-classification": { always: ["logits"], sometimes: ["loss"] },
  "token-classification": { always: ["logits"], sometimes: ["loss"] },
  "question-answering": { always: ["startLogits", "endLogits"], sometimes: ["loss"] },
  "multiple-choice": { always: ["logits"], sometimes: ["loss", "mcLogits", "mcLoss"] },
  "next-sentence": { always: ["logits"], sometimes: ["loss"] },
  "pre-training": {
    always: [],
    sometimes: ["logits", "predictionLogits", "seqRelationshipLogits", "sopLogits", "loss"],
  },
  "image-classification": { always: ["logits"], sometimes: ["loss"] },
  "masked-image": { always: ["reconstruction"], sometimes: ["loss"] },
  "image-text": {
    always: [],
    sometimes: [
      ...["logitsPerImage", "logitsPerText", "textEmbeds", "imageEmbeds", "loss"],
      ...["textModelOutput.lastHiddenState", "textModelOutput.poolerOutput"],
      ...["visionModelOutput.lastHiddenState", "visionModelOutput.poolerOutput"],
    ] as const,
  },
} as const satisfies Readonly<
  Record<ModelTask, { readonly always: readonly string[]; readonly sometimes: readonly string[] }>
>;

type Outputs = typeof taskOutputs;
type Always<T extends ModelTask> = Outputs[T]["always"][number];
type Sometimes<T extends ModelTask> = Outputs[T]["sometimes"][number];

/** The inner tensors that there is one of for each layer, by their common name, and what asks for them. */
export const layerGroups = {
  hiddenStates: "hiddenStates",
  encoderHiddenStates: "hiddenStates",
  decoderHiddenStates: "hiddenStates",
  attentions: "attentions",
  encoderAttentions: "attentions",
  decoderAttentions: "attentions",
  crossAttentions: "attentions",
} as const satisfies Readonly<Record<string, keyof ForwardOptions>>;
/** The name of such a group. */
export type LayerGroup = keyof typeof layerGroups;

/** Which groups a forward call gives beside the outputs. */
export interface ForwardOptions {
  /** The input of each layer and the last one's output, [batch, time, width]. Default: false. */
  readonly hiddenStates?: boolean | undefined;
  /** The attention weights of each layer, [batch, heads, queries, keys]. Default: false. */
  readonly attentions?: boolean | undefined;
}

/**
 * What a forward call of a model for a task gives. Groups that were not asked for, or that the model does not have,
 * are empty; an encoder-decoder has those with `encoder`, `decoder` and `cross` in their names.
 */
export type ForwardResults<T extends ModelTask> = {
  readonly [N in ModelTask extends T ? never : Always<T>]: HostTensor;
} & {
  readonly [N in ModelTask extends T ? Always<ModelTask> | Sometimes<ModelTask> : Sometimes<T>]?: HostTensor;
} & { readonly [G in LayerGroup]: readonly HostTensor[] };
