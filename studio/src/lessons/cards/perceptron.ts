/** What one line can separate, and what it cannot. */
import { lesson } from "../lesson.ts";
import { sets, trainPerceptrons, type Perceptrons } from "../models/perceptron.ts";
import { lossChart, planePicture } from "./pictures.ts";

export default lesson<Perceptrons>({
  trains: "Three perceptrons and a small network learn to tell dots from squares: a few seconds.",
  make: trainPerceptrons,
  cards: [
    {
      title: "A weighted sum and a line",
      text: () => [
        "A perceptron multiplies each input by a weight, adds a bias, and looks at the sign. Where the sum is zero runs its decision boundary: in a plane, a straight line.",
        "The color says how sure each model is, dark on one side and on the other; points that it gets wrong are crossed out.",
      ],
      controls: [{ kind: "choice", name: "set", label: "Points", options: () => sets.map(({ name }) => name) }],
      picture: ({ lines }, { set }) => planePicture(lines[Number(set)]!, sets[Number(set)]!.points),
      question: {
        kind: "choice",
        ask: () => "Which points does no perceptron here separate?",
        options: () => sets.map(({ name }) => name),
        right: ({ lines }) => lines.flatMap(({ right, of }, i) => (right < of ? [i] : [])),
        why: ({ lines }) =>
          lines
            .map(({ name, right, of }) => `${name}: ${right} of ${of}`)
            .join(", ")
            .concat("."),
      },
    },
    {
      title: "A hidden layer bends the line",
      text: ({ losses }) => [
        "Four hidden units draw a line each, and one more unit adds up what they say. So the boundary may bend.",
        `The loss of all four models together fell from ${losses[0]!.toFixed(3)} to ${losses.at(-1)!.toFixed(3)}.`,
      ],
      controls: [{ kind: "choice", name: "show", label: "Show", options: () => ["the plane", "the loss"] }],
      picture: ({ hidden, losses }, { show }) =>
        show === 1 ? lossChart({ loss: losses }) : planePicture(hidden, sets.at(-1)!.points),
      question: {
        kind: "number",
        ask: ({ hidden }) =>
          `How many of the ${hidden.of} crosswise points does the network with hidden units get right?`,
        right: ({ hidden }) => hidden.right,
        why: ({ hidden, lines }) => `The single line got ${lines.at(-1)!.right}, the network ${hidden.right}.`,
      },
    },
  ],
});
