import { CheckpointError } from "../errors/index.ts";
import { wire, WireReader } from "../onnx/index.ts";

/** What a piece is for. */
export type PieceKind = "normal" | "unknown" | "control" | "user-defined" | "unused" | "byte";

/** One entry of a SentencePiece vocabulary; its id is its place. */
export interface SentencePiece {
  readonly piece: string;
  readonly score: number;
  readonly kind: PieceKind;
}

/** A SentencePiece file (Kudo and Richardson 2018): a vocabulary and how texts are brought into form for it. */
export interface SentencePieceFile {
  readonly pieces: readonly SentencePiece[];
  readonly algorithm: "unigram" | "bpe" | "word" | "char";
  readonly unknownId: number;
  readonly byteFallback: boolean;
  /** Compiled replacements of characters; empty where there are none. */
  readonly charsmap: Uint8Array;
  /** Whether a blank is put before the text. */
  readonly addsBlank: boolean;
  /** Whether blanks at the ends go, and several in a row become one. */
  readonly collapsesBlanks: boolean;
}

const kinds: readonly PieceKind[] = ["normal", "normal", "unknown", "control", "user-defined", "unused", "byte"];
const algorithms = ["unigram", "unigram", "bpe", "word", "char"] as const;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads a SentencePiece file (`sentencepiece_model.proto`, message ModelProto).
 * Throws CheckpointError for what is not one; `name` says which file it was.
 */
export function readSentencePiece(bytes: Uint8Array, name: string): SentencePieceFile {
  try {
    const file = readModel(bytes);
    if (file.pieces.length > 0) return file;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new CheckpointError(
    `${name} is not a SentencePiece model (${bytes.length} bytes without pieces). Was it downloaded completely? ` +
      `A file of a few lines of text is a pointer of Git LFS: fetch the file itself.`,
  );
}

function readModel(bytes: Uint8Array): SentencePieceFile {
  const pieces: SentencePiece[] = [];
  const trainer = new Map<number, number>();
  const normalizer = new Map<number, number>();
  let charsmap: Uint8Array = new Uint8Array(0);
  eachField(bytes, (field, _, reader) => {
    if (field === 1) pieces.push(readPiece(reader.bytes()));
    else if (field === 2) eachNumber(reader.bytes(), trainer);
    else if (field === 3) {
      const message = reader.bytes();
      eachNumber(message, normalizer);
      eachField(message, (number, _kind, inner) => {
        if (number !== 2) return false;
        charsmap = inner.bytes();
        return true;
      });
    } else return false;
    return true;
  });
  const algorithm = algorithms[trainer.get(3) ?? 1];
  if (algorithm === undefined) throw new RangeError("an algorithm that SentencePiece does not have");
  return {
    pieces,
    algorithm,
    charsmap,
    unknownId: trainer.get(40) ?? 0,
    byteFallback: trainer.get(35) === 1,
    addsBlank: normalizer.get(3) !== 0,
    collapsesBlanks: normalizer.get(4) !== 0,
  };
}

function readPiece(bytes: Uint8Array): SentencePiece {
  let [piece, score, kind] = ["", 0, 1];
  eachField(bytes, (field, type, reader) => {
    if (field === 1) piece = decoder.decode(reader.bytes());
    else if (field === 2 && type === wire.fixed32) score = reader.float();
    else if (field === 3) kind = reader.varint();
    else return false;
    return true;
  });
  return { piece, score, kind: kinds[kind] ?? "normal" };
}

/** Whole numbers of a message by their field. */
function eachNumber(bytes: Uint8Array, numbers: Map<number, number>): void {
  eachField(bytes, (field, type, reader) => {
    if (type !== wire.varint) return false;
    numbers.set(field, reader.varint());
    return true;
  });
}

/** Calls `read` for each field; where it has not read the value, the value is skipped. */
function eachField(bytes: Uint8Array, read: (field: number, type: number, reader: WireReader) => boolean): void {
  const reader = new WireReader(bytes);
  while (reader.position < bytes.length) {
    const tag = reader.varint();
    const type = tag & 7;
    if (!read(Math.floor(tag / 8), type, reader)) reader.skip(type);
  }
}
