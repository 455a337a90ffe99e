/** Attention from a bigram table: who ordered what. */
import { lesson } from "../lesson.ts";
import { bigrams, sentences, trainToyAttention, words, type ToyAttention } from "../models/attention.ts";
import { largest } from "../models/work.ts";
import { lossChart } from "./pictures.ts";

const said = (s: number): string => `“${sentences[s]!.slice(1, 4).join(" ")} …”`;
const read = (s: number): readonly string[] => sentences[s]!.slice(0, 4);
const the = 3;

export default lesson<ToyAttention>({
  trains: "One attention head learns two sentences: 300 updates, a few seconds.",
  make: trainToyAttention,
  cards: [
    {
      title: "What a bigram table knows",
      free: true,
      text: () => [
        "Two sentences are all there is to learn: “man ordered the chicken” and “woman ordered the beef”.",
        "A bigram table counts which word follows which. Its rows are chances for the next word, from the last word alone.",
      ],
      picture: () => ({
        kind: "heat",
        title: "Chance of the next word, by the last one",
        rows: words,
        columns: words,
        values: bigrams().flat(),
        rowTitle: "last word",
        columnTitle: "next word",
      }),
      question: {
        kind: "choice",
        ask: () => "After which word can the table not tell what comes, although the sentence has told it?",
        options: () => words.slice(0, 5),
        right: () => {
          const rows = bigrams();
          // <start> is open for the table, and for everybody: nothing was said before it.
          return words.slice(1, 5).findIndex((_, i) => Math.max(...rows[i + 1]!) === 0.5) + 1;
        },
        why: () => {
          const chance = Math.max(...bigrams()[words.indexOf("the")]!);
          return `After “the” the table gives chicken and beef ${chance} each; who ordered stands two words earlier.`;
        },
      },
    },
    {
      title: "A head may look back",
      text: ({ losses }) => [
        "Each word asks with a query, each earlier word answers with a key. The softmax of their products says how much of each word's value is added.",
        `The loss fell from ${losses[0]!.toFixed(3)} to ${losses.at(-1)!.toFixed(3)}. It cannot pass ln 2 / 4 = ${(Math.LN2 / 4).toFixed(3)}: whether a man or a woman comes first, nobody can know.`,
      ],
      picture: ({ losses }) => lossChart({ loss: losses }),
    },
    {
      title: "Where it looks",
      controls: [
        { kind: "choice", name: "sentence", label: "Sentence", options: () => sentences.map((_, s) => said(s)) },
      ],
      text: () => ["A row is the word that looks, a column the word that is looked at. What comes later is masked: 0."],
      picture: ({ weights }, { sentence }) => ({
        kind: "heat",
        title: `Attention in ${said(Number(sentence))}`,
        rows: read(Number(sentence)),
        columns: read(Number(sentence)),
        values: weights[Number(sentence)]!.flat(),
        rowTitle: "query",
        columnTitle: "key",
      }),
      question: {
        kind: "choice",
        ask: () => `In ${said(1)}, at which word does “the” look most?`,
        options: () => read(1),
        right: ({ weights }) => largest(weights[1]![the]!),
        why: ({ weights }) => {
          const row = weights[1]![the]!;
          return `Its weight on “${read(1)[largest(row)]!}” is ${Math.max(...row).toFixed(2)}, the largest of the row.`;
        },
      },
    },
    {
      title: "What follows from it",
      controls: [
        { kind: "choice", name: "sentence", label: "Sentence", options: () => sentences.map((_, s) => said(s)) },
      ],
      text: () => ["The value that “the” fetched is added to “the” itself, and the sum is turned into chances."],
      picture: ({ chances }, { sentence }) => ({
        kind: "heat",
        title: `Chance of the next word in ${said(Number(sentence))}`,
        rows: read(Number(sentence)),
        columns: words,
        values: chances[Number(sentence)]!.flat(),
        rowTitle: "last word read",
        columnTitle: "next word",
      }),
      question: {
        kind: "choice",
        ask: () => `What does the model say after ${said(0)}?`,
        options: () => words,
        right: ({ chances }) => largest(chances[0]![the]!),
        why: ({ chances }) => {
          const row = chances[0]![the]!;
          return `“${words[largest(row)]!}”, with a chance of ${Math.max(...row).toFixed(2)}. The table had one half.`;
        },
      },
    },
  ],
});
