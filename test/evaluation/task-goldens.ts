/** The golden values of the task metrics, read when asked for; tools/goldens/task_metrics.py writes them. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect } from "vitest";

/** A golden file. */
export function golden(name: string): unknown {
  const bytes = readFileSync(new URL(`./golden/${name}.json.gz`, import.meta.url));
  return JSON.parse(gunzipSync(bytes).toString()) as unknown;
}

/** NaN is null in the files, which are rounded to 12 digits. */
export function expectSame(actual: number, expected: number | null, what: () => string): void {
  if (
    expected === null ? Number.isNaN(actual) : Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected))
  ) {
    return;
  }
  expect.fail(`${what()}: got ${actual}, the reference has ${expected}`);
}

/** Compares numbers one by one. */
export function expectAllSame(
  actual: readonly number[],
  expected: readonly (number | null)[],
  what: () => string,
): void {
  if (actual.length !== expected.length)
    expect.fail(`${what()}: ${actual.length} numbers instead of ${expected.length}`);
  actual.forEach((value, i) => {
    expectSame(value, expected[i]!, () => `${what()}, number ${i}`);
  });
}
