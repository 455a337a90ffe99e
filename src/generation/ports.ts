/** The names of inputs and outputs of the programs that generate. */

/** Inputs that may grow by what is generated, in the order in which a model is asked for them. */
export const GROWING = ["decoderInputIds", "target", "inputIds"] as const;

/** The input that says which of the past and present tokens are real, int32[batch, past + time]. */
export const maskName = (growing: string): string =>
  growing === "decoderInputIds" ? "decoderAttentionMask" : "attentionMask";

/** The input that says where the present tokens stand, int32[batch, time]. */
export const positionsName = (growing: string): string =>
  growing === "decoderInputIds" ? "decoderPositionIds" : "positionIds";

/** Ports of the cache: what `append` kept comes in under `PAST` and goes out under `NEXT`; what `once` kept comes in. */
export const PAST = "past.";
export const NEXT = "next.";
export const ONCE = "once.";
/** Ports of what `carry` gives: it comes in under `MEMORY`, and goes out under `REMEMBERED`. */
export const MEMORY = "memory.";
export const REMEMBERED = "remembered.";
/** The input that says which row each row goes on from, int32[batch]. */
export const REORDER = "reorder";
/** The outputs of a selection: int32[B, count] and float32[B, count], best first; or float32[B, V]. */
export const IDS = "ids";
export const LOG_PROBABILITIES = "log_probabilities";
export const LOGITS = "logits";
