import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hash32, random, shuffle, type Random } from "../../src/random/index.ts";

const draw = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);

const integers = (count: number, generator: Random): number[] => draw(count, () => generator.uint32());

describe("a stream", () => {
  test("is fixed by its words, for good", () => {
    // Runs that were saved must go on with the same numbers: a change of these is a break.
    expect(integers(4, random(1, "shuffle", 2))).toMatchInlineSnapshot(`
      [
        2014800829,
        119131143,
        1125752626,
        1628858918,
      ]
    `);
    expect(hash32("mask", 7)).toMatchInlineSnapshot(`1691074311`);
  });

  test("is the same for the same words, another for others", () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), fc.nat(), (seed, name, step) => {
        const numbers = (...words: (number | string)[]): number[] => integers(4, random(...words));
        expect(numbers(seed, name, step)).toEqual(numbers(seed, name, step));
        expect(numbers(seed, name, step)).not.toEqual(numbers(seed, name, step + 1));
        expect(numbers(seed, name, step)).not.toEqual(numbers(seed + 1, name, step));
        expect(numbers(seed, name, step)).not.toEqual(numbers(seed, name + "x", step));
      }),
    );
  });

  test("forks do not depend on what was drawn before, nor disturb it", () => {
    const one = random(5);
    const early = integers(3, one.fork("mask", 1));
    integers(100, one);
    expect(integers(3, one.fork("mask", 1))).toEqual(early);
    expect(integers(3, random(5, "mask", 1))).toEqual(early);
    const other = random(5);
    integers(100, other);
    expect(one.uint32()).toBe(other.uint32());
  });
});

describe("draws are spread as they should be", () => {
  const COUNT = 200_000;
  const moments = (values: readonly number[]): [number, number] => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [mean, values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length];
  };
  const streams: [string, Random][] = [
    ["one stream", random(1)],
    ["the first number of many streams", { ...random(1) }],
  ];
  let next = 0;
  streams[1]![1].uniform = () => random("stream", next++).uniform();

  test.each(streams)("uniform: %s", (_, generator) => {
    const values = draw(COUNT, () => generator.uniform());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const [mean, variance] = moments(values);
    // Five standard errors.
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / COUNT));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / COUNT));
    // χ² with 255 degrees of freedom: mean 255, deviation √510.
    const cells = new Array<number>(256).fill(0);
    for (const value of values) cells[Math.floor(value * 256)]!++;
    const expected = COUNT / 256;
    const chi = cells.reduce((sum, cell) => sum + (cell - expected) ** 2 / expected, 0);
    expect(Math.abs(chi - 255)).toBeLessThan(5 * Math.sqrt(510));
    const [first, second] = [values.slice(0, -1), values.slice(1)];
    const correlation = moments(first.map((value, i) => value + second[i]!))[1] / (2 * variance) - 1;
    expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(COUNT));
  });

  test("normal: mean 0, variance 1, no skew, kurtosis 3", () => {
    const generator = random(2, "normal");
    const values = draw(COUNT, () => generator.normal());
    const [mean, variance] = moments(values);
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(COUNT));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / COUNT));
    const power = (k: number): number => values.reduce((sum, value) => sum + value ** k, 0) / COUNT;
    expect(Math.abs(power(3))).toBeLessThan(5 * Math.sqrt(15 / COUNT));
    expect(Math.abs(power(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / COUNT));
  });

  test("below: every number as often, none outside", () => {
    const generator = random(3);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[generator.below(7)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(10_000));
    expect(generator.below(1)).toBe(0);
    expect(() => generator.below(0)).toThrow(RangeError);
    expect(() => generator.below(2 ** 32 + 1)).toThrow(RangeError);
  });
});

test("a shuffle keeps every item, and puts each in every place as often", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const shuffled = shuffle([...items], random(seed));
      expect(shuffled.sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
    }),
  );
  const generator = random("places");
  const counts = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++)
    for (const [at, item] of shuffle([0, 1, 2, 3], generator).entries()) counts[at * 4 + item]!++;
  for (const count of counts) expect(Math.abs(count - 4000)).toBeLessThan(5 * Math.sqrt(3000));
});
