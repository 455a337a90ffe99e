const encoder = new TextEncoder();
const names = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);

/** The tokens of bytes, `<0x00>` to `<0xFF>`. */
export function byteTokenNames(): readonly string[] {
  return names;
}

/** The ids of the tokens such as `<0xC3>` for the UTF-8 of `text`; undefined if the vocabulary lacks one of them. */
export function byteTokens(text: string, vocabulary: ReadonlyMap<string, number>): number[] | undefined {
  const ids: number[] = [];
  for (const byte of encoder.encode(text)) {
    const id = vocabulary.get(names[byte]!);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}
