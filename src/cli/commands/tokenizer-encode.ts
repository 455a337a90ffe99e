/** `heed tokenizer encode`. */
import { Option, type Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { byteAlphabet, type EncodeOptions, type Tokenizer, type TokenizerInput } from "../../tokens/index.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import type { Io } from "../io.ts";
import { requireTokenizer, tokenizerAt } from "./tokenizer-argument.ts";
import { eachLine, parseJson, type LineWork } from "./tokenizer-lines.ts";

const sides = ["right", "left"] as const;
const strategies = ["longest_first", "only_first", "only_second"] as const;

interface Flags {
  readonly tokenizer: string;
  readonly ids?: true;
  readonly jsonl?: true;
  readonly pair?: true;
  readonly specialTokens: boolean;
  readonly maxLength?: number;
  readonly truncationSide: (typeof sides)[number];
  readonly truncationStrategy: (typeof strategies)[number];
  readonly padTo?: number;
  readonly paddingSide: (typeof sides)[number];
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
  return requireTokenizer(command)
    .addOption(new Option("--ids", "ids instead of tokens").conflicts("jsonl"))
    .option(
      "--jsonl",
      "read one JSON value a line (a string, or a pair of strings) and write an object: ids, tokens, offsets (in code points), typeIds",
    )
    .addOption(new Option("--pair", "a line has two texts, with a tab between them").conflicts("jsonl"))
    .option("--no-special-tokens", "without the special tokens that the tokenizer adds")
    .option("--max-length <n>", "at most so many tokens, special ones included", wholeNumber(1))
    .addOption(new Option("--truncation-side <side>", "the end that is cut off").choices(sides).default("right"))
    .addOption(
      new Option("--truncation-strategy <name>", "which text of a pair is cut")
        .choices(strategies)
        .default("longest_first"),
    )
    .option("--pad-to <n>", "fill up to so many tokens; --jsonl then has an attentionMask", wholeNumber(1))
    .addOption(new Option("--padding-side <side>", "the end that is filled").choices(sides).default("right"))
    .action(async (flags: Flags) => eachLine(io, encoder(await tokenizerAt(flags.tokenizer), flags, io)));
}

function encoder(tokenizer: Tokenizer, flags: Flags, io: Io): LineWork {
  const options = encodeOptions(flags);
  const { vocabulary } = tokenizer.parts.model;
  const nothingIsUnknown = byteAlphabet().every((byte) => vocabulary.has(byte));
  const unknown = new Set<string>();
  const notice = (text: string): void => {
    if (!nothingIsUnknown) for (const word of tokenizer.unknownWords(text)) unknown.add(word);
  };
  return {
    line(text) {
      const input = inputOf(text, flags);
      for (const one of typeof input === "string" ? [input] : input) notice(one);
      if (flags.ids === true && options.truncation === undefined && options.padding === undefined) {
        return tokenizer.ids(input, { addSpecialTokens: flags.specialTokens }).join(" ");
      }
      const { ids, tokens, offsets, typeIds, attentionMask } = tokenizer.encode(input, options);
      if (flags.ids === true) return ids.join(" ");
      if (flags.jsonl !== true) return tokens.join(" ");
      const masks = flags.padTo === undefined ? {} : { attentionMask };
      return JSON.stringify({ ids, tokens, offsets, typeIds, ...masks });
    },
    end() {
      if (unknown.size === 0) return;
      const named = [...unknown].slice(0, 10).join(", ");
      const more = unknown.size > 10 ? ` and ${unknown.size - 10} more` : "";
      io.stderr.write(`Not in the vocabulary: ${named}${more}.\n`);
    },
  };
}

function encodeOptions(flags: Flags): EncodeOptions {
  const { maxLength, truncationStrategy: strategy, truncationSide, padTo, paddingSide } = flags;
  return {
    addSpecialTokens: flags.specialTokens,
    offsetUnit: "code points",
    truncation: maxLength === undefined ? undefined : { maxLength, strategy, direction: truncationSide },
    padding: padTo === undefined ? undefined : { length: padTo, direction: paddingSide },
  };
}

function inputOf(text: string, { jsonl, pair }: Flags): TokenizerInput {
  if (jsonl === true) return parseInput(text);
  if (pair !== true) return text;
  const [first, second, ...more] = text.split("\t");
  if (first !== undefined && second !== undefined && more.length === 0) return [first, second];
  throw new InputError(`expected two texts with a tab between them, got ${text.split("\t").length}.`);
}

function parseInput(text: string): TokenizerInput {
  const value = parseJson(text);
  const isPair = Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "string");
  if (typeof value === "string" || isPair) return value as TokenizerInput;
  throw new InputError(`expected a JSON string, or a pair of them, got ${text.slice(0, 60)}.`);
}
