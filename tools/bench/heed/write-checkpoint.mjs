// Writes a model of a published size with fresh weights: a process of its own, whose memory goes with it.
import { mkdirSync } from "node:fs";
import { createModel, diskFolder, saveModel } from "heed";

const { preset, task, folder } = JSON.parse(process.argv[2]);
mkdirSync(folder, { recursive: true });
const model = await createModel(preset, { task, engine: "onnxruntime", worker: false });
await saveModel(model, diskFolder(folder));
await model.dispose();
