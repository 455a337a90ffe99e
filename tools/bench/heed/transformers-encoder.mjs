// A lane: forward passes of an encoder by Transformers.js, from the ONNX file that Heed wrote. Work is sequences, or images.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { rounds, serve, THREADS } from "../lane.mjs";
import { madeUpInputs } from "../made-up-inputs.mjs";

await serve(async ({ models, name, kind, modules }) => {
  const path = createRequire(pathToFileURL(`${modules}/package.json`)).resolve("@huggingface/transformers");
  const { AutoModel, AutoModelForImageClassification, env, Tensor } = await import(pathToFileURL(path).href);
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: models });
  const kinds = { text: AutoModel, image: AutoModelForImageClassification };
  const session_options = { intraOpNumThreads: THREADS };
  const model = await kinds[kind].from_pretrained(name, { dtype: "fp32", device: "cpu", session_options });
  const pass = async (batch) => {
    const { inputIds, attentionMask, pixelValues } = madeUpInputs(kind, batch);
    const long = ({ data, shape }) => new Tensor("int64", BigInt64Array.from(data, BigInt), shape);
    if (kind === "image")
      return (await model({ pixel_values: new Tensor("float32", pixelValues.data, pixelValues.shape) })).logits;
    const types = new Tensor("int64", new BigInt64Array(inputIds.data.length), inputIds.shape);
    const given = { input_ids: long(inputIds), attention_mask: long(attentionMask), token_type_ids: types };
    return (await model(given)).last_hidden_state;
  };
  return {
    about: { version: env.version },
    check: async () => ({ values: Array.from((await pass(1)).data.subarray(0, 64)) }),
    turn: async ({ batch, seconds }) => {
      await pass(batch);
      return rounds(
        async () => {
          await pass(batch);
          return batch;
        },
        { seconds },
      );
    },
  };
});
