/** The log of a training, followed while it grows: batches of records, each with a mark from where to go on. */
import { parseRecord, type LogRecord } from "../checkpoints/index.ts";
import { stampOf } from "../files/disk.ts";
import type { ReadableFolder } from "../files/index.ts";

/** Some records, and the mark behind them. */
export interface LogPart {
  readonly records: readonly LogRecord[];
  /** Give it to go on behind these records, also after the connection was lost. */
  readonly mark: string;
  /** Whether the log begins anew: what was told before is to be forgotten. */
  readonly fresh: boolean;
}

const LOG = "log.jsonl";
/** Bytes that are read at once. */
const PIECE = 1 << 18;

/** Reads a log on from where it was read to. A run that is resumed cuts its log back; then reading begins anew. */
export class LogReader {
  readonly #folder: ReadableFolder;
  readonly #path: string;
  #file = "";
  #offset = 0;

  /** `mark` is that of the last part that was read, of this reader or of an earlier one. */
  constructor(folder: ReadableFolder, path: string, mark = "") {
    this.#folder = folder;
    this.#path = path;
    const [, file, offset] = /^(\d+)-(\d+)$/.exec(mark) ?? [];
    if (file !== undefined) [this.#file, this.#offset] = [file, Number(offset)];
  }

  /** The whole lines that were written since; undefined where there are none. */
  async read(): Promise<LogPart | undefined> {
    const stamp = await stampOf(`${this.#path}/${LOG}`);
    if (stamp === undefined) return undefined;
    // A log that is written anew is another file.
    const file = stamp.slice(0, stamp.indexOf("-"));
    const size = await this.#folder.size(LOG);
    const fresh = file !== this.#file || size < this.#offset;
    if (fresh) [this.#file, this.#offset] = [file, 0];
    const length = Math.min(PIECE, size - this.#offset);
    if (length <= 0) return fresh ? { records: [], mark: this.#mark, fresh } : undefined;
    const bytes = await this.#folder.readRange(LOG, this.#offset, length);
    const end = bytes.lastIndexOf(0x0a) + 1;
    this.#offset += end;
    if (end === 0 && !fresh) return undefined;
    const lines = new TextDecoder().decode(bytes.subarray(0, end)).split("\n");
    const records = lines.map(parseRecord).filter((record) => record !== undefined);
    return { records, mark: this.#mark, fresh };
  }

  get #mark(): string {
    return `${this.#file}-${this.#offset}`;
  }
}
