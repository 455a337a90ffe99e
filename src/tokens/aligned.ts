/**
 * A piece of text that still knows where in the original text each of its characters came from.
 * Positions are UTF-16 units, so that `original.slice(start, end)` works. Normalizers and pre-tokenizers
 * change and cut such pieces; an alignment follows the rules of Hugging Face `tokenizers`: a new character shares
 * the place of the one before it, and a composed one keeps the place of its first part.
 */
export class Aligned {
  readonly text: string;
  /** Where in the original this piece starts; after a change of the text a guess, unless alignments are kept. */
  readonly start: number;
  /** [start, end) in the original for each unit of `text`; undefined where the text is the original's, unchanged. */
  readonly spans: Int32Array | undefined;
  /** Whether alignments are kept at all. */
  readonly tracked: boolean;
  /** The id of the added token that this piece is, or -1. */
  readonly token: number;
  /** How many units at the front were put before the original's text, where there are no spans. */
  private readonly lead: number;

  constructor(text: string, start: number, spans: Int32Array | undefined, tracked: boolean, token = -1, lead = 0) {
    this.lead = lead;
    this.text = text;
    this.start = start;
    this.spans = spans;
    this.tracked = tracked;
    this.token = token;
  }

  /** The piece from unit `from` up to unit `to`, marked as the added token `token` if one is given. */
  slice(from: number, to: number, token = -1): Aligned {
    if (from === 0 && to === this.text.length && token === this.token) return this;
    const { lead } = this;
    if (lead > 0 && to > lead) {
      const start = from < lead ? this.start : this.start + from - lead;
      return new Aligned(this.text.slice(from, to), start, undefined, this.tracked, token, Math.max(lead - from, 0));
    }
    const spans = (lead > 0 ? this.allSpans() : this.spans)?.subarray(2 * from, 2 * to);
    const start = spans !== undefined && spans.length > 0 ? spans[0]! : this.start + from;
    return new Aligned(this.text.slice(from, to), start, spans, this.tracked, token);
  }

  /** Where the units from `from` up to `to` lie in the original. Empty at the start for an empty range. */
  origin(from: number, to: number): [number, number] {
    if (from >= to) return [this.start, this.start];
    if (this.spans === undefined) {
      if (this.lead === 0) return [this.start + from, this.start + to];
      const end = to > this.lead ? this.start + to - this.lead : this.start + this.firstSize();
      return [this.start + Math.max(from - this.lead, 0), end];
    }
    return [this.spans[2 * from]!, this.spans[2 * to - 1]!];
  }

  /** Another text in this place; its alignments are asked for only where they are kept. */
  become(text: string, spans: () => Int32Array): Aligned {
    if (text === this.text) return this;
    if (!this.tracked) return new Aligned(text, this.start, undefined, false);
    const places = spans();
    return new Aligned(text, places[0] ?? this.start, places, true);
  }

  /** The same place with another text of which each unit lies where the unit before it at that index lay. */
  relabel(text: string): Aligned {
    return new Aligned(text, this.start, this.spans, this.tracked, -1, this.lead);
  }

  /** `prefix` put before the text; it shares the place of the first character. An empty text stays empty. */
  prepend(prefix: string): Aligned {
    if (this.text === "") return this;
    if (this.spans === undefined && this.lead === 0) {
      return new Aligned(prefix + this.text, this.start, undefined, this.tracked, -1, prefix.length);
    }
    return this.become(prefix + this.text, () => {
      const old = this.allSpans();
      const spans = new Int32Array(2 * prefix.length + old.length);
      for (let i = 0; i < prefix.length; i++) spans.set(old.subarray(0, 2), 2 * i);
      spans.set(old, 2 * prefix.length);
      return spans;
    });
  }

  /**
   * Replaces each match by `content`, which takes the place of the match's last character.
   * @param matches Triples (start, end, is it a match) as `FindMatches` gives them.
   */
  replace(matches: readonly number[], content: string): Aligned {
    let text = "";
    for (let m = 0; m < matches.length; m += 3) {
      text += matches[m + 2] === 1 ? content : this.text.slice(matches[m], matches[m + 1]);
    }
    return this.become(text, () => {
      const old = this.allSpans();
      const spans = new SpanWriter();
      for (let m = 0; m < matches.length; m += 3) {
        const [from, to] = [matches[m]!, matches[m + 1]!];
        if (matches[m + 2] === 0) for (let i = from; i < to; i++) spans.repeat(old[2 * i]!, old[2 * i + 1]!, 1);
        else if (to === 0) spans.repeat(this.start, this.start, content.length);
        else spans.repeat(old[2 * to - 2]!, old[2 * to - 1]!, content.length);
      }
      return spans.finish();
    });
  }

  /**
   * Builds a new text from edits that go through the old one from left to right.
   * @param edits Pairs of a character and a change: 0 takes the place of the next old character, 1 is new and
   *   shares the place of the old character before it, -n takes the next place and drops n more.
   */
  edit(edits: readonly (readonly [string, number])[]): Aligned {
    const text = edits.map(([character]) => character).join("");
    return this.become(text, () => {
      const old = this.allSpans();
      const spans = new SpanWriter();
      let at = 0;
      let [start, end] = [this.start, this.start];
      const next = (): void => {
        if (at >= this.text.length) return;
        [start, end] = [old[2 * at]!, old[2 * at + 1]!];
        at += this.text.codePointAt(at)! > 0xffff ? 2 : 1;
      };
      for (const [character, change] of edits) {
        if (change <= 0) next();
        spans.repeat(start, end, character.length);
        for (let dropped = 0; dropped < -change; dropped++) next();
      }
      return spans.finish();
    });
  }

  /** The length of the first character that is the original's. */
  private firstSize(): number {
    return this.text.codePointAt(this.lead)! > 0xffff ? 2 : 1;
  }

  /** [start, end) in the original for each unit; both halves of a surrogate pair lie where the character lies. */
  private allSpans(): Int32Array {
    if (this.spans !== undefined) return this.spans;
    const { text, start, lead } = this;
    const spans = new Int32Array(2 * text.length);
    for (let i = 0; i < lead; i++) spans.set([start, start + this.firstSize()], 2 * i);
    for (let i = lead; i < text.length;) {
      const size = text.codePointAt(i)! > 0xffff ? 2 : 1;
      for (let unit = i; unit < i + size; unit++) {
        spans[2 * unit] = start + i - lead;
        spans[2 * unit + 1] = start + i - lead + size;
      }
      i += size;
    }
    return spans;
  }
}

/** Collects [start, end) pairs. */
export class SpanWriter {
  private readonly values: number[] = [];

  /** Adds [start, end) for `count` units. */
  repeat(start: number, end: number, count: number): void {
    for (let i = 0; i < count; i++) this.values.push(start, end);
  }

  finish(): Int32Array {
    return Int32Array.from(this.values);
  }
}
