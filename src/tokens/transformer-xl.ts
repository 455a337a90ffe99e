import type { Aligned } from "./aligned.ts";
import type { Decoder } from "./decoders.ts";
import { flagOf, form, textFile, type FamilyReader } from "./family-files.ts";
import { cutAsMoses, joinAsMoses } from "./moses.ts";
import { makeNormalizer } from "./normalizers.ts";
import { trimmed } from "./python-space.ts";
import { unwritable } from "./stages.ts";
import { WordLevel } from "./word-level.ts";

const NUMBER_MARK = /(?<=\p{Nd})[,.](?=\p{Nd})/gu;

/**
 * Transformer-XL (Dai et al. 2019): vocab.txt of whole words, cut as the Moses tokenizer cuts English; commas and full
 * stops in numbers become words of their own, between at-signs.
 */
export const transformerXl: FamilyReader = (files, config) => {
  const vocabulary = new Map<string, number>();
  for (const line of textFile(files, "vocab.txt").split("\n")) {
    const word = line.trim().split(/\s+/)[0]!;
    if (word !== "" && !vocabulary.has(word)) vocabulary.set(word, vocabulary.size);
  }
  const decoder: Decoder = {
    json: unwritable("Moses"),
    decode: (tokens) => [joinAsMoses(tokens).replaceAll(" @,@ ", ",").replaceAll(" @.@ ", ".").trim()],
  };
  return {
    model: new WordLevel(vocabulary, vocabulary.has("<UNK>") ? "<UNK>" : "<unk>"),
    normalizer: flagOf(config, "lower_case", false) ? makeNormalizer({ type: "Lowercase" }) : undefined,
    preTokenizer: {
      json: unwritable("Moses"),
      split: (piece, emit) => {
        cutAsMoses(trimmed(piece), (word) => {
          cutNumbers(word, emit);
        });
      },
    },
    decoder,
    special: { eos: form("<eos>"), unk: form("<unk>") },
  };
};

function cutNumbers(word: Aligned, emit: (part: Aligned) => void): void {
  let from = 0;
  for (const match of word.text.matchAll(NUMBER_MARK)) {
    emit(word.slice(from, match.index));
    const mark = word.slice(match.index, match.index + 1);
    const [start, end] = mark.origin(0, 1);
    emit(mark.become(`@${match[0]}@`, () => Int32Array.of(start, end, start, end, start, end)));
    from = match.index + 1;
  }
  emit(word.slice(from, word.text.length));
}
