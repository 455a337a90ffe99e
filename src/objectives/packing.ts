/** Documents in rows of one length, so that few places are padding. */

/** A part of a document in a row: its positions from `start` up to `end`. */
export interface PackedPart {
  readonly document: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Packs documents into rows of at most `context` positions: longer ones are cut into parts of that length; then the
 * longest goes first, each into the row where the least room stays (best fit decreasing), so no other part is cut
 * (Ding et al. 2024, "Fewer truncations improve language modeling"). Empty documents are left out.
 */
export function packDocuments(lengths: readonly number[], context: number): PackedPart[][] {
  const parts = lengths.flatMap((length, document) => {
    const count = Math.ceil(length / context);
    return Array.from({ length: count }, (_, i): PackedPart => {
      return { document, start: i * context, end: Math.min((i + 1) * context, length) };
    });
  });
  const size = ({ start, end }: PackedPart): number => end - start;
  const rows: PackedPart[][] = [];
  // Rows by how much room they have.
  const open: PackedPart[][][] = Array.from({ length: context + 1 }, () => []);
  for (const part of parts.sort((a, b) => size(b) - size(a))) {
    let room = size(part);
    while (room < context && open[room]!.length === 0) room++;
    let row = open[room]!.pop();
    if (row === undefined) {
      row = [];
      rows.push(row);
      room = context;
    }
    row.push(part);
    open[room - size(part)]!.push(row);
  }
  return rows;
}
