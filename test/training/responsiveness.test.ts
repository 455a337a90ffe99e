import { expect, it } from "vitest";
import { input } from "../../src/graph/index.ts";
import { lower } from "../../src/onnx/index.ts";
import { createEngine } from "../../src/runtime/index.ts";

it("while a long step runs in the worker, the caller's timers go on", async () => {
  const engine = await createEngine({ threads: 1 });
  try {
    const size = 512;
    let product = input("x", "float32", [size, size]);
    const factor = input("factor", "float32", [size, size]);
    for (let i = 0; i < 150; i++) product = product.matmul(factor).tanh();
    const program = await engine.load(lower("long", { sum: product.sum() }));
    const data = new Float32Array(size * size).fill(0.01);
    const feeds = {
      x: { dtype: "float32" as const, shape: [size, size], data },
      factor: { dtype: "float32" as const, shape: [size, size], data },
    };
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await engine.run([{ program, fetch: ["sum"] }], feeds);
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(5);
  } finally {
    await engine.dispose();
  }
});
