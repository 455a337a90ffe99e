/** Greedy search against beams. */
import { treeSvg } from "heed/figures";
import { lesson } from "../lesson.ts";
import { sentences, trainAndSearch, type Search, type Searches } from "../models/beams.ts";
import { bars } from "./pictures.ts";

/** Words below this chance are left out of the picture. */
const LEAST = 0.005;
const title = (beams: number): string => (beams === 1 ? "greedy" : `${beams} beams`);

function shown({ nodes }: Search): { places: number[]; nodes: Search["nodes"] } {
  const kept = nodes.flatMap(({ chance }, i) => (chance >= LEAST ? [i] : []));
  return { places: kept, nodes: kept.map((i) => nodes[i]!) };
}

export default lesson<Searches>({
  trains: "A small GPT-2 learns a few sentences about a kitchen, each as often as it is said: a few seconds.",
  make: trainAndSearch,
  cards: [
    {
      title: "One word after another",
      free: true,
      text: () => [
        "A language model gives a chance to each next word. Greedy search takes the best word, then the best after that. Whether the whole is likely it never asks.",
        "The model reads these sentences, some more often than others.",
      ],
      picture: () => ({
        kind: "table",
        title: "What is read",
        table: {
          columns: ["sentence", "times"],
          rows: sentences.map(({ words, times }) => [words.slice(0, -1).join(" "), times]),
        },
      }),
    },
    {
      title: "Several beginnings at once",
      text: () => [
        "Beam search keeps the best few beginnings at each step. A number is the chance of all words up to there; a cross was given up, a thick line leads to what won.",
      ],
      controls: [
        { kind: "choice", name: "search", label: "Search", options: ({ all }) => all.map(({ beams }) => title(beams)) },
      ],
      picture: ({ all }, { search }) => {
        const found = all[Number(search)]!;
        const { places, nodes } = shown(found);
        return {
          kind: "drawing",
          title: `${title(found.beams)}: “${found.text}”`,
          svg: treeSvg({
            title: `the …, ${title(found.beams)}`,
            nodes: nodes.map(({ word, parent, state, chance, best }) => ({
              ...(parent !== undefined && { parent: places.indexOf(parent) }),
              ...{ label: word, note: chance.toFixed(2), state, best },
            })),
          }),
          table: {
            columns: ["word", "behind", "chance", "state"],
            rows: nodes.map(({ word, parent, chance, state }) => [
              word,
              parent === undefined ? "the" : found.nodes[parent]!.word,
              chance,
              state,
            ]),
          },
        };
      },
      question: {
        kind: "choice",
        ask: () => "Which sentence wins with two beams?",
        options: ({ all }) => [...new Set([...all.map(({ text }) => text), "the waiter smiles back"])],
        right: ({ all }) => [...new Set(all.map(({ text }) => text))].indexOf(all[1]!.text),
        why: ({ all: [greedy, two] }) =>
          `It has a chance of ${two!.chance.toFixed(2)}; greedy search found one of ${greedy!.chance.toFixed(2)}.`,
      },
    },
    {
      title: "What more beams bring",
      text: () => [
        "More beams cost more steps of the model. They never find less in this tree, and from some number on nothing new.",
      ],
      picture: ({ all }) =>
        bars(
          "Chance of the sentence that was found",
          all.map(({ beams, chance }) => ({ name: title(beams), value: chance })),
        ),
      question: {
        kind: "choice",
        ask: () => "From how many beams on does the answer stay the same?",
        options: ({ all }) => all.map(({ beams }) => title(beams)),
        right: ({ all }) => all.findIndex(({ text }, i) => all.slice(i).every((later) => later.text === text)),
        why: ({ all }) =>
          all
            .map(({ beams, text }) => `${title(beams)}: “${text}”`)
            .join("; ")
            .concat("."),
      },
    },
  ],
});
