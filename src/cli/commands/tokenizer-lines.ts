/** What encode and decode share: one line in, one line out. */
import { HeedError, InputError } from "../../errors/index.ts";
import { inputLines, lineWriter, type Io } from "../io.ts";

/** What is done with each line; `end` is called after the last one. Errors of a line are given its number. */
export interface LineWork {
  line(text: string): string;
  end?(): void;
}

/** Answers each line of standard input before the next one comes. */
export async function eachLine(io: Io, work: LineWork): Promise<void> {
  const out = lineWriter(io);
  let number = 0;
  for await (const line of inputLines(io)) {
    number++;
    let result: string;
    try {
      result = work.line(line);
    } catch (error) {
      if (!(error instanceof HeedError)) throw error;
      await out.end();
      throw new InputError(`Standard input, line ${number}: ${error.message}`, { cause: error });
    }
    await out.line(result);
  }
  await out.end();
  work.end?.();
}

/** Throws InputError for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new InputError(`this is not JSON (${error instanceof Error ? error.message : String(error)}).`);
  }
}
