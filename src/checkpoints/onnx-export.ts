/** A model as ONNX files, in the folders that Transformers.js opens and that any ONNX Runtime runs. */
import type { Folder } from "../files/index.ts";
import { showType } from "../graph/index.ts";
import { lower, type Program, type Quantization, type Weights } from "../onnx/index.ts";
import { exportPlans, type Exportable, type PlanOptions } from "./onnx-plans.ts";

/** Weights beyond this many bytes lie beside the ONNX file: protobuf cannot hold 2 GB. */
const INSIDE_LIMIT = 1.8e9;

/** What Transformers.js appends for its `dtype`: "q8", "q4", "fp16". */
const ends: Readonly<Record<Quantization, string>> = { int8: "_quantized", int4: "_q4", fp16: "_fp16" };

/** What is exported, and how. */
export interface ExportOptions extends PlanOptions {
  /** The most bytes of weights inside an ONNX file; more go to `<file>.onnx_data` beside it. Default: 1.8 GB. */
  readonly insideLimit?: number | undefined;
  /** How weights are stored; it shows in the files' names, as Transformers.js expects it. Default: as float32. */
  readonly quantize?: Quantization | undefined;
}

/** What a file computes. */
export interface ExportedProgram extends Pick<Program, "inputs" | "outputs"> {
  /** Its path in the folder. */
  readonly file: string;
  /** Of the file and of what lies beside it. */
  readonly bytes: number;
  /** The path of the weights where they lie beside it. */
  readonly beside?: string | undefined;
}

/**
 * Writes `onnx/<file>.onnx` for each plan of `exportPlans`. Ids and masks are int64, all else is float32; sizes have the
 * names that Hugging Face's exports have. Throws InputError for an output that the model does not compute.
 */
export async function exportOnnx(
  folder: Folder,
  model: Exportable,
  weights: Weights,
  options: ExportOptions = {},
): Promise<ExportedProgram[]> {
  const exported: ExportedProgram[] = [];
  for (const { file: name, outputs } of exportPlans(model, options)) {
    const file = `${name}${options.quantize === undefined ? "" : ends[options.quantize]}.onnx`;
    const external = { file: `${file}_data`, above: options.insideLimit ?? INSIDE_LIMIT };
    const program = lower(name, outputs, { weights, external, quantize: options.quantize });
    const { bytes, inputs, beside } = program;
    const path = `onnx/${file}`;
    // First what the file needs.
    if (beside !== undefined) await folder.write(`onnx/${beside.file}`, beside.pieces);
    await folder.write(path, bytes);
    const outside = beside?.pieces.reduce((sum, { byteLength }) => sum + byteLength, 0) ?? 0;
    exported.push({
      ...{ file: path, bytes: bytes.length + outside, inputs, outputs: program.outputs },
      beside: beside && `onnx/${beside.file}`,
    });
  }
  return exported;
}

/** The key of config.json by which Transformers.js finds weights that lie beside ONNX files. */
export function besideKey(programs: readonly ExportedProgram[]): Record<string, unknown> {
  const files = programs.flatMap(({ file, beside }) => (beside === undefined ? [] : [[file.slice("onnx/".length), 1]]));
  if (files.length === 0) return {};
  return { "transformers.js_config": { use_external_data_format: Object.fromEntries(files) as object } };
}

/** What goes in and comes out, as tables in Markdown. */
export function portsText(programs: readonly ExportedProgram[]): string {
  const rows = (ports: ExportedProgram["inputs"], way: string): string =>
    ports.map((port) => `| ${way} | \`${port.name}\` | \`${showType(port)}\` |\n`).join("");
  const section = ({ file, inputs, outputs }: ExportedProgram): string =>
    `## ${file}\n\n| | name | type |\n|---|---|---|\n${rows(inputs, "in")}${rows(outputs, "out")}`;
  return programs.map(section).join("\n");
}
