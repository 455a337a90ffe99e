// What encoders are given: ids and pixels that mean nothing, by a formula that every lane has.

/** Tokens of a text, and the edge of a picture. */
export const LENGTH = 128;
export const EDGE = 224;

/** Inputs of a batch, as Heed reads them. */
export function madeUpInputs(kind, batch) {
  if (kind === "text") {
    const size = batch * LENGTH;
    const shape = [batch, LENGTH];
    return {
      inputIds: { dtype: "int32", shape, data: Int32Array.from({ length: size }, (_, i) => 1000 + (i % 997)) },
      attentionMask: { dtype: "int32", shape, data: new Int32Array(size).fill(1) },
    };
  }
  const shape = [batch, 3, EDGE, EDGE];
  const data = Float32Array.from({ length: batch * 3 * EDGE * EDGE }, (_, i) => ((i * 7919) % 1000) / 500 - 1);
  return { pixelValues: { dtype: "float32", shape, data } };
}

/** The prompt of a generation. */
export const madeUpPrompt = (length) => Int32Array.from({ length }, (_, i) => 1000 + ((i * 7919) % 40_000));
