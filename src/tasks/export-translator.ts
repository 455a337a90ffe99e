/** A translator as ONNX files, with what another program needs to run them. */
import {
  CONFIG,
  exportEncoderDecoder,
  TOKENIZER,
  writeSettings,
  type ExportedProgram,
  type ExportOptions,
} from "../checkpoints/index.ts";
import type { Folder } from "../files/index.ts";
import { showType } from "../graph/index.ts";
import { transformer, transformerToJson, type TransformerConfig } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Tokenizer } from "../tokens/index.ts";

/** A translator's parts, from a folder (`openTranslatorFolder`) or from one in memory. */
export interface ExportedTranslator {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer;
  readonly weights: ReadonlyMap<string, HostTensor>;
}

/**
 * Writes encoder.onnx, decoder.onnx, config.json, tokenizer.json and a README.md that says what goes in and comes out.
 * Weights beyond 1.8 GB lie in model.safetensors beside them.
 */
export async function exportTranslator(
  folder: Folder,
  { config, tokenizer, weights }: ExportedTranslator,
  options: ExportOptions = {},
): Promise<ExportedProgram[]> {
  const programs = await exportEncoderDecoder(
    folder,
    (scope, ids) => transformer(scope, config, ids),
    weights,
    options,
  );
  await writeSettings(folder, CONFIG, transformerToJson(config));
  await folder.write(TOKENIZER, tokenizer.toText());
  await folder.write("README.md", readme(config, programs));
  return programs;
}

function readme(config: TransformerConfig, programs: readonly ExportedProgram[]): string {
  return `# A translator as ONNX

${programs.map(portsOf).join("\n")}
Sizes: \`batch\` sentences, \`source\` and \`target\` tokens, \`past\` tokens that the decoder has read before.
Sentences of a batch are padded at their end with the id ${config.paddingId}; the decoder starts from the id
${config.startId} and ends with ${config.endId}. At most ${config.maxPositions} tokens. Feed the decoder the new tokens
alone, and give it each \`present.…\` as the next \`past.…\`; a \`past.…\` of length 0 serves the first step.

Greedy translation in Python:

\`\`\`python
${python(config)}
\`\`\`
`;
}

function portsOf({ file, inputs, outputs }: ExportedProgram): string {
  const rows = (ports: ExportedProgram["inputs"], way: string): string =>
    ports.map((port) => `| ${way} | \`${port.name}\` | \`${showType(port)}\` |\n`).join("");
  return `## ${file}\n\n| | name | type |\n|---|---|---|\n${rows(inputs, "in")}${rows(outputs, "out")}`;
}

function python({ heads, width, startId, endId, maxPositions }: TransformerConfig): string {
  return `import numpy as np, onnxruntime as ort
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("tokenizer.json")
encoder, decoder = ort.InferenceSession("encoder.onnx"), ort.InferenceSession("decoder.onnx")
source = np.array([tokenizer.encode("a sentence").ids], dtype=np.int64)
once = dict(zip([port.name for port in encoder.get_outputs()], encoder.run(None, {"source": source})))
empty = np.zeros((1, ${heads}, 0, ${width / heads}), dtype=np.float32)
past = {port.name: empty for port in decoder.get_inputs() if port.name.startswith("past.")}
ids = [${startId}]
while ids[-1] != ${endId} and len(ids) < ${maxPositions}:
    values = decoder.run(None, {"target": np.array([ids[-1:]], dtype=np.int64), **once, **past})
    named = dict(zip([port.name for port in decoder.get_outputs()], values))
    past = {name: named[name.replace("past.", "present.")] for name in past}
    ids.append(int(named["logits"][0, -1].argmax()))
print(tokenizer.decode(ids))`;
}
