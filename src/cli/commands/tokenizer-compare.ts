/** `heed tokenizer compare`: two tokenizers on the same text. */
import type { Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { formatCount } from "../../figures/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { readLines } from "../../files/index.ts";
import { compareTokenizers, type TokenizerComparison, type TokenizerMeasures } from "../../tokens/index.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import { inputLines, jsonLine, shownPath, type Io } from "../io.ts";
import { table } from "../terminal/index.ts";
import { tokenizerAt } from "./tokenizer-argument.ts";

interface Flags {
  readonly examples: number;
  readonly json?: true;
}

export function compareCommand(io: Io): Command {
  return describedCommand(
    "compare",
    "Compares two tokenizers on the lines of a text: tokens a word and a thousand characters, what is unknown, what is covered, what comes back as it was, and the words that they cut most differently.",
    {
      run: "heed tokenizer compare a.json b.json text.txt",
      expect: "tokens a word  1.24  1.31\n…",
    },
  )
    .argument("<first>", "a tokenizer.json, or a folder with the files of a tokenizer")
    .argument("<second>", "another one")
    .argument("<text>", "lines, plain or .gz; - for standard input")
    .option("--examples <n>", "how many words that differ are shown", wholeNumber(0), 10)
    .option("--json", "print the comparison as JSON")
    .action(async (first: string, second: string, text: string, flags: Flags) => {
      const folder = diskFolder();
      const lines = text === "-" ? inputLines(io) : readLines(folder, text);
      const tokenizers = [await tokenizerAt(first), await tokenizerAt(second)] as const;
      const comparison = await compareTokenizers(...tokenizers, lines, { examples: flags.examples });
      if (comparison.texts === 0) {
        throw new InputError(`${shownPath(text, folder)} is empty. A text with a sentence per line was expected.`);
      }
      await io.stdout.write(flags.json === true ? jsonLine(comparison) : shown(comparison, [first, second]));
    });
}

const rows: readonly (readonly [string, keyof TokenizerMeasures, "number" | "share" | "count"])[] = [
  ["vocabulary", "vocabulary", "count"],
  ["tokens", "tokens", "count"],
  ["tokens a word", "tokensPerWord", "number"],
  ["tokens a 1,000 characters", "tokensPerThousandCharacters", "number"],
  ["unknown tokens", "unknown", "share"],
  ["characters covered", "coverage", "share"],
  ["words that are one token", "wholeWords", "share"],
  ["lines that come back as they were", "roundTrips", "share"],
  ["of the vocabulary used", "used", "share"],
];

function shown({ texts, words, characters, first, second, differences }: TokenizerComparison, names: string[]): string {
  const cell = (value: number, kind: "number" | "share" | "count"): string => {
    if (kind === "share") return `${(100 * value).toFixed(2)} %`;
    return kind === "count" ? formatCount(value) : value.toFixed(3);
  };
  const blocks = [
    table(
      rows.map(([label, key, kind]) => [label, cell(first[key], kind), cell(second[key], kind)]),
      { header: ["", ...names], align: ["left", "right", "right"] },
    ),
    `${formatCount(texts)} lines, ${formatCount(words)} words, ${formatCount(characters)} characters`,
  ];
  if (differences.length > 0) {
    blocks.push(
      table(
        differences.map((one) => [one.word, String(one.count), one.first.join(" "), one.second.join(" ")]),
        { header: ["cut most differently", "times", ...names] },
      ),
    );
  }
  return `${blocks.join("\n\n")}\n`;
}
