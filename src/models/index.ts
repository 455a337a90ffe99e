/** One file per architecture, read top to bottom. */
export { parseConfig, type ConfigKeys } from "./config.ts";
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
