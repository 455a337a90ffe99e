/** How often each n-gram occurs; an n-gram of tokens is named by its tokens with a space between. */
export type NgramCounts = ReadonlyMap<string, number>;

/** The n-grams of `tokens` (which hold no spaces) of one order, in the order of their first occurrence. */
export function countNgrams(tokens: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let start = 0; start + order <= tokens.length; start++) {
    let ngram = tokens[start]!;
    for (let i = start + 1; i < start + order; i++) ngram += ` ${tokens[i]!}`;
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** The n-grams of `text`'s characters (code points, not UTF-16 units) of every order from 1 to `maxOrder`. */
export function countCharacterNgrams(text: string, maxOrder: number): Map<string, number>[] {
  const starts: number[] = [];
  for (let at = 0; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) starts.push(at);
  const length = starts.length;
  starts.push(text.length);
  return Array.from({ length: maxOrder }, (_, index) => {
    const counts = new Map<string, number>();
    for (let start = 0; start + index < length; start++) {
      const ngram = text.slice(starts[start], starts[start + index + 1]);
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
    return counts;
  });
}
