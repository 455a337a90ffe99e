// Exports a translator as ONNX, and writes beside the files what Heed itself computes: greedy ids and logits.
// Run by onnx-export.py: node tools/checks/onnx-export.mjs OUT [MODEL SENTENCES]
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const dist = (path) => import(pathToFileURL(resolve("dist", path)));
const { diskFolder } = await dist("files/disk.js");
const { readLines } = await dist("files/index.js");
const { lower } = await dist("onnx/index.js");
const { Trace } = await dist("nn/index.js");
const { writeTensors } = await dist("checkpoints/index.js");
const { Translator } = await dist("tasks/translator.js");
const { translateAll } = await dist("tasks/translate.js");
const { translatorForward } = await dist("tasks/translator-model.js");
const { exportTranslator } = await dist("tasks/export-translator.js");

const [out, path, sentencesPath] = process.argv.slice(2);
const folder = diskFolder(out);
const made = ["a dog sees a cat", "the cat sees a small dog near the house", "a house", "the dog"];
const sentences = sentencesPath === undefined ? made : [];
if (sentencesPath !== undefined) {
  for await (const line of readLines(diskFolder(), sentencesPath)) if (sentences.push(line) === 20) break;
}
const pairs = made.map((source) => ({ source, target: source }));
const small = { vocabulary: 300, layers: 2, width: 32, heads: 4, feedForward: 64 };
const model = path === undefined ? await Translator.create(pairs, small) : await Translator.open(diskFolder(path));
const { config, tokenizer } = model;
const parts = { config, tokenizer, weights: await model.parameters.read() };
await exportTranslator(folder, parts);
await exportTranslator(folder.at("beside"), parts, { insideLimit: 0 });

const maximumLength = 30;
const greedy = (await translateAll(model, sentences, { beams: 1, maximumLength })).map(([best]) => [
  ...best.ids,
  ...(best.finished ? [config.endId] : []),
]);
const sources = model.encodeAll(sentences).map((row) => [...row]);
const program = lower("forward", { logits: translatorForward(config)(new Trace("forward").scope) });
const id = await model.engine.load(program);
const logits = new Map();
for (const [i, source] of sources.entries()) {
  const row = (values) => ({ dtype: "int32", shape: [1, values.length], data: Int32Array.from(values) });
  const call = { program: id, bind: model.parameters.bind(program.inputs), fetch: ["logits"] };
  const feeds = { source: row(source), target: row([config.startId, ...greedy[i].slice(0, -1)]) };
  const { data, shape } = (await model.engine.run([call], feeds)).logits;
  logits.set(String(i), { dtype: "float32", shape: shape.slice(1), data });
}
await writeTensors(folder, "expected.safetensors", logits);
const { paddingId, startId, endId } = config;
await folder.write("expected.json", JSON.stringify({ paddingId, startId, endId, maximumLength, sources, greedy }));
await model.dispose();
