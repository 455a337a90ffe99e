// Forward and backward pass and AdamW of three GPTs, without dropout and with it.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { workFolder } from "../data.mjs";
import { heedLanes } from "../engines.mjs";
import { PEAK } from "../goals.mjs";
import { entry, inTurn } from "../lanes.mjs";
import { peerLane } from "../peers.mjs";
import { adamWSettings, gptShapes } from "../shapes.mjs";
import { secondsOfStep } from "../statistics.mjs";

const LARGE = 768;
const LOSS = "loss of the last of the first updates";

export async function measure(context) {
  const parts = [];
  for (const shape of context.quick ? gptShapes.slice(0, 1) : gptShapes) {
    const files = writePeers(shape, context.seed);
    for (const dropout of [0, 0.1]) parts.push(await timed(context, shape, dropout, files));
  }
  const about = [
    "GPT-2's architecture (two norms a layer, GELU, biases, tied output layer), mean cross-entropy over all tokens, AdamW " +
      `(PyTorch's is the fused one; weight decay ${adamWSettings.weightDecay} on matrices), no clipping. The same weights ` +
      "and made-up tokens for all; without dropout the losses of the first updates show that it is the same work. PyTorch " +
      "is a plain module with its fused attention; bf16 is autocast.",
  ];
  return { about, parts };
}

/** Weights and tokens for the peers, in the ignored folder. */
export function writePeers(shape, seed) {
  mkdirSync(workFolder, { recursive: true });
  const files = { weights: join(workFolder, "gpt.safetensors"), ids: join(workFolder, "gpt-ids.json") };
  const script = fileURLToPath(new URL("../heed/write-gpt.mjs", import.meta.url));
  execFileSync(process.execPath, [script, JSON.stringify({ shape, seed, ...files })], { stdio: ["ignore", 2, 2] });
  return files;
}

/** The lanes of a shape: compiling is tried where it pays to wait for it. */
function lanesOf(context, job) {
  const { shape, dropout } = job;
  const peer = (name, more) => peerLane(context, name, "gpt", { ...job, kind: "plain", adamW: adamWSettings, ...more });
  const large = shape.width >= LARGE;
  return [
    ...heedLanes("gpt", job),
    peer("PyTorch"),
    ...(context.quick ? [] : [peer("PyTorch, compiled", { compile: true })]),
    peer("PyTorch, bf16", { bf16: true }),
    ...(context.quick || large || dropout > 0 ? [] : [peer("PyTorch, bf16, compiled", { bf16: true, compile: true })]),
    ...(large && dropout === 0 ? [peer("Hugging Face GPT-2", { kind: "hugging-face" })] : []),
  ];
}

async function timed(context, shape, dropout, files) {
  const { rounds, seconds, seed, log } = context;
  const title = `${shape.title}, ${shape.batch} × ${shape.time} tokens, dropout ${dropout}`;
  log(`  ${title}`);
  const turns = Array.from({ length: rounds }, () => ({ do: "round", seconds }));
  const before = [{ do: "losses", count: context.quick ? 2 : shape.check }];
  // Six of the large one at once would not fit into the memory of a small machine.
  const options = { turns, before, fresh: shape.width >= LARGE, log };
  const lanes = await inTurn(lanesOf(context, { shape, dropout, seed, ...files }), options);
  const cells = ({ peak, before: first }) => ({
    [PEAK]: peak / 1e6,
    ...(dropout === 0 ? { [LOSS]: first[0]?.losses.at(-1).toFixed(4) } : {}),
  });
  return {
    kind: "lanes",
    title,
    unit: "ms a step",
    better: "less",
    columns: [PEAK, ...(dropout === 0 ? [LOSS] : [])],
    lanes: lanes.map((lane) => entry(lane, (round) => 1000 * secondsOfStep(round), lane.missing ? {} : cells(lane))),
  };
}
