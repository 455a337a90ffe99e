// Writes the ONNX files that onnx-checker.py looks at: every op sample, forward and with its gradients, and two files
// with weights, inside and beside.
//
//     node tools/checks/onnx-files.mjs FOLDER && python tools/checks/onnx-checker.py FOLDER
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "vite";

const folder = process.argv[2];
if (folder === undefined) throw new Error("Give the folder to write to.");
mkdirSync(folder, { recursive: true });
const server = await createServer({
  appType: "custom",
  logLevel: "error",
  server: { middlewareMode: true, ws: false },
});
const { gradients, input, isFloat } = await server.ssrLoadModule("/src/graph/index.ts");
const { lower } = await server.ssrLoadModule("/src/onnx/index.ts");
const { inputsOf } = await server.ssrLoadModule("/test/graph/op-inputs.ts");
const { samples } = await server.ssrLoadModule("/test/graph/op-samples.ts");
const golden = JSON.parse(readFileSync(new URL("../../test/graph/golden/ops.json", import.meta.url), "utf8"));

let count = 0;
function write(name, outputs, options) {
  const { bytes } = lower(name, outputs, options);
  writeFileSync(join(folder, `${name.replaceAll("/", "-")}.onnx`), bytes);
  count++;
}

for (const [name, { tiny }] of Object.entries(golden.samples)) {
  const inputs = inputsOf(tiny.inputs);
  const y = samples[name](...inputs);
  write(name, { result: y }, { inputs });
  const floats = inputs.filter((x) => isFloat(x.dtype));
  if (!isFloat(y.dtype) || floats.length === 0) continue;
  const found = gradients(y.mul(y).sum(), floats);
  write(`${name}-gradients`, Object.fromEntries(found.map((g, i) => [`gradient${i}`, g])), { inputs });
}

const weight = { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const weights = new Map([["weight", weight]]);
const y = input("x", "float32", [4, 3]).linear(input("weight", "float32", [2, 3]));
write("weights-inside", { y }, { weights });
writeFileSync(
  join(folder, "weights.bin"),
  new Uint8Array([...new Uint8Array(64), ...new Uint8Array(weight.data.buffer)]),
);
write("weights-beside", { y }, { weights, external: { file: "weights.bin", offsets: new Map([["weight", 64]]) } });
console.log(`${count} files in ${folder}`);
await server.close();
