/** Documents packed into rows: nothing is lost, nothing is cut that fits, little is empty. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { packDocuments } from "../../src/objectives/index.ts";

const lengths = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 });
const contexts = fc.integer({ min: 1, max: 20 });

it("every position of every document lies in one row, in parts no longer than a row", () => {
  fc.assert(
    fc.property(lengths, contexts, (documents, context) => {
      const rows = packDocuments(documents, context);
      const seen = documents.map((length) => Array<number>(length).fill(0));
      for (const row of rows) {
        expect(row.reduce((sum, { start, end }) => sum + end - start, 0)).toBeLessThanOrEqual(context);
        for (const { document, start, end } of row) for (let i = start; i < end; i++) seen[document]![i]!++;
      }
      expect(seen.flat().every((count) => count === 1)).toBe(true);
      const parts = rows.flat().map(({ document }) => document);
      const whole = documents.flatMap((length, i) => (length > 0 && length <= context ? [i] : []));
      for (const document of whole) expect(parts.filter((one) => one === document)).toHaveLength(1);
    }),
  );
});

it("two rows never have room for each other", () => {
  fc.assert(
    fc.property(lengths, contexts, (documents, context) => {
      const filled = packDocuments(documents, context).map((row) =>
        row.reduce((sum, { start, end }) => sum + end - start, 0),
      );
      const [least = context, second = context] = filled.sort((a, b) => a - b);
      expect(least + second).toBeGreaterThan(Math.min(context, filled.length < 2 ? 0 : context));
    }),
  );
});

it("the example of the tightest row", () => {
  // 6 takes a row; 4 goes beside it, where no room stays, and 3 and 2 share the next.
  const rows = packDocuments([3, 6, 2, 4], 10);
  expect(rows.map((row) => row.map(({ document }) => document))).toEqual([
    [1, 3],
    [0, 2],
  ]);
});
