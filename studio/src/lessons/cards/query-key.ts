/** Query, key and value by hand. */
import { pageEngine } from "../../source/page-engine.ts";
import { lesson, type Control, type Picture, type Settings } from "../lesson.ts";
import {
  firstVectors,
  openCalculator,
  tokens,
  type Attended,
  type Calculator,
  type Vectors,
} from "../models/query-key.ts";

interface ByHand {
  readonly calculator: Calculator;
  /** With the vectors as they are at first. */
  readonly first: Attended;
}

const slider = (name: string, label: string, first: number): Control<ByHand> => ({
  ...{ kind: "slider", name, label, first },
  ...{ low: -4, high: 4, step: 0.5 },
});
const [woman, enough] = [1, 0.8];

const vectorsOf = (set: Settings): Vectors => ({
  query: [Number(set["q1"] ?? 0), Number(set["q2"] ?? 0)],
  keys: firstVectors.keys.map((key, i) =>
    i === 2 && set["k1"] !== undefined ? [Number(set["k1"]), Number(set["k2"])] : key,
  ),
  values: firstVectors.values,
});

async function table({ calculator }: ByHand, set: Settings): Promise<Picture> {
  const vectors = vectorsOf(set);
  const { scores, weights, output } = await calculator.attend(vectors);
  const numbers = (row: readonly number[]): string => `(${row.map((n) => n.toFixed(1)).join(", ")})`;
  return {
    kind: "table",
    title: `q = ${numbers(vectors.query)} gives ${numbers(output)}`,
    table: {
      columns: ["token", "key k", "q · k / √2", "softmax", "value v"],
      rows: tokens.map((token, i) => [
        token,
        numbers(vectors.keys[i]!),
        Number(scores[i]!.toFixed(3)),
        Number(weights[i]!.toFixed(3)),
        numbers(vectors.values[i]!),
      ]),
    },
  };
}

export default lesson<ByHand>({
  make: async () => {
    const calculator = await openCalculator({ engine: pageEngine });
    return { calculator, first: await calculator.attend(firstVectors) };
  },
  cards: [
    {
      title: "A query meets three keys",
      text: () => [
        "A token asks with its query q. Each token answers with a key k: the product q · k, over √d, is its score. The softmax makes shares of the scores, and the output is the sum of the values v by these shares.",
        "Move the query and see who is heard.",
      ],
      controls: [slider("q1", "Query, first", 0), slider("q2", "Query, second", 0)],
      picture: table,
      question: {
        kind: "goal",
        ask: () => `Give “woman” more than ${enough} of the attention.`,
        met: async ({ calculator }, set) => (await calculator.attend(vectorsOf(set))).weights[woman]! > enough,
        why: () => "The query points where the key of “woman” points, and away from the others.",
      },
    },
    {
      title: "A query of zeros",
      text: () => ["Where a query is zero, no key matters. Here the key of “ordered” can be moved, too."],
      controls: [
        slider("q1", "Query, first", 0),
        slider("q2", "Query, second", 0),
        slider("k1", "Key of “ordered”, first", -1),
        slider("k2", "Key of “ordered”, second", -1),
      ],
      picture: table,
      question: {
        kind: "choice",
        ask: () => "With q = (0, 0), how much attention does each of the three tokens get?",
        options: () => ["all goes to the first", "a third each", "none"],
        right: ({ first: { weights } }) => {
          if (weights.every((weight) => Math.abs(weight - 1 / 3) < 1e-6)) return 1;
          return weights[0]! > 0.99 ? 0 : 2;
        },
        why: ({ first: { weights, output } }) =>
          `The weights are ${weights.map((weight) => weight.toFixed(3)).join(", ")}: the output (${output.map((n) => n.toFixed(2)).join(", ")}) is the mean of the values.`,
      },
    },
  ],
});
