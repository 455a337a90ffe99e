/** The parameters of the Transformer by part, with the formula of each. */
// D width, F feed-forward width, V vocabulary, W target vocabulary, N longest sentence
import type { TransformerConfig } from "./transformer.ts";

/** One kind of part: how often it is there, and how many trained values one has. */
export interface ParameterPart {
  readonly part: string;
  readonly times: number;
  /** In the letters D, F, V, W, N; see `letters` of {@link transformerParts}. */
  readonly formula: string;
  readonly each: number;
  /** times · each. */
  readonly count: number;
}

/** All parts of a model, their sum, and the letters of their formulas. */
export interface ParameterParts {
  readonly parts: readonly ParameterPart[];
  readonly total: number;
  /** What the letters of the formulas stand for, in this config. */
  readonly letters: Readonly<Record<string, { readonly meaning: string; readonly value: number }>>;
}

/** Counts of a Transformer's parameters, part by part, from its config alone. Their sum is the exact total. */
export function transformerParts(config: TransformerConfig): ParameterParts {
  const { width: D, feedForward: F, vocabulary: V, targetVocabulary: W = V, encoderLayers, decoderLayers } = config;
  const { maxPositions: N, tiedEmbeddings: tied } = config;
  const attention = { formula: "4 (D² + D)", each: 4 * (D * D + D) };
  const feed = { formula: "2 D F + F + D", each: 2 * D * F + F + D };
  const norm = { formula: "2 D", each: 2 * D };
  const source = { formula: "V D", each: V * D };
  const target = config.targetVocabulary === undefined ? source : { formula: "W D", each: W * D };
  const parts = [
    part(tied === "all" ? "embeddings, shared by source, target and output" : "source embeddings", 1, source),
    part(
      tied === "output" ? "target embeddings, shared with the output" : "target embeddings",
      +(tied !== "all"),
      target,
    ),
    part("learned positions, of encoder and decoder", config.positions === "learned" ? 2 : 0, {
      formula: "N D",
      each: N * D,
    }),
    part("encoder self-attention", encoderLayers, attention),
    part("encoder feed-forward", encoderLayers, feed),
    part("encoder layer norms", 2 * encoderLayers, norm),
    part("decoder self-attention", decoderLayers, attention),
    part("decoder cross-attention", decoderLayers, attention),
    part("decoder feed-forward", decoderLayers, feed),
    part("decoder layer norms", 3 * decoderLayers, norm),
    part("last layer norms, of encoder and decoder", config.normalization === "pre" ? 2 : 0, norm),
    part("output layer", +(tied === "none"), target),
  ].filter(({ times }) => times > 0);
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  return { parts, total, letters: lettersOf(config, parts) };
}

function part(name: string, times: number, { formula, each }: { formula: string; each: number }): ParameterPart {
  return { part: name, times, formula, each, count: times * each };
}

function lettersOf(config: TransformerConfig, parts: readonly ParameterPart[]): ParameterParts["letters"] {
  const all = {
    D: { meaning: "width", value: config.width },
    F: { meaning: "feed-forward width", value: config.feedForward },
    V: { meaning: "vocabulary", value: config.vocabulary },
    W: { meaning: "target vocabulary", value: config.targetVocabulary ?? config.vocabulary },
    N: { meaning: "positions", value: config.maxPositions },
  };
  const used = Object.entries(all).filter(([letter]) => parts.some(({ formula }) => formula.includes(letter)));
  return Object.fromEntries(used);
}
