import { expect, test } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import type { Quantization } from "../../src/onnx/index.ts";
import { readGolden } from "../../src/tasks/golden-file.ts";
import { cachedModel } from "../../src/tasks/generation.ts";
import { openModel } from "../../src/tasks/open.ts";

const folder = diskFolder("test/families/gpt2-causal-lm");
const golden = await readGolden(folder, "golden.safetensors");

/** The length of the difference of the logits beside Python's, and those of the first step behind a prompt. */
async function look(quantize?: Quantization): Promise<{ error: number; step: Float32Array }> {
  const model = await openModel(folder, { worker: false, threads: 1, quantize });
  const found = (await model.run(golden.inputs, { outputs: ["logits"] })).get("logits")!.data as Float32Array;
  const expected = golden.outputs.get("logits")!.data as Float32Array;
  const norm = (values: Float32Array): number => Math.hypot(...values);
  const error = norm(found.map((value, i) => value - expected[i]!)) / norm(expected);
  const cached = cachedModel(model);
  const inputIds = { dtype: "int32" as const, shape: [1, 3], data: Int32Array.from([5, 6, 7]) };
  const session = await cached.start({ inputIds }, { kind: "logits" });
  await session.advance(Int32Array.of(9));
  const { selected } = session;
  if (selected.kind !== "logits") throw new Error("logits were asked for");
  await session.close();
  await cached.dispose();
  await model.dispose();
  return { error, step: selected.logits.slice() };
}

test("a model opened in fewer bits computes with them, in one call and step by step", async () => {
  const exact = await look();
  const near = (step: Float32Array): number =>
    Math.hypot(...step.map((value, i) => value - exact.step[i]!)) / Math.hypot(...exact.step);
  for (const [quantize, least, most] of [
    ["fp16", 1e-5, 2e-3],
    ["int8", 1e-3, 0.05],
    ["int4", 0.02, 0.6],
  ] as const) {
    const { error, step } = await look(quantize);
    for (const one of [error, near(step)]) {
      expect(one, quantize).toBeGreaterThan(least);
      expect(one, quantize).toBeLessThan(most);
    }
  }
});
