import { PairTable } from "./pair-table.ts";

/** The root of every trie. */
export const ROOT = 0;

/**
 * The pieces of a vocabulary as a tree of UTF-16 units, kept in flat arrays: from a place in a text it finds all
 * pieces that start there, one step a unit.
 */
export class PieceTrie {
  private readonly edges = new PairTable();
  private ids = new Int32Array(1024).fill(-1);
  private count = 1;

  /** Keeps the id of a piece, in place of the one that it had. */
  add(piece: string, id: number): void {
    let node = ROOT;
    for (let i = 0; i < piece.length; i++) {
      const unit = piece.charCodeAt(i);
      let next = this.edges.get(node, unit);
      if (next === -1) {
        next = this.count++;
        this.edges.set(node, unit, next);
      }
      node = next;
    }
    if (this.count > this.ids.length) this.grow();
    this.ids[node] = id;
  }

  /** The node one unit further, or -1 where no piece goes on like that. */
  next(node: number, unit: number): number {
    return this.edges.get(node, unit);
  }

  /** The id of the piece that ends at a node, or -1. */
  idAt(node: number): number {
    return this.ids[node]!;
  }

  /** The node that `text` leads to, or -1. */
  find(text: string): number {
    let node = ROOT;
    for (let i = 0; i < text.length && node !== -1; i++) node = this.edges.get(node, text.charCodeAt(i));
    return node;
  }

  private grow(): void {
    const larger = new Int32Array(2 * this.count).fill(-1);
    larger.set(this.ids);
    this.ids = larger;
  }
}
