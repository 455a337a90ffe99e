// Sentences of 20 tokens translated by a model of the size `tiny`: greedy and five beams, batches of 64 and of 1.
import { heedLanes } from "../engines.mjs";
import { entry, inTurn } from "../lanes.mjs";
import { joeynmtLane, peerLane } from "../peers.mjs";
import { ratePerSecond } from "../statistics.mjs";
import { sizes } from "./translator.mjs";

const kinds = [
  { beams: 1, batch: 64 },
  { beams: 5, batch: 64 },
  { beams: 1, batch: 1 },
  { beams: 5, batch: 1 },
];
const titleOf = ({ beams, batch }) => `${beams === 1 ? "greedy" : `${beams} beams`}, batch ${batch}`;

export async function measure(context) {
  const { rounds, seconds, seed, log } = context;
  const job = { sizes: { ...sizes, vocabulary: 10_000 }, seed, length: 20 };
  const specs = [
    ...heedLanes("decode", job),
    peerLane(context, "Hugging Face generate", "decode", { ...job, kind: "marian" }),
    peerLane(context, "Hugging Face generate, bf16", "decode", { ...job, kind: "marian", bf16: true }),
    joeynmtLane(context, "JoeyNMT", "decode", { ...job, kind: "joeynmt" }),
  ];
  // Every round goes through the kinds one by one; all take their turn in each.
  const turns = Array.from({ length: rounds }, () => kinds.map((kind) => ({ do: "turn", seconds, ...kind }))).flat();
  const lanes = await inTurn(specs, { turns, log });
  const parts = kinds.map((kind, at) => ({
    kind: "lanes",
    title: titleOf(kind),
    unit: "sentences a second",
    better: "more",
    lanes: lanes.map((lane) =>
      entry({ ...lane, rounds: lane.rounds.filter((_, i) => i % kinds.length === at) }, ratePerSecond),
    ),
  }));
  const about = [
    "An encoder-decoder of 4 + 4 layers, width 128, vocabulary 10,000, with random weights: how long a step takes does not " +
      "depend on them. Sources have 20 tokens, and every translation is made to have exactly 20 (the end token is " +
      "forbidden before), so all take the same number of steps and nobody gains by ending early. That is to Heed's " +
      "disadvantage: its batches shrink as sentences end, which here they never do. As many sentences as fit into a " +
      "turn, of 1,000.",
  ];
  return { about, parts };
}
