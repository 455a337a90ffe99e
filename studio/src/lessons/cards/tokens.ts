/** How text becomes tokens: merges learned on the spot. */
import { chipRowsSvg } from "heed/figures";
import { lesson, type Picture } from "../lesson.ts";
import { counts, learnVocabularies, mergesOf, text, tokensOf, type Vocabulary } from "../models/tokens.ts";
import { bars } from "./pictures.ts";

const asked = "slowest";

function steps({ tokenizer }: Vocabulary, given: string): Picture {
  const word = given.trim().toLowerCase() || "lowest";
  const rows = mergesOf(tokenizer, word);
  const named = rows.map(({ rank, joined, symbols }) => ({
    name: rank < 0 ? "letters" : `${rank + 1}: ${joined}`,
    chips: symbols.map((symbol) => ({ text: symbol })),
  }));
  return {
    kind: "drawing",
    title: `“${word}” becomes ${tokensOf(tokenizer, word).length} tokens`,
    svg: chipRowsSvg({ title: `“${word}”, merge by merge`, rows: named }),
    table: {
      columns: ["merge", "pieces"],
      rows: named.map(({ name, chips }) => [name, chips.map((c) => c.text).join(" ")]),
    },
  };
}

export default lesson<Vocabulary[]>({
  make: learnVocabularies,
  cards: [
    {
      title: "From letters to pieces",
      text: () => [
        `Models read numbers, so text is cut into pieces of a vocabulary. Byte-pair encoding begins with letters and joins the most frequent pair of neighbors, again and again. ▁ stands for a blank.`,
        `It was learned on this text: “${text.slice(0, 97)} …” Write a word and see its merges.`,
      ],
      controls: [
        { kind: "text", name: "word", label: "Word", first: "lowest" },
        {
          kind: "choice",
          name: "merges",
          first: 2,
          label: "Vocabulary",
          options: () => counts.map((count) => `${count} merges`),
        },
      ],
      picture: (all, { word, merges }) => steps(all[Number(merges)]!, String(word)),
      question: {
        kind: "number",
        ask: () => `With 20 merges, how many tokens does “${asked}” become?`,
        right: (all) => tokensOf(all[counts.indexOf(20)]!.tokenizer, asked).length,
        why: (all) => `They are ${tokensOf(all[counts.indexOf(20)]!.tokenizer, asked).join(" | ")}.`,
      },
    },
    {
      title: "More merges, shorter texts",
      text: () => [
        "Each merge adds an entry to the vocabulary and makes texts shorter. A model pays for the one with rows of its embedding, for the other with attention.",
      ],
      picture: (all) =>
        bars(
          "Tokens of the whole text",
          all.map(({ merges, length }) => ({ name: `${merges} merges`, value: length })),
          String,
        ),
      question: {
        kind: "choice",
        ask: () => "Which step saves the most tokens for each merge?",
        options: () => counts.slice(1).map((count, i) => `from ${counts[i]!} to ${count} merges`),
        right: (all) => {
          const saved = savings(all);
          return saved.indexOf(Math.max(...saved));
        },
        why: (all) =>
          `Tokens saved a merge: ${savings(all)
            .map((one) => one.toFixed(1))
            .join(", ")}. The most frequent pairs come first.`,
      },
    },
  ],
});

const savings = (all: readonly Vocabulary[]): number[] =>
  all.slice(1).map(({ merges, length }, i) => (all[i]!.length - length) / (merges - all[i]!.merges));
