// A GPT-2 with random weights in the layout of files that Transformers.js reads. In Heed the same seed gives the same.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine } from "heed";
import { dimension, input } from "heed/graph";
import { gpt2, gpt2Config } from "heed/models";
import { ModelParameters, Trace } from "heed/nn";
import { decodeMessage, encodeMessage, lower } from "heed/onnx";
import { configOf } from "./shapes.js";

/** Names of the cache: ours, by path, to those of the exports that Transformers.js knows. */
const renamed = (name) =>
  name.replace(
    /^(past|present)\.transformer\.h\.(\d+)\.attn\./,
    (_, kind, layer) => `${kind === "past" ? "past_key_values" : "present"}.${layer}.`,
  );

/** Writes config.json and onnx/model.onnx into the folder. */
export async function exportGpt2(folder, shape) {
  const config = gpt2Config.make(configOf(shape));
  const ids = input("input_ids", "int64", [dimension("batch"), dimension("time")]).cast("int32");
  const trace = new Trace("step");
  const logits = trace.run((scope) => gpt2(scope, config, { inputIds: ids }));
  const present = [...trace.cache.values()].map(({ name, tensor }) => [`present.${name}`, tensor]);
  const engine = await createEngine({ worker: false });
  const parameters = await ModelParameters.initialize(engine, [...trace.parameters.values()], 1);
  const { bytes } = lower("decoder", { logits, ...Object.fromEntries(present) }, { weights: await parameters.read() });
  await engine.dispose();
  mkdirSync(join(folder, "onnx"), { recursive: true });
  writeFileSync(join(folder, "onnx/model.onnx"), rename(bytes));
  const { layers: n_layer, heads: n_head, width: n_embd, vocabulary: vocab_size, context: n_positions } = shape;
  const json = {
    model_type: "gpt2",
    architectures: ["GPT2LMHeadModel"],
    n_layer,
    n_head,
    n_embd,
    vocab_size,
    n_positions,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...json, n_ctx: n_positions, eos_token_id: null }));
  writeFileSync(join(folder, "generation_config.json"), "{}");
}

function rename(bytes) {
  const { graph, ...model } = decodeMessage("Model", bytes);
  const ports = (list) => list.map((port) => ({ ...port, name: renamed(port.name) }));
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs?.map(renamed),
    outputs: node.outputs?.map(renamed),
  }));
  return encodeMessage("Model", {
    ...model,
    graph: { ...graph, nodes, inputs: ports(graph.inputs), outputs: ports(graph.outputs) },
  });
}
