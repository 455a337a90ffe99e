/** One file per architecture, read top to bottom. */
export { parseConfig, type ConfigKeys } from "./config.ts";
export type { ConfigJson } from "./config-fields.ts";
export {
  modelTasks,
  neededInputs,
  parametersOf,
  traceOf,
  type Architecture,
  type Family,
  type InputSize,
  type InputType,
  type InputTypes,
  type ModelTask,
  type Outputs,
} from "./family.ts";
export { gpt2, gpt2Config, gpt2Presets, type Gpt2Config, type Gpt2Preset } from "./gpt2.ts";
export { pooled, poolings, type Pooling } from "./pooling.ts";
export { architectureOf, architectureOfPreset, families, familyOf, type WantedHead } from "./registry.ts";
export {
  TRANSFORMER,
  transformer,
  transformerConfig,
  transformerFromJson,
  transformerPresets,
  transformerToJson,
  type TransformerConfig,
  type TransformerInputs,
  type TransformerPreset,
} from "./transformer.ts";
export { transformerParts, type ParameterPart, type ParameterParts } from "./transformer-parts.ts";
