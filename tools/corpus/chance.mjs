// The generator's own random numbers, a dozen lines that never change: the bundled corpus is a fixed artifact, and
// regenerating it must give the same bytes in ten years, needing no build and nothing from src.

/** @typedef {{ below: (bound: number) => number, pick: <T>(items: readonly T[]) => T, happens: (share: number) => boolean, shuffle: <T>(items: T[]) => T[] }} Chance */

/** A 32-bit hash of a text (FNV-1a with a final mix). @param {string} text @returns {number} */
export function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  value = Math.imul(value ^ (value >>> 12), 0x297a2d39);
  return (value ^ (value >>> 15)) >>> 0;
}

/** Seeded draws (mulberry32). @param {string} seed @returns {Chance} */
export function chance(seed) {
  let state = hash(seed);
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (/** @type {number} */ bound) => Math.floor(uniform() * bound);
  return {
    below,
    pick(items) {
      if (items.length === 0) throw new Error("pick() from an empty list");
      return /** @type {(typeof items)[number]} */ (items[below(items.length)]);
    },
    happens: (share) => uniform() < share,
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [items[i], items[j]] = /** @type {[(typeof items)[number], (typeof items)[number]]} */ ([items[j], items[i]]);
      }
      return items;
    },
  };
}
