/** What a command reads and writes: the process's streams, or a test's. */
import { streamLines, type ReadableFolder, readLines } from "../files/index.ts";
import { InputError } from "../errors/index.ts";
import type { Environment, TextStream } from "./terminal/index.ts";

export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Results. A write waits until the reader can take more, and throws OutputClosed where nobody reads any longer. */
  readonly stdout: Omit<TextStream, "write"> & { write(text: string): Promise<void> };
  /** Progress and warnings. */
  readonly stderr: TextStream;
  readonly environment: Environment;
}

/** Nobody reads standard output any longer, as after `| head`: the command ends quietly. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** The lines of standard input, plain or gzip. Throws InputError naming the line that is not UTF-8. */
export function inputLines({ stdin }: Io): AsyncGenerator<string> {
  return streamLines(stdin, "standard input");
}

/**
 * All lines of a file; `-` is standard input. Throws InputError where there are none.
 */
export async function fileLines(path: string, folder: ReadableFolder, io: Io): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of path === "-" ? inputLines(io) : readLines(folder, path)) lines.push(line);
  if (lines.length > 0) return lines;
  throw new InputError(`${shownPath(path, folder)} is empty. A text with a sentence per line was expected.`);
}

/** A path as messages name it. */
export function shownPath(path: string, folder: ReadableFolder): string {
  return path === "-" ? "standard input" : folder.describe(path);
}

/** A result for a program: one JSON value and a line end. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/**
 * Writes lines in larger pieces, so that a line costs no system call; what is pending is written whenever the command
 * waits for more input, so that who sends one line gets its answer.
 */
export function lineWriter({ stdout }: Io): { line(text: string): Promise<void>; end(): Promise<void> } {
  let pending = "";
  let idle: NodeJS.Immediate | undefined;
  let failure: unknown;
  const end = async (): Promise<void> => {
    const text = pending;
    pending = "";
    if (failure !== undefined) throw failure as Error;
    if (text !== "") await stdout.write(text);
  };
  return {
    end,
    async line(text) {
      pending += `${text}\n`;
      if (pending.length > 1 << 15) await end();
      idle ??= setImmediate(() => {
        idle = undefined;
        end().catch((error: unknown) => (failure = error));
      });
    },
  };
}
