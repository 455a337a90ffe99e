/**
 * A hash table from pairs of ids to a number, in typed arrays: a Map would need a string or a bigger-than-31-bit
 * key for every look-up. Open addressing, at most half full.
 */
export class PairTable {
  private keys = new Int32Array(0);
  private values = new Int32Array(0);
  private mask = 0;
  private used = 0;

  constructor(capacity = 1024) {
    this.allocate(capacity);
  }

  get size(): number {
    return this.used;
  }

  /** The number kept for the pair, or -1. */
  get(a: number, b: number): number {
    const slot = this.slot(a, b);
    return this.keys[2 * slot] === -1 ? -1 : this.values[slot]!;
  }

  /** Keeps `value`, which must not be negative, for the pair. */
  set(a: number, b: number, value: number): void {
    let slot = this.slot(a, b);
    if (this.keys[2 * slot] === -1) {
      if (2 * (this.used + 1) > this.values.length) {
        this.grow();
        slot = this.slot(a, b);
      }
      this.keys[2 * slot] = a;
      this.keys[2 * slot + 1] = b;
      this.used++;
    }
    this.values[slot] = value;
  }

  private slot(a: number, b: number): number {
    const keys = this.keys;
    let mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
    let slot = (mixed ^ (mixed >>> 13)) & this.mask;
    while (keys[2 * slot] !== -1 && (keys[2 * slot] !== a || keys[2 * slot + 1] !== b)) slot = (slot + 1) & this.mask;
    return slot;
  }

  private allocate(capacity: number): void {
    let slots = 16;
    while (slots < 2 * capacity) slots *= 2;
    this.keys = new Int32Array(2 * slots).fill(-1);
    this.values = new Int32Array(slots);
    this.mask = slots - 1;
    this.used = 0;
  }

  private grow(): void {
    const { keys, values } = this;
    this.allocate(values.length);
    for (let slot = 0; slot < values.length; slot++) {
      if (keys[2 * slot] !== -1) this.set(keys[2 * slot]!, keys[2 * slot + 1]!, values[slot]!);
    }
  }
}
