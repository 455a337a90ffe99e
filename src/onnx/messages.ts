/**
 * The part of the ONNX format that Heed writes and reads, as a table: message, field, number, kind. The numbers are
 * facts of the format (onnx.proto3, IR version 10).
 */
import { wire, WireReader, WireWriter } from "./wire.ts";

type Kind = "int" | "ints" | "float" | "floats" | "text" | "texts" | "bytes" | MessageName | `${MessageName}[]`;
type MessageName = keyof typeof fields;

const fields = {
  Model: {
    irVersion: [1, "int"],
    producerName: [2, "text"],
    producerVersion: [3, "text"],
    graph: [7, "Graph"],
    opsets: [8, "OperatorSet[]"],
    metadata: [14, "Entry[]"],
  },
  OperatorSet: { domain: [1, "text"], version: [2, "int"] },
  Entry: { key: [1, "text"], value: [2, "text"] },
  Graph: {
    nodes: [1, "Node[]"],
    name: [2, "text"],
    initializers: [5, "Tensor[]"],
    inputs: [11, "ValueInfo[]"],
    outputs: [12, "ValueInfo[]"],
    values: [13, "ValueInfo[]"],
  },
  Node: {
    inputs: [1, "texts"],
    outputs: [2, "texts"],
    name: [3, "text"],
    type: [4, "text"],
    attributes: [5, "Attribute[]"],
    domain: [7, "text"],
  },
  Attribute: {
    name: [1, "text"],
    float: [2, "float"],
    int: [3, "int"],
    text: [4, "bytes"],
    floats: [7, "floats"],
    ints: [8, "ints"],
    type: [20, "int"],
  },
  Tensor: {
    dims: [1, "ints"],
    dataType: [2, "int"],
    name: [8, "text"],
    raw: [9, "bytes"],
    externalData: [13, "Entry[]"],
    dataLocation: [14, "int"],
  },
  ValueInfo: { name: [1, "text"], type: [2, "Type"] },
  Type: { tensor: [1, "TensorType"] },
  TensorType: { elementType: [1, "int"], shape: [2, "TensorShape"] },
  TensorShape: { dims: [1, "ShapeDimension[]"] },
  ShapeDimension: { value: [1, "int"], parameter: [2, "text"] },
} as const satisfies Record<string, Record<string, readonly [number, string]>>;

/** The values of a message: every field may be absent. */
export type Message<M extends MessageName> = {
  readonly [F in keyof (typeof fields)[M]]?: (typeof fields)[M][F] extends readonly [number, infer K]
    ? Value<K>
    : never;
};
type Value<K> = K extends "int" | "float"
  ? number
  : K extends "ints" | "floats"
    ? readonly number[]
    : K extends "text"
      ? string
      : K extends "texts"
        ? readonly string[]
        : K extends "bytes"
          ? Uint8Array
          : K extends `${infer M extends MessageName}[]`
            ? readonly Message<M>[]
            : K extends MessageName
              ? Message<K>
              : never;

/** A message as bytes. */
export function encodeMessage<M extends MessageName>(name: M, message: Message<M>): Uint8Array {
  return writeMessage(name, message).finish();
}

function writeMessage(name: MessageName, message: object): WireWriter {
  const writer = new WireWriter();
  const values = message as Record<string, unknown>;
  for (const [field, [number, kind]] of Object.entries(fields[name]) as [string, readonly [number, Kind]][]) {
    const value = values[field];
    if (value !== undefined) writeField(writer, number, kind, value);
  }
  return writer;
}

function writeField(writer: WireWriter, number: number, kind: Kind, value: unknown): void {
  const text = (item: string): WireWriter => writer.tag(number, wire.delimited).bytes(new TextEncoder().encode(item));
  if (kind === "int") writer.tag(number, wire.varint).varint(value as number);
  else if (kind === "float") writer.tag(number, wire.fixed32).float(value as number);
  else if (kind === "text") text(value as string);
  else if (kind === "bytes") writer.tag(number, wire.delimited).bytes(value as Uint8Array);
  else if (kind === "texts") (value as string[]).forEach(text);
  else if (kind === "ints" || kind === "floats") {
    const packed = new WireWriter();
    for (const item of value as number[]) packed[kind === "ints" ? "varint" : "float"](item);
    writer.tag(number, wire.delimited).nested(packed);
  } else {
    const child = kind.replace("[]", "") as MessageName;
    for (const item of (kind.endsWith("[]") ? value : [value]) as object[]) {
      writer.tag(number, wire.delimited).nested(writeMessage(child, item));
    }
  }
}

/** The message in `bytes`; fields that the table does not name are skipped. Throws RangeError where bytes end early. */
export function decodeMessage<M extends MessageName>(name: M, bytes: Uint8Array): Message<M> {
  return readMessage(new WireReader(bytes), name, bytes.length);
}

function readMessage(reader: WireReader, name: MessageName, end: number): object {
  const byNumber = new Map(
    (Object.entries(fields[name]) as [string, readonly [number, Kind]][]).map(([field, [number, kind]]) => [
      number,
      { field, kind },
    ]),
  );
  const message: Record<string, unknown> = {};
  while (reader.position < end) {
    const tag = reader.varint();
    const known = byNumber.get(Math.floor(tag / 8));
    if (known === undefined) reader.skip(tag % 8);
    else readField(reader, message, known.field, known.kind, tag % 8);
  }
  return message;
}

function readField(
  reader: WireReader,
  message: Record<string, unknown>,
  field: string,
  kind: Kind,
  wireType: number,
): void {
  const push = (item: unknown): void => {
    ((message[field] ??= []) as unknown[]).push(item);
  };
  const number = (): number => (kind.startsWith("float") ? reader.float() : reader.varint());
  const text = (): string => new TextDecoder().decode(reader.bytes());
  if (kind === "int" || kind === "float") message[field] = number();
  else if (kind === "text") message[field] = text();
  else if (kind === "bytes") message[field] = reader.bytes();
  else if (kind === "texts") push(text());
  else if (kind === "ints" || kind === "floats") {
    if (wireType !== wire.delimited) push(number());
    else for (const end = reader.end(); reader.position < end;) push(number());
  } else {
    const item = readMessage(reader, kind.replace("[]", "") as MessageName, reader.end());
    if (kind.endsWith("[]")) push(item);
    else message[field] = merged(message[field], item);
  }
}

/** A message that was written in two parts: lists are joined, and of all else the last counts. */
function merged(before: unknown, item: object): object {
  if (before === undefined) return item;
  const entries = Object.entries(item).map(([key, value]: [string, unknown]) => {
    const old = (before as Record<string, unknown>)[key];
    return [key, Array.isArray(old) && Array.isArray(value) ? [...(old as unknown[]), ...(value as unknown[])] : value];
  });
  return { ...before, ...(Object.fromEntries(entries) as object) };
}
