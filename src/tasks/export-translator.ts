/** A translator as ONNX files, with what another program needs to run them. */
import {
  besideKey,
  CONFIG,
  exportOnnx,
  portsText,
  writeSettings,
  type Exportable,
  type ExportedProgram,
  type ExportOptions,
} from "../checkpoints/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import type { Folder } from "../files/index.ts";
import { transformer, transformerToJson, type InputType, type TransformerConfig } from "../models/index.ts";
import { requireMatch, Trace } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { writeTokenizerFiles } from "./export-model.ts";

/** A translator's parts, from a folder (`openTranslatorFolder`) or from one in memory. */
export interface ExportedTranslator {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer;
  readonly weights: ReadonlyMap<string, HostTensor>;
}

/**
 * Writes onnx/encoder_model.onnx, onnx/decoder_model_merged.onnx, config.json, the tokenizer and a README.md that says
 * what goes in and comes out. Throws CheckpointError where weights do not fit the config.
 */
export async function exportTranslator(
  folder: Folder,
  { config, tokenizer, weights }: ExportedTranslator,
  options: ExportOptions = {},
): Promise<ExportedProgram[]> {
  const model = translatorArchitecture(config);
  const trace = new Trace("forward");
  trace.run((scope) => model.compute(scope, []));
  requireMatch([...trace.parameters.values()], weights);
  const programs = await exportOnnx(folder, model, weights, options);
  await writeSettings(folder, CONFIG, { ...transformerToJson(config), ...besideKey(programs) });
  await writeTokenizerFiles(folder, tokenizer);
  await folder.write("README.md", readme(config, programs));
  return programs;
}

/** The translator as exports see a family: what it reads, by Hugging Face's names. */
function translatorArchitecture(config: TransformerConfig): Exportable {
  const ids = (time: string): InputType => ({ dtype: "int32", shape: ["batch", time], needed: true });
  const inputs = { inputIds: ids("time"), attentionMask: ids("time"), decoderInputIds: ids("target") };
  const read = (name: keyof typeof inputs): Tensor => {
    const { dtype, shape } = inputs[name];
    return input(
      name,
      dtype,
      shape.map((size) => (typeof size === "number" ? size : dimension(size))),
    );
  };
  return {
    className: "Transformer",
    task: "conditional-generation",
    config: {},
    inputs,
    compute: (scope) => {
      const [source, target, sourceMask] = [read("inputIds"), read("decoderInputIds"), read("attentionMask")];
      return { logits: transformer(scope, config, { source, target, sourceMask }) };
    },
  };
}

function readme(config: TransformerConfig, programs: readonly ExportedProgram[]): string {
  return `# A translator as ONNX

${portsText(programs)}
Sentences of a batch are padded at their end, where \`attention_mask\` is 0; the decoder starts from the id
${config.startId} and ends with ${config.endId}. At most ${config.maxPositions} tokens. Feed the decoder the new tokens
alone, and give it each \`present.…\` as the next \`past_key_values.…\`; a past of length 0 serves the first step.

Greedy translation in Python:

\`\`\`python
${python(config)}
\`\`\`
`;
}

function python({ heads, width, startId, endId, maxPositions }: TransformerConfig): string {
  return `import numpy as np, onnxruntime as ort
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("tokenizer.json")
encoder = ort.InferenceSession("onnx/encoder_model.onnx")
decoder = ort.InferenceSession("onnx/decoder_model_merged.onnx")
source = np.array([tokenizer.encode("a sentence").ids], dtype=np.int64)
mask = np.ones_like(source)
(hidden,) = encoder.run(None, {"input_ids": source, "attention_mask": mask})
encoded = {"encoder_hidden_states": hidden, "encoder_attention_mask": mask}
empty = np.zeros((1, ${heads}, 0, ${width / heads}), dtype=np.float32)
past = {port.name: empty for port in decoder.get_inputs() if port.name.startswith("past_key_values.")}
ids = [${startId}]
while ids[-1] != ${endId} and len(ids) < ${maxPositions}:
    values = decoder.run(None, {"input_ids": np.array([ids[-1:]], dtype=np.int64), **encoded, **past})
    named = dict(zip([port.name for port in decoder.get_outputs()], values))
    past = {name: named[name.replace("past_key_values.", "present.")] for name in past}
    ids.append(int(named["logits"][0, -1].argmax()))
print(tokenizer.decode(ids))`;
}
