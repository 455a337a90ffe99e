/** The loss of each token: against the logits of the model, and against the loss that its head computes. */
import { describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { maskedSurprises, tokenSurprises } from "../../src/insight/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { openModel } from "../../src/tasks/open.ts";

const folder = (name: string) => diskFolder(`test/families/${name}`);
const row = (...ids: number[]): HostTensor => ({ dtype: "int32", shape: [1, ids.length], data: Int32Array.from(ids) });

/** log softmax at a place, by hand. */
function logsAt({ shape, data }: HostTensor, place: number): number[] {
  const width = shape.at(-1)!;
  const logits = Array.from((data as Float32Array).subarray(place * width, (place + 1) * width));
  const whole = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
  return logits.map((value) => value - whole);
}

describe("surprises", () => {
  it.each(["gpt2-causal-lm", "llama-causal-lm", "transfo-xl-causal-lm"])(
    "of %s are those of its logits, and their mean is the loss of its head",
    async (name) => {
      const model = await openModel(folder(name), { worker: false });
      const ids = [5, 9, 9, 14, 6, 21];
      const inputs = { inputIds: row(...ids) };
      const { nats, entropy, best } = await tokenSurprises(model, inputs, ids.slice(1));
      const logits = (await model.run(inputs, { outputs: ["logits"] })).get("logits")!;
      for (let place = 0; place < ids.length - 1; place++) {
        const logs = logsAt(logits, place);
        expect(nats[place]).toBeCloseTo(-logs[ids[place + 1]!]!, 4);
        expect(best[place]).toBe(logs.indexOf(Math.max(...logs)));
        expect(entropy[place]).toBeCloseTo(-logs.reduce((sum, log) => sum + Math.exp(log) * log, 0), 4);
      }
      const loss = await model.run({ ...inputs, labels: row(...ids) }, { outputs: ["loss"] });
      expect(nats.reduce((sum, one) => sum + one, 0) / nats.length).toBeCloseTo(
        loss.get("loss")!.data[0]! as number,
        4,
      );
      await model.dispose();
    },
  );

  it("of an encoder are those of one mask at a time, however many go through at once", async () => {
    const model = await openModel(folder("esm-masked-lm"), { worker: false });
    const ids = Array.from({ length: 19 }, (_, i) => 5 + ((i * 7) % 20));
    const inputs = { inputIds: row(...ids), attentionMask: row(...ids.map(() => 1)) };
    const places = [...ids.keys()];
    const done: number[] = [];
    const { nats } = await maskedSurprises(model, inputs, places, 3, (count) => void done.push(count));
    expect(done).toEqual([16, 19]);
    for (const place of [0, 7, 18]) {
      const masked = ids.map((id, i) => (i === place ? 3 : id));
      const results = await model.run({ ...inputs, inputIds: row(...masked) }, { outputs: ["logits"] });
      expect(nats[place]).toBeCloseTo(-logsAt(results.get("logits")!, place)[ids[place]!]!, 4);
    }
    await model.dispose();
  });

  it("says which models have none", async () => {
    const model = await openModel(folder("bert-model"), { worker: false });
    await expect(tokenSurprises(model, { inputIds: row(5, 6) }, [6])).rejects.toThrow("gives no scores of words");
    await model.dispose();
  });
});
