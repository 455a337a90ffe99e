/**
 * ViT (Dosovitskiy et al.: "An image is worth 16×16 words: Transformers for image recognition at scale", 2021): the
 * encoder over patches of an image and a class token, with LayerNorm in front of each sub-layer (section 3.1). Masked
 * patches are learned as in SimMIM (Xie et al. 2022). Parameters bear the names of the published checkpoints.
 */
// B batch, C channels, h × w pixels, P a patch's side, N patches, T = N + 1, D width
import type { Tensor } from "../graph/index.ts";
import {
  activations,
  attend,
  dropout,
  joinHeads,
  layerNorm,
  linear,
  patchEmbedding,
  patchPositions,
  pixelMask,
  pixelShuffle,
  splitHeads,
  withClassToken,
  type Initializer,
  type Scope,
} from "../nn/index.ts";
import {
  activation,
  configReader,
  count,
  flag,
  labelNames,
  optional,
  positive,
  problemType,
  rate,
  type ConfigOf,
} from "./config-fields.ts";
import { family, head, maybe, type InputTensors } from "./family.ts";
import { classLabels, classLoss, firstToken, imageInputs } from "./heads.ts";

const fields = {
  width: count("hidden_size", 768),
  layers: count("num_hidden_layers", 12),
  heads: count("num_attention_heads", 12),
  feedForward: count("intermediate_size", 3072),
  activation: activation("hidden_act", "gelu"),
  dropout: rate("hidden_dropout_prob", 0),
  attentionDropout: rate("attention_probs_dropout_prob", 0),
  deviation: positive("initializer_range", 0.02),
  normEpsilon: positive("layer_norm_eps", 1e-12),
  /** Height and width of an image, and of a patch. */
  imageSize: count("image_size", 224),
  patch: count("patch_size", 16),
  channels: count("num_channels", 3),
  /** Whether queries, keys and values have biases. */
  projectionBias: flag("qkv_bias", true),
  /** Of a patch that is painted anew. */
  paintedPatch: count("encoder_stride", 16),
  /** Width of the summary; the model's where absent. */
  pooledWidth: optional(count("pooler_output_size", 1)),
  pooledActivation: activation("pooler_act", "tanh"),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a ViT. */
export type VitConfig = ConfigOf<typeof fields>;

const config = configReader("ViT", fields, {
  check: ({ width, heads, imageSize, patch }) => {
    if (width % heads !== 0) return `hidden_size ${width} does not divide into ${heads} heads.`;
    return imageSize < patch ? `image_size ${imageSize} is below patch_size ${patch}.` : undefined;
  },
});

/** N of images of the config's size. */
const patchesIn = ({ imageSize, patch }: VitConfig): number => Math.floor(imageSize / patch) ** 2;

type Inputs = InputTensors<ReturnType<typeof imageInputs>> & { readonly boolMaskedPos?: Tensor | undefined };

const normal = ({ deviation }: VitConfig): Initializer => ({ kind: "normal", deviation });
const norm = (scope: Scope, x: Tensor, { normEpsilon }: VitConfig): Tensor => layerNorm(scope, x, normEpsilon);
const dense = (scope: Scope, config: VitConfig, x: Tensor, out: number, bias = true): Tensor =>
  linear(scope, x, out, { bias, initial: normal(config) });

/** Figure 1: images [B, C, h, w] to [B, T, D], behind the last norm. */
function body(scope: Scope, config: VitConfig, inputs: Inputs, masked: boolean): Tensor {
  let x = embeddings(scope.at("embeddings"), config, inputs, masked);
  x = scope.publish("hiddenStates.0", x);
  for (let i = 0; i < config.layers; i++) {
    x = layer(scope.at("encoder.layer", i), config, x, `attentions.${i}`);
    x = scope.checkpoint(scope.publish(`hiddenStates.${i + 1}`, x));
  }
  return norm(scope.at("layernorm"), x, config);
}

/** Patches and the class token, with positions (equation 1). Masked patches are all the same vector. */
function embeddings(scope: Scope, config: VitConfig, inputs: Inputs, masked: boolean): Tensor {
  const { width, patch } = config;
  const { pixelValues: pixels, boolMaskedPos, interpolatePosEncoding } = inputs;
  const projection = scope.at("patch_embeddings.projection");
  let patches = patchEmbedding(projection, pixels, { patch, width, bias: true, initial: normal(config) });
  if (masked) {
    const token = scope.parameter("mask_token", [1, 1, width], { kind: "zeros" });
    patches = boolMaskedPos === undefined ? patches : boolMaskedPos.equal(0).not().unsqueeze(-1).where(token, patches);
  }
  const x = withClassToken(scope.parameter("cls_token", [1, 1, width], normal(config)), patches);
  const places = [1, patchesIn(config) + 1, width];
  const table = scope.parameter("position_embeddings", places, normal(config)).squeeze(0);
  const positions = patchPositions(table, { pixels, patch, interpolate: interpolatePosEncoding !== undefined });
  return dropout(scope, x.add(positions), config.dropout);
}

/** Self-attention and feed-forward network, each behind a norm and added to its input (equations 2 and 3). */
function layer(scope: Scope, config: VitConfig, x: Tensor, publish: string): Tensor {
  const { width, heads, feedForward, projectionBias, attentionDropout } = config;
  const add = (path: string, from: Tensor, to: Tensor): Tensor =>
    to.add(dropout(scope, dense(scope.at(path), config, from, width), config.dropout));
  const normed = norm(scope.at("layernorm_before"), x, config);
  const self = scope.at("attention.attention");
  const project = (name: string): Tensor =>
    splitHeads(dense(self.at(name), config, normed, width, projectionBias), heads);
  const options = { dropout: attentionDropout, publish };
  const context = attend(self, project("query"), project("key"), project("value"), options);
  const attended = add("attention.output.dense", joinHeads(context), x);
  const behind = norm(scope.at("layernorm_after"), attended, config);
  const inner = activations[config.activation](dense(scope.at("intermediate.dense"), config, behind, feedForward));
  return add("output.dense", inner, attended);
}

/** A summary of the image from the class token: [B, T, D] to [B, D]. */
function pooler(scope: Scope, config: VitConfig, hidden: Tensor): Tensor {
  const { width, pooledWidth = width, pooledActivation } = config;
  return activations[pooledActivation](dense(scope.at("dense"), config, firstToken(hidden), pooledWidth));
}

/** Images painted from their patches [B, T, D], and how far the masked ones are off: the mean |difference| of a pixel. */
function painted(scope: Scope, config: VitConfig, hidden: Tensor, { pixelValues: pixels, boolMaskedPos }: Inputs) {
  const { patch, paintedPatch: side, channels, width } = config;
  const rows = Math.sqrt(patchesIn(config));
  const size = side * side * channels;
  // A convolution whose kernel is one element, over patches: a product for each.
  const weight = scope.parameter("weight", [size, width, 1, 1], normal(config)).reshape([size, width]);
  const vectors = hidden.slice(1, 1, hidden.dim(1)).linear(weight, scope.parameter("bias", [size], { kind: "zeros" }));
  const reconstruction = pixelShuffle(vectors, rows, rows, side);
  if (boolMaskedPos === undefined || side !== patch) return { loss: undefined, reconstruction };
  const mask = pixelMask(boolMaskedPos.equal(0).not().cast("float32"), rows, rows, patch);
  const seen = pixels.slice(2, 0, reconstruction.dim(2)).slice(3, 0, reconstruction.dim(3));
  const error = seen.sub(reconstruction).abs().mul(mask).sum();
  return { loss: error.div(mask.sum().add(1e-5)).scale(1 / channels), reconstruction };
}

const of = head<VitConfig>();
const imageNet = Array.from({ length: 1000 }, (_, i) => `LABEL_${i}`);

export const vitFamily = family<VitConfig>({
  modelType: "vit",
  config,
  heads: {
    ViTModel: of({
      task: "features",
      inputs: imageInputs,
      compute: (scope, config, inputs) => {
        const lastHiddenState = body(scope, config, inputs, false);
        return { lastHiddenState, poolerOutput: pooler(scope.at("pooler"), config, lastHiddenState) };
      },
    }),
    ViTForImageClassification: of({
      task: "image-classification",
      inputs: (config, given) => ({ ...imageInputs(config, given), ...classLabels(config) }),
      compute: (scope, config, { labels, ...inputs }) => {
        const first = firstToken(body(scope.at("vit"), config, inputs, false));
        const logits = dense(scope.at("classifier"), config, first, config.labels.length);
        return { logits, loss: classLoss(logits, labels, config) };
      },
    }),
    ViTForMaskedImageModeling: of({
      task: "masked-image",
      // Which patches are hidden: 1 where one is. The library has no loss for images of other sizes.
      inputs: (config) => ({
        pixelValues: imageInputs(config, new Set()).pixelValues,
        boolMaskedPos: maybe("int32", "batch", patchesIn(config)),
      }),
      compute: (scope, config, inputs) => {
        const hidden = body(scope.at("vit"), config, inputs, true);
        return painted(scope.at("decoder.0"), config, hidden, inputs);
      },
    }),
  },
  names: () => ({ base: "vit", heads: [/^vit\.pooler\./, /^vit\.embeddings\.mask_token$/] }),
  /** Table 1, and the size of patches and images. */
  presets: {
    "vit-base-patch16-224": { labels: imageNet },
    "vit-large-patch16-224": { width: 1024, layers: 24, heads: 16, feedForward: 4096, labels: imageNet },
    "vit-huge-patch14-224": {
      ...{ width: 1280, layers: 32, heads: 16, feedForward: 5120, patch: 14, paintedPatch: 14 },
      labels: imageNet,
    },
  },
});
