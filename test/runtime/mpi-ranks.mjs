// Started by mpi.test.ts on several ranks: sums, gatherings, and residents of engines in place. Prints JSON on rank 0.
import { createEngine, openGroup } from "../../dist/runtime/index.js";

const group = await openGroup();
const { rank, size } = group;
const results = { size, description: group.description };
results.sum = await group.sum([rank, 0.1, 1e300]);
results.empty = await group.sum([]);
results.gathered = await group.gather({
  rank,
  text: "ü".repeat(rank),
  score: rank === 1 ? NaN : rank,
  none: undefined,
});
// More than one piece, of a length that is no multiple of it.
const length = 2 ** 20 + 77;
for (const options of JSON.parse(process.argv[2])) {
  const engine = await createEngine({ ...options, threads: 1 });
  const name = `${options.engine}${options.worker === false ? "" : " in a worker"}`;
  await engine.allocate("gradients", "float32", length);
  await engine.write(
    "gradients",
    Float32Array.from({ length }, (_, i) => (i % 1000) + rank),
  );
  const before = await engine.locate("gradients");
  await group.sumResident(engine, "gradients");
  const sums = (await engine.read("gradients")).data;
  const expected = (i) => size * (i % 1000) + (size * (size - 1)) / 2;
  const wrong = sums.findIndex((value, i) => value !== expected(i));
  await engine.write("gradients", Float32Array.of(10 + rank), 3);
  await group.shareResident(engine, "gradients");
  const shared = (await engine.read("gradients", 2, 3)).data;
  results[name] = { located: before !== undefined, length: before?.length, wrong, shared: [...shared] };
  await engine.dispose();
}
const all = await group.gather(JSON.stringify(results));
if (rank === 0) console.log(JSON.stringify({ ...results, same: all.every((one) => one === all[0]) }));
await group.close();
