/** `heed finetune`: a task's head on a body that has learned from other text, or from none. */
import { Option, type Command } from "commander";
import { finetune, finetuneTasks } from "../../learning/index.ts";
import { adaptGiven, withAdaptOptions, type AdaptFlags } from "../adapt-options.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import type { Io } from "../io.ts";
import { runLearning, withLearningOptions, type LearningFlags } from "../learning-command.ts";

interface Flags extends LearningFlags, AdaptFlags {
  readonly task?: string;
  readonly model?: string;
  readonly data?: readonly string[];
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
  readonly maxLength?: number;
}

export function command(io: Io): Command {
  const made = describedCommand("finetune", "Fine-tunes a model for a task on rows with labels.", {
    run: "heed finetune --task classify --model runs/base --data train.tsv --validation dev.tsv --out runs/sentiment",
    expect: "a folder that heed classify and Python open; the last line has the scores on --test, if there is one",
  });
  return withLearningOptions(
    withAdaptOptions(made)
      .addOption(new Option("--task <name>", "what to learn").choices(Object.keys(finetuneTasks)))
      .option("--model <folder>", "a checkpoint's folder, or the name of a published size for fresh weights")
      .option("--data <files...>", "rows to learn from: TSV, CSV or JSON lines, plain or .gz")
      .option("--validation <files...>", "rows to judge the model on while it learns")
      .option("--test <files...>", "rows to judge the finished model on")
      .option("--max-length <n>", "cut texts after so many tokens", wholeNumber(1)),
  ).action((flags: Flags) => {
    const { task, model, data, validation, test, maxLength } = flags;
    return runLearning(finetune, flags, { task, model, data, validation, test, maxLength, ...adaptGiven(flags) }, io);
  });
}
