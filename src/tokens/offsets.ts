/**
 * Offsets in code points, as Python counts them, for offsets in UTF-16 units of the same text.
 * An offset inside a surrogate pair counts as the start of its character.
 */
export function codePointOffsets(text: string, offsets: readonly (readonly [number, number])[]): [number, number][] {
  const counts = new Int32Array(text.length + 1);
  let count = 0;
  for (let i = 0; i < text.length;) {
    const size = text.codePointAt(i)! > 0xffff ? 2 : 1;
    counts.fill(count++, i, i + size);
    i += size;
  }
  counts[text.length] = count;
  return offsets.map(([start, end]) => [counts[start]!, counts[end]!]);
}
