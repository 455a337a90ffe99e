/**
 * Words by frequency: the adaptive embeddings of Baevski and Auli (2019) and the adaptive softmax of Grave et al. (2017),
 * as Transformer-XL uses them. The vocabulary is sorted by frequency and cut into clusters; the words of cluster i have
 * vectors of width D₀ / divisor^i. Clusters behind the first share one entry each among the first one's words, and a
 * word's probability there is that of its cluster times that of the word within.
 */
// B batch, T tokens, D width, V vocabulary, Dᵢ width of cluster i, Vᵢ its words, N clusters behind the first
import { concat, type Tensor } from "../graph/index.ts";
import type { Initializer, Scope } from "../nn/index.ts";

/** Sizes of the clusters, and what input and output share. */
export interface WordsConfig {
  readonly vocabulary: number;
  readonly width: number;
  /** D₀. */
  readonly wordWidth: number;
  /** The first id of each cluster but the first. */
  readonly cutoffs: readonly number[];
  /** 1: one table for all clusters, at one width. */
  readonly divisor: number;
  /** Whether the output's tables are those of the input. */
  readonly tied: boolean;
  /** Whether the output's projection of a cluster is that of the input. */
  readonly tiedProjections: readonly boolean[];
}

/** How fresh parameters are drawn. */
export interface WordsInitial {
  readonly weight: Initializer;
  readonly projection: Initializer;
}

interface Cluster {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

function clustersOf({ cutoffs, vocabulary }: WordsConfig): Cluster[] {
  const ends = [...cutoffs, vocabulary];
  return ends.map((end, index) => ({ index, start: index === 0 ? 0 : ends[index - 1]!, end }));
}

/** The tables of the input, at `word_emb`, or the output, at `crit`. */
class Words {
  readonly #config: WordsConfig;
  readonly #initial: WordsInitial;
  readonly #input: Scope;

  constructor(input: Scope, config: WordsConfig, initial: WordsInitial) {
    this.#config = config;
    this.#initial = initial;
    this.#input = input.at("word_emb");
  }

  /** Which table a cluster is in, and how wide it is. */
  #table(index: number): { readonly name: number; readonly width: number; readonly words: number } {
    const { divisor, wordWidth, vocabulary } = this.#config;
    if (divisor === 1) return { name: 0, width: wordWidth, words: vocabulary };
    const { start, end } = clustersOf(this.#config)[index]!;
    return { name: index, width: Math.floor(wordWidth / divisor ** index), words: end - start };
  }

  /** [Vᵢ, Dᵢ], or [V, D₀] of the one table. */
  vectors(index: number, output?: Scope): Tensor {
    const { name, width, words } = this.#table(index);
    const own = output !== undefined && !this.#config.tied;
    const place = own ? output.at("out_layers", name) : this.#input.at("emb_layers", name);
    return place.parameter("weight", [words, width], this.#initial.weight);
  }

  /** [D, Dᵢ]; undefined where the widths are the same. */
  projection(index: number, output?: Scope): Tensor | undefined {
    const { width, wordWidth, divisor, tiedProjections } = this.#config;
    if (divisor === 1 && width === wordWidth) return undefined;
    const { name, width: inner } = this.#table(index);
    const own = output !== undefined && tiedProjections[index] !== true;
    const [place, number] = own ? [output.at("out_projs"), index] : [this.#input.at("emb_projs"), name];
    return place.parameter(String(number), [width, inner], this.#initial.projection);
  }

  bias(index: number, output: Scope): Tensor {
    const { name, words } = this.#table(index);
    return output.at("out_layers", name).parameter("bias", [words], { kind: "zeros" });
  }
}

/** Vectors of words times √D: ids [B, T] to [B, T, D]. */
export function adaptiveEmbedding(body: Scope, ids: Tensor, config: WordsConfig, initial: WordsInitial): Tensor {
  const words = new Words(body, config, initial);
  const projected = (index: number, within: Tensor): Tensor => {
    const projection = words.projection(index);
    const vectors = words.vectors(index).gather(within);
    return projection === undefined ? vectors : vectors.linear(projection);
  };
  const scale = Math.sqrt(config.width);
  if (config.divisor === 1) return projected(0, ids).scale(scale);
  const parts = clustersOf(config).map(({ index, start, end }) => {
    // Ids of other clusters look up any row, which then counts for nothing.
    const vectors = projected(
      index,
      ids
        .sub(start)
        .maximum(0)
        .minimum(end - start - 1),
    );
    return ids.greaterOrEqual(start).and(ids.less(end)).unsqueeze(-1).where(vectors, 0);
  });
  return parts.reduce((sum, part) => sum.add(part)).scale(scale);
}

/** Logits of each cluster: of the first one's words and of the clusters behind it [.., V₀ + N], then [.., Vᵢ]. */
export type ClusterLogits = readonly [Tensor, ...Tensor[]];

/** From hidden states [.., D], the output layer at `crit` beside the body. */
export function clusterLogits(
  body: Scope,
  output: Scope,
  hidden: Tensor,
  config: WordsConfig,
  initial: WordsInitial,
): ClusterLogits {
  const words = new Words(body, config, initial);
  const clusters = clustersOf(config);
  const logits = clusters.map(({ index, start, end }) => {
    const projection = words.projection(index, output);
    const inner = projection === undefined ? hidden : hidden.linear(projection, undefined, "in-out");
    const part = (x: Tensor): Tensor => (config.divisor === 1 ? x.slice(0, start, end) : x);
    const own = inner.linear(part(words.vectors(index, output)), part(words.bias(index, output)));
    const behind = clusters.length - 1;
    if (index > 0 || behind === 0) return own;
    const weight = output.parameter("cluster_weight", [behind, config.wordWidth], initial.weight);
    const bias = output.parameter("cluster_bias", [behind], { kind: "zeros" });
    return concat([own, inner.linear(weight, bias)], -1);
  });
  return logits as unknown as ClusterLogits;
}

/** Log-probabilities of all words [.., V]. */
export function wordLogProbabilities([first, ...others]: ClusterLogits): Tensor {
  const known = first.fixed(-1) - others.length;
  const [own, ...clusters] = first.logSoftmax().split(-1, [known, ...others.map(() => 1)]);
  return concat([own!, ...others.map((logits, i) => logits.logSoftmax().add(clusters[i]!))], -1);
}

/** Cross-entropies [N] of labels int32[N] under logits of N rows; 0 for labels that are no word. */
export function wordLosses([first, ...others]: ClusterLogits, labels: Tensor, config: WordsConfig): Tensor {
  const clusters = clustersOf(config);
  const known = clusters[0]!.end;
  const isIn = ({ start, end }: Cluster): Tensor => labels.greaterOrEqual(start).and(labels.less(end));
  const inFirst = others.reduce(
    (target, _, i) => isIn(clusters[i + 1]!).where(known + i, target),
    labels.less(known).where(labels, NONE),
  );
  return others.reduce((sum, logits, i) => {
    const cluster = clusters[i + 1]!;
    return sum.add(logits.crossEntropy(isIn(cluster).where(labels.sub(cluster.start), NONE)));
  }, first.crossEntropy(inFirst));
}

/** A target that counts for nothing. */
const NONE = -100;

/**
 * Losses [N] in the library's order: those of the first cluster's labels, of the next one's, and so on, each in the
 * order of the text, then zeros for what is no word.
 */
export function byCluster(losses: Tensor, labels: Tensor, config: WordsConfig): Tensor {
  const clusters = clustersOf(config);
  if (clusters.length === 1) return losses;
  let before: Tensor | undefined;
  const places = clusters.map(({ start, end }) => {
    const isIn = labels.greaterOrEqual(start).and(labels.less(end)).cast("int32");
    const within = isIn.cumulativeSum(0, { exclusive: true });
    const place = isIn.mul(before === undefined ? within : within.add(before));
    const count = isIn.sum(0, { keep: true });
    before = before === undefined ? count : before.add(count);
    return place;
  });
  // A loss that does not count is 0, and may be added anywhere.
  const place = places.reduce((sum, one) => sum.add(one));
  return losses.scatterElements(place, 0, losses.dim(0));
}
