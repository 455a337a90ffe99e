// BERT-base on 128 tokens and ViT-B/16 on pictures of 224 × 224: sequences and images a second.
import { checkpointOf, exportedOf } from "../checkpoints.mjs";
import { heedLanes } from "../engines.mjs";
import { PEAK } from "../goals.mjs";
import { entry, inTurn } from "../lanes.mjs";
import { nodePeers, peerLane, TRANSFORMERS } from "../peers.mjs";
import { ratePerSecond } from "../statistics.mjs";

const models = [
  { name: "BERT-base, 128 tokens", preset: "bert-base", task: "features", kind: "text", unit: "sequences a second" },
  {
    name: "ViT-B/16",
    preset: "vit-base-patch16-224",
    task: "image-classification",
    kind: "image",
    unit: "images a second",
  },
];
const batches = [1, 8];
const DIFFERENCE = "largest difference of 64 outputs";
const REFERENCE = "PyTorch";

export async function measure(context) {
  const parts = [];
  for (const model of models) parts.push(...(await measured(context, model)));
  const about = [
    "Forward passes in fp32 of the published sizes, opened from one checkpoint with random weights (speed does not depend " +
      "on them), all tokens real, dropout off. PyTorch is Hugging Face's transformers in inference mode; Transformers.js " +
      "runs the ONNX file that Heed writes of the same checkpoint. The first outputs of all are compared with PyTorch's.",
  ];
  return { about, parts };
}

async function measured(context, { name, unit, ...model }) {
  const { rounds, seconds, quick, log } = context;
  log(`  ${name}`);
  const job = { ...model, folder: checkpointOf(model, log) };
  const peer = (title, more) => peerLane(context, title, "encoder", { ...job, ...more });
  const specs = [
    ...heedLanes("encoder", job),
    peer(REFERENCE),
    ...(quick ? [] : [peer("PyTorch, compiled", { compile: true })]),
    peer("PyTorch, bf16", { bf16: true }),
    transformersLane(job, model, log),
  ];
  // Every round goes through the batches one by one; all take their turn in each.
  const turns = Array.from({ length: rounds }, () => batches.map((batch) => ({ do: "turn", seconds, batch }))).flat();
  const lanes = await inTurn(specs, { turns, before: [{ do: "check" }], log });
  const reference = lanes.find((lane) => lane.name === REFERENCE)?.before?.[0]?.values;
  return batches.map((batch, at) => ({
    kind: "lanes",
    title: `${name}, batch ${batch}`,
    unit,
    better: "more",
    columns: [PEAK, DIFFERENCE],
    lanes: lanes.map((lane) => {
      const mine = { ...lane, rounds: lane.rounds.filter((_, i) => i % batches.length === at) };
      if (lane.missing !== undefined) return entry(mine, ratePerSecond);
      const difference = differenceOf(lane.before[0].values, reference);
      return entry(mine, ratePerSecond, { [PEAK]: lane.peak / 1e6, [DIFFERENCE]: difference });
    }),
  }));
}

function transformersLane(job, model, log) {
  const peers = nodePeers(log, TRANSFORMERS);
  const exported = peers.missing === undefined ? exportedOf(model, log) : peers;
  return {
    name: "Transformers.js",
    command: process.execPath,
    arguments: ["tools/bench/heed/transformers-encoder.mjs"],
    job: { ...job, ...exported, modules: peers.path },
    missing: exported.missing,
  };
}

function differenceOf(values, reference) {
  if (reference === undefined) return undefined;
  return Math.max(...values.map((value, i) => Math.abs(value - reference[i]))).toExponential(1);
}
