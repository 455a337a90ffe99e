import { InputError } from "../errors/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import { readLines } from "../files/index.ts";

/** One line of a log. Numbers that are not finite are written as null. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** A log of JSON lines. */
export interface RunLog {
  /** Adds a record as one line. Records are written in the order of the calls. */
  write(record: LogRecord): Promise<void>;
  /** Puts all that was written on the disk. Call it before saving a checkpoint, which must not know more than the log. */
  sync(): Promise<void>;
}

/** From which checkpoint a run goes on. */
export interface ResumeFrom {
  /** The checkpoint's step; 0 to start from the beginning. */
  readonly step: number;
  /** What else the record of the resume should say. */
  readonly details?: LogRecord;
}

/**
 * Opens a log of JSON lines for writing.
 *
 * Without `resume` the file must not exist yet. With it, the records of steps after the checkpoint's are removed, as is
 * a last line that was cut off, so that the log reads as if the run had never stopped; then a record
 * `{ event: "resume", step, lastStep, repeated }` is added, which says how many steps will be repeated. Records with
 * an `event` always stay.
 */
export async function openLog(folder: Folder, path: string, resume?: ResumeFrom): Promise<RunLog> {
  if (resume !== undefined) await cutBack(folder, path, resume);
  else if ((await folder.kind(path)) !== undefined) {
    throw new InputError(
      `${folder.describe(path)} exists already: another run was logged there. Resume it, or choose another folder.`,
    );
  }
  let last: Promise<void> = Promise.resolve();
  const append = (text: string, sync: boolean): Promise<void> => {
    const next = last.then(() => folder.append(path, text, { sync }));
    last = next.catch(() => undefined);
    return next;
  };
  return {
    write: (record) => append(lineOf(record), false),
    sync: () => append("", true),
  };
}

/** The records of a log. A line that is not a JSON object, as a kill in mid-write leaves one, is left out. */
export async function* readLog(folder: ReadableFolder, path: string): AsyncGenerator<LogRecord> {
  for await (const line of readLines(folder, path)) {
    const record = parseRecord(line);
    if (record !== undefined) yield record;
  }
}

async function cutBack(folder: Folder, path: string, { step, details }: ResumeFrom): Promise<void> {
  const exists = (await folder.kind(path)) !== undefined;
  const encoder = new TextEncoder();
  const content = async function* (): AsyncGenerator<Uint8Array> {
    let lastStep = step;
    for await (const line of exists ? readLines(folder, path) : []) {
      const record = parseRecord(line);
      if (record === undefined) continue;
      if (typeof record.step === "number" && record.event === undefined && record.step > step) {
        lastStep = Math.max(lastStep, record.step);
      } else yield encoder.encode(`${line}\n`);
    }
    yield encoder.encode(lineOf({ event: "resume", step, lastStep, repeated: lastStep - step, ...details }));
  };
  await folder.write(path, content());
}

/** A record as a line of plain ASCII, which stays readable as text wherever a kill cuts it off. */
function lineOf(record: LogRecord): string {
  const escaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `${JSON.stringify(record).replace(/[\u0080-\uffff]/g, escaped)}\n`;
}

/** The record of a line; undefined where it is none. */
export function parseRecord(line: string): LogRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as LogRecord) : undefined;
  } catch {
    return undefined;
  }
}
