import { crc32c } from "../files/index.ts";

/**
 * TensorBoard's event files: a file is a chain of records (TensorFlow's TFRecord), each an `Event` message in protobuf.
 * The functions give the bytes to append; who calls them owns the file and the clock. Five fields of two messages are
 * needed, so they are written by hand. Field numbers: tensorflow/core/util/event.proto and framework/summary.proto.
 */
const field = {
  event: { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 },
  summary: { value: 1 },
  value: { tag: 1, simpleValue: 2 },
  sessionLog: { status: 1 },
} as const;

const wire = { varint: 0, double: 1, bytes: 2, float: 5 } as const;

/** The name that TensorBoard looks for: it must hold "tfevents"; later files of a folder sort behind earlier ones. */
export function eventFileName(wallTime: number): string {
  return `events.out.tfevents.${String(Math.floor(wallTime)).padStart(10, "0")}.heed`;
}

/** Whether a file's name is one that `eventFileName` gives. */
export function isEventFile(name: string): boolean {
  return /^events\.out\.tfevents\.\d+\.heed$/.test(name);
}

/** The record that begins every event file. @param wallTime seconds since 1970 */
export function eventFileHeader(wallTime: number): Uint8Array {
  return record(event(wallTime, 0, bytesField(field.event.fileVersion, utf8("brain.Event:2"))));
}

/**
 * The record that tells TensorBoard that a run goes on from `step`: what was written for that step and later ones, by
 * a run that was killed after its last checkpoint, is dropped. It belongs behind the header of a new file.
 */
export function eventRestart({ wallTime, step }: { wallTime: number; step: number }): Uint8Array {
  const start = varintField(field.sessionLog.status, 1);
  return record(event(wallTime, step, bytesField(field.event.sessionLog, start)));
}

/**
 * The record with the scalars of one step, such as `{ "loss/training": 2.31 }`; a slash groups them on the page.
 * Values are stored as float32, so NaN and the infinities are kept too.
 * @param at wallTime in seconds since 1970; step a whole number from 0 to 2⁵³ − 1
 * @throws RangeError for another step.
 */
export function eventScalars(
  { wallTime, step }: { readonly wallTime: number; readonly step: number },
  scalars: Readonly<Record<string, number>>,
): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) => {
    const message = concat([bytesField(field.value.tag, utf8(tag)), floatField(field.value.simpleValue, value)]);
    return bytesField(field.summary.value, message);
  });
  return record(event(wallTime, step, bytesField(field.event.summary, concat(values))));
}

function event(wallTime: number, step: number, what: Uint8Array): Uint8Array {
  const head = doubleField(field.event.wallTime, wallTime);
  return concat(step === 0 ? [head, what] : [head, varintField(field.event.step, step), what]);
}

/** Length, its check, the data, its check; all little-endian, checks masked (tensorflow/core/lib/io/record_writer). */
function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, maskedCheck(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCheck(data), true);
  return bytes;
}

/** Rotated and shifted, because the check of data that holds its own check is degenerate (tensorflow/core/lib/hash). */
function maskedCheck(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function varintField(number: number, value: number): Uint8Array {
  return concat([varint((number << 3) | wire.varint), varint(value)]);
}

function bytesField(number: number, value: Uint8Array): Uint8Array {
  return concat([varint((number << 3) | wire.bytes), varint(value.length), value]);
}

function floatField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = (number << 3) | wire.float;
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
}

function doubleField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = (number << 3) | wire.double;
  new DataView(bytes.buffer).setFloat64(1, value, true);
  return bytes;
}

/** Seven bits a byte, the lowest first. By division: bit operations stop at 32 bits. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`A step must be a whole number from 0 to 2^53 - 1; got ${value}.`);
  }
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Uint8Array.from([...bytes, value]);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
