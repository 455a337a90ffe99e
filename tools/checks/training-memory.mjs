// The peak memory of a training in a process of its own, beside the estimate. Prints one line of JSON, in MiB.
// Run after a build, on Linux: node tools/checks/training-memory.mjs '{"preset":"tiny","batches":[[40,25,25]]}'
// Keys: preset, vocabulary, batches ([examples, source tokens, target tokens] each), steps, recompute, threads.
import { readFileSync } from "node:fs";

const dist = (path) => import(new URL(path, new URL("../../dist/", import.meta.url)).href);
const { transformerConfig, transformerPresets } = await dist("models/index.js");
const { createEngine } = await dist("runtime/index.js");
const { translatorMemory } = await dist("tasks/translator-memory.js");
const { translatorObjective } = await dist("tasks/translator-model.js");
const { adam, Trainer } = await dist("training/index.js");

const given = JSON.parse(process.argv[2] ?? "{}");
const { preset = "tiny", vocabulary = 10_000, batches = [[40, 25, 25]], recompute = false, threads = 2 } = given;
const { steps = batches.length + 2 } = given;
const config = transformerConfig.parse({ normalization: "pre", ...transformerPresets[preset], vocabulary });
const engine = await createEngine({ engine: "onnxruntime", threads });
const options = { optimizer: adam(), seed: 1, clipNorm: 1, recompute };
const trainer = await Trainer.create(engine, translatorObjective(config, 0.1), options);
const ids = (rows, length) => {
  const data = Int32Array.from({ length: rows * length }, (_, i) => 3 + ((i * 7919) % (vocabulary - 3)));
  return { dtype: "int32", shape: [rows, length], data };
};
const times = [];
for (let update = 1; update <= steps; update++) {
  const [rows, source, target] = batches[(update - 1) % batches.length];
  const feeds = { source: ids(rows, source), target: ids(rows, target), labels: ids(rows, target) };
  const start = performance.now();
  await trainer.step(update, [{ feeds, targets: rows * target, examples: [...Array(rows).keys()] }], 1e-4);
  times.push(performance.now() - start);
}
await engine.dispose();
const measured = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
const sizes = batches.map(([batch, source, target]) => ({ batch, source, target }));
const estimate = translatorMemory(config, { recompute, batches: sizes }).total / 2 ** 20;
const milliseconds = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
const rounded = {
  estimate: Math.round(estimate),
  measured: Math.round(measured),
  milliseconds: Math.round(milliseconds),
};
console.log(JSON.stringify({ preset, vocabulary, batches, recompute, ...rounded }));
