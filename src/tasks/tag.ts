/** Labels of tokens, and the spans that they mark: names of people and places, parts of speech. */
import { tokenSpans, type Word } from "../data/index.ts";
import type { Encoding } from "../tokens/index.ts";
import { probabilities, rowOf, TextModel, type ReadOptions } from "./text-model.ts";

/** The label of a word. */
export interface TaggedWord {
  readonly text: string;
  readonly label: string;
  readonly probability: number;
  /** Where the word stands in the text, [start, end) in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** Words that belong together, by labels of the form B-NAME and I-NAME. */
export interface TaggedSpan extends Omit<TaggedWord, "probability"> {
  /** The mean over the words. */
  readonly probability: number;
}

/** Words as one text, with a blank between each two, and where each stands in it. */
export function joinedWords(words: readonly string[]): { readonly text: string; readonly words: readonly Word[] } {
  let at = 0;
  const placed = words.map((text) => {
    const start = at;
    at += text.length + 1;
    return { text, start, end: start + text.length };
  });
  return { text: words.join(" "), words: placed };
}

/** For each word of a text its tokens as [first, last + 1); the same number twice where it has none. */
export function piecesOf(words: readonly Word[], { offsets, sequenceIds }: Encoding): [first: number, end: number][] {
  return tokenSpans(
    words,
    offsets.map((place, at) => (sequenceIds[at] === undefined ? [0, 0] : place)),
  );
}

/** The place of the largest of the numbers of token `at`, of which each has `size`. */
function largest(values: Float32Array, at: number, size: number): number {
  let best = 0;
  for (let i = 1; i < size; i++) if (values[at * size + i]! > values[at * size + best]!) best = i;
  return best;
}

/** How a text is tagged. */
export interface TagOptions extends ReadOptions {
  /**
   * Whether words are what stands between blanks, as in the files that taggers are trained on ("Jane sings ."). Default:
   * false, the tokenizer tells words and marks apart.
   */
  readonly blanks?: boolean | undefined;
}

/** A word with its first token. */
type PlacedWord = Pick<TaggedWord, "start" | "end"> & { readonly first: number };

function wordsByBlanks(text: string, encoding: Encoding): PlacedWord[] {
  const words = Array.from(text.matchAll(/\S+/g), ({ 0: word, index }) => {
    return { text: word, start: index, end: index + word.length };
  });
  return piecesOf(words, encoding).flatMap(([first, end], i) =>
    first === end ? [] : [{ first, start: words[i]!.start, end: words[i]!.end }],
  );
}

function wordsOfTokenizer(text: string, { wordIds, offsets, sequenceIds }: Encoding): PlacedWord[] {
  const words = new Map<number, PlacedWord>();
  for (const [at, word] of wordIds.entries()) {
    if (word === undefined || sequenceIds[at] === undefined) continue;
    const [from, end] = offsets[at]!;
    // Some tokenizers count the blank before a word as its part.
    const start = Math.min(from + text.slice(from, end).search(/\S|$/), end);
    const known = words.get(word);
    words.set(word, known === undefined ? { first: at, start, end } : { ...known, end: Math.max(known.end, end) });
  }
  return [...words.values()];
}

/** A token classifier with its tokenizer. */
export class TokenTagger extends TextModel<"token-classification"> {
  /** The names of the labels. */
  get labels(): readonly string[] {
    return this.model.architecture.config["labels"] as readonly string[];
  }

  /** The label of each word: that of its first token. Throws InputError for a text that is too long. */
  async tag(text: string, { blanks = false, ...options }: TagOptions = {}): Promise<TaggedWord[]> {
    const { feeds, encodings } = this.encode([text], options);
    const results = await this.model.run(feeds, { outputs: ["logits"] });
    const logits = rowOf(results.get("logits")!, 0);
    const words = blanks ? wordsByBlanks(text, encodings[0]!) : wordsOfTokenizer(text, encodings[0]!);
    return words.map(({ first, start, end }) => {
      const shares = probabilities(logits.subarray(first * this.labels.length, (first + 1) * this.labels.length));
      const label = shares.indexOf(Math.max(...shares));
      return { text: text.slice(start, end), label: this.labels[label]!, probability: shares[label]!, start, end };
    });
  }

  /**
   * The label of each word of texts that are cut into words already: that of its first token. Undefined for words that
   * are cut off, where that may be (`truncate`), and for those that have no token. Throws InputError for a text that is
   * too long.
   */
  async tagWords(
    sentences: readonly (readonly string[])[],
    { batch = 32, ...options }: ReadOptions & { readonly batch?: number | undefined } = {},
  ): Promise<(string | undefined)[][]> {
    const order = [...sentences.keys()].sort((a, b) => sentences[a]!.length - sentences[b]!.length);
    const found = new Array<(string | undefined)[]>(sentences.length);
    for (let start = 0; start < order.length; start += batch) {
      const places = order.slice(start, start + batch);
      const texts = places.map((place) => joinedWords(sentences[place]!));
      const { feeds, encodings } = this.encode(
        texts.map(({ text }) => text),
        options,
      );
      const logits = (await this.model.run(feeds, { outputs: ["logits"] })).get("logits")!;
      for (const [i, place] of places.entries()) {
        const row = rowOf(logits, i);
        found[place] = piecesOf(texts[i]!.words, encodings[i]!).map(([first, end]) => {
          return first === end ? undefined : this.labels[largest(row, first, this.labels.length)];
        });
      }
    }
    return found;
  }

  /** The spans of a text: words with B-NAME, those with I-NAME behind them, and nothing for O. */
  async spans(text: string, options: TagOptions = {}): Promise<TaggedSpan[]> {
    return spansOf(text, await this.tag(text, options));
  }
}

/**
 * Joins words into spans, by labels B- and I-, those with E-, L-, S- and U- for ends and single words, or plain names.
 * What goes on (I-) with nothing of its name before it begins a span, as in seqeval's default mode.
 */
export function spansOf(text: string, words: readonly TaggedWord[]): TaggedSpan[] {
  const spans: { name: string; words: TaggedWord[] }[] = [];
  let before: string | undefined;
  for (const word of words) {
    const [, prefix = "", name = word.label] = /^([BIELSU])-(.*)$/s.exec(word.label) ?? [];
    const inside = name !== "O";
    if (inside && !"BSU".includes(prefix || "I") && before === name) spans.at(-1)!.words.push(word);
    else if (inside) spans.push({ name, words: [word] });
    before = inside && !"ELSU".includes(prefix || "I") ? name : undefined;
  }
  return spans.map(({ name, words: inside }) => {
    const [start, end] = [inside[0]!.start, inside.at(-1)!.end];
    const probability = inside.reduce((sum, word) => sum + word.probability, 0) / inside.length;
    return { text: text.slice(start, end), label: name, probability, start, end };
  });
}
