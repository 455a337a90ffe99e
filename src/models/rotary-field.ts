/** The rotary positions that a config.json describes, in the spelling of transformers 4 or of 5. */
import { z } from "zod";
import { rotaryFrequencies } from "../nn/index.ts";
import type { ConfigJson, Field } from "./config-fields.ts";

const theta = z.number().positive();
const factor = z.number().positive();
const schema: z.ZodType<RotaryPositions> = z
  .looseObject({ kind: z.enum(["default", "linear", "llama3"]), partialFactor: z.literal(1).optional() })
  .pipe(
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("default"), theta }),
      z.object({ kind: z.literal("linear"), theta, factor }),
      z.object({
        kind: z.literal("llama3"),
        theta,
        factor,
        originalPositions: z.int().positive(),
        lowFrequencyFactor: z.number().positive(),
        highFrequencyFactor: z.number().positive(),
      }),
    ]),
  );

/** How fast the angles of rotary positions grow. */
export type RotaryPositions = { readonly theta: number } & (
  | { readonly kind: "default" }
  | { readonly kind: "linear"; readonly factor: number }
  | {
      readonly kind: "llama3";
      readonly factor: number;
      readonly originalPositions: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
    }
);

const THETA = 10_000;

/**
 * `rope_parameters`, or `rope_theta` with `rope_scaling`. Scalings that depend on the length of the text (dynamic) or
 * that are not here (yarn, longrope) are refused by their name.
 */
export const rotaryPositions: Field<RotaryPositions> = {
  keys: ["rope_scaling", "rope_parameters", "rope_theta"],
  schema,
  default: { kind: "default", theta: THETA },
  from: (json) => {
    const given = (json["rope_scaling"] ?? json["rope_parameters"] ?? {}) as ConfigJson;
    const { rope_type: kind = given["type"] ?? "default" } = given;
    return {
      kind,
      theta: given["rope_theta"] ?? json["rope_theta"] ?? THETA,
      factor: given["factor"],
      originalPositions: given["original_max_position_embeddings"] ?? json["max_position_embeddings"],
      lowFrequencyFactor: given["low_freq_factor"],
      highFrequencyFactor: given["high_freq_factor"],
      partialFactor: given["partial_rotary_factor"],
    };
  },
  // Both versions read this spelling.
  to: (value) => ({ rope_theta: value.theta, rope_scaling: writtenScaling(value) }),
};

function writtenScaling(value: RotaryPositions): ConfigJson | null {
  if (value.kind === "default") return null;
  const { kind, factor } = value;
  if (kind === "linear") return { rope_type: kind, factor };
  return {
    rope_type: kind,
    factor,
    original_max_position_embeddings: value.originalPositions,
    low_freq_factor: value.lowFrequencyFactor,
    high_freq_factor: value.highFrequencyFactor,
  };
}

/** Angles per position of the pairs of a head of this width. */
export function frequenciesOf(width: number, positions: RotaryPositions): Float32Array {
  return rotaryFrequencies(width, positions.theta, positions.kind === "default" ? undefined : positions);
}
