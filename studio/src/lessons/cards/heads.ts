/** Why there are several heads. */
import { lesson } from "../lesson.ts";
import { days, dishes, persons, sentences, trainTwoHeads, type TwoHeads } from "../models/heads.ts";
import { bars, map, percent } from "./pictures.ts";

const said = sentences.slice(0, 6).map(({ read }) => `${read.join(" ")} …`);

export default lesson<TwoHeads>({
  trains: `Two heads learn which of ${dishes.length} dishes is ordered: it depends on who orders and on the day. A few seconds.`,
  make: (work) => trainTwoHeads(work),
  cards: [
    {
      title: "Two things to look for",
      text: () => [
        `${persons.join(", ")} order another dish each on ${days.join(", ")}. To name it, “the” must know two words of the sentence, and each head hands on a single number.`,
        "See where each head looks from “the”.",
      ],
      controls: [{ kind: "choice", name: "sentence", label: "Sentence", options: () => said }],
      picture: ({ weights }, { sentence }) =>
        map(
          "Where “the” looks",
          ["head", ["head 1", "head 2"]],
          ["word", sentences[Number(sentence)]!.read.map((word, i) => `${i + 1} ${word}`)],
          weights.map((head) => head[Number(sentence)]!),
        ),
      question: {
        kind: "choice",
        ask: () => "Over all sentences, which head looks at the day?",
        options: () => ["head 1", "head 2"],
        right: ({ onDay }) => (onDay[0]! > onDay[1]! ? 0 : 1),
        why: ({ onDay, onPerson }) =>
          onDay
            .map((day, h) => `Head ${h + 1}: ${percent(day)} on the day, ${percent(onPerson[h]!)} on the person.`)
            .join(" "),
      },
    },
    {
      title: "Take one out",
      text: () => [
        "Ablation sets what a head gives to zero and measures the loss again. What gets worse is what the head was needed for.",
      ],
      controls: [
        {
          kind: "choice",
          name: "measure",
          label: "Measure",
          options: () => ["loss", "right dish", "right person's dish", "right day's dish"],
        },
      ],
      picture: ({ ablated }, { measure }) => {
        const of = (["loss", "dish", "person", "day"] as const)[Number(measure)]!;
        const title = ["Loss", "Right dish", "A dish of the right person", "A dish of the right day"][Number(measure)]!;
        const format = of === "loss" ? undefined : percent;
        return bars(
          title,
          ablated.map((one) => ({ name: one.name, value: one[of] })),
          format,
        );
      },
      question: {
        kind: "choice",
        ask: () => "Without head 2, what does the model still know?",
        options: () => ["the day more than the person", "the person more than the day", "both alike"],
        right: ({ ablated }) => {
          const { day, person } = ablated[2]!;
          return day === person ? 2 : day > person ? 0 : 1;
        },
        why: ({ ablated: [both, , without] }) =>
          `The loss grows from ${both!.loss.toFixed(2)} to ${without!.loss.toFixed(2)}; the day is still right in ${percent(without!.day)} of the sentences, the person in ${percent(without!.person)}.`,
      },
    },
  ],
});
