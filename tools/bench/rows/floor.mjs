// How far a step is from its matrix products alone: those of the traced graph, timed one by one in the same run.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { madeUpIds, workFolder } from "../data.mjs";
import { engines, heedLanes } from "../engines.mjs";
import { objectiveOf as gptObjective } from "../heed/gpt-model.mjs";
import { objectiveOf as translatorObjective } from "../heed/translator-model.mjs";
import { entry, inTurn } from "../lanes.mjs";
import { peerLane } from "../peers.mjs";
import { flops, productsOf } from "../products.mjs";
import { adamWSettings, gptShapes } from "../shapes.mjs";
import { median, secondsOfStep } from "../statistics.mjs";
import { writePeers } from "./gpt.mjs";
import { sizes } from "./translator.mjs";

const FLOOR = "products alone, ms";
const RATIO = "step / products";

export async function measure(context) {
  const about = [
    "The matrix products of forward and backward pass, found in the traced graph with their shapes, each timed alone in " +
      "the same library between the steps; their sum is the floor that no rewrite of the rest can go below. Operands lie " +
      "in memory as the product likes them: transposing counts as overhead of the step.",
  ];
  return { about, parts: [await gptFloor(context), await translatorFloor(context)] };
}

async function gptFloor(context) {
  const shape = gptShapes[context.quick ? 0 : 1];
  const job = { shape, dropout: 0, seed: context.seed };
  const files = writePeers(shape, context.seed);
  const steps = [
    ...heedLanes("gpt", job),
    peerLane(context, "PyTorch", "gpt", { ...job, ...files, kind: "plain", adamW: adamWSettings }),
  ];
  const title = `GPT of ${shape.title}, ${shape.batch} × ${shape.time} tokens, dropout 0`;
  return timed(context, title, steps, productsOf(gptObjective(shape, { fixed: true })));
}

async function translatorFloor(context) {
  const { seed, quick } = context;
  const [batch, time, vocabulary] = [quick ? 20 : 272, 15, 10_000];
  const ids = madeUpIds(batch * time, vocabulary, seed, 4);
  const rows = Array.from({ length: batch }, (_, row) => [...ids.slice(row * time, (row + 1) * time)]);
  const shape = { sizes: { ...sizes, vocabulary }, batch, time };
  const idsPath = join(workFolder, "floor.json");
  // Not on the command line: where that is long, ONNX Runtime 1.30 overflows the stack of a worker when it loads.
  const job = { shape, idsPath, seed };
  mkdirSync(workFolder, { recursive: true });
  writeFileSync(idsPath, JSON.stringify({ source: rows, target: rows, epochs: [[rows.map((_, i) => i)]] }));
  const peer = {
    kind: "plain",
    seed,
    idsPath,
    sizes: shape.sizes,
    rates: { dropout: 0, attentionDropout: 0, activationDropout: 0 },
    training: { schedule: "inverse-sqrt", learningRate: 1e-4, warmUp: 1, labelSmoothing: 0.1 },
  };
  const steps = [...heedLanes("translator-step", job), peerLane(context, "PyTorch", "translator", peer)];
  const title = `translator, ${batch} sentences of ${time} tokens on both sides, dropout 0`;
  return timed(context, title, steps, productsOf(translatorObjective(shape, { fixed: true })));
}

/** Steps and products of every library, in turn. */
async function timed(context, title, steps, products) {
  const { rounds, seconds, log } = context;
  log(`  ${title}`);
  const alone = [
    ...heedLanes("products", { products }, engines),
    peerLane(context, "PyTorch", "products", { products }),
  ];
  const specs = steps.flatMap((step, i) => [step, { ...alone[i], turn: { do: "products" } }]);
  const turns = Array.from({ length: rounds }, () => ({ do: "round", seconds }));
  const measured = await inTurn(specs, { turns, log });
  const lanes = measured.flatMap((lane, at) => {
    if (at % 2 === 1) return [];
    const floor = measured[at + 1];
    const step = entry(lane, (round) => 1000 * secondsOfStep(round));
    if (step.values === undefined) return [step];
    if (floor.missing !== undefined) return [{ ...step, cells: { [FLOOR]: undefined } }];
    const ms = 1000 * floorOf(floor.rounds, products);
    return [{ ...step, floor: ms, cells: { [FLOOR]: ms, [RATIO]: (median(step.values) / ms).toFixed(2) } }];
  });
  const about = [`${(flops(products) / 1e9).toFixed(1)} GFLOP in products of ${products.length} different shapes.`];
  return { kind: "lanes", title, about, unit: "ms a step", better: "less", columns: [FLOOR, RATIO], lanes };
}

/** Seconds of all products of a step: the median of each over the rounds, times how often it is in the step. */
function floorOf(rounds, products) {
  return products.reduce((sum, { times }, i) => sum + times * median(rounds.map(({ seconds }) => seconds[i])), 0);
}
