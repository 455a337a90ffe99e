// Minutes of training until greedy translations of Multi30k's test_2016 have 37 BLEU. Takes hours: asked for only.
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bleu } from "heed";
import { MULTI30K_MISSING, multi30kFolder, multi30kIds, multi30kPairs } from "../data.mjs";
import { heedLanes } from "../engines.mjs";
import { openLane } from "../lanes.mjs";
import { peerLane } from "../peers.mjs";
import { sizes } from "./translator.mjs";

const GOAL = 37;
const rates = { dropout: 0.2, attentionDropout: 0.1, activationDropout: 0.1 };
const updates = 2000;
const training = {
  updates,
  batchTokens: 4096,
  schedule: "linear",
  learningRate: 4e-3,
  warmUp: 200,
  labelSmoothing: 0.1,
};
/** Updates of a turn; translations are scored after each from `FIRST` on. */
const TURN = 100;
const FIRST = 800;
const logs = fileURLToPath(new URL("../../../.cache/bench/logs/", import.meta.url));

export async function measure(context) {
  const { seed, quick, log } = context;
  const folder = multi30kFolder();
  if (folder === undefined) return { parts: [], about: [`Not measured: ${MULTI30K_MISSING}.`] };
  const { tokenizerPath, idsPath, tokenizer } = await multi30kIds(folder, { seed, epochs: quick ? 1 : 30 });
  const job = { tokenizerPath, idsPath, seed, sizes: { ...sizes, vocabulary: tokenizer.size }, training };
  const test = (await multi30kPairs(folder, "test_2016_flickr")).slice(0, quick ? 20 : undefined);
  const sources = test.map(({ source }) => [...tokenizer.ids(source)]);
  const references = [test.map(({ target }) => target)];
  const score = async (lane) => {
    if (lane.spec.ours) return (await lane.process.ask({ do: "bleu", sentences: test.length })).bleu;
    const { ids } = await lane.process.ask({ do: "greedy", sentences: sources });
    const texts = ids.map((row) => tokenizer.decode(Int32Array.from(row)).trim());
    return bleu(texts, references).score;
  };
  const specs = [
    ...heedLanes("translator", { ...job, model: rates }),
    peerLane(context, "PyTorch", "translator", { ...job, rates, kind: "plain" }),
  ];
  const lanes = [];
  try {
    for (const spec of specs) lanes.push(await open(spec, log));
    await race(lanes, score, { log, turn: quick ? 2 : TURN, first: quick ? 0 : FIRST, last: quick ? 2 : updates });
  } finally {
    for (const { process } of lanes) process?.stop();
  }
  return { about: about(), parts: [part(lanes)] };
}

async function open(spec, log) {
  const lane = { spec, seconds: 0, updates: 0, bleu: undefined };
  try {
    lane.process = await openLane(spec);
  } catch (error) {
    lane.missing = error.message;
    log(`  ${spec.name}: ${error.message}`);
  }
  return lane;
}

/** All train a turn, one after another, until each has reached the goal or its last update. */
async function race(lanes, score, { log, turn, first, last }) {
  mkdirSync(logs, { recursive: true });
  const running = () =>
    lanes.filter((lane) => lane.missing === undefined && lane.updates < last && !(lane.bleu >= GOAL));
  while (running().length > 0) {
    for (const lane of running()) {
      try {
        const { seconds, loss } = await lane.process.ask({ do: "train", count: turn });
        lane.seconds += seconds;
        lane.updates += turn;
        if (lane.updates >= first) lane.bleu = await score(lane);
        const line = { name: lane.spec.name, updates: lane.updates, seconds: lane.seconds, loss, bleu: lane.bleu };
        appendFileSync(join(logs, "to-37.jsonl"), `${JSON.stringify(line)}\n`);
        log(`  ${JSON.stringify(line)}`);
      } catch (error) {
        lane.missing = error.message;
        log(`  ${lane.spec.name}: ${error.message}`);
      }
    }
  }
}

function part(lanes) {
  const reached = (lane) => lane.bleu >= GOAL;
  return {
    kind: "lanes",
    title: `Minutes of training to ${GOAL} BLEU`,
    unit: "minutes",
    better: "less",
    columns: ["updates", "BLEU, greedy"],
    lanes: lanes.map((lane) => {
      const { name, ours = false } = lane.spec;
      const missing = lane.missing ?? (reached(lane) ? undefined : `${lane.bleu?.toFixed(1)} BLEU at the last update`);
      if (missing !== undefined) return { name, ours, missing };
      const cells = { updates: lane.updates, "BLEU, greedy": lane.bleu.toFixed(2) };
      return { name, ours, values: [lane.seconds / 60], cells };
    }),
  };
}

const about = () => [
  "German to English on Multi30k (the data is not part of the project): the translator `tiny`, dropout 0.2 and 0.1 on " +
    `attention weights and activations, Adam, ${training.learningRate} after ${training.warmUp} updates and linearly down to 0 ` +
    `at ${updates}, label smoothing 0.1, clipping at 1; PyTorch with the same batches. After every ${TURN} updates, from ` +
    `${FIRST} on, the 1,000 sentences of test_2016 are translated greedily and scored (sacreBLEU's 13a); that is not counted ` +
    "as time of training. One run each, in turns; their logs are kept in `.cache/bench/logs`.",
];
