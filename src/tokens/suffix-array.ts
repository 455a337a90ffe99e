/**
 * The suffixes of a text in their order, in linear time: induced sorting (Nong, Zhang and Chan 2009, "Linear suffix
 * array construction by almost pure induced-sorting").
 * @param text Symbols from 0 up to `symbols` - 1.
 * @returns Where each suffix starts, the smallest suffix first.
 */
export function suffixArray(text: Int32Array, symbols: number): Int32Array {
  const length = text.length;
  if (length < 2) return new Int32Array(length);
  const rising = risingSuffixes(text);
  const places = new Int32Array(length).fill(-1);
  const marks = leftmostRising(rising);
  const buckets = bucketsOf(text, rising, symbols);
  induce(text, rising, buckets, marks, places);
  if (marks.length > 1) {
    const { names, count } = nameMarks(text, rising, marks, places);
    const order = count === marks.length ? inverse(names) : suffixArray(names, count);
    places.fill(-1);
    induce(
      text,
      rising,
      buckets,
      order.map((at) => marks[at]!),
      places,
    );
  }
  return places;
}

/** 1 where a suffix is smaller than the one after it. The last one is larger than the empty suffix. */
function risingSuffixes(text: Int32Array): Uint8Array {
  const rising = new Uint8Array(text.length);
  for (let at = text.length - 2; at >= 0; at--) {
    const [here, next] = [text[at]!, text[at + 1]!];
    rising[at] = here < next || (here === next && rising[at + 1] === 1) ? 1 : 0;
  }
  return rising;
}

/** Where a rising suffix follows one that does not rise: from the order of these all others follow. */
function leftmostRising(rising: Uint8Array): Int32Array {
  let count = 0;
  const marks = new Int32Array(rising.length >> 1);
  for (let at = 1; at < rising.length; at++) if (rising[at] === 1 && rising[at - 1] === 0) marks[count++] = at;
  return marks.slice(0, count);
}

/** Where the suffixes of each first symbol lie in the array: the falling ones first, then the rising ones. */
interface Buckets {
  readonly starts: Int32Array;
  readonly risingStarts: Int32Array;
}

function bucketsOf(text: Int32Array, rising: Uint8Array, symbols: number): Buckets {
  const starts = new Int32Array(symbols + 1);
  const risingStarts = new Int32Array(symbols);
  for (let at = 0; at < text.length; at++) {
    const symbol = text[at]!;
    starts[symbol + 1] = starts[symbol + 1]! + 1;
    if (rising[at] === 0) risingStarts[symbol] = risingStarts[symbol]! + 1;
  }
  for (let symbol = 0; symbol < symbols; symbol++) {
    risingStarts[symbol] = risingStarts[symbol]! + starts[symbol]!;
    starts[symbol + 1] = starts[symbol + 1]! + starts[symbol]!;
  }
  return { starts, risingStarts };
}

/** Puts the marked suffixes into their buckets in the order given, and all others where these say that they belong. */
function induce(
  text: Int32Array,
  rising: Uint8Array,
  { starts, risingStarts }: Buckets,
  marks: Int32Array,
  places: Int32Array,
): void {
  const length = text.length;
  let free = risingStarts.slice();
  for (const mark of marks) {
    const symbol = text[mark]!;
    places[free[symbol]!] = mark;
    free[symbol] = free[symbol]! + 1;
  }
  free = starts.slice();
  const last = text[length - 1]!;
  places[free[last]!] = length - 1;
  free[last] = free[last]! + 1;
  for (let i = 0; i < length; i++) {
    const before = places[i]! - 1;
    if (before < 0 || rising[before] === 1) continue;
    const symbol = text[before]!;
    places[free[symbol]!] = before;
    free[symbol] = free[symbol]! + 1;
  }
  free = starts.slice();
  for (let i = length - 1; i >= 0; i--) {
    const before = places[i]! - 1;
    if (before < 0 || rising[before] === 0) continue;
    const symbol = text[before]!;
    const at = free[symbol + 1]! - 1;
    free[symbol + 1] = at;
    places[at] = before;
  }
}

/**
 * Numbers the pieces of text from each mark to the next by their order, equal pieces alike; the text of these numbers
 * has its suffixes in the order of the marked suffixes.
 */
function nameMarks(
  text: Int32Array,
  rising: Uint8Array,
  marks: Int32Array,
  places: Int32Array,
): { names: Int32Array; count: number } {
  const length = text.length;
  const numberAt = new Int32Array(length).fill(-1);
  marks.forEach((mark, number) => (numberAt[mark] = number));
  const endOf = (number: number): number => marks[number + 1] ?? length - 1;
  const names = new Int32Array(marks.length);
  let count = 0;
  let previous = -1;
  for (const place of places) {
    const number = numberAt[place]!;
    if (number === -1) continue;
    if (previous !== -1) {
      const [from, other] = [marks[number]!, marks[previous]!];
      const size = endOf(number) - from;
      let same = size === endOf(previous) - other && number + 1 < marks.length === previous + 1 < marks.length;
      for (let k = 0; same && k <= size; k++) {
        same = text[from + k] === text[other + k] && rising[from + k] === rising[other + k];
      }
      if (!same) count++;
    }
    names[number] = count;
    previous = number;
  }
  return { names, count: count + 1 };
}

function inverse(order: Int32Array): Int32Array {
  const inverted = new Int32Array(order.length);
  order.forEach((to, from) => (inverted[to] = from));
  return inverted;
}

/** How long each suffix and the one before it in the order are alike (Kärkkäinen, Manzini and Puglisi 2009). */
function sharedPrefixes(text: Int32Array, suffixes: Int32Array): Int32Array {
  const length = text.length;
  const before = new Int32Array(length);
  before[suffixes[0]!] = -1;
  for (let i = 1; i < length; i++) before[suffixes[i]!] = suffixes[i - 1]!;
  let shared = 0;
  for (let at = 0; at < length; at++) {
    const other = before[at]!;
    if (other === -1) shared = 0;
    else {
      const room = length - Math.max(at, other);
      while (shared < room && text[at + shared] === text[other + shared]) shared++;
    }
    before[at] = shared;
    if (shared > 0) shared--;
  }
  return suffixes.map((at) => before[at]!);
}

/**
 * Calls `emit` for each text that stands at least twice and is not always followed by the same symbol: the inner nodes
 * of the suffix tree. It stands at `suffixes[from]` up to `suffixes[to - 1]`, and is `length` symbols long.
 */
export function eachRepeat(
  text: Int32Array,
  suffixes: Int32Array,
  emit: (from: number, to: number, length: number) => void,
): void {
  if (text.length === 0) return;
  const shared = sharedPrefixes(text, suffixes);
  const starts = [0];
  const lengths = [0];
  for (let i = 1; i <= suffixes.length; i++) {
    const length = i < suffixes.length ? shared[i]! : 0;
    let start = i - 1;
    while (lengths.at(-1)! > length) {
      start = starts.pop()!;
      emit(start, i, lengths.pop()!);
    }
    if (lengths.at(-1)! < length) {
      starts.push(start);
      lengths.push(length);
    }
  }
}
