/** The encoder-decoder: which head aligns the words? */
import { pageOptions } from "../../source/page-engine.ts";
import { lesson, type LessonContext } from "../lesson.ts";
import {
  askSubject,
  best,
  gold,
  headsOf,
  reference,
  sentence,
  trainVisits,
  type AlignedHead,
  type HeadsOfTranslator,
} from "../models/translation.ts";
import type { Work } from "../models/work.ts";
import { bars, map, percent } from "./pictures.ts";

const name = ({ layer, head }: AlignedHead): string => `layer ${layer}, head ${head}`;
const share = ({ correct, total }: AlignedHead): number => correct / total;

/** A translator that the studio was opened on; otherwise one is trained in the page. */
async function make(work: Work, { source, models }: LessonContext): Promise<HeadsOfTranslator> {
  const trained = work.quick ? undefined : models.find(({ kind, state }) => kind === "translator" && state === "ready");
  if (trained !== undefined) {
    const { id, title } = trained;
    return { ...(await headsOf((query, question) => source.ask(id, query, question), title, work)), id };
  }
  const subject = await trainVisits(work, pageOptions);
  try {
    return await headsOf(askSubject(subject), "a small translator, trained here", work);
  } finally {
    await subject.dispose();
  }
}

export default lesson<HeadsOfTranslator>({
  trains:
    "The translator that the studio was opened on is asked; where there is none, a small one is trained here, in about half a minute.",
  make,
  cards: [
    {
      title: "Two languages, two halves",
      free: true,
      text: () => [
        `An encoder reads the French sentence “${sentence}”. A decoder writes the English one word by word, and before each word its cross-attention looks at what the encoder made of the French words.`,
        "Which French word belongs to which English one, nobody tells it.",
      ],
    },
    {
      title: "Where each head looks",
      text: ({ model, translation }) => [
        `Asked was ${model}. It translates: “${translation}”. The map is read with the reference “${reference}”: a row is the word about to be written.`,
      ],
      controls: [{ kind: "choice", name: "head", label: "Head", options: ({ heads }) => heads.map(name) }],
      view: ({ id }) =>
        id === undefined
          ? undefined
          : {
              id: "attention",
              title: "See the same in the view of attention, with lines and all heads at once.",
              chosen: { model: id, text: sentence, target: reference, group: "crossAttentions" },
            },
      picture: ({ read, written, heads }, { head }) =>
        map(
          `Cross-attention, ${name(heads[Number(head)]!)}`,
          ["word to be written", written],
          ["word read", read],
          heads[Number(head)]!.weights,
        ),
      question: {
        kind: "choice",
        ask: () => "Which head aligns the words best? The gold alignments of the corpus will tell.",
        options: ({ heads }) => heads.map(name),
        right: ({ heads }) => {
          const top = share(best(heads)[0]!);
          return heads.flatMap((head, i) => (share(head) === top ? [i] : []));
        },
        why: ({ heads }) => {
          const [first, second] = best(heads);
          const told = (head: AlignedHead): string => `${name(head)}: ${head.correct} of ${head.total} content words`;
          return `${told(first!)}${second === undefined ? "" : `; next ${told(second)}`}, over sentences with gold alignments.`;
        },
      },
    },
    {
      title: "Judged by the gold",
      text: () => [
        `The corpus says which words correspond: here ${gold.map(([s, t]) => `${s + 1}-${t + 1}`).join(", ")}, French first. A head aligns a word where its largest weight is on such a word.`,
        "A weight says where a head looks, not why the model answers as it does.",
      ],
      picture: ({ heads }) =>
        bars(
          "Content words that each head aligns",
          heads.map((head) => ({ name: name(head), value: share(head) })),
          percent,
        ),
      question: {
        kind: "choice",
        ask: () => "At which French word does that best head look most before it writes “Africa”?",
        options: ({ read }) => read,
        right: ({ heads, written }) => {
          const row = best(heads)[0]!.weights[written.indexOf("Africa")]!;
          return row.indexOf(Math.max(...row));
        },
        why: ({ heads, written, read }) => {
          const row = best(heads)[0]!.weights[written.indexOf("Africa")]!;
          const most = Math.max(...row);
          const right = gold.some(([s, t]) => s === row.indexOf(most) && t === written.indexOf("Africa"));
          return `${most.toFixed(2)} of its weight is on “${read[row.indexOf(most)]!}”, which the gold calls ${right ? "right" : "wrong"}.`;
        },
      },
    },
  ],
});
