/** `heed answer`: the part of a text that answers a question. */
import { Option, type Command } from "commander";
import { diskFolder } from "../../files/disk.ts";
import { readText } from "../../files/index.ts";
import { realNumber, requireOption, wholeNumber } from "../command.ts";
import { inputLines, jsonLine, type Io } from "../io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "../model-command.ts";

interface Flags extends ModelFlags {
  readonly context: string;
  readonly top: number;
  readonly unanswerable?: number | true;
  readonly maxLength?: number;
  readonly stride?: number;
}

export function command(io: Io): Command {
  const made = modelCommand("answer", "Answers questions with parts of a text.", {
    run: 'heed answer --model runs/answers --context article.txt "Who visits Africa?"',
    expect: "Jane\t0.9312",
  });
  requireOption(made, new Option("--context <file>", "the text to find answers in; - is standard input"));
  return made
    .argument("[questions...]", "questions; default: the lines of standard input")
    .option("--top <n>", "answers to each question, best first", wholeNumber(1), 1)
    .option(
      "--unanswerable [threshold]",
      "a question may have no answer: how much better than the best part that must score; default: 0",
      realNumber(),
    )
    .option("--max-length <n>", "tokens of a window over a long text", wholeNumber(1))
    .option("--stride <n>", "by how many tokens windows overlap; default: 128", wholeNumber(0))
    .action((given: string[], flags: Flags) =>
      withModel(flags, "answer", async (model) => {
        const context = await contextOf(flags.context, io);
        const noAnswer = flags.unanswerable === true ? 0 : flags.unanswerable;
        for (const question of await textsOf(given, io)) {
          const found = await model.answer(question, context, { ...flags, noAnswer });
          const lines = found
            .map(({ text, probability }) => `${text === "" ? "(no answer)" : text}\t${probability.toFixed(4)}\n`)
            .join("");
          await io.stdout.write(flags.json === true ? jsonLine(found) : lines);
        }
      }),
    );
}

async function contextOf(path: string, io: Io): Promise<string> {
  if (path !== "-") return readText(diskFolder(), path);
  const lines: string[] = [];
  for await (const line of inputLines(io)) lines.push(line);
  return lines.join("\n");
}
