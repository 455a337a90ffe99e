/** `heed export`: a model as ONNX files. */
import { Option, type Command } from "commander";
import { diskFolder } from "../../files/disk.ts";
import type { ExportedProgram } from "../../checkpoints/index.ts";
import { showType } from "../../graph/index.ts";
import { exportTranslator } from "../../tasks/export-translator.ts";
import { openTranslatorFolder } from "../../tasks/translator-folder.ts";
import { formatBytes } from "../bytes.ts";
import { describedCommand, requireOption } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";

interface Flags {
  readonly out: string;
  readonly json?: true;
}

export function command(io: Io): Command {
  const command = describedCommand(
    "export",
    "Writes a model as ONNX files that any ONNX Runtime runs: the encoder, and the decoder with its cache.",
    {
      run: "heed export runs/fr-en --out onnx/",
      expect:
        "onnx/encoder.onnx  5.8 MB\nonnx/decoder.onnx  7.1 MB\nonnx/README.md says what goes in and what comes out.",
    },
  );
  requireOption(command, new Option("--out <folder>", "where the files go"));
  return command
    .argument("<model>", "a folder that a training wrote")
    .option("--json", "print files, inputs and outputs as JSON")
    .action(async (model: string, flags: Flags) => {
      const { config, tokenizer, weights } = await openTranslatorFolder(diskFolder(model));
      const out = diskFolder(flags.out);
      const files = await exportTranslator(out, { config, tokenizer, weights: await weights() });
      const lines = files.map(({ file, bytes }) => `${out.describe(file)}  ${formatBytes(bytes)}\n`);
      const readme = `${out.describe("README.md")} says what goes in and what comes out.\n`;
      await io.stdout.write(
        flags.json === true ? jsonLine({ out: flags.out, files: files.map(typed) }) : lines.join("") + readme,
      );
    });
}

/** The same with types as text. */
function typed({ file, bytes, inputs, outputs }: ExportedProgram): unknown {
  const ports = (list: ExportedProgram["inputs"]): unknown =>
    Object.fromEntries(list.map((port) => [port.name, showType(port)]));
  return { file, bytes, inputs: ports(inputs), outputs: ports(outputs) };
}
