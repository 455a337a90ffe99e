// A lane: matrix products alone, each as a program of one node over buffers that stay in the engine.
import { input } from "heed/graph";
import { lower } from "heed/onnx";
import { engineOf, serve } from "../lane.mjs";

/** A product is repeated until it took so long, so that the call counts for little. */
const LEAST_MS = 20;

await serve(async (job) => {
  const engine = await engineOf(job);
  const largest = (of) => Math.max(...job.products.map(of));
  const sizes = {
    a: largest(({ batch, m, k }) => batch * m * k),
    b: largest(({ batch, k, n }) => batch * k * n),
    c: largest(({ batch, m, n }) => batch * m * n),
  };
  for (const [name, length] of Object.entries(sizes)) {
    await engine.allocate(name, "float32", length);
    await engine.write(
      name,
      Float32Array.from({ length }, (_, i) => ((i * 7) % 13) / 13 - 0.5),
    );
  }
  const calls = [];
  for (const { batch, m, n, k } of job.products) {
    const shaped = (rows, columns) => (batch === 1 ? [rows, columns] : [batch, rows, columns]);
    const [a, b] = [input("a", "float32", shaped(m, k)), input("b", "float32", shaped(k, n))];
    const program = await engine.load(lower("product", { c: a.matmul(b) }));
    const view = (resident, shape) => ({ resident, offset: 0, shape });
    calls.push({
      program,
      bind: { a: view("a", shaped(m, k)), b: view("b", shaped(k, n)), c: view("c", shaped(m, n)) },
    });
  }
  const timed = async (call, count) => {
    const start = performance.now();
    await engine.run(Array.from({ length: count }, () => call));
    return performance.now() - start;
  };
  return {
    about: { engine: engine.description },
    /** Seconds of each product. */
    products: async () => {
      const seconds = [];
      for (const call of calls) {
        const once = await timed(call, 1);
        const count = Math.max(2, Math.ceil(LEAST_MS / Math.max(once, 0.01)));
        seconds.push((await timed(call, count)) / count / 1000);
      }
      return { seconds };
    },
  };
});
