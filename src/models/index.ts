/** One file per architecture, read top to bottom. */
export {
  transformer,
  transformerConfig,
  transformerParameterCount,
  transformerPresets,
  type TransformerConfig,
  type TransformerInputs,
  type TransformerPreset,
} from "./transformer.ts";
