/** From a graph to ONNX bytes, weights inside or beside; from ONNX bytes to a graph's names. */
export { withConstants, type Constant } from "./constants.ts";
export {
  allocate,
  bytesOf,
  bytesPerElement,
  toBfloat16,
  toFloat16,
  toHostData,
  viewOf,
  type HostData,
  type HostTensor,
} from "./data.ts";
export { lower, OPSET, type LowerOptions, type Port, type Program, type Weights } from "./lower.ts";
export { decodeMessage, encodeMessage, type Message } from "./messages.ts";
export { peakOf, type Peak } from "./peak.ts";
export { namesOf, withOutputs, type DeclaredPort, type GraphNames, type NodeNames } from "./names.ts";
export {
  quantizations,
  quantized,
  roundedParts,
  type Quantization,
  type QuantizedGraph,
  type RoundedWeight,
} from "./quantize.ts";
export { WireReader, WireWriter, wire } from "./wire.ts";
