/** What attention knows of order. */
import { lesson } from "../lesson.ts";
import { names, sentences, trainWithAndWithout, type WithAndWithout } from "../models/positions.ts";
import { bars, lossChart, map, percent } from "./pictures.ts";

const said = sentences.map(({ read }) => read.join(" "));
const [first, second] = [0, sentences.findIndex(({ read }) => read[0] === names[1] && read[2] === names[0])];

export default lesson<WithAndWithout>({
  trains: `The same small model learns ${sentences.length} sentences twice, with positions and without: a few seconds each.`,
  make: trainWithAndWithout,
  cards: [
    {
      title: "A bag of words",
      free: true,
      text: () => [
        "“Tom sees Ann” and “Ann sees Tom” have the same words. Attention is a sum over tokens, and a sum does not know in which order they came.",
        "So each token gets a vector for its place, added to its embedding. Train the model with it and without it: who sees?",
      ],
    },
    {
      title: "With and without",
      text: () => ["Both models have the same sizes, the same seed and the same sentences."],
      controls: [{ kind: "choice", name: "show", label: "Show", options: () => ["accuracy", "loss"] }],
      picture: ({ with: placed, without }, { show }) =>
        show === 1
          ? lossChart({ "with positions": placed.losses, "without positions": without.losses })
          : bars(
              "Sentences answered right",
              [
                { name: "with positions", value: placed.accuracy },
                { name: "without positions", value: without.accuracy },
              ],
              percent,
            ),
      question: {
        kind: "choice",
        ask: () => "How many sentences does the model without positions answer right?",
        options: () => ["about none", "about a half", "all"],
        right: ({ without: { accuracy } }) => (accuracy < 0.25 ? 0 : accuracy < 0.75 ? 1 : 2),
        why: ({ without, with: placed }) =>
          `${percent(without.accuracy)}: it knows which two names there are, and guesses. With positions: ${percent(placed.accuracy)}.`,
      },
    },
    {
      title: "Two sentences, one bag",
      text: () => [`Its chances for ${said[first]!} and for ${said[second]!}:`],
      controls: [
        { kind: "choice", name: "model", label: "Model", options: () => ["without positions", "with positions"] },
      ],
      picture: (r, { model }) => {
        const { chances } = model === 1 ? r.with : r.without;
        return map(
          "Chance of each name",
          ["sentence", [said[first]!, said[second]!]],
          ["answer", names],
          [chances[first]!, chances[second]!],
        );
      },
      question: {
        kind: "choice",
        ask: () => `Without positions, how far apart are the two answers for ${names[0]}?`,
        options: () => ["not at all", "clearly"],
        right: ({ without: { chances } }) => (Math.abs(chances[first]![0]! - chances[second]![0]!) < 0.01 ? 0 : 1),
        why: ({ without: { chances } }) =>
          `${names[0]} gets ${chances[first]![0]!.toFixed(4)} and ${chances[second]![0]!.toFixed(4)}.`,
      },
    },
  ],
});
