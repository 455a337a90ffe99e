// A thousand create-run-dispose rounds must leave the process's memory flat: a small Transformer is made, trained for
// two updates, evaluated and disposed of, with the engine in this thread and, fewer times, in a worker.
// Run after a build: node --expose-gc tools/checks/memory.mjs [rounds] [rounds with workers] [--dropout]

if (globalThis.gc === undefined) {
  console.error("memory.mjs measures what is left after a collection: run it with node --expose-gc.");
  process.exit(1);
}
const dist = (path) => import(new URL(path, new URL("../../dist/", import.meta.url)).href);
const { dimension, input } = await dist("graph/index.js");
const { transformer, transformerConfig } = await dist("models/index.js");
const { createEngine } = await dist("runtime/index.js");
const { adam, Trainer } = await dist("training/index.js");

/** Growth that is taken for flat, in MB: the first measurement is after a fifth of the rounds. */
const ALLOWED = 30;
const dropout = process.argv.includes("--dropout") ? 0.1 : 0;
const [rounds = 1000, workerRounds = 100] = process.argv
  .slice(2)
  .filter((a) => !a.startsWith("-"))
  .map(Number);

const config = transformerConfig.parse({
  vocabulary: 50,
  encoderLayers: 1,
  decoderLayers: 1,
  width: 32,
  feedForward: 64,
  heads: 4,
  dropout,
  maxPositions: 16,
});
const batch = dimension("batch");
const ids = (name, time) => input(name, "int32", [batch, dimension(time)]);
const objective = (scope) => {
  const logits = transformer(scope, config, { source: ids("source", "source"), target: ids("target", "target") });
  const labels = ids("labels", "target").reshape([-1]);
  return { loss: logits.reshape([-1, config.vocabulary]).crossEntropy(labels, { labelSmoothing: 0.1 }).sum() };
};
const settings = { optimizer: adam(), weightDecay: 0.01, clipNorm: 1, movingAverage: 0, seed: 1 };
const matrix = { dtype: "int32", shape: [4, 12], data: Int32Array.from({ length: 48 }, (_, i) => 3 + ((i * 7) % 47)) };
const part = { feeds: { source: matrix, target: matrix, labels: matrix }, targets: 48, examples: [0, 1, 2, 3] };

async function round(options) {
  const engine = await createEngine(options);
  try {
    const trainer = await Trainer.create(engine, objective, settings);
    await trainer.step(1, [part], 1e-3);
    await trainer.step(2, [part, part], 1e-3);
    await trainer.evaluate([part]);
    await trainer.parameters.read();
  } finally {
    await engine.dispose();
  }
}

/** Resident memory in MB, after everything collectable was collected. */
async function resident() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage.rss() / 1e6;
}

async function measure(name, options, count) {
  const points = [];
  for (let i = 1; i <= count; i++) {
    await round(options);
    if (i % Math.max(1, Math.floor(count / 10)) === 0) points.push([i, await resident()]);
  }
  const warm = points.length > 1 ? points.slice(1) : points;
  const last = warm.slice(-3).map(([, mb]) => mb);
  const growth = Math.min(...last) - warm[0][1];
  console.log(`${name}: ${points.map(([i, mb]) => `${i}: ${mb.toFixed(0)} MB`).join(", ")}`);
  console.log(
    `${name}: ${growth.toFixed(1)} MB more at the end than after ${warm[0][0]} of ${count} rounds (at most ${ALLOWED})`,
  );
  return growth <= ALLOWED;
}

const flat = [
  await measure("in this thread", { worker: false, threads: 1 }, rounds),
  await measure("in workers", { worker: true, threads: 1 }, workerRounds),
];
if (flat.includes(false)) {
  console.error("Memory grows with every round.");
  process.exit(1);
}
