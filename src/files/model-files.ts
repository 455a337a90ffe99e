/** What the files of a model folder are, told from their names. */

/** Whether Python's pickle wrote it: opening such a file runs whatever code it holds. */
export function isPickle(name: string): boolean {
  return /\.(bin|pt|pth|ckpt|pkl|pickle)(\.index\.json)?$/i.test(name);
}

/** Whether it holds weights for other libraries, and is no pickle. */
export function isForeign(path: string): boolean {
  return (
    /\.(onnx|onnx_data|pb|h5|msgpack|gguf|ggml|tflite|ot|mlmodel|mlpackage|engine)(\.index\.json)?$/i.test(path) ||
    /(^|\/)(onnx|openvino|coreml|tensorrt)\//i.test(path)
  );
}

/** Whether a download or a copy left it before it was whole. */
export function isPartial(name: string): boolean {
  return /\.(part|incomplete|crdownload|download)$/i.test(name);
}

/** Whether it is a config, part of a tokenizer, or safetensors: what Heed opens. */
export function isModelFile(path: string): boolean {
  return !isPickle(path) && !isForeign(path) && MODEL_FILE.test(path);
}

const MODEL_FILE =
  /(\.safetensors|\.json|\.jinja|\.model|\.spm|\.tiktoken|(^|\/)(vocab|merges|bpe\.codes|dict)[^/]*)$/i;
