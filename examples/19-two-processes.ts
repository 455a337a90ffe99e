/**
 * 19. Two processes: mpirun shares each batch between two ranks, and the loss curve is that of one process
 *
 *   node examples/run.mjs 19-two-processes            200 updates, about 15 seconds
 *   node examples/run.mjs 19-two-processes --quick    20 updates, a few seconds
 *
 * Expect: no loss of the two ranks differs from that of one process by more than 1e-5, with dropout on. Where Open MPI
 * is not installed (Debian and Ubuntu: apt-get install openmpi-bin libopenmpi3), it says so and trains alone.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { createEngine, openGroup, random, Trainer, trainingLoop, type Batch, type Group, type Objective } from "heed";
import { dimension, input, type Tensor } from "heed/graph";
import { transformer, transformerConfig } from "heed/models";
import type { HostTensor } from "heed/onnx";
import { adam } from "heed/training";

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const updates = options.quick ? 20 : 200;

// The task: a row of digits is written backward. A batch depends on nothing but its number, so every process can make
// the whole of it, and none is sent. It has two parts, whose gradients are added up before the update: one process works
// through them in turn, two ranks compute one each. (A batch of one part is shared, too, by its rows; sums are then
// rounded otherwise, and Adam makes 1e-3 of it in some hundred updates.)

const [length, start] = [8, 10];
const row = (...data: number[][]): HostTensor => {
  return { dtype: "int32", shape: [data.length, length], data: Int32Array.from(data.flat()) };
};

function batchOf(epoch: number, index: number): Batch[] {
  const draw = random("digits", epoch, index);
  return [0, 1].map((part) => {
    const sources = Array.from({ length: 32 }, () => Array.from({ length }, () => draw.below(10)));
    const labels = sources.map((digits) => digits.toReversed());
    const targets = labels.map((digits) => [start, ...digits.slice(0, -1)]);
    const feeds = { source: row(...sources), target: row(...targets), labels: row(...labels) };
    // Dropout masks belong to an example's place in the whole batch: whichever rank computes it, it has the same.
    return { feeds, targets: sources.length * length, examples: sources.map((_, i) => 32 * part + i) };
  });
}

const config = transformerConfig.parse({
  vocabulary: 11,
  encoderLayers: 1,
  decoderLayers: 1,
  width: 64,
  feedForward: 128,
  heads: 4,
  dropout: 0.1,
  normalization: "pre",
  maxPositions: length,
});
const ids = (name: string): Tensor => input(name, "int32", [dimension("batch"), length]);
const objective: Objective = (scope) => {
  const logits = transformer(scope, config, { source: ids("source"), target: ids("target") });
  return {
    loss: logits
      .reshape([-1, 11])
      .crossEntropy(ids("labels").reshape([-1]))
      .sum(),
  };
};

/** The losses of all updates. The group is all that makes a training one of several processes. */
async function train(group: Group): Promise<number[]> {
  const engine = await createEngine({ threads: 1 });
  const trainer = await Trainer.create(engine, objective, { optimizer: adam(), clipNorm: 1, seed: 1, group });
  const epoch = (number: number) => ({ length: 1000, batch: (index: number) => batchOf(number, index) });
  const losses: number[] = [];
  const schedule = { kind: "constant", peak: 1e-3, warmUp: 20 } as const;
  for await (const { loss } of trainingLoop({ trainer, epoch, schedule, updates, group })) losses.push(loss);
  await engine.dispose();
  return losses;
}

// Each of the processes that mpirun starts comes to this line as this one does, and is told its rank there.

const group = await openGroup();
const losses = await train(group);
if (group.rank === 0) {
  console.log(
    `${group.description}: loss ${losses[0]!.toFixed(4)}, after ${updates} updates ${losses.at(-1)!.toFixed(4)}`,
  );
  if (group.size === 1) compare(losses);
  else console.log(JSON.stringify(losses));
}
await group.close();

/** Starts this file once more, on two ranks, and compares. */
function compare(own: readonly number[]): void {
  const shared = onTwoRanks();
  if (shared === undefined) {
    console.log(
      "\nmpirun is not here, so nothing was compared. Install Open MPI (openmpi-bin and libopenmpi3) and try again.",
    );
    return;
  }
  const apart = Math.max(...own.map((loss, i) => Math.abs(loss - shared[i]!)));
  const reached = shared.length === own.length && apart <= 1e-5;
  console.log(`\nThe losses of one process and of two ranks differ by at most ${apart.toExponential(1)}.`);
  console.log(`Expected: at most 1e-5. ${reached ? "Reached." : "NOT reached."}`);
  process.exitCode = reached ? 0 : 1;
}

function onTwoRanks(): number[] | undefined {
  // More ranks than cores are allowed, and root, as in a container; on a machine of your own neither is needed.
  const root = process.getuid?.() === 0 ? ["--allow-run-as-root"] : [];
  const how = [...root, "--oversubscribe", "--bind-to", "none", "-n", "2"];
  const again = [process.execPath, process.argv[1]!, ...(options.quick ? ["--quick"] : [])];
  try {
    const output = execFileSync("mpirun", [...how, ...again], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said, numbers] = output.trim().split(/\r?\n/);
    console.log(said);
    return JSON.parse(numbers!) as number[];
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}
