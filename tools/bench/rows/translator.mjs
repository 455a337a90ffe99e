// The translator `tiny` on Multi30k, 4,096 target tokens a batch: tokens that are not padding, per second.
import { join } from "node:path";
import { MULTI30K_MISSING, multi30kFolder, multi30kIds, workFolder } from "../data.mjs";
import { heedLanes } from "../engines.mjs";
import { PEAK } from "../goals.mjs";
import { entry, inTurn } from "../lanes.mjs";
import { peerLane } from "../peers.mjs";
import { ratePerSecond } from "../statistics.mjs";

export const sizes = { encoderLayers: 4, decoderLayers: 4, width: 128, feedForward: 256, heads: 4 };
export const TITLE = "translator, 4 + 4 layers, width 128, dropout 0.1";
const none = { dropout: 0, attentionDropout: 0, activationDropout: 0 };
const training = {
  updates: 100_000,
  batchTokens: 4096,
  schedule: "inverse-sqrt",
  learningRate: 2e-3,
  warmUp: 200,
  labelSmoothing: 0.1,
};

export async function measure(context) {
  const { rounds, seconds, seed, quick } = context;
  const folder = multi30kFolder();
  if (folder === undefined) return { parts: [], about: [`Not measured: ${MULTI30K_MISSING}.`] };
  const { tokenizerPath, idsPath, tokenizer, padding } = await multi30kIds(folder, { seed, epochs: 2 });
  const job = { tokenizerPath, idsPath, seed, sizes: { ...sizes, vocabulary: tokenizer.size }, training };
  const rates = { ...none, dropout: 0.1 };
  const peer = (name, more) => peerLane(context, name, "translator", { ...job, rates, ...more });
  const specs = [
    ...heedLanes("translator", { ...job, model: rates }),
    peer("PyTorch", { kind: "plain" }),
    ...(quick ? [] : [peer("PyTorch, compiled", { kind: "plain", compile: true })]),
    peer("PyTorch, bf16", { kind: "plain", bf16: true }),
    peer("Hugging Face Marian", { kind: "marian" }),
  ];
  const turns = Array.from({ length: rounds }, () => ({ do: "round", seconds: Math.max(seconds, quick ? 0 : 3) }));
  // Shapes differ from batch to batch, so a few updates go ahead of the clock.
  const lanes = await inTurn(specs, { ...context, turns, before: [{ do: "losses", count: quick ? 1 : 3 }] });
  const cells = ({ peak }) => ({ [PEAK]: peak / 1e6 });
  const part = {
    kind: "lanes",
    title: TITLE,
    about: [
      "German to English, Multi30k (29,000 pairs; the data is not part of the project), byte-level BPE of 10,000 shared by " +
        "both sides, Adam, label smoothing 0.1, gradients clipped at 1. All train on the same batches of at most 4,096 " +
        `tokens a side, packed by length by Heed (${(100 * padding.both).toFixed(1)} % padding); only the Marian is another ` +
        "model: post-norm, no last norm. Heed's time is that of `train`, batching included.",
      await sameWork(context, job),
    ],
    unit: "tokens a second",
    better: "more",
    columns: [PEAK],
    lanes: lanes.map((lane) => entry(lane, ratePerSecond, lane.missing ? {} : cells(lane))),
  };
  return { parts: [part] };
}

/** From the same weights, without dropout, Heed and PyTorch must have the same losses. */
async function sameWork(context, job) {
  const weights = join(workFolder, "translator.safetensors");
  const count = 3;
  const [ours] = await inTurn(heedLanes("translator", { ...job, model: none }).slice(0, 1), {
    ...context,
    turns: [
      { do: "save", path: weights },
      { do: "losses", count },
    ],
  });
  const peer = peerLane(context, "PyTorch", "translator", { ...job, rates: none, kind: "plain", weights });
  const [theirs] = await inTurn([peer], { ...context, turns: [{ do: "losses", count }] });
  const missing = ours.missing ?? theirs.missing;
  if (missing !== undefined) return `That all do the same work was not checked (${missing}).`;
  const shown = (lane) =>
    lane.rounds
      .at(-1)
      .losses.map((loss) => loss.toFixed(4))
      .join(", ");
  return (
    `A check that it is the same work: from the same weights, without dropout, the losses of the first ${count} updates ` +
    `are ${shown(ours)} in Heed and ${shown(theirs)} in PyTorch.`
  );
}
