/** `heed tokenizer show`: every step from text to ids. */
import type { Command } from "commander";
import {
  codePointOffsets,
  tokenizerSteps,
  type ModelSteps,
  type StepWord,
  type TokenizerSteps,
} from "../../tokens/index.ts";
import { describedCommand } from "../command.ts";
import { inputLines, jsonLine, type Io } from "../io.ts";
import { table, type Cell } from "../terminal/index.ts";
import { requireTokenizer, tokenizerAt } from "./tokenizer-argument.ts";

interface Flags {
  readonly tokenizer: string;
  readonly json?: true;
}

export function showCommand(io: Io): Command {
  const command = describedCommand(
    "show",
    "Shows every step from a text to its ids: the normalized text, the words, how the model cuts each (merges in their order, longest matches, or the best path with its scores), special tokens, ids and places.",
    {
      run: 'heed tokenizer show --tokenizer tokenizer.json "Jane visits Africa"',
      expect: "tables of words, of merges in their order, and of tokens",
    },
  );
  return requireTokenizer(command)
    .argument("[texts...]", "texts; without them each line of standard input is one")
    .option("--json", "print the steps as JSON")
    .action(async (texts: readonly string[], flags: Flags) => {
      const tokenizer = await tokenizerAt(flags.tokenizer);
      const given: string[] = [...texts];
      if (given.length === 0) for await (const line of inputLines(io)) given.push(line);
      const steps = given.map((text) => tokenizerSteps(tokenizer, text));
      if (flags.json === true) await io.stdout.write(jsonLine(steps.length === 1 ? steps[0] : steps));
      else await io.stdout.write(steps.map(shown).join("\n"));
    });
}

function shown(steps: TokenizerSteps): string {
  const { text, normalized, words, encoding } = steps;
  const at = placeIn(text);
  const normal = normalized.map((part) => part.text).join("");
  const how = words.flatMap((word, i) => (repeated(words, i) ? [] : modelRows(word)));
  const header = how.length === 0 ? undefined : modelHeader(words);
  const blocks = [
    table([
      ["text", text],
      ["normalized", normal === text ? "as it is" : normal],
    ]),
    table(
      words.map((word) => [word.text, at(word.start, word.end), word.tokens.map((token) => token.text).join(" ")]),
      { header: ["word", "at", "tokens"] },
    ),
    ...(header === undefined ? [] : [table(how, { header })]),
    table(
      encoding.tokens.map((token, i): Cell[] => {
        const [start, end] = encoding.offsets[i]!;
        const added = encoding.specialTokensMask[i] === 1;
        const place = added ? "added" : at(start, end);
        return [
          token,
          String(encoding.ids[i]!),
          String(encoding.typeIds[i]!),
          place,
          added ? "" : text.slice(start, end),
        ];
      }),
      { header: ["token", "id", "type", "at", "stands for"], align: ["left", "right", "right", "left", "left"] },
    ),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** Places in code points, as `encode --jsonl` gives them. */
function placeIn(text: string): (start: number, end: number) => string {
  return (start, end) => codePointOffsets(text, [[start, end]])[0]!.join("–");
}

/** Whether the same word came before. */
function repeated(words: readonly StepWord[], index: number): boolean {
  return words.findIndex(({ text, steps }) => text === words[index]!.text && steps.kind !== "added") < index;
}

function modelHeader(words: readonly StepWord[]): string[] {
  const kind = words.find(({ steps }) => steps.kind !== "added")?.steps.kind;
  if (kind === "merges") return ["word", "merge", "joins", "gives"];
  if (kind === "matches") return ["word", "longest match", "longer ones that are not in the vocabulary"];
  return kind === "path" ? ["word", "piece", "log-probability", "sum so far"] : ["word", "found"];
}

/** One row a step of the model. */
function modelRows({ text, steps }: StepWord): Cell[][] {
  const first = (i: number): string => (i === 0 ? text : "");
  switch (steps.kind) {
    case "merges":
      return [
        [text, "", "", steps.symbols.join(" ")],
        ...steps.merges.map(({ left, right, rank, symbols }) => {
          return ["", String(rank + 1), `${left} + ${right}`, symbols.join(" ")];
        }),
      ];
    case "matches":
      if (steps.tooLong) return [[text, "unknown", "the word is too long"]];
      return steps.matches.map(({ piece, tried }, i) => [first(i), piece ?? "none: unknown", listed(tried)]);
    case "path":
      return pathRows(steps, first);
    case "word":
      return [[text, steps.known ? "in the vocabulary" : "unknown"]];
    case "added":
      return [];
  }
}

function pathRows(steps: Extract<ModelSteps, { kind: "path" }>, first: (i: number) => string): Cell[][] {
  let sum = 0;
  return steps.path.map(({ piece, score, unknown }, i) => {
    sum += score;
    return [first(i), unknown === true ? `${piece} (unknown)` : piece, score.toFixed(4), sum.toFixed(4)];
  });
}

function listed(tried: readonly string[]): string {
  const [some, more] = [tried.slice(0, 6).join(" "), tried.length - 6];
  return more > 0 ? `${some} … and ${more} more` : some;
}
