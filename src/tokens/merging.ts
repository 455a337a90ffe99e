import type { PairTable } from "./pair-table.ts";

/** A word as symbols, from left to right: their ids, and where they start and end in it. Changed in place. */
export interface Symbols {
  readonly ids: number[];
  readonly starts: number[];
  readonly ends: number[];
}

/** Up to this many symbols, looking at all pairs each time is quicker than keeping them in order. */
const SHORT = 48;

/**
 * Joins neighbors until no pair has a merge: always the pair of the lowest rank, of equal ones the leftmost
 * (Sennrich et al. 2016, algorithm 1).
 * @param ranks Pair of ids to rank.
 * @param results Rank to the id that the pair becomes.
 */
export function mergeSymbols(symbols: Symbols, ranks: PairTable, results: Int32Array): void {
  if (symbols.ids.length <= SHORT) mergeShort(symbols, ranks, results);
  else mergeLong(symbols, ranks, results);
}

function mergeShort({ ids, starts, ends }: Symbols, ranks: PairTable, results: Int32Array): void {
  const rankAt: number[] = [];
  for (let i = 0; i + 1 < ids.length; i++) rankAt.push(ranks.get(ids[i]!, ids[i + 1]!));
  for (;;) {
    let best = -1;
    let at = -1;
    for (let i = 0; i < rankAt.length; i++) {
      const rank = rankAt[i]!;
      if (rank !== -1 && (best === -1 || rank < best)) [best, at] = [rank, i];
    }
    if (at === -1) return;
    ids[at] = results[best]!;
    ends[at] = ends[at + 1]!;
    ids.splice(at + 1, 1);
    starts.splice(at + 1, 1);
    ends.splice(at + 1, 1);
    rankAt.splice(at, 1);
    if (at > 0) rankAt[at - 1] = ranks.get(ids[at - 1]!, ids[at]!);
    if (at + 1 < ids.length) rankAt[at] = ranks.get(ids[at]!, ids[at + 1]!);
  }
}

/** The same with a heap and a linked list, so that a word of n symbols takes n log n steps. */
function mergeLong(symbols: Symbols, ranks: PairTable, results: Int32Array): void {
  const { ids, starts, ends } = symbols;
  const count = ids.length;
  const next = Int32Array.from(ids, (_, i) => i + 1);
  const previous = Int32Array.from(ids, (_, i) => i - 1);
  const heap = new NumberHeap();
  const offer = (left: number): void => {
    const right = next[left]!;
    const rank = right < count ? ranks.get(ids[left]!, ids[right]!) : -1;
    if (rank !== -1) heap.push(rank * 2 ** 31 + left);
  };
  for (let i = 0; i < count; i++) offer(i);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const left = top % 2 ** 31;
    const rank = (top - left) / 2 ** 31;
    const right = next[left]!;
    if (ids[left] === -1 || right >= count || ranks.get(ids[left]!, ids[right]!) !== rank) continue;
    ids[left] = results[rank]!;
    ends[left] = ends[right]!;
    ids[right] = -1;
    next[left] = next[right]!;
    if (next[left] < count) previous[next[left]] = left;
    if (previous[left]! >= 0) offer(previous[left]!);
    offer(left);
  }
  let kept = 0;
  for (let i = 0; i < count; i = next[i]!, kept++) {
    [ids[kept], starts[kept], ends[kept]] = [ids[i]!, starts[i]!, ends[i]!];
  }
  ids.length = starts.length = ends.length = kept;
}

/** A binary heap of numbers, smallest first. */
class NumberHeap {
  private readonly items: number[] = [];

  push(item: number): void {
    const { items } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]! <= item) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1]! < items[child]!) child++;
      if (items[child]! >= last) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
