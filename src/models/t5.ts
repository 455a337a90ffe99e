/**
 * T5 (Raffel, Shazeer, Roberts, Lee, Narang, Matena, Zhou, Li, Liu: "Exploring the limits of transfer learning with a
 * unified text-to-text Transformer", 2020, section 2.1): an encoder and a decoder with RMSNorm in front of each
 * sub-layer, no biases, and distances instead of positions. Version 1.1 (Shazeer 2020, "GLU variants improve
 * Transformer") has a gated feed-forward network and an output layer of its own. Parameters bear the names of the
 * published checkpoints.
 */
// B batch, S source tokens, T target tokens, D width, H heads, K width of a head, V vocabulary, C classes
import { z } from "zod";
import type { Tensor } from "../graph/index.ts";
import {
  activations,
  attend,
  bothMasks,
  causalMask,
  dropout,
  embeddingTable,
  joinHeads,
  linear,
  relativeBias,
  rmsNorm,
  splitHeads,
  visible,
  type Activation,
  type AttendOptions,
  type Initializer,
  type NameRules,
  type Places,
  type Scope,
} from "../nn/index.ts";
import {
  activationNames,
  configReader,
  count,
  id,
  labelNames,
  optional,
  positive,
  problemType,
  rate,
  type ConfigJson,
  type ConfigOf,
  type Field,
} from "./config-fields.ts";
import { family, head, type InputTensors } from "./family.ts";
import {
  classLabels,
  classLoss,
  decodedPairInputs,
  denseClassifier,
  labeledPairInputs,
  lastReal,
  pairInputs,
  shiftRight,
  sourceMask,
  spanLabels,
  spanOutputs,
  textInputs,
  tokenLabels,
  tokenLoss,
} from "./heads.ts";

/** The hidden layer of the feed-forward networks. */
interface Inner {
  readonly activation: Activation;
  /** Whether it is multiplied by a second projection (Shazeer 2020). */
  readonly gated: boolean;
}

/** `relu` or `gated-gelu`, where the gated GELU is the one by tanh; new files say both halves once more. */
const inner: Field<Inner> = {
  keys: ["feed_forward_proj", "dense_act_fn", "is_gated_act"],
  schema: z.object({ activation: z.enum(Object.keys(activations) as [Activation]), gated: z.boolean() }),
  default: { activation: "relu", gated: false },
  from: ({ feed_forward_proj: both, dense_act_fn: activation, is_gated_act: gated }: ConfigJson) => {
    if (typeof both !== "string") return undefined;
    const [name, isGated] = [both.replace(/^gated-/, ""), both.startsWith("gated-")];
    const said = activation ?? (both === "gated-gelu" ? "gelu_new" : name);
    return { activation: typeof said === "string" ? (activationNames[said] ?? said) : said, gated: gated ?? isGated };
  },
  to: ({ activation, gated }) => {
    const name = activation === "gelu_tanh" ? "gelu_new" : activation;
    const both = gated ? `gated-${activation === "gelu_tanh" ? "gelu" : name}` : name;
    return { feed_forward_proj: both, dense_act_fn: name, is_gated_act: gated };
  },
};

/** The output layer. */
interface Output {
  /** Whether it is the table of embeddings. Where a file has another one beside that, it is not, whatever is said. */
  readonly tied: boolean;
  /** Whether it reads hidden states times 1 / √D, as in version 1.0. */
  readonly scaled: boolean;
}

/** Old files say one word for both. */
const output: Field<Output> = {
  keys: ["tie_word_embeddings", "scale_decoder_outputs"],
  schema: z.object({ tied: z.boolean(), scaled: z.boolean() }),
  default: { tied: true, scaled: true },
  from: ({ tie_word_embeddings: tied, scale_decoder_outputs: scaled }: ConfigJson) => {
    return { tied: tied ?? true, scaled: scaled ?? tied ?? true };
  },
  to: ({ tied, scaled }) => ({ tie_word_embeddings: tied, scale_decoder_outputs: scaled }),
};

const fields = {
  vocabulary: count("vocab_size", 32128),
  width: count(["d_model", "hidden_size"], 512),
  /** K, which is independent of D / H. */
  headWidth: count("d_kv", 64),
  feedForward: count("d_ff", 2048),
  layers: count(["num_layers", "num_hidden_layers"], 6),
  /** As many as the encoder's where absent. */
  decoderLayers: optional(count("num_decoder_layers", 6)),
  heads: count(["num_heads", "num_attention_heads"], 8),
  buckets: count("relative_attention_num_buckets", 32),
  longestDistance: count("relative_attention_max_distance", 128),
  inner,
  dropout: rate("dropout_rate", 0.1),
  classifierDropout: rate("classifier_dropout", 0),
  normEpsilon: positive("layer_norm_epsilon", 1e-6),
  /** What the deviations of all initial weights are multiplied by. */
  initialFactor: positive("initializer_factor", 1),
  output,
  paddingId: id("pad_token_id", 0),
  endId: id("eos_token_id", 1),
  /** What the decoder reads first, where its inputs are made from labels. */
  startId: id("decoder_start_token_id", 0),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a T5. */
export type T5Config = ConfigOf<typeof fields>;

const config = configReader("T5", fields, {
  only: { is_decoder: [false] },
  check: ({ buckets, longestDistance }) => {
    if (buckets < 4) return `relative_attention_num_buckets is ${buckets}; at least 4 are two for each side.`;
    if (longestDistance > buckets / 2) return undefined;
    return `relative_attention_max_distance ${longestDistance} must be above half of the ${buckets} buckets.`;
  },
});

/** Normal with a deviation of `factor` / √fan. */
const normal = ({ initialFactor }: T5Config, fan = 1): Initializer => ({
  kind: "normal",
  deviation: initialFactor / Math.sqrt(fan),
});
const dense = (scope: Scope, x: Tensor, out: number, initial: Initializer): Tensor =>
  linear(scope, x, out, { bias: false, initial });

/** The table of words of source, target and, where tied, output: [V, D]. */
const words = (scope: Scope, config: T5Config): Tensor =>
  embeddingTable(scope.at("shared"), config.vocabulary, config.width, normal(config));

/** How the layers of one side attend. */
interface Side {
  readonly name: "encoder" | "decoder";
  readonly layers: number;
  /** Distances and what is hidden, added to the scores of self-attention: [B or 1, H, T, past + T]. */
  readonly bias: Tensor;
  /** The encoder's output and what of it is hidden, for a decoder. */
  readonly source?: { readonly memory: Tensor; readonly mask: Tensor | undefined };
}

/** The encoder: ids [B, S] to hidden states [B, S, D]. */
function encoder(scope: Scope, config: T5Config, table: Tensor, ids: Tensor, mask: Tensor | undefined): Tensor {
  const distances = biasOf(scope, config, { time: ids.dim(1), past: 0 }, true);
  const bias = mask === undefined ? distances : distances.add(mask);
  const hidden = stack(scope, config, table.gather(ids), { name: "encoder", layers: config.layers, bias });
  return scope.publish("encoderLastHiddenState", hidden);
}

/** The encoder over the source and the decoder over what is written: hidden states [B, T, D]. */
function t5(scope: Scope, config: T5Config, inputs: InputTensors<typeof decodedPairInputs>): Tensor {
  const { decoderInputIds: ids, decoderAttentionMask } = inputs;
  const table = words(scope, config);
  const mask = sourceMask(scope, inputs.attentionMask);
  const memory = encoder(scope.at("encoder"), config, table, inputs.inputIds, mask);
  const writing = scope.at("decoder");
  const [time, past] = [ids.dim(1), scope.past];
  const hidden = bothMasks(causalMask(time, past), visible(decoderAttentionMask));
  const bias = biasOf(writing, config, { time, past }, false).add(hidden);
  const layers = config.decoderLayers ?? config.layers;
  return stack(writing, config, table.gather(ids), { name: "decoder", layers, bias, source: { memory, mask } });
}

/** Distances in buckets, whose table is the first layer's, for all layers (section 2.1): [1, H, T, past + T]. */
function biasOf(scope: Scope, config: T5Config, places: Places, bothSides: boolean): Tensor {
  const { buckets, longestDistance: longest, heads, width } = config;
  const table = scope.at("block.0.layer.0.SelfAttention.relative_attention_bias");
  return relativeBias(table, heads, places, { buckets, longest, bothSides, initial: normal(config, width) });
}

/** The layers of one side and the last norm: [B, T, D] to [B, T, D]. */
function stack(scope: Scope, config: T5Config, embedded: Tensor, side: Side): Tensor {
  const { name, layers, bias, source } = side;
  let x = dropout(scope, scope.record("embeddings", embedded), config.dropout);
  for (let i = 0; i < layers; i++) {
    x = scope.publish(`${name}HiddenStates.${i}`, x);
    const block = scope.at("block", i);
    const keep = name === "decoder" ? "append" : undefined;
    const own = { mask: bias, publish: `${name}Attentions.${i}`, keep } as const;
    x = residual(block.at("layer", 0), config, x, (layer, y) =>
      attention(layer.at("SelfAttention"), config, y, { ...own, memory: y }),
    );
    if (source !== undefined) {
      const cross = { ...source, publish: `crossAttentions.${i}`, keep: "once" } as const;
      x = residual(block.at("layer", 1), config, x, (layer, y) =>
        attention(layer.at("EncDecAttention"), config, y, cross),
      );
    }
    const last = block.at("layer", source === undefined ? 1 : 2);
    x = residual(last, config, x, (layer, y) => feedForward(layer.at("DenseReluDense"), config, y));
    x = block.checkpoint(block.record("hidden", x));
  }
  const normed = rmsNorm(scope.at("final_layer_norm"), x, config.normEpsilon);
  return scope.publish(`${name}HiddenStates.${layers}`, dropout(scope, normed, config.dropout));
}

/** x + Sublayer(RMSNorm(x)). */
function residual(scope: Scope, config: T5Config, x: Tensor, sublayer: (scope: Scope, y: Tensor) => Tensor): Tensor {
  const normed = rmsNorm(scope.at("layer_norm"), x, config.normEpsilon);
  return x.add(dropout(scope, sublayer(scope, normed), config.dropout));
}

/** What attention is given beside tokens. */
interface Attention extends Pick<AttendOptions, "mask" | "publish"> {
  /** What is attended to, [B, S, D]. */
  readonly memory: Tensor;
  /** How keys and values are kept for later positions, if at all. */
  readonly keep?: "append" | "once" | undefined;
}

/** softmax(Q Kᵀ + distances) V: scores are not scaled, for the queries' initial weights are. [B, T, D] to [B, T, D]. */
function attention(scope: Scope, config: T5Config, x: Tensor, { memory, keep, ...options }: Attention): Tensor {
  const { heads, headWidth, width, dropout: rate } = config;
  const project = (name: string, from: Tensor, fan: number): Tensor =>
    splitHeads(dense(scope.at(name), from, heads * headWidth, normal(config, fan)), heads);
  const kept = (name: string, value: Tensor): Tensor => (keep === undefined ? value : scope[keep](name, value));
  const query = project("q", x, width * headWidth); // [B, H, T, K]
  const key = kept("key", project("k", memory, width)); // [B, H, S, K]
  const value = kept("value", project("v", memory, width)); // [B, H, S, K]
  const context = attend(scope, query, key, value, { ...options, dropout: rate, scale: 1 });
  return dense(scope.at("o"), joinHeads(context), width, normal(config, heads * headWidth));
}

/** W₂ · activation(W₁ x), the inner product by a second one of x where it is gated: [B, T, D] to [B, T, D]. */
function feedForward(scope: Scope, config: T5Config, x: Tensor): Tensor {
  const { width, feedForward: hidden, inner } = config;
  const project = (name: string): Tensor => dense(scope.at(name), x, hidden, normal(config, width));
  const activated = activations[inner.activation](project(inner.gated ? "wi_0" : "wi"));
  const product = inner.gated ? activated.mul(project("wi_1")) : activated;
  return dense(scope.at("wo"), dropout(scope, product, config.dropout), width, normal(config, hidden));
}

/** Logits [B, T, V] of the token after each position. */
function logitsOf(scope: Scope, config: T5Config, hidden: Tensor): Tensor {
  const { width, vocabulary, output } = config;
  const scaled = output.scaled ? hidden.scale(1 / Math.sqrt(width)) : hidden;
  return scaled.linear(
    output.tied ? words(scope, config) : embeddingTable(scope.at("lm_head"), vocabulary, width, normal(config)),
  );
}

/** The encoder alone: hidden states [B, S, D]. */
function encoded(
  scope: Scope,
  config: T5Config,
  { inputIds, attentionMask }: InputTensors<typeof encoderInputs>,
): Tensor {
  return encoder(scope.at("encoder"), config, words(scope, config), inputIds, visible(attentionMask));
}

const { inputIds, attentionMask } = textInputs;
const encoderInputs = { inputIds, attentionMask };

/** The body, with the source shifted for the decoder to read where nothing is given. */
function t5OfSource(scope: Scope, config: T5Config, inputs: InputTensors<typeof pairInputs>): Tensor {
  const read = inputs.decoderInputIds ?? shiftRight(inputs.inputIds, config.startId, config.paddingId);
  return t5(scope, config, { ...inputs, decoderInputIds: read });
}

/** Names of files: all tables of words are copies of the shared one, in front of which some heads have a prefix. */
const copiesOf = (prefix: string): Record<string, string> => ({
  [`${prefix}encoder.embed_tokens.weight`]: `${prefix}shared.weight`,
  [`${prefix}decoder.embed_tokens.weight`]: `${prefix}shared.weight`,
});
const inside: NameRules = {
  base: "transformer",
  tied: copiesOf("transformer."),
  ignored: [/decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$/],
  heads: [/^(transformer\.)?(lm_head|qa_outputs|classification_head|classifier)\./],
};
const bare = { ...inside, base: undefined };
const encoderOnly = { ...inside, ignored: [/^(transformer\.)?decoder\./] };

const of = head<T5Config>();

const heads = {
  T5ForConditionalGeneration: of({
    task: "conditional-generation",
    inputs: labeledPairInputs,
    compute: (scope, config, { labels, decoderInputIds, ...inputs }) => {
      const read = decoderInputIds ?? shiftRight(labels!, config.startId, config.paddingId);
      const hidden = t5(scope, config, { ...inputs, decoderInputIds: read });
      const logits = logitsOf(scope, config, hidden);
      return { logits, loss: tokenLoss(logits, labels) };
    },
    names: ({ output }) => ({
      ...bare,
      tied: { ...copiesOf(""), ...(output.tied && { "lm_head.weight": "shared.weight" }) },
    }),
  }),
  T5Model: of({
    task: "features",
    inputs: decodedPairInputs,
    compute: (scope, config, inputs) => ({ lastHiddenState: t5(scope, config, inputs) }),
  }),
  T5EncoderModel: of({
    task: "features",
    inputs: encoderInputs,
    compute: (scope, config, inputs) => ({ lastHiddenState: encoded(scope, config, inputs) }),
    names: () => encoderOnly,
  }),
  /** From the decoder's vector at the last </s>, so the decoder must read as many tokens as the source has. */
  T5ForSequenceClassification: of({
    task: "sequence-classification",
    inputs: (config) => ({ ...pairInputs, ...classLabels(config) }),
    compute: (scope, config, { labels, ...inputs }) => {
      const hidden = t5OfSource(scope.at("transformer"), config, inputs);
      const ends = inputs.inputIds.equal(config.endId);
      const options = { dropout: config.classifierDropout, initial: normal(config, config.width) };
      const classifier = scope.at("classification_head");
      const logits = denseClassifier(classifier, lastReal(hidden, ends.cast("int32")), config.labels.length, options);
      return { logits, loss: classLoss(logits, labels, config) };
    },
  }),
  /** From the encoder alone. */
  T5ForTokenClassification: of({
    task: "token-classification",
    inputs: { ...encoderInputs, ...tokenLabels },
    compute: (scope, config, { labels, ...inputs }) => {
      const hidden = dropout(scope, encoded(scope.at("transformer"), config, inputs), config.classifierDropout);
      const logits = linear(scope.at("classifier"), hidden, config.labels.length, { initial: normal(config) });
      return { logits, loss: tokenLoss(logits, labels) };
    },
    names: () => encoderOnly,
  }),
  T5ForQuestionAnswering: of({
    task: "question-answering",
    inputs: { ...pairInputs, ...spanLabels },
    compute: (scope, config, { startPositions, endPositions, ...inputs }) => {
      const hidden = t5OfSource(scope, config, inputs);
      const spans = linear(scope.at("qa_outputs"), hidden, 2, { initial: normal(config, config.width) });
      return { ...spanOutputs(spans, { startPositions, endPositions }) };
    },
    names: () => ({ ...bare, tied: copiesOf("") }),
  }),
};

const large = { width: 1024, layers: 24, heads: 16 };
/** Version 1.1: gated GELU, an output layer of its own, and widths that differ from those of the first version. */
const second = { inner: { activation: "gelu_tanh", gated: true }, output: { tied: false, scaled: false } } as const;

export const t5Family = family<T5Config>({
  modelType: "t5",
  config,
  heads,
  names: () => inside,
  untied: (config) => ({ ...config, output: { ...config.output, tied: false } }),
  /** Section 3.7 and the published checkpoints. */
  presets: {
    "t5-small": {},
    "t5-base": { width: 768, feedForward: 3072, layers: 12, heads: 12 },
    "t5-large": { ...large, feedForward: 4096 },
    "t5-3b": { ...large, headWidth: 128, feedForward: 16384, heads: 32 },
    "t5-11b": { ...large, headWidth: 128, feedForward: 65536, heads: 128 },
    "t5-v1_1-small": { ...second, feedForward: 1024, layers: 8, heads: 6 },
    "t5-v1_1-base": { ...second, width: 768, feedForward: 2048, layers: 12, heads: 12 },
    "t5-v1_1-large": { ...second, ...large, feedForward: 2816 },
    "t5-v1_1-xl": { ...second, width: 2048, feedForward: 5120, layers: 24, heads: 32 },
    "t5-v1_1-xxl": { ...second, width: 4096, feedForward: 10240, layers: 24, heads: 64 },
  },
});
