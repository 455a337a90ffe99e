/** Judgements of documents and what a system found, as TREC's files have them. */
import { InputError } from "../errors/index.ts";

/** By query, how relevant its judged documents are: lines `query 0 document relevance` ("qrels"). */
export function parseJudgements(lines: readonly string[], name: string): Map<string, Map<string, number>> {
  const queries = new Map<string, Map<string, number>>();
  for (const { cells, line } of cellsOf(lines, 4, "query 0 document relevance", name)) {
    const [query, , document, relevance] = cells as [string, string, string, string];
    const known = queries.get(query) ?? new Map<string, number>();
    queries.set(query, known.set(document, numberOf(relevance, name, line)));
  }
  return queries;
}

/**
 * By query, the documents that were found, best first: lines `query Q0 document rank score system`. As in trec_eval the
 * scores decide, not the ranks; of equal scores the document whose name comes later.
 * @throws InputError naming the line that is not one.
 */
export function parseRanking(lines: readonly string[], name: string): Map<string, string[]> {
  const queries = new Map<string, { document: string; score: number }[]>();
  for (const { cells, line } of cellsOf(lines, 6, "query Q0 document rank score system", name)) {
    const [query, , document, , score] = cells as [string, string, string, string, string];
    const found = queries.get(query) ?? [];
    found.push({ document, score: numberOf(score, name, line) });
    queries.set(query, found);
  }
  const later = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0);
  return new Map(
    Array.from(queries, ([query, found]) => {
      const sorted = found.sort((a, b) => b.score - a.score || later(a.document, b.document));
      return [query, sorted.map(({ document }) => document)];
    }),
  );
}

function* cellsOf(
  lines: readonly string[],
  width: number,
  form: string,
  name: string,
): Generator<{ cells: string[]; line: number }> {
  for (const [i, text] of lines.entries()) {
    if (text.trim() === "") continue;
    const cells = text.trim().split(/\s+/);
    if (cells.length !== width) {
      throw new InputError(`${name}, line ${i + 1} has ${cells.length} columns; ${width} were expected: ${form}.`);
    }
    yield { cells, line: i + 1 };
  }
}

function numberOf(text: string, name: string, line: number): number {
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw new InputError(`${name}, line ${line}: "${text}" is not a number.`);
}
