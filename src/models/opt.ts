/**
 * OPT (Zhang et al.: "OPT: Open pre-trained Transformer language models", 2022): GPT-2's shape with ReLU, an offset in
 * the positions and separate projections. The smallest family here: docs/architecture.md adds it step by step.
 */
// B batch, T tokens, D width, V vocabulary
import { addDimensions, iota, type Tensor } from "../graph/index.ts";
import {
  activations,
  attendCausally,
  dropout,
  embedding,
  embeddingTable,
  joinHeads,
  layerNorm,
  linear,
  lookUp,
  splitHeads,
  visible,
  type Scope,
} from "../nn/index.ts";
import { activation, configReader, count, positive, rate, tokenId, type ConfigOf } from "./config-fields.ts";
import { family, head, type InputTensors } from "./family.ts";
import { causalInputs, shiftedLoss, tokenLabels } from "./heads.ts";

const fields = {
  vocabulary: count("vocab_size", 50272),
  width: count("hidden_size", 768),
  layers: count("num_hidden_layers", 12),
  heads: count("num_attention_heads", 12),
  feedForward: count("ffn_dim", 3072),
  activation: activation("activation_function", "relu"),
  maxPositions: count("max_position_embeddings", 2048),
  dropout: rate("dropout", 0.1),
  attentionDropout: rate("attention_dropout", 0),
  deviation: positive("init_std", 0.02),
  paddingId: tokenId("pad_token_id", 1),
};
/** Sizes and choices of an OPT. */
export type OptConfig = ConfigOf<typeof fields>;

const config = configReader("OPT", fields, {
  only: {
    ...{ do_layer_norm_before: [true], _remove_final_layer_norm: [false], enable_bias: [true] },
    ...{ layer_norm_elementwise_affine: [true], tie_word_embeddings: [true], layerdrop: [0] },
  },
  check: ({ width, heads }) =>
    width % heads === 0 ? undefined : `hidden_size ${width} does not divide into ${heads} heads.`,
});

const { inputIds, attentionMask } = causalInputs;
const textInputs = { inputIds, attentionMask };
type Inputs = InputTensors<typeof textInputs>;

/** The first two rows of the position table are never read; it was so in the code that OPT grew from. */
const OFFSET = 2;

/** Hidden states [B, T, D] behind the last norm. */
function body(scope: Scope, config: OptConfig, inputs: Inputs): Tensor {
  const { vocabulary, width, paddingId } = config;
  const initial = { kind: "normal", deviation: config.deviation } as const;
  const tokens = embedding(scope.at("embed_tokens"), inputs.inputIds, vocabulary, width, { initial, paddingId });
  const table = embeddingTable(scope.at("embed_positions"), config.maxPositions + OFFSET, width, initial);
  let x = tokens.add(lookUp(table, places(scope, inputs).add(OFFSET)));
  const mask = visible(inputs.attentionMask);
  for (let i = 0; i < config.layers; i++) {
    x = layer(scope.at("layers", i), config, scope.publish(`hiddenStates.${i}`, x), mask, `attentions.${i}`);
  }
  return scope.publish(`hiddenStates.${config.layers}`, layerNorm(scope.at("final_layer_norm"), x));
}

/** The place of each token, counted from 0 over those that are not padding: [B, T], or [T] where none is. */
function places(scope: Scope, { inputIds, attentionMask }: Inputs): Tensor {
  const [first, end] = [scope.past, addDimensions(scope.past, inputIds.dim(1))];
  if (attentionMask === undefined) return iota(inputIds.dim(1), { start: first, dtype: "int32" });
  return attentionMask.cumulativeSum(1).mul(attentionMask).sub(1).slice(1, first, end);
}

/** Attention and feed-forward network, each behind a norm and added to its input: [B, T, D] to [B, T, D]. */
function layer(scope: Scope, config: OptConfig, x: Tensor, mask: Tensor | undefined, publish: string): Tensor {
  const { width, heads, feedForward, attentionDropout } = config;
  const dense = (path: string, from: Tensor, out = width): Tensor =>
    linear(scope.at(path), from, out, { initial: { kind: "normal", deviation: config.deviation } });
  const normed = layerNorm(scope.at("self_attn_layer_norm"), x);
  const project = (name: string): Tensor => splitHeads(dense(`self_attn.${name}`, normed), heads);
  const [query, key, value] = [project("q_proj"), project("k_proj"), project("v_proj")];
  const self = scope.at("self_attn");
  const options = { mask, dropout: attentionDropout, publish };
  const context = attendCausally(self, query, self.append("key", key), self.append("value", value), options);
  const attended = x.add(dropout(scope, dense("self_attn.out_proj", joinHeads(context)), config.dropout));
  const inner = dense("fc1", layerNorm(scope.at("final_layer_norm"), attended), feedForward);
  const activate = activations[config.activation];
  const fed = dense("fc2", activate(inner));
  return scope.checkpoint(attended.add(dropout(scope, fed, config.dropout)));
}

const of = head<OptConfig>();

export const optFamily = family<OptConfig>({
  modelType: "opt",
  config,
  heads: {
    OPTForCausalLM: of({
      task: "causal-lm",
      inputs: { ...textInputs, ...tokenLabels },
      compute: (scope, config, { labels, ...inputs }) => {
        const hidden = body(scope.at("model.decoder"), config, inputs);
        const table = embeddingTable(scope.at("model.decoder.embed_tokens"), config.vocabulary, config.width);
        const logits = hidden.linear(table);
        return { logits, loss: shiftedLoss(logits, labels) };
      },
    }),
    OPTModel: of({
      task: "features",
      inputs: textInputs,
      compute: (scope, config, inputs) => ({ lastHiddenState: body(scope.at("decoder"), config, inputs) }),
    }),
  },
  names: () => ({ base: "model", tied: { "lm_head.weight": "model.decoder.embed_tokens.weight" } }),
  presets: { "opt-125m": {}, "opt-1.3b": { layers: 24, width: 2048, heads: 32, feedForward: 8192 } },
});
