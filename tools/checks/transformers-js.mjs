// Opens what `heed export` writes in Transformers.js, from a local folder: outputs and greedy ids must be Python's.
// After `npm run build`, from the repository's root: node tools/checks/transformers-js.mjs. Exits with 1 where something
// differs; says so and exits with 0 where the package is not here and cannot be installed.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const VERSION = "4.3.1";
const TOLERANCE = 1e-5;

const dist = (path) => import(pathToFileURL(resolve("dist", path)));
const { diskFolder } = await dist("files/disk.js");
const { exportModel } = await dist("tasks/export-model.js");
const { readGolden } = await dist("tasks/golden-file.js");
const { snakeCase } = await dist("checkpoints/index.js");

const library = await findLibrary();
if (library === undefined) {
  console.log("Transformers.js is not here and cannot be installed: nothing was checked.");
  process.exit(0);
}
const { AutoModelForCausalLM, AutoModelForImageClassification, AutoModelForMaskedLM, AutoModelForSeq2SeqLM } = library;
const models = mkdtempSync(join(tmpdir(), "heed-exported-"));
Object.assign(library.env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: `${models}/` });

/** The folder of goldens, who opens it, and whether it generates. */
const cases = [
  ["bert-masked-lm", AutoModelForMaskedLM, "forward"],
  ["bert-sequence-classification", library.AutoModelForSequenceClassification, "forward"],
  ["bert-question-answering", library.AutoModelForQuestionAnswering, "forward"],
  ["roberta-masked-lm", AutoModelForMaskedLM, "forward"],
  ["distilbert-masked-lm", AutoModelForMaskedLM, "forward"],
  ["vit-image-classification", AutoModelForImageClassification, "forward"],
  ["gpt2-causal-lm", AutoModelForCausalLM, "forward"],
  ["gpt2-causal-lm", AutoModelForCausalLM, "greedy", "batched"],
  ["llama-causal-lm", AutoModelForCausalLM, "greedy", "batched"],
  ["opt-causal-lm", AutoModelForCausalLM, "greedy", "batched"],
  ["marian-conditional-generation", AutoModelForSeq2SeqLM, "greedy", "batched"],
  ["bart-conditional-generation", AutoModelForSeq2SeqLM, "greedy", "batched"],
  ["mbart-conditional-generation", AutoModelForSeq2SeqLM, "greedy", "batched"],
  ["t5-conditional-generation", AutoModelForSeq2SeqLM, "greedy", "batched"],
];

let failed = 0;
for (const [name, Auto, ...kinds] of cases) {
  const from = diskFolder("test/families").at(name);
  const golden = await readGolden(from, "golden.safetensors");
  await exportModel(from, diskFolder(models).at(name), { className: golden.modelClass });
  const model = await Auto.from_pretrained(name, { dtype: "fp32", device: "cpu" });
  for (const kind of kinds) {
    const generated = golden.generated.find((one) => one.name === kind);
    const said = kind === "forward" ? await forward(model, golden) : await ids(model, generated);
    console.log(`${said.ok ? "ok     " : "DIFFERS"} ${name}, ${kind}: ${said.text}`);
    if (!said.ok) failed++;
  }
  await model.dispose();
}
/** Weights in fewer bits: the length of the logits' difference beside theirs. These models are as small as can be. */
const kinds = [
  ["fp16", "fp16", 0.01],
  ["int8", "q8", 0.1],
  ["int4", "q4", 0.6],
];
for (const [quantize, dtype, bound] of kinds) {
  for (const [name, Auto] of [
    ["bert-masked-lm", AutoModelForMaskedLM],
    ["gpt2-causal-lm", AutoModelForCausalLM],
  ]) {
    const from = diskFolder("test/families").at(name);
    const golden = await readGolden(from, "golden.safetensors");
    await exportModel(from, diskFolder(models).at(name), { quantize });
    const model = await Auto.from_pretrained(name, { dtype, device: "cpu" });
    const { logits } = await model(withPlaces(golden.inputs));
    await model.dispose();
    const expected = golden.outputs.get("logits").data;
    const error = Math.hypot(...expected.map((value, i) => value - logits.data[i])) / Math.hypot(...expected);
    const ok = error > 0 && error < bound;
    console.log(`${ok ? "ok     " : "DIFFERS"} ${name}, ${quantize} as ${dtype}: off by ${(100 * error).toFixed(2)} %`);
    if (!ok) failed++;
  }
}
rmSync(models, { recursive: true, force: true });
console.log(`Transformers.js ${library.env.version}: ${failed === 0 ? "passed" : `${failed} FAILED`}`);
process.exit(failed === 0 ? 0 : 1);

/** Outputs of one call beside the golden's. */
async function forward(model, golden) {
  const found = await model(withPlaces(golden.inputs));
  const named = new Map([...golden.outputs].map(([name, value]) => [snakeCase(name), value]));
  let [worst, compared] = [0, []];
  for (const [name, { data }] of Object.entries(found)) {
    const expected = named.get(name)?.data;
    if (expected === undefined) continue;
    compared.push(name);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i]) / largest), worst);
  }
  const ok = compared.length > 0 && worst <= TOLERANCE;
  return { ok, text: `${compared.join(", ")} within ${worst.toExponential(1)}` };
}

/** In a forward call Python counts padding, too; Transformers.js leaves it out where nothing is said. */
function withPlaces(inputs) {
  const feeds = feedsOf(inputs);
  const { input_ids: ids } = feeds;
  if (ids === undefined) return feeds;
  const places = BigInt64Array.from(ids.data, (_, i) => BigInt(i % ids.dims[1]));
  return { ...feeds, position_ids: new library.Tensor("int64", places, ids.dims) };
}

/** Greedy ids with the cache, up to the end of each row. */
async function ids(model, { inputs, arguments: given, ids: expected }) {
  const { num_beams: _, ...options } = given;
  const found = await model.generate({ ...feedsOf(inputs), ...options });
  const pairs = rowsOf(expected).map((row, i) => [row, rowsOf(found)[i].map(Number)]);
  const end = [model.generation_config?.eos_token_id ?? []].flat();
  const start = model.config.is_encoder_decoder ? 1 : inputs.inputIds.shape[1];
  const cut = (row) => {
    const at = row.findIndex((id, i) => i >= start && end.includes(id));
    return at < 0 ? row : row.slice(0, at + 1);
  };
  const same = pairs.filter(([a, b]) => cut(a).join() === cut(b).join()).length;
  return { ok: same === pairs.length, text: `${same} of ${pairs.length} rows of ids equal` };
}

function rowsOf({ shape, dims = shape, data }) {
  const [rows, length] = dims;
  return Array.from({ length: rows }, (_, i) => Array.from(data.slice(i * length, (i + 1) * length), Number));
}

function feedsOf(inputs) {
  const entries = Object.entries(inputs).filter(([name]) => name !== "labels" && !name.endsWith("Positions"));
  const tensors = entries.map(([name, { dtype, shape, data }]) => {
    const whole = dtype !== "float32";
    const values = whole ? BigInt64Array.from(data, BigInt) : data;
    return [snakeCase(name), new library.Tensor(whole ? "int64" : "float32", values, shape)];
  });
  const { input_ids: ids, ...given } = Object.fromEntries(tensors);
  if (ids === undefined) return given;
  const like = (value) =>
    new library.Tensor(
      "int64",
      BigInt64Array.from(ids.data, (_, i) => BigInt(value(i))),
      ids.dims,
    );
  return { attention_mask: like(() => 1), ...given, input_ids: ids };
}

/** The package in .cache/peers/node, installed there on first use. */
async function findLibrary() {
  const home = resolve(".cache/peers/node");
  const place = join(home, "node_modules/@huggingface/transformers/dist/transformers.node.mjs");
  try {
    if (!existsSync(place)) {
      mkdirSync(home, { recursive: true });
      if (!existsSync(join(home, "package.json"))) writeFileSync(join(home, "package.json"), '{ "private": true }');
      const npm = process.platform === "win32" ? "npm.cmd" : "npm";
      // No scripts: that of onnxruntime-node fetches binaries for graphics cards; the others are in the package.
      const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
      execFileSync(npm, ["install", `@huggingface/transformers@${VERSION}`, ...flags], { cwd: home, stdio: "ignore" });
    }
    return await import(pathToFileURL(place));
  } catch (error) {
    console.log(String(error.message).split("\n")[0]);
    return undefined;
  }
}
