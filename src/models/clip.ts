/**
 * CLIP (Radford et al.: "Learning transferable visual models from natural language supervision", 2021): a tower over
 * patches and a causal tower over words, whose summaries of an image and of its caption point in the same direction
 * (figure 3). Parameters bear the names of the published checkpoints.
 */
// B texts, I images, T tokens, C channels, P a patch's side, N patches, D a tower's width, E the common width
import { z } from "zod";
import type { Tensor } from "../graph/index.ts";
import {
  activations,
  attend,
  bothMasks,
  causalMask,
  embeddingTable,
  joinHeads,
  layerNorm,
  linear,
  lookUp,
  patchEmbedding,
  patchPositions,
  splitHeads,
  visible,
  withClassToken,
  type Initializer,
  type NameRules,
  type Scope,
} from "../nn/index.ts";
import {
  activation,
  configReader,
  count,
  field,
  id,
  labelNames,
  positive,
  problemType,
  rate,
  section,
  type ConfigOf,
} from "./config-fields.ts";
import { wordInputs } from "./text-heads.ts";
import { family, head, neededUnless, option, type Head, type InputTensors, type Outputs } from "./family.ts";
import { atPlaces, classLabels, classLoss, contrastiveLoss, firstToken, imageInputs } from "./heads.ts";
import { unitVectors } from "./pooling.ts";

/** What both towers say in their configs. */
const towerFields = {
  layers: count("num_hidden_layers", 12),
  activation: activation("hidden_act", "quick_gelu"),
  attentionDropout: rate("attention_dropout", 0),
  normEpsilon: positive("layer_norm_eps", 1e-5),
  /** Of fresh positions and patches. */
  deviation: positive("initializer_range", 0.02),
  /** What all fresh weights are multiplied by. */
  factor: positive("initializer_factor", 1),
  /** E. */
  common: count("projection_dim", 512),
};

const textFields = {
  ...towerFields,
  vocabulary: count("vocab_size", 49408),
  width: count("hidden_size", 512),
  heads: count("num_attention_heads", 8),
  feedForward: count("intermediate_size", 2048),
  maxPositions: count("max_position_embeddings", 77),
  /** The token whose vector is the text's summary. Old files say 2, and mean the largest id of the text. */
  endId: id("eos_token_id", 49407),
};
/** Sizes and choices of the tower over words. */
export type ClipTextConfig = ConfigOf<typeof textFields>;

const visionFields = {
  ...towerFields,
  width: count("hidden_size", 768),
  heads: count("num_attention_heads", 12),
  feedForward: count("intermediate_size", 3072),
  /** Height and width of an image, and of a patch. */
  imageSize: count("image_size", 224),
  patch: count("patch_size", 32),
  channels: count("num_channels", 3),
};
/** Sizes and choices of the tower over patches. */
export type ClipVisionConfig = ConfigOf<typeof visionFields>;

const evenHeads = ({ width, heads }: { readonly width: number; readonly heads: number }): string | undefined =>
  width % heads === 0 ? undefined : `hidden_size ${width} does not divide into ${heads} heads.`;
const textConfig = configReader("CLIP text", textFields, { check: evenHeads });
const visionConfig = configReader("CLIP vision", visionFields, { check: evenHeads });

const fields = {
  // Where an old file has a section twice, the one with `_dict` is the whole truth for the library.
  text: section("text_config", textConfig, "text_config_dict"),
  vision: section("vision_config", visionConfig, "vision_config_dict"),
  common: count("projection_dim", 512),
  /** Where the logarithm of what similarities are multiplied by starts. */
  scale: field("logit_scale_init_value", z.number(), 2.6592),
  factor: positive("initializer_factor", 1),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a CLIP. */
export type ClipConfig = ConfigOf<typeof fields>;

type TowerConfig = ConfigOf<typeof towerFields> & Pick<ClipTextConfig, "width" | "heads" | "feedForward">;
/** The hidden states of a tower, and the vector that stands for all of them: [.., T, D] and [.., D]. */
interface Tower {
  readonly lastHiddenState: Tensor;
  readonly poolerOutput: Tensor;
}

const normal = (deviation: number): Initializer => ({ kind: "normal", deviation });
const norm = (scope: Scope, x: Tensor, { normEpsilon }: TowerConfig): Tensor => layerNorm(scope, x, normEpsilon);

/** The layers (section 2.4), with `prefix` before the names of what they publish: [.., T, D] to [.., T, D]. */
function layers(scope: Scope, config: TowerConfig, x: Tensor, mask: Tensor | undefined, prefix: string): Tensor {
  x = scope.publish(`${prefix}hiddenStates.0`, x);
  for (let i = 0; i < config.layers; i++) {
    const place = scope.at("encoder.layers", i);
    const options = { mask, dropout: config.attentionDropout, publish: `${prefix}attentions.${i}` };
    x = x.add(selfAttention(place.at("self_attn"), config, norm(place.at("layer_norm1"), x, config), options));
    x = x.add(feedForward(place.at("mlp"), config, norm(place.at("layer_norm2"), x, config)));
    x = scope.checkpoint(scope.publish(`${prefix}hiddenStates.${i + 1}`, x));
  }
  return x;
}

/** Fresh weights are smaller where many layers add up; the second number is for those that read a layer's input. */
function deviations({ width, layers, factor }: TowerConfig): readonly [out: number, into: number, hidden: number] {
  return [width ** -0.5 * factor, (2 * width * layers) ** -0.5 * factor, (2 * width) ** -0.5 * factor];
}

function selfAttention(scope: Scope, config: TowerConfig, x: Tensor, options: Parameters<typeof attend>[4]): Tensor {
  const { width, heads } = config;
  const [out, into] = deviations(config);
  const project = (name: string): Tensor =>
    splitHeads(linear(scope.at(name), x, width, { initial: normal(into) }), heads);
  const context = attend(scope, project("q_proj"), project("k_proj"), project("v_proj"), options);
  return linear(scope.at("out_proj"), joinHeads(context), width, { initial: normal(out) });
}

function feedForward(scope: Scope, config: TowerConfig, x: Tensor): Tensor {
  const [, into, hidden] = deviations(config);
  const inner = linear(scope.at("fc1"), x, config.feedForward, { initial: normal(hidden) });
  return linear(scope.at("fc2"), activations[config.activation](inner), config.width, { initial: normal(into) });
}

type TextTensors = InputTensors<typeof wordInputs>;

/** Texts [B, T], each of them summarized at its end token, behind the last norm. */
function textTower(scope: Scope, config: ClipTextConfig, inputs: TextTensors, prefix = ""): Tower {
  const { inputIds, attentionMask, positionIds } = inputs;
  const { vocabulary, width, maxPositions, factor, endId } = config;
  const table = (name: string, rows: number): Tensor =>
    embeddingTable(scope.at("embeddings", name), rows, width, normal(0.02 * factor));
  const places = table("position_embedding", maxPositions);
  const time = inputIds.dim(1);
  const positions = positionIds === undefined ? places.slice(0, 0, time) : lookUp(places, positionIds);
  const x = lookUp(table("token_embedding", vocabulary), inputIds).add(positions);
  const hidden = layers(scope, config, x, bothMasks(causalMask(time), visible(attentionMask)), prefix);
  const lastHiddenState = norm(scope.at("final_layer_norm"), hidden, config);
  const ends = endId === 2 ? inputIds : inputIds.equal(endId).cast("int32");
  const poolerOutput = atPlaces(lastHiddenState, ends.argMax(1, { keep: true })).squeeze(1);
  return { lastHiddenState, poolerOutput };
}

type ImageTensors = InputTensors<ReturnType<typeof imageInputs>>;

/** Images [I, C, h, w], each of them summarized by its class token, which alone is normed at the end. */
function visionTower(scope: Scope, config: ClipVisionConfig, inputs: ImageTensors, prefix = ""): Tower {
  const { pixelValues: pixels, interpolatePosEncoding } = inputs;
  const { width, patch, imageSize, factor } = config;
  const initial = normal(config.deviation * factor);
  const place = scope.at("embeddings");
  const patches = patchEmbedding(place.at("patch_embedding"), pixels, { patch, width, bias: false, initial });
  const token = place.parameter("class_embedding", [width], normal(width ** -0.5 * factor));
  const count = Math.floor(imageSize / patch) ** 2 + 1;
  const table = embeddingTable(place.at("position_embedding"), count, width, initial);
  const positions = patchPositions(table, { pixels, patch, interpolate: interpolatePosEncoding !== undefined });
  // The name is misspelled in all checkpoints.
  const x = norm(scope.at("pre_layrnorm"), withClassToken(token, patches).add(positions), config);
  const lastHiddenState = layers(scope, config, x, undefined, prefix);
  return { lastHiddenState, poolerOutput: norm(scope.at("post_layernorm"), firstToken(lastHiddenState), config) };
}

/** A summary [.., D] in the space that images and texts share: [.., E]. */
const projected = (scope: Scope, x: Tensor, common: number, factor: number): Tensor =>
  linear(scope, x, common, { bias: false, initial: normal(x.fixed(-1) ** -0.5 * factor) });

/** How near texts and images are (figure 3), of which either may be left out. */
function match(scope: Scope, config: ClipConfig, inputs: InputTensors<ReturnType<typeof pairInputs>>): Outputs {
  const { inputIds, pixelValues, returnLoss } = inputs;
  const { text, vision, common, factor } = config;
  const [ofText, ofImage] = ["textModelOutput.", "visionModelOutput."];
  const summarized = (place: string, tower: Tower): Tower => {
    return { ...tower, poolerOutput: projected(scope.at(place), tower.poolerOutput, common, factor) };
  };
  const image =
    pixelValues &&
    summarized("visual_projection", visionTower(scope.at("vision_model"), vision, { ...inputs, pixelValues }, ofImage));
  const words =
    inputIds && summarized("text_projection", textTower(scope.at("text_model"), text, { ...inputs, inputIds }, ofText));
  const scale = scope.parameter("logit_scale", [], { kind: "values", values: [config.scale] });
  const [imageEmbeds, textEmbeds] = [
    image && unitVectors(image.poolerOutput),
    words && unitVectors(words.poolerOutput),
  ];
  const logitsPerText = textEmbeds && imageEmbeds && textEmbeds.matmul(imageEmbeds.swap(0, 1)).mul(scale.exp());
  const logitsPerImage = logitsPerText?.swap(0, 1);
  return {
    ...named(ofImage, image),
    ...named(ofText, words),
    ...{ imageEmbeds, textEmbeds, logitsPerText, logitsPerImage },
    loss: returnLoss && logitsPerText && contrastiveLoss(logitsPerText),
  };
}

const named = (prefix: string, tower: Tower | undefined): Outputs =>
  Object.fromEntries(Object.entries(tower ?? {}).map(([name, x]) => [`${prefix}${name}`, x as Tensor]));

/** Texts and images: as many of each where there is a loss. */
function pairInputs({ vision }: ClipConfig, given: ReadonlySet<string>) {
  const images = imageInputs(vision, given, given.has("returnLoss") ? "batch" : "images");
  const { dtype, shape } = images.pixelValues;
  return {
    ...wordInputs,
    inputIds: neededUnless("pixelValues", "int32", "batch", "time"),
    ...images,
    pixelValues: neededUnless("inputIds", dtype, ...shape),
    returnLoss: option(),
  };
}

/** The heads of one tower, in its own folder or in that of a whole CLIP. */
function textHeads<C>(part: (config: C) => ClipTextConfig): Readonly<Record<string, Head<C>>> {
  const of = head<C>();
  return {
    CLIPTextModelWithProjection: of({
      task: "features",
      inputs: wordInputs,
      compute: (scope, config, inputs) => {
        const { common, factor } = part(config);
        const { lastHiddenState, poolerOutput } = textTower(scope.at("text_model"), part(config), inputs);
        return { lastHiddenState, textEmbeds: projected(scope.at("text_projection"), poolerOutput, common, factor) };
      },
      names: () => names("text_model"),
    }),
    CLIPTextModel: of({
      task: "features",
      inputs: wordInputs,
      compute: (scope, config, inputs) => ({ ...textTower(scope, part(config), inputs) }),
      names: () => names("text_model"),
    }),
  };
}

function visionHeads<C>(part: (config: C) => ClipVisionConfig): Readonly<Record<string, Head<C>>> {
  const of = head<C>();
  return {
    CLIPVisionModelWithProjection: of({
      task: "features",
      inputs: (config, given) => imageInputs(part(config), given),
      compute: (scope, config, inputs) => {
        const { common, factor } = part(config);
        const { lastHiddenState, poolerOutput } = visionTower(scope.at("vision_model"), part(config), inputs);
        return { lastHiddenState, imageEmbeds: projected(scope.at("visual_projection"), poolerOutput, common, factor) };
      },
      names: () => names("vision_model"),
    }),
    CLIPVisionModel: of({
      task: "features",
      inputs: (config, given) => imageInputs(part(config), given),
      compute: (scope, config, inputs) => ({ ...visionTower(scope, part(config), inputs) }),
      names: () => names("vision_model"),
    }),
  };
}

const names = (base?: string): NameRules => ({ base, ignored: [/embeddings\.position_ids$/] });
const of = head<ClipConfig>();

export const clipFamily = family<ClipConfig>({
  modelType: "clip",
  config: configReader("CLIP", fields),
  heads: {
    CLIPModel: of({ task: "image-text", inputs: pairInputs, compute: match }),
    CLIPForImageClassification: of({
      task: "image-classification",
      inputs: (config, given) => ({ ...imageInputs(config.vision, given), ...classLabels(config) }),
      compute: (scope, config, { labels, ...inputs }) => {
        const { lastHiddenState: x } = visionTower(scope.at("vision_model"), config.vision, inputs);
        const mean = x.slice(1, 1, x.dim(1)).mean(1);
        const initial = normal(config.vision.width ** -0.5 * config.factor);
        const logits = linear(scope.at("classifier"), mean, config.labels.length, { initial });
        return { logits, loss: classLoss(logits, labels, config) };
      },
      names: () => names("vision_model"),
    }),
    ...textHeads<ClipConfig>(({ text }) => text),
    ...visionHeads<ClipConfig>(({ vision }) => vision),
  },
  names: () => names(),
  longest: ({ text }) => text.maxPositions,
  /** Tables 19 and 20. */
  presets: {
    "clip-vit-base-patch32": {},
    "clip-vit-base-patch16": { vision: visionConfig.make({ patch: 16 }) },
    "clip-vit-large-patch14": {
      text: textConfig.make({ width: 768, heads: 12, feedForward: 3072, common: 768 }),
      vision: visionConfig.make({ width: 1024, heads: 16, feedForward: 4096, layers: 24, patch: 14, common: 768 }),
      common: 768,
    },
  },
});

export const clipTextFamily = family<ClipTextConfig>({
  modelType: "clip_text_model",
  config: textConfig,
  heads: textHeads((config) => config),
});

export const clipVisionFamily = family<ClipVisionConfig>({
  modelType: "clip_vision_model",
  config: visionConfig,
  heads: visionHeads((config) => config),
});
