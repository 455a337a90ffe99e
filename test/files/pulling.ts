/** A hub of one model and a cache to pull it into, both new for each test of the file that imports them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { pull, type Pulled, type PullOptions } from "../../src/files/hub.ts";
import { COMMIT, startHub, type Mischief, type TestHub } from "./hub-server.ts";

export const REPO = "tiny/model";
export const weights = Uint8Array.from({ length: 350_000 }, (_, i) => (i * 7919) >> 3);
export const contents = {
  "config.json": '{"model_type": "gpt2"}\n',
  "model.safetensors": weights,
  "onnx/model.onnx": "other",
  "pytorch_model.bin": "pickle",
  "README.md": "# A model\n",
  "1_Pooling/config.json": "{}",
  "vocab.txt": "[PAD]\n",
  "empty.txt": "",
};

export let path: string;
export let hub: TestHub;
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), "heed-pull-"));
  hub = await startHub(REPO, contents);
});
afterEach(async () => {
  await hub.close();
  rmSync(path, { recursive: true, force: true });
});

export const environment = (): Record<string, string> => ({ HF_ENDPOINT: hub.endpoint, HEED_CACHE: path });
export const pulled = (options: PullOptions = {}): Promise<Pulled> =>
  pull(REPO, { environment: environment(), backOff: 1, timeout: 5000, ...options });
export const home = (...parts: string[]): string => join(path, "models", "tiny--model", ...parts);
export const place = `${REPO}/resolve/${COMMIT}/model.safetensors`;

/** Does something the first `times` that the weights are asked for. */
export function atWeights(times: number, act: Mischief): void {
  hub.mischief = (request, response, asked) => asked === place && times-- > 0 && act(request, response, asked);
}

export async function refusal(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => expect.fail("nothing was refused"),
    (reason: unknown) => reason,
  );
  return error as Error;
}
