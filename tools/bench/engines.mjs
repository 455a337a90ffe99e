// Heed's engines, as lanes of every row. One that cannot be made is named in the table as not there.
import { openvinoEnvironment } from "./peers.mjs";

/** What each lane asks `createEngine` for. */
export const engines = [
  { name: "Heed, ONNX Runtime", engine: "onnxruntime", precision: "fp32" },
  { name: "Heed, OpenVINO", engine: "openvino", precision: "fp32" },
  { name: "Heed, OpenVINO, bf16", engine: "openvino", precision: "bf16" },
];

/** A lane of a row for each engine: the script under heed/, and what it is told beside the engine. */
export const heedLanes = (script, job, among = engines) =>
  among.map(({ name, engine, precision }) => ({
    name,
    ours: true,
    command: process.execPath,
    arguments: [`tools/bench/heed/${script}.mjs`],
    job: { ...job, engine, precision },
    environment: engine === "openvino" ? openvinoEnvironment() : {},
  }));
