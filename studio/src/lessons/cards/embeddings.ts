/** Words as vectors, and what their differences mean. */
import { scatterSvg } from "heed/figures";
import { lesson } from "../lesson.ts";
import { nearest, nouns, relations, sentences, trainEmbeddings, type Embeddings } from "../models/embeddings.ts";
import { map } from "./pictures.ts";

const near = (r: Embeddings, relation: number, noun: string): ReturnType<typeof nearest> => {
  const [a, b] = relations[relation]!;
  return nearest(r.analogies[relation]![nouns.indexOf(noun)]!, [a, b, noun]);
};
const friends = (r: Embeddings, noun: string): ReturnType<typeof nearest> =>
  nearest(r.cosines[nouns.indexOf(noun)]!, [noun]);

export default lesson<Embeddings>({
  trains: `${nouns.length} nouns learn vectors from ${sentences.length} made-up sentences: a few seconds.`,
  make: trainEmbeddings,
  cards: [
    {
      title: "A word by the company it keeps",
      text: () => [
        `Each noun is a vector of eight numbers that has to predict the words around it, as in “${sentences[16]!.noun}: ${sentences[16]!.around.join(", ")}”. Nothing says what the nouns mean.`,
        "The cosine of two vectors is 1 where they point the same way, 0 where they have nothing in common.",
      ],
      picture: (r) =>
        map("Cosine of each noun with each", ["noun", nouns], ["noun", nouns], r.cosines, {
          scale: "diverging",
          range: [-1, 1],
        }),
      question: {
        kind: "choice",
        ask: () => "Which of these is nearest to “queen”?",
        options: () => ["king", "woman", "princess", "queens", "boys"],
        right: (r) => {
          const options = ["king", "woman", "princess", "queens", "boys"];
          return options.indexOf(friends(r, "queen").find(({ noun }) => options.includes(noun))!.noun);
        },
        why: (r) =>
          `Its cosines: ${friends(r, "queen")
            .slice(0, 4)
            .map(({ noun, cosine }) => `${noun} ${cosine.toFixed(2)}`)
            .join(", ")}.`,
      },
    },
    {
      title: "Differences are directions",
      text: () => [
        "What tells “woman” from “man” is a direction, and “queen” differs from “king” along the same one. Here each noun is placed along two such directions.",
      ],
      picture: ({ map: places }) => ({
        kind: "drawing",
        title: "Nouns along two directions",
        svg: scatterSvg({
          title: "Nouns along two directions",
          points: nouns.map((name, n) => ({ name, x: places[n]![0]!, y: places[n]![1]! })),
          xTitle: "man → woman",
          yTitle: "man → king",
        }),
        table: {
          columns: ["noun", "man → woman", "man → king"],
          rows: nouns.map((noun, n) => [noun, ...places[n]!]),
        },
      }),
    },
    {
      title: "Analogies",
      text: () => [
        "Take the difference of two words, add it to a third, and look who is near. The three given words do not count.",
      ],
      controls: [
        {
          kind: "choice",
          name: "relation",
          label: "As",
          options: () => relations.map(([a, b]) => `${a} is to ${b}`),
        },
        { kind: "choice", name: "noun", label: "so is", options: () => nouns },
      ],
      picture: (r, { relation, noun }) => ({
        kind: "table",
        title: `… ${nouns[Number(noun)]!} to`,
        table: {
          columns: ["noun", "cosine"],
          rows: near(r, Number(relation), nouns[Number(noun)]!)
            .slice(0, 5)
            .map(({ noun: found, cosine }) => [found, cosine]),
        },
      }),
      question: {
        kind: "choice",
        ask: () => "Man is to woman as king is to …?",
        options: () => ["prince", "queen", "kings", "girl"],
        right: (r) => {
          const options = ["prince", "queen", "kings", "girl"];
          return options.indexOf(near(r, 0, "king").find(({ noun }) => options.includes(noun))!.noun);
        },
        why: (r) => {
          const [first, second] = near(r, 0, "king");
          return `king − man + woman has a cosine of ${first!.cosine.toFixed(2)} with “${first!.noun}”, then ${second!.cosine.toFixed(2)} with “${second!.noun}”.`;
        },
      },
    },
  ],
});
