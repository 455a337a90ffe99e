/** `heed inspect FILE.onnx`: the inner tensors of any ONNX file. */
import { openFolderTokenizer, openSafetensors } from "../../checkpoints/index.ts";
import { InputError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import type { HostTensor } from "../../onnx/index.ts";
import type { EngineOptions, Values } from "../../runtime/index.ts";
import { OnnxFile, type InnerTensor } from "../../tasks/onnx-file.ts";
import { jsonLine, type Io } from "../io.ts";
import { table } from "../terminal/index.ts";

/** What to look at. */
export interface OnnxFlags {
  readonly tensor?: readonly string[];
  readonly inputs?: string;
  readonly format: "text" | "svg" | "json";
}

/** Lists inner tensors, or runs the file on a text, or on given inputs, and prints some of them. */
export async function inspectOnnx(
  path: string,
  text: string | undefined,
  flags: OnnxFlags,
  engine: EngineOptions,
  io: Io,
): Promise<void> {
  const folder = diskFolder();
  const file = await OnnxFile.open(folder, path, { purpose: "generation", ...engine });
  const json = flags.format === "json";
  try {
    if (flags.tensor === undefined) {
      await io.stdout.write(json ? jsonLine(listed(file)) : lines(file));
      return;
    }
    const given = flags.inputs === undefined ? {} : await inputsFrom(flags.inputs);
    const ids = text === undefined ? [] : await idsOf(path, text);
    if (text === undefined && flags.inputs === undefined) {
      throw new InputError("There is nothing to compute from. Give a text, or --inputs with a file of tensors.");
    }
    for (const [name, tensor] of await file.run(file.feedsFor(ids, given), flags.tensor)) {
      const values = Array.from(tensor.data, Number);
      await io.stdout.write(json ? jsonLine({ name, shape: tensor.shape, values }) : summary(name, tensor, values));
    }
  } finally {
    await file.dispose();
  }
}

const typeOf = ({ dtype, shape }: Pick<InnerTensor, "dtype" | "shape">): string =>
  `${dtype ?? ""}${shape === undefined ? "" : `[${shape.map((d) => d ?? "?").join(", ")}]`}`;

const listed = (file: OnnxFile): unknown => {
  const { inputs, outputs } = file.names;
  return { inputs, outputs, tensors: file.tensors() };
};

function lines(file: OnnxFile): string {
  const { inputs, outputs } = file.names;
  const ended = new Set(outputs.map(({ name }) => name));
  const rows = [
    ...inputs.map((port) => ["input", port.name, "", typeOf(port)]),
    ...file.tensors().map((tensor) => [ended.has(tensor.name) ? "output" : "", tensor.name, tensor.op, typeOf(tensor)]),
  ];
  return `${table(rows, { header: ["", "tensor", "by", "type, where the file says it"], align: ["left", "left", "left", "left"] })}\n`;
}

/** Numbers that are shown of a large tensor. */
const SHOWN = 8;

function summary(name: string, { dtype, shape }: HostTensor, values: readonly number[]): string {
  if (dtype === "float16") return `${name}  float16[${shape.join(", ")}]; ask for --format json\n`;
  let [least, most, sum] = [Infinity, -Infinity, 0];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
  }
  const few = values.slice(0, SHOWN).map((value) => (Number.isInteger(value) ? String(value) : value.toPrecision(4)));
  const range = values.length === 0 ? "" : `  ${least.toPrecision(4)} to ${most.toPrecision(4)}, mean ${(sum / values.length).toPrecision(4)}`; // prettier-ignore
  return `${name}  ${dtype}[${shape.join(", ")}]${range}\n  ${few.join(" ")}${values.length > SHOWN ? " …" : ""}\n`;
}

/** Token ids of a text by the tokenizer beside the file, or in the folder above. */
async function idsOf(path: string, text: string): Promise<number[]> {
  const at = path.lastIndexOf("/");
  const own = at < 0 ? "." : path.slice(0, at);
  for (const place of [own, `${own}/..`]) {
    const folder = diskFolder(place);
    if ((await folder.kind("config.json")) !== "file") continue;
    return [...(await openFolderTokenizer(folder)).ids(text)];
  }
  throw new InputError(`There is no tokenizer beside ${path}. Give the ids with --inputs.`);
}

/** Tensors of a safetensors file by name. */
async function inputsFrom(path: string): Promise<Values> {
  const file = await openSafetensors(diskFolder(), path);
  const entries = await Promise.all(
    file.names.map(async (name) => {
      const { dtype, shape, data } = await file.tensor(name);
      if (dtype === "F32") return [name, { dtype: "float32", shape, data }] as const;
      if (dtype === "BOOL") return [name, { dtype: "bool", shape, data }] as const;
      if (dtype === "I64") return [name, { dtype: "int64", shape, data }] as const;
      if (dtype === "I32") return [name, { dtype: "int32", shape, data }] as const;
      throw new InputError(`${path}: ${name} is ${dtype}; inputs are F32, I32, I64 or BOOL.`);
    }),
  );
  return Object.fromEntries(entries) as Values;
}
