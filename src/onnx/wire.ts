/**
 * The wire format of Protocol Buffers (the encoding guide of protobuf.dev), as much of it as ONNX needs. Written here
 * because the libraries for it are CommonJS, which a page without a bundler cannot import.
 */

/** How a field's value is stored, as the three low bits of its tag say. */
export const wire = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

/** Writes fields one after the other. Long bytes are kept by reference until `finish`, so weights are copied once. */
export class WireWriter {
  readonly #pieces: Uint8Array[] = [];
  #open: number[] = [];
  #length = 0;

  /** The bytes written so far. */
  get length(): number {
    return this.#length + this.#open.length;
  }

  tag(field: number, kind: number): this {
    return this.varint(field * 8 + kind);
  }

  /** A whole number in groups of seven bits, lowest first; a negative one as its 64-bit two's complement. */
  varint(value: number): this {
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 127n; rest >>= 7n) this.#open.push(Number(rest & 127n) | 128);
      this.#open.push(Number(rest));
      return this;
    }
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#open.push((rest % 128) | 128);
    this.#open.push(rest);
    return this;
  }

  float(value: number): this {
    this.#open.push(...new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  /** Bytes after their length. */
  bytes(value: Uint8Array): this {
    this.varint(value.length);
    this.#close();
    this.#pieces.push(value);
    this.#length += value.length;
    return this;
  }

  /** A message, or packed numbers, after its length. */
  nested(inner: WireWriter): this {
    this.varint(inner.length);
    this.#close();
    inner.#close();
    for (const piece of inner.#pieces) this.#pieces.push(piece);
    this.#length += inner.#length;
    return this;
  }

  finish(): Uint8Array {
    this.#close();
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  #close(): void {
    if (this.#open.length === 0) return;
    this.#pieces.push(Uint8Array.from(this.#open));
    this.#length += this.#open.length;
    this.#open = [];
  }
}

/** Reads fields one after the other. Every method throws RangeError where the bytes end early. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A whole number; one whose 64th bit is set is negative. */
  varint(): number {
    let low = 0;
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.#view.getUint8(this.position++);
      low += (byte & 127) * 2 ** shift;
      if (byte < 128) return low;
    }
    let all = BigInt(low);
    for (let shift = 49n; ; shift += 7n) {
      const byte = this.#view.getUint8(this.position++);
      all |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, all));
      if (shift > 63n) throw new RangeError("A number has more than ten bytes.");
    }
  }

  float(): number {
    this.position += 4;
    return this.#view.getFloat32(this.position - 4, true);
  }

  /** The end of the value whose length stands here. */
  end(): number {
    const end = this.varint() + this.position;
    if (end > this.#bytes.length) throw new RangeError(`The bytes end at ${this.#bytes.length}, before ${end}.`);
    return end;
  }

  /** Bytes after their length; a view, not a copy. */
  bytes(): Uint8Array {
    const end = this.end();
    const value = this.#bytes.subarray(this.position, end);
    this.position = end;
    return value;
  }

  skip(kind: number): void {
    if (kind === wire.varint) this.varint();
    else if (kind === wire.delimited) this.position = this.end();
    else if (kind === wire.fixed64 || kind === wire.fixed32) this.position += kind === wire.fixed64 ? 8 : 4;
    else throw new RangeError(`A field has the wire type ${kind}, which the format does not know.`);
    if (this.position > this.#bytes.length) throw new RangeError("The bytes end inside a field.");
  }
}
