/**
 * Answers on their way over HTTP while the work goes on: frames of a kind (one byte), a length (four bytes, little-endian)
 * and the bytes. Any number of `p` (progress, JSON), then one `a` (the answer, as `encodeAnswer` wrote it) or one `e` (an
 * error, JSON). So one connection carries progress and answer, and to close it is to stop the work.
 */
import { CheckpointError } from "../errors/index.ts";

/** The media type of a stream; who asks with `Accept: application/vnd.heed.answer-stream` gets one. */
export const STREAM_TYPE = "application/vnd.heed.answer-stream";

/** One frame. */
export type Frame =
  | { readonly kind: "progress"; readonly done: number; readonly total: number; readonly what: string }
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly name: string; readonly message: string };

const CODES = { progress: "p", answer: "a", error: "e" } as const;
const HEADER = 5;

/** A frame as bytes. */
export function encodeFrame({ kind, ...rest }: Frame): Uint8Array {
  const bytes = "bytes" in rest ? rest.bytes : new TextEncoder().encode(JSON.stringify(rest));
  const framed = new Uint8Array(HEADER + bytes.length);
  framed[0] = CODES[kind].charCodeAt(0);
  new DataView(framed.buffer).setUint32(1, bytes.length, true);
  framed.set(bytes, HEADER);
  return framed;
}

/** The frames of a stream whose bytes come in any pieces. Throws CheckpointError for what is no stream of frames. */
export async function* decodeFrames(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let held = new Uint8Array(0);
  for await (const piece of pieces) {
    const joined = new Uint8Array(held.length + piece.length);
    joined.set(held);
    joined.set(piece, held.length);
    held = joined;
    for (;;) {
      if (held.length < HEADER) break;
      const end = HEADER + new DataView(held.buffer, held.byteOffset).getUint32(1, true);
      if (held.length < end) break;
      yield frameOf(String.fromCharCode(held[0]!), held.slice(HEADER, end));
      held = held.slice(end);
    }
  }
  if (held.length > 0) throw new CheckpointError("The answer ended in its middle. Ask again.");
}

function frameOf(code: string, bytes: Uint8Array): Frame {
  if (code === CODES.answer) return { kind: "answer", bytes };
  const kind = code === CODES.progress ? "progress" : code === CODES.error ? "error" : undefined;
  if (kind === undefined) throw new CheckpointError("What came is no stream of an answer. Ask again.");
  return { kind, ...(JSON.parse(new TextDecoder().decode(bytes)) as object) } as Frame;
}
