/** `heed tokenizer decode`: from tokens or ids to text. */
import { Option, type Command } from "commander";
import { InputError } from "../../errors/index.ts";
import type { Tokenizer, TokenizerInput } from "../../tokens/index.ts";
import { describedCommand } from "../command.ts";
import type { Io } from "../io.ts";
import { requireTokenizer, tokenizerAt } from "./tokenizer-argument.ts";
import { eachLine, parseJson } from "./tokenizer-lines.ts";

interface Flags {
  readonly tokenizer: string;
  readonly ids?: true;
  readonly jsonl?: true;
  readonly keepSpecialTokens?: true;
}

export function decodeCommand(io: Io): Command {
  const command = describedCommand(
    "decode",
    "Writes the text of the ids that are given, or of each line of tokens, or of ids, of standard input.",
    {
      run: 'echo "Jane Ġvisits ĠAfrica" | heed tokenizer decode --tokenizer tokenizer.json',
      expect: "Jane visits Africa",
    },
  );
  return requireTokenizer(command)
    .argument("[ids...]", "ids of one text; without them standard input is read")
    .addOption(new Option("--ids", "lines of ids instead of tokens").conflicts("jsonl"))
    .option(
      "--jsonl",
      "read an object with ids a line, as encode writes them, and write a JSON string, or a pair of them",
    )
    .option("--keep-special-tokens", "write special tokens, too")
    .action(async (ids: readonly string[], flags: Flags) => {
      const tokenizer = await tokenizerAt(flags.tokenizer);
      if (ids.length === 0) await eachLine(io, { line: decoder(tokenizer, flags) });
      else await io.stdout.write(`${decode(tokenizer, ids.flatMap(idsOf), flags)}\n`);
    });
}

function decode(tokenizer: Tokenizer, ids: readonly number[], { keepSpecialTokens }: Flags): string {
  const unknown = ids.findIndex((id) => tokenizer.idToToken(id) === undefined);
  if (unknown >= 0) {
    throw new InputError(
      `The id ${ids[unknown]!} at position ${unknown} is not in the vocabulary of ${tokenizer.size} tokens.`,
    );
  }
  return tokenizer.decode(ids, { skipSpecialTokens: keepSpecialTokens !== true });
}

function decoder(tokenizer: Tokenizer, flags: Flags): (text: string) => string {
  if (flags.jsonl === true) return (text) => JSON.stringify(decodeObject(tokenizer, parseJson(text), flags));
  return (text) => {
    if (flags.ids === true) return decode(tokenizer, idsOf(text), flags);
    const parts = text.split(" ").filter((part) => part !== "");
    return decode(
      tokenizer,
      parts.map((part) => tokenId(tokenizer, part)),
      flags,
    );
  };
}

/** Whole numbers with blanks or commas between them. */
function idsOf(text: string): number[] {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map((part) => {
      if (/^\d+$/.test(part)) return Number(part);
      throw new InputError(`"${part}" is no id; whole numbers with blanks between them were expected.`);
    });
}

function tokenId(tokenizer: Tokenizer, token: string): number {
  const id = tokenizer.tokenToId(token);
  if (id !== undefined) return id;
  throw new InputError(`"${token}" is no token of this tokenizer. Give what encode wrote, or ids with --ids.`);
}

/** The text of an object's ids; where type ids say that there were two texts, both. */
function decodeObject(tokenizer: Tokenizer, value: unknown, flags: Flags): TokenizerInput {
  const { ids, typeIds } = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  if (!isNumbers(ids) || !(typeIds === undefined || (isNumbers(typeIds) && typeIds.length === ids.length))) {
    throw new InputError(
      'expected an object with "ids" and, of the same length, "typeIds", as encode --jsonl writes it.',
    );
  }
  if (typeIds?.includes(1) !== true) return decode(tokenizer, ids, flags);
  return [0, 1].map((type) =>
    decode(
      tokenizer,
      ids.filter((_, i) => typeIds[i] === type),
      flags,
    ),
  ) as [string, string];
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isInteger(one));
}
