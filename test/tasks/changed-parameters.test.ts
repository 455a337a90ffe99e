/** A model whose parameters change after it has run: what it computes is never of the old ones. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { diskFolder } from "../../src/index.ts";
import { openModel } from "../../src/tasks/open.ts";
import { describeEngines } from "../engines.ts";

const folder = diskFolder(fileURLToPath(new URL("../families/bert-model", import.meta.url)));
const inputs = { inputIds: { dtype: "int32" as const, shape: [1, 4], data: Int32Array.of(5, 6, 7, 8) } };

describeEngines((options) => {
  it("computes with the parameters of now", async () => {
    const model = await openModel(folder, { ...options, worker: false });
    const state = async (): Promise<number[]> =>
      Array.from((await model.run(inputs)).get("lastHiddenState")!.data, Number);
    const before = await state();
    expect(await Promise.all([state(), state()])).toEqual([before, before]);
    const values = await model.parameters.read();
    const name = "encoder.layer.1.output.LayerNorm.bias";
    const bias = values.get(name)!;
    const more = { ...bias, data: Float32Array.from(bias.data as Float32Array, (x) => x + 1) };
    await model.parameters.write(new Map(values).set(name, more));
    for (let time = 0; time < 2; time++) {
      const after = await state();
      for (const [i, value] of after.entries()) expect(value).toBeCloseTo(before[i]! + 1, 5);
    }
    await model.dispose();
  });
});
