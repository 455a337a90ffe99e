import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage } from "../../src/onnx/index.ts";

const text = fc.string({ unit: "grapheme" });
const whole = fc.maxSafeInteger();
const some = <T extends object>(record: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(record, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
const list = <T>(items: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(items, { minLength: 1, maxLength: 4 });

const attribute = some({
  name: text,
  int: whole,
  float: fc.float({ noNaN: true }),
  text: fc.uint8Array(),
  ints: list(whole),
  floats: list(fc.float({ noNaN: true })),
  type: fc.nat({ max: 14 }),
});
const entry = some({ key: text, value: text });
const tensor = some({
  dims: list(fc.nat()),
  dataType: fc.nat({ max: 20 }),
  name: text,
  raw: fc.uint8Array(),
  externalData: list(entry),
  dataLocation: fc.constantFrom(0, 1),
});
const port = some({
  name: text,
  type: some({
    tensor: some({
      elementType: fc.nat({ max: 20 }),
      shape: some({ dims: list(some({ value: whole, parameter: text })) }),
    }),
  }),
});
const node = some({
  inputs: list(text),
  outputs: list(text),
  name: text,
  type: text,
  domain: text,
  attributes: list(attribute),
});
const model = some({
  irVersion: fc.nat(),
  producerName: text,
  producerVersion: text,
  opsets: list(some({ domain: text, version: fc.nat() })),
  metadata: list(entry),
  graph: some({
    name: text,
    nodes: list(node),
    initializers: list(tensor),
    inputs: list(port),
    outputs: list(port),
  }),
});

/** Bytes come back as a view of another kind of array in Node; only what is in them counts. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, item: unknown) =>
      item instanceof Uint8Array ? Array.from(item) : Object.is(item, -0) ? "-0" : item,
    ),
  );

describe("a message", () => {
  test("is read back as it was written", () => {
    fc.assert(
      fc.property(model, (message) => {
        const bytes = encodeMessage("Model", message as never);
        expect(plain(decodeMessage("Model", bytes))).toEqual(plain(message));
      }),
    );
  });

  test("keeps fields that it knows among those that it does not", () => {
    // Field 200 as a number and as bytes, which no version of the format has.
    const unknown = Uint8Array.of(0xc0, 0x0c, 0x05, 0xc2, 0x0c, 0x02, 0x01, 0x02);
    const known = encodeMessage("Entry", { key: "k", value: "v" });
    const bytes = new Uint8Array([...unknown, ...known, ...unknown]);
    expect(decodeMessage("Entry", bytes)).toEqual({ key: "k", value: "v" });
  });

  test("reads lists of numbers that were not packed", () => {
    const bytes = Uint8Array.of(0x40, 0x03, 0x40, 0x04);
    expect(decodeMessage("Attribute", bytes)).toEqual({ ints: [3, 4] });
  });

  test("that ends early is an error, wherever it is cut", () => {
    const bytes = encodeMessage("Model", { graph: { name: "graph", nodes: [{ type: "Add", inputs: ["a", "b"] }] } });
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decodeMessage("Model", bytes.subarray(0, length)), `${length} bytes`).toThrow(RangeError);
    }
  });
});

test("a message in two parts is read as one", () => {
  const first = encodeMessage("Model", { irVersion: 8, graph: { name: "one", outputs: [{ name: "a" }] } });
  const second = encodeMessage("Model", { graph: { name: "two", outputs: [{ name: "b" }] } });
  const whole = new Uint8Array([...first, ...second]);
  expect(decodeMessage("Model", whole)).toEqual({
    irVersion: 8,
    graph: { name: "two", outputs: [{ name: "a" }, { name: "b" }] },
  });
});
