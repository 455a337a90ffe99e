/** How many parameters a model has, by part: told from their paths, which all families name alike. */

/** A parameter's path and shape. */
interface Named {
  readonly name: string;
  readonly shape: readonly number[];
}

/** One kind of part: how often it is there, and how many values one has. */
export interface PartCount {
  readonly part: string;
  readonly times: number;
  readonly each: number;
  /** times · each. */
  readonly count: number;
  /** Of all parameters, 0 to 1. */
  readonly share: number;
}

/** All parts of a model in the order in which they are computed, and their sum. */
export interface ParameterCounts {
  readonly parts: readonly PartCount[];
  readonly total: number;
}

/** What other libraries keep beside the parameters, and do not count: tables that are computed, biases of zeros. */
const UNCOUNTED = /(^|\.)(inv_freq|final_logits_bias)$/;

/** What lies on top of the body. */
export const ON_TOP: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)pooler\./, "pooler"],
  [/^(lm_head|cls\.predictions|predictions|generator_(lm_head|predictions)|vocab_\w+|crit)(\.|$)/, "output layer"],
  [/^(text_projection|visual_projection|logit_scale)(\.|$)/, "projections into the common space"],
  [
    /^((esm\.)?contact_head|classif\w+|pre_classifier|qa_outputs|score|cls\.seq_relationship|sop_classifier|discriminator_predictions|sequence_summary|multiple_choice_head|decoder\.\d+)(\.|$)/,
    "head",
  ],
];

/** What stands outside the layers, below the head. */
const embeddings: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)(position_embeddings?|embed_positions|positions_embed|wpe)(\.|$)/, "positions"],
  [/(^|\.)token_type_embeddings(\.|$)/, "token types"],
  [/(^|\.)(embeddings_project|embedding_hidden_mapping_in|emb_projs)(\.|$)/, "embedding projection"],
  [/(^|\.)patch_embeddings?(\.|$)/, "patch embeddings"],
  [/(^|\.)(cls_token|class_embedding|mask_token)$/, "class and mask tokens"],
  [/norm|(^|\.)ln_f(\.|$)/i, "norms"],
];

/** What is in a layer. */
const sublayers: readonly (readonly [RegExp, string])[] = [
  [/(norm|ln_)\w*\.(weight|bias)$/i, "norms"],
  [/relative_attention_bias/, "relative positions"],
  [/encoder_attn|EncDecAttention/, "cross-attention"],
  [/att(entio)?n/i, "attention"],
];

/** What is in a layer, with the layer's number. */
export const LAYER = /(?:^|\.)(?:layers?|h|block|albert_layer_groups)\.\d+\./;

/** The part that a parameter belongs to, and which of several such parts. */
function placeOf(name: string): { readonly part: string; readonly unit: string } {
  const module = name.slice(0, Math.max(name.lastIndexOf("."), 0));
  const head = named(ON_TOP, name);
  if (head !== undefined) return { part: head, unit: "" };
  const layer = LAYER.exec(name);
  if (layer === null) return { part: named(embeddings, name) ?? "embeddings", unit: module === "" ? name : module };
  const part = named(sublayers, name) ?? "feed-forward";
  return { part, unit: part === "norms" ? module : name.slice(0, layer.index + layer[0].length) };
}

const named = (rules: readonly (readonly [RegExp, string])[], name: string): string | undefined =>
  rules.find(([pattern]) => pattern.test(name))?.[1];

/** Which of two stacks of layers a parameter is in, where there are two. */
export function stackOf(names: readonly string[]): (name: string) => string {
  const two = ["encoder", "decoder"].every((stack) => names.some((name) => layersOf(name) === stack));
  return (name) => {
    const tower = /(?:^|\.)(text|vision)_model\./.exec(name)?.[1];
    if (tower !== undefined) return `${tower} `;
    const stack = two ? /(?:^|\.)(encoder|decoder)\./.exec(name)?.[1] : undefined;
    return stack === undefined ? "" : `${stack} `;
  };
}

const layersOf = (name: string): string | undefined =>
  LAYER.test(name) ? /(?:^|\.)(encoder|decoder)\./.exec(name)?.[1] : undefined;

/** One part of a model, such as the attention of one layer. */
export interface PartUnit {
  readonly part: string;
  /** Its parameters, in their order. */
  readonly parameters: readonly Named[];
  readonly count: number;
}

/** The parts of a model one by one, in their order: of layers each one's, of norms each norm; see `countParameters`. */
export function partUnits(parameters: readonly Named[]): PartUnit[] {
  const counted = parameters.filter(({ name }) => !UNCOUNTED.test(name));
  const stack = stackOf(counted.map(({ name }) => name));
  const units = new Map<string, { readonly part: string; readonly parameters: Named[]; count: number }>();
  for (const { name, shape } of counted) {
    const { part, unit } = placeOf(name);
    const key = `${stack(name)}${part} ${unit}`;
    const found = units.get(key) ?? { part: `${stack(name)}${part}`, parameters: [], count: 0 };
    found.parameters.push({ name, shape });
    found.count += shape.reduce((product, d) => product * d, 1);
    units.set(key, found);
  }
  return [...units.values()];
}

/**
 * Counts parameters by part: embeddings, positions, attention, feed-forward, norms, pooler, head, output layer; of
 * encoder and decoder, or text and image, apart. What is used twice, such as a tied output layer, is one parameter and
 * counts once, where it is named. Norms count one by one, all else by layers.
 */
export function countParameters(parameters: readonly Named[]): ParameterCounts {
  const rows = new Map<string, { readonly part: string; times: number; readonly each: number }>();
  for (const { part, count } of partUnits(parameters)) {
    const key = `${part} ${count}`;
    rows.set(key, { part, times: (rows.get(key)?.times ?? 0) + 1, each: count });
  }
  const total = [...rows.values()].reduce((sum, { times, each }) => sum + times * each, 0);
  const parts = [...rows.values()].map((row) => {
    const count = row.times * row.each;
    return { ...row, count, share: total === 0 ? 0 : count / total };
  });
  return { parts: parts.sort((a, b) => rank(a.part) - rank(b.part)), total };
}

/** Embeddings come first, what lies on top of the body last. */
function rank(part: string): number {
  const end = ["pooler", "head", "projections into the common space", "output layer"].indexOf(part);
  if (end >= 0) return 2 + end;
  return /embeddings|positions|token types|embedding projection|tokens$/.test(part) && !part.includes("relative")
    ? 0
    : 1;
}
