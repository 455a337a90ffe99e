// Writes what peers of a GPT row start from: the first values of its parameters and its made-up tokens.
// node write-gpt.mjs '{"shape": …, "seed": 1, "weights": "….safetensors", "ids": "….json"}'
import { writeFileSync } from "node:fs";
import { diskFolder, random } from "heed";
import { writeTensors } from "heed/checkpoints";
import { initialValues, Trace } from "heed/nn";
import { BATCHES, gptBatch, objectiveOf } from "./gpt-model.mjs";

const { shape, seed, weights, ids } = JSON.parse(process.argv[2]);
const trace = new Trace("forward");
objectiveOf(shape)(trace.scope);
const values = [...trace.parameters.values()].map((spec) => {
  const data = initialValues(spec, random(seed, "parameters", spec.name));
  return [spec.name, { dtype: "float32", shape: spec.shape, data }];
});
await writeTensors(diskFolder("."), weights, new Map(values));
const batches = Array.from({ length: BATCHES }, (_, index) => {
  const { feeds } = gptBatch(shape, seed, index);
  return { ids: [...feeds.ids.data], labels: [...feeds.labels.data] };
});
writeFileSync(ids, JSON.stringify(batches));
