import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addDimensions,
  broadcastShapes,
  dimension,
  divideDimensions,
  evaluateDimension,
  floorDivideDimension,
  multiplyDimensions,
  sameDimension,
  showDimension,
  subtractDimensions,
  type Dimension,
} from "../../src/graph/index.ts";

const names = ["batch", "time", "n"] as const;

type Sizes = ReadonlyMap<string, number>;

/** An expression as a tree: how it is built, and what it is worth. */
interface Expression {
  readonly built: Dimension;
  readonly worth: (values: Sizes) => number;
}

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  fc.constantFrom(...names).map((name) => ({ built: dimension(name), worth: (v: Sizes) => v.get(name)! })),
  fc.integer({ min: 0, max: 9 }).map((value) => ({ built: value, worth: () => value })),
);

const { expression } = fc.letrec<{ expression: Expression }>((tie) => {
  const two = fc.tuple(tie("expression"), tie("expression"));
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: "expression" },
      leaf,
      two.map(([a, b]) => ({ built: addDimensions(a.built, b.built), worth: (v: Sizes) => a.worth(v) + b.worth(v) })),
      two.map(([a, b]) => ({
        built: multiplyDimensions(a.built, b.built),
        worth: (v: Sizes) => a.worth(v) * b.worth(v),
      })),
      fc.tuple(tie("expression"), fc.integer({ min: 1, max: 6 })).map(([a, divisor]) => ({
        built: floorDivideDimension(a.built, divisor),
        worth: (v: Sizes) => Math.floor(a.worth(v) / divisor),
      })),
    ),
  };
});

const values = fc
  .tuple(...names.map(() => fc.integer({ min: 1, max: 12 })))
  .map((sizes) => new Map(names.map((name, i) => [name, sizes[i]!])));

describe("the normal form of a size", () => {
  test("is worth what the expression is worth", () => {
    fc.assert(
      fc.property(expression, values, ({ built, worth }, given) => {
        expect(evaluateDimension(built, given)).toBe(worth(given));
      }),
    );
  });

  test("does not depend on the order of sums and products", () => {
    fc.assert(
      fc.property(
        fc.array(expression, { minLength: 2, maxLength: 4 }),
        fc.array(fc.nat(), { minLength: 4 }),
        (parts, keys) => {
          const built = parts.map((part) => part.built);
          const turned = built
            .map((part, i) => [part, keys[i]!] as const)
            .sort((a, b) => a[1] - b[1])
            .map(([part]) => part);
          expect(sameDimension(built.reduce(addDimensions), turned.reduce(addDimensions))).toBe(true);
          expect(sameDimension(built.reduce(multiplyDimensions), turned.reduce(multiplyDimensions))).toBe(true);
        },
      ),
    );
  });

  test("distributes, and what is added can be taken away", () => {
    fc.assert(
      fc.property(expression, expression, expression, ({ built: a }, { built: b }, { built: c }) => {
        const outside = multiplyDimensions(a, addDimensions(b, c));
        const inside = addDimensions(multiplyDimensions(a, b), multiplyDimensions(a, c));
        expect(showDimension(outside)).toBe(showDimension(inside));
        expect(showDimension(subtractDimensions(addDimensions(a, b), b))).toBe(showDimension(a));
      }),
    );
  });

  test("a product divides by its factors where these are one term", () => {
    fc.assert(
      fc.property(expression, fc.constantFrom(...names), fc.integer({ min: 1, max: 9 }), ({ built }, name, factor) => {
        const divisor = multiplyDimensions(dimension(name), factor);
        const quotient = divideDimensions(multiplyDimensions(built, divisor), divisor);
        expect(showDimension(quotient!)).toBe(showDimension(built));
      }),
    );
  });
});

describe("floor division", () => {
  const [batch, time] = [dimension("batch"), dimension("time")];

  test("takes whole multiples out, and is the same however a multiple was written", () => {
    fc.assert(
      fc.property(expression, expression, fc.integer({ min: 1, max: 6 }), ({ built: a }, { built: b }, divisor) => {
        const multiple = addDimensions(a, multiplyDimensions(b, divisor));
        expect(showDimension(floorDivideDimension(multiple, divisor))).toBe(
          showDimension(addDimensions(floorDivideDimension(a, divisor), b)),
        );
      }),
    );
  });

  test("never divides a negative number, which ONNX would round the other way", () => {
    const size = floorDivideDimension(subtractDimensions(time, 3), 2);
    expect(showDimension(size)).toBe("⌊(time + 1) / 2⌋ + -2");
    expect(evaluateDimension(size, new Map([["time", 0]]))).toBe(-2);
  });

  test.each([
    ["exact", floorDivideDimension(multiplyDimensions(time, 6), 3), "2·time"],
    ["a common factor", floorDivideDimension(addDimensions(multiplyDimensions(time, 2), 3), 4), "⌊(time + 1) / 2⌋"],
    ["one after the other", floorDivideDimension(floorDivideDimension(time, 2), 3), "⌊time / 6⌋"],
    ["by one", floorDivideDimension(time, 1), "time"],
    ["two names", floorDivideDimension(multiplyDimensions(batch, time), 2), "⌊batch·time / 2⌋"],
  ])("%s", (_, size, text) => {
    expect(showDimension(size)).toBe(text);
  });

  test.each([0, -1, 1.5, NaN])("by %s is refused", (divisor) => {
    expect(() => floorDivideDimension(time, divisor)).toThrow(`The size time was divided by ${divisor}`);
  });
});

test("division that leaves a rest, or by a sum, has no answer", () => {
  const [batch, time] = [dimension("batch"), dimension("time")];
  expect(divideDimensions(addDimensions(multiplyDimensions(batch, time), 1), batch)).toBeUndefined();
  expect(divideDimensions(multiplyDimensions(batch, 3), 2)).toBeUndefined();
  expect(divideDimensions(multiplyDimensions(batch, addDimensions(time, 1)), addDimensions(time, 1))).toBeUndefined();
});

test("shapes broadcast from the right where sizes are equal or 1", () => {
  const [batch, time] = [dimension("batch"), dimension("time")];
  expect(broadcastShapes([batch, 1, 3], [time, 1])).toEqual([batch, time, 3]);
  expect(broadcastShapes([], [batch])).toEqual([batch]);
  expect(broadcastShapes([batch], [time])).toBeUndefined();
  expect(broadcastShapes([2, 3], [2, 4])).toBeUndefined();
});

test("a name that is no name, and a name without a value, are errors", () => {
  expect(() => dimension("two words")).toThrow('A dimension was named "two words"');
  expect(() => evaluateDimension(multiplyDimensions(dimension("batch"), 2), new Map())).toThrow(
    'The size 2·batch needs a value for "batch"',
  );
});
