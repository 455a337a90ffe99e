/** Documents in rows of one length, so that few places are padding. */
import { IGNORED } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Batch } from "../training/index.ts";

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
/** Rows as a matrix, filled up at the right. */
export const filledRows = (rows: readonly Int32Array[], fill: number): HostTensor => {
  const time = Math.max(...rows.map((row) => row.length));
  const data = new Int32Array(rows.length * time).fill(fill);
  for (const [i, row] of rows.entries()) data.set(row, i * time);
  return { dtype: "int32", shape: [rows.length, time], data };
};

/** A row of documents: what is read, what is asked for, whose token it is (from 1 on), and its place in its document. */
export interface PackedRow {
  readonly ids: Int32Array;
  readonly labels: Int32Array;
  readonly texts: Int32Array;
  readonly positions: Int32Array;
}

/**
 * Documents in rows of at most `context` tokens. Each begins behind a boundary token, from which its first token is told,
 * and its last token tells the boundary; a document that is cut goes on in another row with what its cut told.
 */
export function packedRows(documents: readonly Int32Array[], context: number): PackedRow[] {
  const parts = packDocuments(
    documents.map(({ length }) => Math.max(0, length - 1)),
    context,
  );
  return parts.map((row) => {
    const total = row.reduce((sum, { start, end }) => sum + end - start, 0);
    const [ids, labels, texts, positions] = [0, 1, 2, 3].map(() => new Int32Array(total)) as [
      Int32Array,
      Int32Array,
      Int32Array,
      Int32Array,
    ];
    let at = 0;
    for (const [number, { document, start, end }] of row.entries()) {
      for (let place = start; place < end; place++, at++) {
        ids[at] = documents[document]![place]!;
        labels[at] = documents[document]![place + 1]!;
        texts[at] = number + 1;
        positions[at] = place - start;
      }
    }
    return { ids, labels, texts, positions };
  });
}

/** The feeds of packed rows, as `packedTokens` reads them, padded at the right. */
export function packedBatch(rows: readonly PackedRow[]): Omit<Batch, "examples"> {
  const filled = (of: (row: PackedRow) => Int32Array, fill: number): HostTensor => filledRows(rows.map(of), fill);
  const feeds = {
    inputIds: filled(({ ids }) => ids, 0),
    labels: filled(({ labels }) => labels, IGNORED),
    texts: filled(({ texts }) => texts, 0),
    positionIds: filled(({ positions }) => positions, 0),
  };
  return { feeds, targets: rows.reduce((sum, { ids }) => sum + ids.length, 0) };
}
