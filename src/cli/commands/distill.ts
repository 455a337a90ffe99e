/** `heed distill`: a small model learns a task from a large one. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { distill, distillTasks, recipes } from "../../learning/index.ts";
import { describedCommand, realNumber, wholeNumber } from "../command.ts";
import type { Io } from "../io.ts";
import { runLearning, withLearningOptions, type LearningFlags } from "../learning-command.ts";

interface Flags extends LearningFlags {
  readonly task?: string;
  readonly teacher?: string;
  readonly student?: string | Readonly<Record<string, unknown>>;
  readonly data?: readonly string[];
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
  readonly recipe?: string;
  readonly temperature?: number;
  readonly alpha?: number;
  readonly layers?: readonly number[];
  readonly maxLength?: number;
  readonly initialize?: boolean;
}

export function command(io: Io): Command {
  const made = describedCommand(
    "distill",
    "Trains a small model on a task that a large one has learned, and from it.",
    {
      run: "heed distill --task classify --teacher runs/large --student num_hidden_layers=2 --data train.tsv --test test.tsv --out runs/small",
      expect:
        "a folder with the student alone; before the last line its size and speed beside the teacher's, in the last line\n" +
        "its scores on --test, the teacher's, and the share that it kept",
    },
  );
  return withLearningOptions(
    made
      .addOption(new Option("--task <name>", "what to learn").choices(Object.keys(distillTasks)))
      .option("--teacher <folder>", "a model that has learned the task")
      .option(
        "--student <what>",
        "a folder, a published size, or sizes over the teacher's: num_hidden_layers=2,hidden_size=64",
        studentOf,
      )
      .option("--data <files...>", "rows to learn from: TSV, CSV or JSON lines, plain or .gz, or Parquet")
      .option("--validation <files...>", "rows to judge the student on while it learns")
      .option("--test <files...>", "rows to judge the finished student and its teacher on")
      .addOption(new Option("--recipe <name>", "settings by the paper they are from").choices(Object.keys(recipes)))
      .option("--temperature <t>", "by what logits are divided in the soft loss", realNumber(0))
      .option("--alpha <share>", "the share of the soft loss; the labels have the rest", realNumber(0))
      .option("--layers <list>", "for each layer of the student, from 0, the teacher's: 0,2,4", listOf)
      .option("--no-initialize", "start without the teacher's layers, embeddings and head")
      .option("--max-length <n>", "cut texts after so many tokens", wholeNumber(1)),
  ).action((flags: Flags) => {
    const { task, teacher, student, data, validation, test, recipe, temperature, alpha, layers, maxLength } = flags;
    const initialize = flags.initialize === false ? false : undefined;
    const given = { task, teacher, student, data, validation, test, recipe, temperature, alpha, layers, initialize };
    return runLearning(distill, flags, { ...given, maxLength }, io);
  });
}

/** Sizes as keys with values, or a name. */
function studentOf(text: string): Flags["student"] {
  if (!text.includes("=")) return text;
  const entries = text.split(",").map((part) => {
    const [key = "", value = ""] = part.split("=").map((piece) => piece.trim());
    if (key === "" || value === "") {
      throw new InvalidArgumentError(
        `"${part}" is no size; sizes are keys of config.json, such as num_hidden_layers=2.`,
      );
    }
    return [key, Number.isFinite(Number(value)) ? Number(value) : value] as const;
  });
  return Object.fromEntries(entries);
}

function listOf(text: string): number[] {
  return text.split(",").map((part) => wholeNumber(0)(part.trim()));
}
