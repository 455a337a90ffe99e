/** `heed export`: a model as ONNX files. */
import { Option, type Command } from "commander";
import { CONFIG, type ExportedProgram } from "../../checkpoints/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { findModel } from "../../files/hub.ts";
import { readJson, type Folder, type ReadableFolder } from "../../files/index.ts";
import { showType } from "../../graph/index.ts";
import { modelTasks, TRANSFORMER, type ModelTask } from "../../models/index.ts";
import { exportModel } from "../../tasks/export-model.ts";
import { exportTranslator } from "../../tasks/export-translator.ts";
import { openTranslatorFolder } from "../../tasks/translator-folder.ts";
import { formatBytes } from "../bytes.ts";
import { describedCommand, requireOption, withQuantization, type QuantizeFlags } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";

interface Flags extends QuantizeFlags {
  readonly out: string;
  readonly task?: ModelTask;
  readonly class?: string;
  readonly outputs?: readonly string[];
  readonly cache: boolean;
  readonly json?: true;
}

export function command(io: Io): Command {
  const command = describedCommand(
    "export",
    "Writes a model as ONNX files that Transformers.js opens and any ONNX Runtime runs: with a cache, if it generates.",
    {
      run: "heed export gpt2 --out onnx/",
      expect: "onnx/onnx/model.onnx  498 MB\nonnx/README.md says what goes in and what comes out.",
    },
  );
  requireOption(command, new Option("--out <folder>", "where the files go"));
  return withQuantization(command)
    .argument("<model>", "a checkpoint's folder, the name of one that was pulled, or what a training wrote")
    .addOption(new Option("--task <name>", "what the model is for; default: what its config says").choices(modelTasks))
    .option("--class <name>", "the class instead, such as BertForMaskedLM")
    .option("--outputs <names...>", "inner tensors that become outputs, too, such as attentions.0 or hidden_states.3")
    .option("--no-cache", "without inputs and outputs for a cache: all of a text at once")
    .option("--json", "print files, inputs and outputs as JSON")
    .action(async (model: string, flags: Flags) => {
      const out = diskFolder(flags.out);
      const files = await written(await findModel(model), out, flags);
      const lines = files.map(({ file, bytes }) => `${out.describe(file)}  ${formatBytes(bytes)}\n`);
      const readme = `${out.describe("README.md")} says what goes in and what comes out.\n`;
      await io.stdout.write(
        flags.json === true ? jsonLine({ out: flags.out, files: files.map(typed) }) : lines.join("") + readme,
      );
    });
}

async function written(from: ReadableFolder, out: Folder, flags: Flags): Promise<ExportedProgram[]> {
  const { task, class: className, ...options } = flags;
  if (!(await isTranslator(from))) return exportModel(from, out, { task, className, ...options });
  const { config, tokenizer, weights } = await openTranslatorFolder(from);
  return exportTranslator(out, { config, tokenizer, weights: await weights() }, options);
}

/** Whether a training of `heed train` or `heed start` wrote it. Anything that cannot be read is left to who opens it. */
async function isTranslator(folder: ReadableFolder): Promise<boolean> {
  if ((await folder.kind(CONFIG)) !== "file") return (await folder.kind("checkpoints")) === "folder";
  const json = await readJson(folder, CONFIG);
  return typeof json === "object" && json !== null && "model_type" in json && json.model_type === TRANSFORMER;
}

/** The same with types as text. */
function typed({ file, bytes, inputs, outputs }: ExportedProgram): unknown {
  const ports = (list: ExportedProgram["inputs"]): unknown =>
    Object.fromEntries(list.map((port) => [port.name, showType(port)]));
  return { file, bytes, inputs: ports(inputs), outputs: ports(outputs) };
}
