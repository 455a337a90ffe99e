import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../src/cli/run.ts";
import { COMMIT, startHub, type TestHub } from "../files/hub-server.ts";
import { files, type Outcome } from "./heed.ts";

let hub: TestHub;
let cache: string;
beforeAll(async () => {
  hub = await startHub("tiny/model", {
    "config.json": "{}",
    "model.safetensors": new Uint8Array(20_000),
    "pytorch_model.bin": "pickle",
    "tf_model.h5": new Uint8Array(3000),
  });
  cache = (await files())("cache");
});
afterAll(() => hub.close());

async function heed(...argv: string[]): Promise<Outcome> {
  let [out, err] = ["", ""];
  const code = await run(argv, {
    stdin: { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("not read")) }) },
    stdout: { write: (text) => Promise.resolve(void (out += text)) },
    stderr: { write: (text) => (err += text) },
    environment: { HF_ENDPOINT: hub.endpoint, HEED_CACHE: cache },
  });
  return { code, out, err };
}

test("heed pull: the folder on standard output, the rest on standard error", async () => {
  const { code, out, err } = await heed("pull", "tiny/model");
  expect([code, out]).toEqual([0, `${cache}/models/tiny--model/${COMMIT}\n`]);
  expect(err).toMatch(/^pulling: 20\/20 kB \(100 %\), .*kB\/s, in /m);
  expect(err).toContain("Left out: 2 files, 3.0 kB (pytorch_model.bin, tf_model.h5).\n");
  expect(err).toContain("tiny/model at commit 0123456789ab. Open it by its name, or by this folder:\n");
});

test("heed pull: one sentence where it cannot", async () => {
  const unknown = await heed("pull", "tiny/other");
  expect([unknown.code, unknown.out]).toEqual([1, ""]);
  expect(unknown.err).toBe(
    `${hub.endpoint}/tiny/other does not exist (the hub answered 404). Check the name: it is OWNER/NAME, as on the model's page.\n`,
  );
  expect((await heed("pull", "tiny/model", "--only", "onnx")).err).toContain("Allowed choices are safetensors");
  expect((await heed("pull")).code).toBe(1);
});
