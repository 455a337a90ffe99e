/** Ranked documents for a query: is what is relevant found, and how early? Equal to trec_eval. */
import { InputError } from "../errors/index.ts";
import { type ExampleStatistics, meanStatistics } from "./examples.ts";
import { checkWhole } from "./lines.ts";

/** What was found for a query. */
export interface RankedQuery {
  /** Documents' names, best first, each once. */
  readonly ranked: readonly string[];
  /** How relevant documents are: 1, or more for better ones; those not in it, and 0, are not. */
  readonly relevant: ReadonlyMap<string, number>;
}

/** The share of the relevant documents that are among the first k, from 0 to 1. @throws InputError as below. */
export function recallAt(query: RankedQuery, k: number): number {
  const gains = gainsOf(query);
  return query.ranked.slice(0, k).filter((name) => gains.has(name)).length / gains.size;
}

/**
 * 1 / the rank of the first relevant document (Voorhees 1999), 0 where none is among the first k.
 * @throws InputError where the query has no relevant document.
 */
export function reciprocalRank(query: RankedQuery, k = Infinity): number {
  const gains = gainsOf(query);
  const place = query.ranked.slice(0, k).findIndex((name) => gains.has(name));
  return place < 0 ? 0 : 1 / (place + 1);
}

/**
 * Normalized discounted cumulative gain of the first k (Järvelin and Kekäläinen 2002): each document's relevance over
 * log2(rank + 1), added up, over the same for the best possible order.
 * @throws InputError where the query has no relevant document.
 */
export function ndcgAt(query: RankedQuery, k: number): number {
  const gains = gainsOf(query);
  const best = [...gains.values()].sort((a, b) => b - a);
  return (
    discounted(
      query.ranked.map((name) => gains.get(name) ?? 0),
      k,
    ) / discounted(best, k)
  );
}

function discounted(gains: readonly number[], k: number): number {
  return gains.slice(0, k).reduce((sum, gain, place) => sum + gain / Math.log2(place + 2), 0);
}

function gainsOf({ ranked, relevant }: RankedQuery): Map<string, number> {
  const gains = new Map([...relevant].filter(([, gain]) => gain > 0));
  if (gains.size === 0) throw new InputError("A query has no relevant document: leave it out, it cannot be judged.");
  if (new Set(ranked).size < ranked.length) throw new InputError("A document is ranked twice for one query.");
  return gains;
}

/**
 * What retrieval is judged by, each from 0 to 1 and averaged over the queries: recall and NDCG at each k, and the mean
 * reciprocal rank.
 * @throws InputError where there are no queries, or one has no relevant document.
 */
export function retrievalStatistics(
  queries: readonly RankedQuery[],
  k: readonly number[] = [1, 10],
): ExampleStatistics[] {
  for (const one of k) checkWhole("k", one, 1);
  const mean = (metric: string, measure: (query: RankedQuery) => number): ExampleStatistics =>
    meanStatistics(queries.map(measure), undefined, metric);
  return [
    ...k.map((cut) => mean(`recall@${cut}`, (query) => recallAt(query, cut))),
    mean("MRR", (query) => reciprocalRank(query)),
    ...k.map((cut) => mean(`NDCG@${cut}`, (query) => ndcgAt(query, cut))),
  ];
}
