// Checkpoints of published sizes with random weights, in Hugging Face's form: how long a step takes does not depend on them.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const models = join(root, ".cache", "bench", "models");

/** The folder of a preset, written by Heed once: config.json and model.safetensors. */
export function checkpointOf({ preset, task }, log) {
  const folder = join(models, preset);
  if (existsSync(join(folder, "model.safetensors")) && existsSync(join(folder, "config.json"))) return folder;
  log(`  writing a ${preset} with random weights into .cache/bench …`);
  const job = JSON.stringify({ preset, task, folder });
  execFileSync(process.execPath, [join(root, "tools/bench/heed/write-checkpoint.mjs"), job], {
    stdio: ["ignore", 2, 2],
  });
  return folder;
}

/** The same as ONNX files, in the folder that Transformers.js opens; or why there are none. */
export function exportedOf(shape, log) {
  const [from, name] = [checkpointOf(shape, log), `${shape.preset}-onnx`];
  const folder = join(models, name);
  try {
    if (!existsSync(join(folder, "onnx", "model.onnx"))) {
      log(`  exporting ${shape.preset} as ONNX …`);
      const command = [join(root, "bin/heed.js"), "export", from, "--out", folder, "--task", shape.task];
      execFileSync(process.execPath, command, { stdio: ["ignore", 2, "pipe"] });
    }
    return { models, name };
  } catch (error) {
    return {
      missing: String(error.stderr ?? error.message)
        .trim()
        .split("\n")
        .at(-1),
    };
  }
}
