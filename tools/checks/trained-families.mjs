// Trains every checkpoint of test/families that has labels for ten updates, saves it, and writes beside it what it computes.
// Run by trained-families.py: node tools/checks/trained-families.mjs OUT [NAME…]
import { readdirSync } from "node:fs";
import { diskFolder, feedsOf, lossOf, openModel, readGolden, saveModel, snakeCase, Trainer } from "heed";
import { writeSafetensors } from "heed/checkpoints";
import { adamW } from "heed/training";

const UPDATES = 10;
const [out, ...names] = process.argv.slice(2);
const families = diskFolder("test/families");
const all = readdirSync("test/families", { withFileTypes: true }).flatMap((one) =>
  one.isDirectory() ? [one.name] : [],
);

for (const name of names.length > 0 ? names : all) {
  const folder = families.at(name);
  const golden = await readGolden(folder, "golden.safetensors");
  if (!golden.outputs.has("loss")) continue;
  const model = await openModel(folder, { className: golden.modelClass, worker: false, purpose: "training" });
  const given = Object.keys(golden.inputs);
  const objective = lossOf(model.architecture, given);
  const trainer = await Trainer.create(model.engine, objective, { optimizer: adamW(), seed: 1 }, model.parameters);
  const feeds = feedsOf(model.architecture, golden.inputs);
  const rows = Object.values(feeds)[0].shape[0];
  const batch = [{ feeds, targets: 1, examples: Array.from({ length: rows }, (_, i) => i) }];
  const losses = [];
  for (let update = 1; update <= UPDATES; update++) losses.push((await trainer.step(update, batch, 1e-3)).loss);
  const target = diskFolder(out).at(name);
  await saveModel(model, target);
  const results = await model.run(golden.inputs);
  const stored = ({ dtype, shape, data }) => ({ dtype: dtype === "float32" ? "F32" : "I32", shape, data });
  const entries = [
    ...Object.entries(golden.inputs).map(([key, value]) => [`inputs.${snakeCase(key)}`, stored(value)]),
    ...[...results].map(([key, value]) => [`outputs.${snakeCase(key)}`, stored(value)]),
  ];
  await writeSafetensors(target, "trained.safetensors", entries, { model_class: model.architecture.className });
  console.log(JSON.stringify({ name, className: model.architecture.className, first: losses[0], last: losses.at(-1) }));
  await model.dispose();
}
