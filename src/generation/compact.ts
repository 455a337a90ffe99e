/** When to leave rows out whose sentence has ended. */

/** Ended rows stay until they are one in so many: leaving rows out copies the cache. */
const SHARE = 8;

/** The rows to go on with: all of them, or the live ones where enough others have ended. */
export function compact(rows: readonly { readonly live: boolean }[]): Int32Array {
  const live = rows.filter((row) => row.live).length;
  const all = (rows.length - live) * SHARE < rows.length;
  return Int32Array.from([...rows.keys()].filter((at) => all || rows[at]!.live));
}
