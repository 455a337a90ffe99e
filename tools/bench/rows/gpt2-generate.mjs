// GPT-2 at 124 M goes on from a prompt of 256 tokens, one text: time to the first token, and milliseconds a token.
import { checkpointOf } from "../checkpoints.mjs";
import { engines, heedLanes } from "../engines.mjs";
import { PEAK } from "../goals.mjs";
import { entry, inTurn } from "../lanes.mjs";
import { peerLane } from "../peers.mjs";
import { median } from "../statistics.mjs";

const PROMPT = 256;
const SAME = "same tokens as Hugging Face";
const REFERENCE = "Hugging Face generate";
/** Bits of the weights, as `open` takes them. */
const QUANTIZED = ["int8", "int4"];

export async function measure(context) {
  const { rounds, quick, log } = context;
  const model = { preset: "gpt2", task: "causal-lm" };
  const job = { ...model, folder: checkpointOf(model, log), prompt: PROMPT };
  const specs = [
    ...heedLanes("gpt2-generate", job),
    ...QUANTIZED.flatMap((quantize) => quantized({ ...job, quantize })),
    peerLane(context, REFERENCE, "gpt2_generate", job),
    peerLane(context, `${REFERENCE}, bf16`, "gpt2_generate", { ...job, bf16: true }),
  ];
  const message = (tokens) => ({ do: "write", tokens });
  const turns = Array.from({ length: rounds }, () => message(quick ? 5 : 33));
  const lanes = await inTurn(specs, { turns, before: [message(3)], log });
  const reference = lanes.find(({ name }) => name === REFERENCE)?.rounds[0]?.ids;
  const cells = ({ peak, rounds: [first] }) => ({
    [PEAK]: peak / 1e6,
    [SAME]: reference === undefined ? undefined : same(first.ids, reference),
  });
  const part = (title, valueOf) => ({
    kind: "lanes",
    title,
    unit: "ms",
    better: "less",
    columns: [PEAK, SAME],
    lanes: lanes.map((lane) => entry(lane, valueOf, lane.missing === undefined ? cells(lane) : {})),
  });
  const about = [
    `GPT-2's smallest published size (124 M) with random weights, one prompt of ${PROMPT} tokens, 32 more greedily with a ` +
      "cache. In fp32 each token takes a trip of 0.5 GB of weights through memory. Hugging Face is its `generate` in " +
      "inference mode, with a streamer that looks at the clock. Quantized weights give other tokens: with random weights " +
      "the best two are close, and the loss of quality is measured elsewhere.",
  ];
  return {
    about,
    parts: [
      part("To the first token", ({ first }) => 1000 * first),
      part("Each token after it", ({ others }) => 1000 * median(others)),
    ],
  };
}

/** Lanes with fewer bits a weight, on the engines in fp32. */
const quantized = (job) => {
  const among = engines.filter(({ precision }) => precision === "fp32");
  const named = (lane) => ({ ...lane, ours: false, name: `${lane.name}, ${job.quantize}` });
  return heedLanes("gpt2-generate", job, among).map(named);
};

function same(ids, reference) {
  const wrong = ids.findIndex((id, i) => id !== reference[i]);
  return wrong < 0 ? "yes" : `the first ${wrong}`;
}
