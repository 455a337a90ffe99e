// Greedy generation in Transformers.js, of the GPT-2 that `export.mjs` wrote.
import { AutoModelForCausalLM, env, Tensor } from "@huggingface/transformers";

/** Continues a prompt greedily, several times; milliseconds of each time, and the tokens. */
export async function generate(name, device, threads, { prompt, tokens, times: count }) {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = "/models/";
  env.useBrowserCache = false;
  env.useWasmCache = false;
  Object.assign(env.backends.onnx.wasm, { wasmPaths: "/peers/onnxruntime-web/dist/", numThreads: threads });
  const model = await AutoModelForCausalLM.from_pretrained(name, { dtype: "fp32", device });
  const inputs = new Tensor("int64", BigInt64Array.from(prompt, BigInt), [1, prompt.length]);
  const times = [];
  let found;
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    found = await model.generate({ inputs, max_new_tokens: tokens, do_sample: false });
    times.push(performance.now() - start);
  }
  await model.dispose();
  return {
    description: `Transformers.js ${env.version}, ${device}`,
    times,
    ids: [...found.data].slice(prompt.length).map(Number),
  };
}
