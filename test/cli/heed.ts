/** What the tests of commands share: running one in this process, files to give it, and a small model. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { run } from "../../src/cli/run.ts";
import { writeModel } from "../../src/checkpoints/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { transformerConfig, transformerToJson, type TransformerConfig } from "../../src/models/index.ts";
import { initialValues, Trace } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { random } from "../../src/random/index.ts";
import { translatorForward } from "../../src/tasks/translator-model.ts";
import { trainTranslationTokenizer, type Tokenizer } from "../../src/tokens/index.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. Standard input comes in the given pieces. */
export async function heed(argv: readonly string[], stdin: readonly (string | Uint8Array)[] = []): Promise<Outcome> {
  let [out, err] = ["", ""];
  const code = await run(argv, {
    stdin: pieces(stdin),
    stdout: {
      write: (text) => {
        out += text;
        return Promise.resolve();
      },
    },
    stderr: { write: (text) => (err += text) },
    environment: {},
  });
  return { code, out, err };
}

// eslint-disable-next-line @typescript-eslint/require-await -- standard input is asynchronous
async function* pieces(contents: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const one of contents) yield typeof one === "string" ? new TextEncoder().encode(one) : one;
}

const made: string[] = [];
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

/** A temporary folder with files; gives the full path of a name in it. */
export async function files(
  contents: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(tmpdir(), "heed-cli-"));
  made.push(folder);
  for (const [name, content] of Object.entries(contents)) await writeFile(join(folder, name), content);
  return (name) => join(folder, name);
}

export interface SmallModel {
  readonly path: string;
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer;
  readonly weights: Map<string, HostTensor>;
}

/** A model folder with random weights: two layers each, width 16. */
export async function smallModel(settings: Partial<TransformerConfig> = {}): Promise<SmallModel> {
  const path = (await files())("model");
  const tokenizer = await trainTranslationTokenizer(["a dog sees a cat", "the cat sees the dog"], { size: 270 });
  const sizes = { encoderLayers: 2, decoderLayers: 2, width: 16, feedForward: 32, heads: 4, maxPositions: 32 };
  const config = transformerConfig.parse({ ...sizes, vocabulary: tokenizer.size, ...settings });
  const trace = new Trace("forward");
  translatorForward(config)(trace.scope);
  const weights = new Map<string, HostTensor>();
  for (const { name, shape } of trace.parameters.values()) {
    const data = initialValues({ shape, initial: { kind: "normal", deviation: 0.3 } }, random(7, name));
    weights.set(name, { dtype: "float32", shape, data });
  }
  await writeModel(diskFolder(path), transformerToJson(config), weights, tokenizer);
  return { path, config, tokenizer, weights };
}
