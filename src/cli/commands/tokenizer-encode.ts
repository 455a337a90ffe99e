/** `heed tokenizer encode` and its inverse, `decode`. */
import { Option, type Command } from "commander";
import { openTokenizer } from "../../checkpoints/index.ts";
import { HeedError, InputError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { byteAlphabet, type Tokenizer, type TokenizerInput } from "../../tokens/index.ts";
import { describedCommand, requireOption } from "../command.ts";
import { inputLines, lineWriter, type Io } from "../io.ts";

interface Flags {
  readonly tokenizer: string;
  readonly ids?: true;
  readonly jsonl?: true;
}

export function encodeCommand(io: Io): Command {
  const command = describedCommand(
    "encode",
    "Writes the tokens of each line of standard input, with blanks between them.",
    {
      run: 'echo "Jane visits Africa" | heed tokenizer encode --tokenizer tokenizer.json',
      expect: "Jane Ġvisits ĠAfrica",
    },
  );
  return withFlags(command)
    .option(
      "--jsonl",
      "read one JSON value a line (a string, or a pair of strings) and write an object: ids, tokens, offsets (in code points), typeIds",
    )
    .action((flags: Flags) => eachLine(flags, io, (tokenizer) => encoder(tokenizer, flags, io)));
}

export function decodeCommand(io: Io): Command {
  const command = describedCommand(
    "decode",
    "Writes the text of each line of tokens, or of ids: the inverse of encode.",
    {
      run: 'echo "Jane Ġvisits ĠAfrica" | heed tokenizer decode --tokenizer tokenizer.json',
      expect: "Jane visits Africa",
    },
  );
  return withFlags(command)
    .option(
      "--jsonl",
      "read an object with ids a line, as encode writes them, and write a JSON string, or a pair of them",
    )
    .action((flags: Flags) => eachLine(flags, io, (tokenizer) => ({ line: decoder(tokenizer, flags) })));
}

function withFlags(command: Command): Command {
  requireOption(command, new Option("--tokenizer <file>", "a tokenizer.json"));
  return command.addOption(new Option("--ids", "ids instead of tokens").conflicts("jsonl"));
}

/** What is done with each line; `end` is called after the last one. Errors of a line are given its number. */
interface LineWork {
  line(text: string): string;
  end?(): void;
}

async function eachLine(flags: Flags, io: Io, start: (tokenizer: Tokenizer) => LineWork): Promise<void> {
  const work = start(await openTokenizer(diskFolder(), flags.tokenizer));
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

function encoder(tokenizer: Tokenizer, { ids, jsonl }: Flags, io: Io): LineWork {
  const { vocabulary } = tokenizer.parts.model;
  const nothingIsUnknown = byteAlphabet().every((byte) => vocabulary.has(byte));
  const unknown = new Set<string>();
  const notice = (text: string): void => {
    if (!nothingIsUnknown) for (const word of tokenizer.unknownWords(text)) unknown.add(word);
  };
  return {
    line(text) {
      const input = jsonl === true ? parseInput(text) : text;
      for (const one of typeof input === "string" ? [input] : input) notice(one);
      if (ids === true) return tokenizer.ids(input).join(" ");
      const encoding = tokenizer.encode(input, { offsetUnit: "code points" });
      return jsonl === true ? JSON.stringify(encoding) : encoding.tokens.join(" ");
    },
    end() {
      if (unknown.size === 0) return;
      const named = [...unknown].slice(0, 10).join(", ");
      const more = unknown.size > 10 ? ` and ${unknown.size - 10} more` : "";
      io.stderr.write(`Not in the vocabulary: ${named}${more}.\n`);
    },
  };
}

function decoder(tokenizer: Tokenizer, { ids, jsonl }: Flags): (text: string) => string {
  if (jsonl === true) return (text) => JSON.stringify(decodeObject(tokenizer, parseJson(text)));
  return (text) => {
    const parts = text.split(" ").filter((part) => part !== "");
    return tokenizer.decode(parts.map((part) => (ids === true ? idOf(part) : tokenId(tokenizer, part))));
  };
}

function idOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InputError(`"${text}" is no id; whole numbers with blanks between them were expected.`);
}

function tokenId(tokenizer: Tokenizer, token: string): number {
  const id = tokenizer.tokenToId(token);
  if (id !== undefined) return id;
  throw new InputError(`"${token}" is no token of this tokenizer. Give what encode wrote, or ids with --ids.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new InputError(`this is not JSON (${error instanceof Error ? error.message : String(error)}).`);
  }
}

function parseInput(text: string): TokenizerInput {
  const value = parseJson(text);
  const isPair = Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "string");
  if (typeof value === "string" || isPair) return value as TokenizerInput;
  throw new InputError(`expected a JSON string, or a pair of them, got ${text.slice(0, 60)}.`);
}

/** The text of an object's ids; where type ids say that there were two texts, both. */
function decodeObject(tokenizer: Tokenizer, value: unknown): TokenizerInput {
  const { ids, typeIds } = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  if (!isNumbers(ids) || !(typeIds === undefined || (isNumbers(typeIds) && typeIds.length === ids.length))) {
    throw new InputError(
      'expected an object with "ids" and, of the same length, "typeIds", as encode --jsonl writes it.',
    );
  }
  if (typeIds?.includes(1) !== true) return tokenizer.decode(ids);
  return [0, 1].map((type) => tokenizer.decode(ids.filter((_, i) => typeIds[i] === type))) as [string, string];
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isInteger(one));
}
