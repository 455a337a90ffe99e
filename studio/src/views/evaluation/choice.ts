/** Which files are judged: guesses from their names, which the person may change. */
import type { AnswerOf } from "heed/inspect";

export type Folder = AnswerOf<"data">["folders"][number];

/** Two texts, one the other's translation. */
export interface PairFiles {
  readonly folder: string | undefined;
  readonly source: string;
  readonly target: string;
}

const language = /^(.*)\.([a-z]{2})(?:\.gz)?$/;

/**
 * The texts of a folder that belong together: `test.fr` and `test.en`. A folder that is called french-english says
 * which is the source; otherwise it is the first by name.
 */
export function pairFilesOf({ folder, files }: Folder): PairFiles[] {
  const parts = (folder ?? "").split("-");
  const rank = (code: string): number => {
    const place = parts.findIndex((part) => part.startsWith(code));
    return place < 0 ? parts.length : place;
  };
  const stems = new Map<string, { code: string; file: string }[]>();
  for (const file of files) {
    const [, stem, code] = language.exec(file) ?? [];
    if (stem === undefined || code === undefined) continue;
    stems.set(stem, [...(stems.get(stem) ?? []), { code, file }]);
  }
  const order = ["test", "valid"];
  const known = (stem: string): number => (order.includes(stem) ? order.indexOf(stem) : order.length);
  return [...stems]
    .filter(([, sides]) => sides.length === 2)
    .sort(([a], [b]) => known(a) - known(b))
    .map(([, sides]) => {
      const [first, second] = sides.sort((a, b) => rank(a.code) - rank(b.code));
      return { folder, source: first!.file, target: second!.file };
    });
}

/** The tables of a folder. */
export const tablesOf = ({ files }: Folder): string[] =>
  files.filter((file) => /\.(tsv|csv|jsonl|ndjson|parquet)(\.gz)?$/.test(file));

/** Lines of two parts with a tab, or what else divides them, between: `source<TAB>target`. */
export function dividedLines(text: string): (readonly [string, string])[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const at = line.includes("\t") ? line.indexOf("\t") : line.indexOf("|");
      return at < 0 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    });
}
