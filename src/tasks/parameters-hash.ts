/** A sum over all parameters, to see whether any has changed. */
import type { ModelParameters } from "../nn/index.ts";

/** The SHA-256 sum of all values, in the order of their names, in hexadecimal digits. */
export async function parametersHash(parameters: ModelParameters): Promise<string> {
  const values = await parameters.read();
  const names = [...values.keys()].sort();
  const parts = names.flatMap((name) => {
    const { buffer, byteOffset, byteLength } = values.get(name)!.data;
    return [new TextEncoder().encode(name), new Uint8Array(buffer, byteOffset, byteLength)];
  });
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  const sum = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", whole));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
