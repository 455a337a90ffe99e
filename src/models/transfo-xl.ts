/**
 * Transformer-XL (Dai, Yang, Yang, Carbonell, Le, Salakhutdinov: "Transformer-XL: Attentive language models beyond a
 * fixed-length context", 2019): segments of a text see the hidden states of the segment before (section 3.2), and
 * positions are distances (section 3.3). Parameters bear the names of the published checkpoint.
 *
 * As in the library, there is always a memory: at the start it is zeros, which are attended to. Otherwise than there,
 * encodings of distances have no dropout (masks here belong to examples), and weights of norms start at 1.
 */
// B batch, T tokens, M memory, S = M + T, D width, V vocabulary, H heads, K width of a head, C classes
import {
  addDimensions,
  concat,
  constant,
  iota,
  multiplyDimensions,
  subtractDimensions,
  type Dimension,
  type Tensor,
} from "../graph/index.ts";
import { z } from "zod";
import {
  dropout,
  joinHeads,
  layerNorm,
  linear,
  MASKED,
  rotaryFrequencies,
  splitHeads,
  weigh,
  type Initializer,
  type NameRules,
  type Scope,
} from "../nn/index.ts";
import {
  adaptiveEmbedding,
  byCluster,
  clusterLogits,
  wordLogProbabilities,
  wordLosses,
  type WordsInitial,
} from "./adaptive-words.ts";
import {
  choice,
  configReader,
  count,
  field,
  flag,
  labelNames,
  positive,
  problemType,
  rate,
  tokenId,
  type ConfigOf,
  type Field,
} from "./config-fields.ts";
import { family, head, maybe, needed, type InputTensors, type InputType } from "./family.ts";
import { atPlaces, classifyTexts, classLabels, finalToken, IGNORED, tokenLabels } from "./heads.ts";

/** The output's projections that are the input's: by default all but the first. */
const tiedProjections: Field<readonly boolean[]> = {
  keys: ["tie_projs"],
  schema: z.array(z.boolean()),
  default: [false, true, true, true],
  from: (json) => {
    const { tie_projs: given, proj_share_all_but_first: shared = true, cutoffs = [0, 0, 0] } = json;
    return given ?? [false, ...(cutoffs as unknown[]).map(() => shared)];
  },
};

const fields = {
  vocabulary: count(["vocab_size", "n_token"], 267_735),
  cutoffs: field<readonly number[]>("cutoffs", z.array(z.int().positive()), [20_000, 40_000, 200_000]),
  width: count(["d_model", "hidden_size"], 1024),
  wordWidth: count("d_embed", 1024),
  divisor: count("div_val", 4),
  heads: count(["n_head", "num_attention_heads"], 16),
  headWidth: count("d_head", 64),
  feedForward: count("d_inner", 4096),
  layers: count(["n_layer", "num_hidden_layers"], 18),
  /** Norms in front of the sub-layers, and none behind the last. */
  preNorm: flag("pre_lnorm", false),
  /** M, in tokens. */
  memory: field("mem_len", z.int().nonnegative(), 1600),
  /** Distances above this count as this; without bound where it is not above 0. */
  largestDistance: field("clamp_len", z.int(), 1000),
  /** Whether each token sees M tokens with itself, instead of all there are. */
  sameLength: flag("same_length", true),
  /** Whether each layer has an u and v of its own. */
  untied: flag("untie_r", true),
  tied: flag("tie_word_embeddings", true),
  tiedProjections,
  dropout: rate("dropout", 0.1),
  attentionDropout: rate("dropatt", 0),
  normEpsilon: positive("layer_norm_epsilon", 1e-5),
  drawn: choice("init", ["normal", "uniform"], "normal"),
  bound: positive("init_range", 0.01),
  deviation: positive("init_std", 0.02),
  projectionDeviation: positive("proj_init_std", 0.01),
  endId: tokenId("eos_token_id", 0),
  paddingId: tokenId("pad_token_id", undefined),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a Transformer-XL. */
export type TransfoXlConfig = ConfigOf<typeof fields>;

const config = configReader("Transformer-XL", fields, {
  only: { attn_type: [0], sample_softmax: [-1, 0] },
  check: ({ cutoffs, vocabulary }) => {
    const ends = [0, ...cutoffs, vocabulary];
    return ends.every((end, i) => i === 0 || end > ends[i - 1]!)
      ? undefined
      : `cutoffs must grow up to below vocab_size ${vocabulary}, got ${JSON.stringify(cutoffs)}.`;
  },
});

const initialOf = ({ drawn, bound, deviation }: TransfoXlConfig): Initializer =>
  drawn === "normal" ? { kind: "normal", deviation } : { kind: "uniform", bound };
const wordsInitial = (config: TransfoXlConfig): WordsInitial => {
  return { weight: initialOf(config), projection: { kind: "normal", deviation: config.projectionDeviation } };
};
const norm = (scope: Scope, x: Tensor, { normEpsilon }: TransfoXlConfig): Tensor => layerNorm(scope, x, normEpsilon);
const plain = (scope: Scope, config: TransfoXlConfig, x: Tensor, out: number): Tensor =>
  linear(scope, x, out, { bias: false, initial: initialOf(config) });

type MemoryName = `mems.${number}`;

/** Ids, and the memory that the segment before left: the inputs of all layers [M, B, D]. */
function segmentInputs({ layers, memory, width }: TransfoXlConfig) {
  const memories: Record<MemoryName, InputType<false>> = {};
  for (let i = 0; i < (memory === 0 ? 0 : layers); i++)
    memories[`mems.${i}`] = maybe("float32", memory, "batch", width);
  return { inputIds: needed("int32", "batch", "time"), ...memories };
}
type Inputs = Pick<InputTensors<ReturnType<typeof segmentInputs>>, "inputIds"> & Partial<Record<MemoryName, Tensor>>;

/** The body, equations of section 3.3: hidden states [B, T, D]. Publishes the memory for the next segment as `mems.i`. */
export function transfoXl(scope: Scope, config: TransfoXlConfig, inputs: Inputs): Tensor {
  const { inputIds } = inputs;
  const words = adaptiveEmbedding(scope, inputIds, config, wordsInitial(config));
  const seen = addDimensions(config.memory, inputIds.dim(1));
  const shared: Segment = {
    distances: encodedDistances(scope.at("pos_emb"), config, addDimensions(seen, 1)),
    mask: maskOf(config, inputIds.dim(1)),
  };
  let x = dropout(scope, words, config.dropout);
  for (let i = 0; i < config.layers; i++) {
    x = scope.publish(`hiddenStates.${i}`, x);
    const given = inputs[`mems.${i}`]?.swap(0, 1);
    if (config.memory > 0) scope.publish(`mems.${i}`, nextMemory(config, x, given));
    const layer = scope.at("layers", i);
    const attended = attention(layer.at("dec_attn"), scope, config, x, given, shared, `attentions.${i}`);
    x = layer.checkpoint(layer.record("hidden", feedForward(layer.at("pos_ff"), config, attended)));
  }
  return scope.publish(`hiddenStates.${config.layers}`, dropout(scope, x, config.dropout));
}

/** The last M of what was remembered and what is new, [M, B, D]; no gradient goes back through it. */
function nextMemory({ memory }: TransfoXlConfig, x: Tensor, given: Tensor | undefined): Tensor {
  const whole = given === undefined ? x.pad(1, memory, 0) : concat([given, x], 1);
  const time = x.dim(1);
  return whole.slice(1, time, addDimensions(time, memory)).swap(0, 1).stopGradient();
}

/** What is the same for all layers. */
interface Segment {
  /** [S + 1, D]. */
  readonly distances: Tensor;
  readonly mask: Tensor;
}

/** Sines, then cosines, of the distances `count` − 1, …, 1, 0: [count, D]. */
function encodedDistances(scope: Scope, { width, largestDistance }: TransfoXlConfig, count: Dimension): Tensor {
  const ascending = iota(count, { dtype: "int32" }).cast("float32");
  const distances = ascending.sizeValue(count).sub(ascending.add(1)).unsqueeze(-1);
  const bounded = largestDistance > 0 ? distances.minimum(largestDistance) : distances;
  const values = rotaryFrequencies(width);
  const angles = bounded.mul(scope.fixed("inv_freq", [values.length], { kind: "values", values }));
  return concat([angles.sin(), angles.cos()], -1);
}

/** Hides the future, and with `sameLength` what is M or more tokens back: [1, 1, T, S]. */
function maskOf({ memory, sameLength }: TransfoXlConfig, time: Dimension): Tensor {
  const width = addDimensions(memory, time);
  const queries = iota(time, { dtype: "int32" }).reshape([1, 1, time, 1]);
  const keys = iota(width, { dtype: "int32" }).reshape([1, 1, 1, width]);
  const isFuture = keys.greater(queries.add(memory));
  return (sameLength ? isFuture.or(keys.lessOrEqual(queries)) : isFuture).where(MASKED, constant([0], []));
}

/** Relative attention and its norm: x [B, T, D], memory [B, M, D] to [B, T, D]. */
function attention(
  scope: Scope,
  body: Scope,
  config: TransfoXlConfig,
  x: Tensor,
  given: Tensor | undefined,
  { distances, mask }: Segment,
  publish: string,
): Tensor {
  const { heads, headWidth, preNorm } = config;
  const { query, key, value } = projections(scope, config, x, given);
  const place = config.untied ? scope : body;
  const vector = (name: string): Tensor =>
    place.parameter(name, [heads, headWidth], initialOf(config)).reshape([1, heads, 1, headWidth]);
  const byContent = query.add(vector("r_w_bias")).matmul(key.swap(-1, -2)); // terms (a) and (c); this is u
  const byDistance = distanceScores(scope.at("r_net"), config, query.add(vector("r_r_bias")), distances); // (b), (d); v
  const scores = byContent.add(byDistance).scale(1 / Math.sqrt(headWidth));
  const context = joinHeads(weigh(scope, scores, value, { mask, dropout: config.attentionDropout, publish }));
  const sum = x.add(dropout(scope, plain(scope.at("o_net"), config, context, config.width), config.dropout));
  return preNorm ? sum : norm(scope.at("layer_norm"), sum, config);
}

/** Queries [B, H, T, K], and keys and values [B, H, S, K] of the memory and what is new. */
function projections(
  scope: Scope,
  config: TransfoXlConfig,
  x: Tensor,
  given: Tensor | undefined,
): { query: Tensor; key: Tensor; value: Tensor } {
  const { heads, headWidth, preNorm, memory } = config;
  const inner = heads * headWidth;
  const project = (from: Tensor): [Tensor, Tensor, Tensor] => {
    const normed = preNorm ? norm(scope.at("layer_norm"), from, config) : from;
    const joined = plain(scope.at("qkv_net"), config, normed, 3 * inner).split(-1, [inner, inner, inner]);
    return joined.map((part) => splitHeads(part, heads)) as [Tensor, Tensor, Tensor];
  };
  if (given === undefined && !preNorm) {
    // Keys and values of a memory of zeros are zeros, and those of what was seen need not be made twice.
    const [query, key, value] = project(x);
    return { query, key: remembered(scope, "key", key, memory), value: remembered(scope, "value", value, memory) };
  }
  const seen = given === undefined ? remembered(scope, "memory", x, memory) : concat([given, x], 1);
  const [query, key, value] = project(seen);
  return { query: query.slice(2, memory, seen.dim(1)), key, value };
}

/** What was there before, while generating, or zeros; and the present behind it: [.., T, K] to [.., S, K]. */
function remembered(scope: Scope, name: string, present: Tensor, memory: number): Tensor {
  const generates = scope.trace.kind === "prefill" || scope.trace.kind === "step";
  if (memory === 0 || !generates) return present.pad(-2, memory, 0);
  return concat([scope.carry(name, present, memory), present], -2);
}

/** What the distances add to the scores: queries [B, H, T, K], distances [S + 1, D] to [B, H, T, S]. */
function distanceScores(scope: Scope, config: TransfoXlConfig, query: Tensor, distances: Tensor): Tensor {
  const { heads, headWidth, width } = config;
  const [batch, , time] = query.shape;
  const columns = distances.dim(0);
  if (scope.trace.kind !== "step") {
    const keys = splitHeads(plain(scope, config, distances.unsqueeze(0), heads * headWidth), heads);
    return shifted(query.matmul(keys.swap(-1, -2)));
  }
  // Of few new tokens the queries are projected instead: H · T rows, not S.
  const weight = scope.parameter("weight", [heads * headWidth, width], initialOf(config));
  const projected = query.matmul(weight.reshape([1, heads, headWidth, width]));
  const rows = projected.reshape([batch!, multiplyDimensions(heads, time!), width]);
  return shifted(rows.matmul(distances.swap(0, 1)).reshape([batch!, heads, time!, columns]));
}

/**
 * The relative shift (appendix B): from columns of distances S, …, 0 to columns of keys. Query t's own distances begin
 * T − t columns from the left, and so each row is moved by one column less than the one above; in memory that is the
 * same as rows that are one column shorter. What moves in from the next row is in the future.
 */
function shifted(scores: Tensor): Tensor {
  const [batch, heads, time, columns] = scores.shape as [Dimension, Dimension, Dimension, Dimension];
  const all = multiplyDimensions(time, columns);
  const flat = scores.reshape([batch, heads, all]).slice(2, time, all);
  return flat.reshape([batch, heads, time, subtractDimensions(columns, 1)]);
}

/** Two layers with a ReLU between them, and the norm: [B, T, D] to [B, T, D]. */
function feedForward(scope: Scope, config: TransfoXlConfig, x: Tensor): Tensor {
  const { preNorm, width, dropout: share } = config;
  const initial = initialOf(config);
  const entering = preNorm ? norm(scope.at("layer_norm"), x, config) : x;
  const inner = dropout(scope, linear(scope.at("CoreNet", 0), entering, config.feedForward, { initial }).relu(), share);
  const sum = x.add(dropout(scope, linear(scope.at("CoreNet", 3), inner, width, { initial }), share));
  return preNorm ? sum : norm(scope.at("layer_norm"), sum, config);
}

/** The mean of the losses that are not 0. Publishes them all, [B, T − 1], in the library's order, as `losses`. */
function languageLoss(
  scope: Scope,
  config: TransfoXlConfig,
  hidden: Tensor,
  labels: Tensor,
  logitsOf: (hidden: Tensor) => ReturnType<typeof clusterLogits>,
): Tensor {
  const [batch, time] = labels.shape as [Dimension, Dimension];
  const rows = hidden.slice(1, 0, subtractDimensions(time, 1)).reshape([-1, config.width]);
  const targets = nextLabels(labels, config.endId).reshape([-1]);
  const losses = wordLosses(logitsOf(rows), targets, config);
  scope.publish("losses", byCluster(losses, targets, config).reshape([batch, subtractDimensions(time, 1)]));
  return losses.sum().div(losses.equal(0).not().cast(losses.dtype).sum());
}

/** Labels of the next tokens [B, T − 1]. Where the first row has none, the library has it learn the end token first. */
function nextLabels(labels: Tensor, endId = 0): Tensor {
  const [batch, time] = labels.shape as [Dimension, Dimension];
  const next = labels.slice(1, 1, time);
  const isFirst = (size: Dimension): Tensor => iota(size, { dtype: "int32" }).equal(0);
  const place = isFirst(batch)
    .unsqueeze(1)
    .and(isFirst(subtractDimensions(time, 1)));
  return next.slice(0, 0, 1).max().equal(IGNORED).and(place).where(endId, next);
}

/** The vectors [B, D] in front of each row's first padding, by the ids; the last ones where there is none. */
function beforePadding(hidden: Tensor, ids: Tensor, paddingId: number | undefined): Tensor {
  if (paddingId === undefined) return finalToken(hidden);
  const first = ids.equal(paddingId).cast("int32").argMax(1).cast("int32"); // 0 where there is none, too
  const last = first.sizeValue(subtractDimensions(ids.dim(1), 1));
  return atPlaces(hidden, first.equal(0).where(last, first.sub(1)).unsqueeze(1)).squeeze(1);
}

const of = head<TransfoXlConfig>();

export const transfoXlFamily = family<TransfoXlConfig>({
  modelType: "transfo-xl",
  config,
  heads: {
    TransfoXLLMHeadModel: of({
      task: "causal-lm",
      inputs: (config) => ({ ...segmentInputs(config), ...tokenLabels }),
      compute: (scope, config, { labels, ...inputs }) => {
        const body = scope.at("transformer");
        const hidden = transfoXl(body, config, inputs);
        const logitsOf = (x: Tensor) => clusterLogits(body, scope.at("crit"), x, config, wordsInitial(config));
        const predictionScores = wordLogProbabilities(logitsOf(hidden));
        const loss = labels && languageLoss(scope, config, hidden, labels, logitsOf);
        // Log-probabilities are logits, too, and the library gives them under both names.
        return { predictionScores, logits: predictionScores, loss };
      },
    }),
    TransfoXLModel: of({
      task: "features",
      inputs: segmentInputs,
      compute: (scope, config, inputs) => ({ lastHiddenState: transfoXl(scope, config, inputs) }),
    }),
    TransfoXLForSequenceClassification: of({
      task: "sequence-classification",
      inputs: (config) => ({ ...segmentInputs(config), ...classLabels(config) }),
      compute: (scope, config, { labels, ...inputs }) => {
        const hidden = transfoXl(scope.at("transformer"), config, inputs);
        const texts = beforePadding(hidden, inputs.inputIds, config.paddingId);
        return classifyTexts(scope.at("score"), texts, labels, config, initialOf(config));
      },
    }),
  },
  names: (config) => ({ base: "transformer", tied: tiedNames(config) }),
  presets: { "transfo-xl-wt103": {} },
});

function tiedNames(config: TransfoXlConfig): NonNullable<NameRules["tied"]> {
  const { cutoffs, divisor, layers, untied } = config;
  const copies: Record<string, string> = {};
  for (const [i, tied] of [0, ...cutoffs].map((_, i) => [i, config.tiedProjections[i]] as const)) {
    const table = divisor === 1 ? 0 : i;
    if (config.tied) copies[`crit.out_layers.${table}.weight`] = `transformer.word_emb.emb_layers.${table}.weight`;
    if (tied === true) copies[`crit.out_projs.${i}`] = `transformer.word_emb.emb_projs.${table}`;
  }
  for (let i = 0; i < (untied ? 0 : layers); i++) {
    for (const name of ["r_w_bias", "r_r_bias"])
      copies[`transformer.layers.${i}.dec_attn.${name}`] = `transformer.${name}`;
  }
  return copies;
}
