/**
 * Answers as bytes: a safetensors file whose metadata holds the plain part as JSON. So tensors travel as they are, and
 * Python opens what was downloaded.
 */
import { openSafetensors, writeSafetensors, type TensorToWrite } from "../checkpoints/index.ts";
import { memoryFolder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Answer } from "./query.ts";

/** The media type of an answer. */
export const ANSWER_TYPE = "application/vnd.safetensors";
const FILE = "answer.safetensors";

/** An answer as bytes. */
export async function encodeAnswer(answer: object): Promise<Uint8Array> {
  const { tensors = {}, ...plain } = answer as Answer;
  const folder = memoryFolder();
  const stored = Object.entries(tensors).map(([name, tensor]) => [name, asStoredTensor(tensor)] as const);
  await writeSafetensors(folder, FILE, stored, { answer: JSON.stringify(plain) });
  return folder.read(FILE);
}

/** The answer in bytes that `encodeAnswer` made. Throws CheckpointError for others. */
export async function decodeAnswer(bytes: Uint8Array): Promise<Answer> {
  const folder = memoryFolder();
  await folder.write(FILE, bytes);
  const file = await openSafetensors(folder, FILE);
  const tensors: Record<string, HostTensor> = {};
  for (const name of file.names) {
    const { dtype, shape, data } = await file.tensor(name);
    if (dtype === "F32") tensors[name] = { dtype: "float32", shape, data };
    else if (dtype === "I32") tensors[name] = { dtype: "int32", shape, data };
  }
  return { ...(JSON.parse(file.metadata["answer"] ?? "{}") as object), tensors };
}

function asStoredTensor({ dtype, shape, data }: HostTensor): TensorToWrite {
  return dtype === "int32"
    ? { dtype: "I32", shape, data: data as Int32Array }
    : { dtype: "F32", shape, data: data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>) };
}
