/** `heed finetune`: a task's head on a body that has learned from other text, or from none. */
import { Option, type Command } from "commander";
import { finetune, finetuneTasks, finetuneTogether } from "../../learning/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { describedCommand, realNumber, wholeNumber } from "../command.ts";
import { adaptGiven, withAdaptOptions, type AdaptFlags } from "../adapt-options.ts";
import { readConfigFile } from "../config-file.ts";
import type { Io } from "../io.ts";
import { runLearning, withLearningOptions, type LearningFlags } from "../learning-command.ts";

interface Flags extends LearningFlags, AdaptFlags {
  readonly task?: string;
  readonly model?: string;
  readonly data?: readonly string[];
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
  readonly maxLength?: number;
  readonly multiLabel?: true;
  readonly pieces?: string;
  readonly stride?: number;
  readonly prefix?: string;
  readonly targetLength?: number;
  readonly beams?: number;
  readonly from?: string;
  readonly to?: string;
  readonly labelSmoothing?: number;
  readonly balanced?: true;
}

export function command(io: Io): Command {
  const made = describedCommand(
    "finetune",
    "Fine-tunes a model for a task on rows with labels; with a config that has `tasks`, for several on one body.",
    {
      run: "heed finetune --task classify --model runs/base --data train.tsv --validation dev.tsv --out runs/sentiment",
      expect: "a folder that heed classify and Python open; the last line has the scores on --test, if there is one",
    },
  );
  return withLearningOptions(
    withAdaptOptions(made)
      .addOption(new Option("--task <name>", "what to learn").choices(Object.keys(finetuneTasks)))
      .option("--model <folder>", "a checkpoint's folder, or the name of a published size for fresh weights")
      .option(
        "--data <files...>",
        "rows to learn from: TSV, CSV, JSON lines (plain or .gz); CoNLL for tag, SQuAD's JSON for answer, two files of " +
          "texts for translate and summarize",
      )
      .option("--validation <files...>", "rows to judge the model on while it learns")
      .option("--test <files...>", "rows to judge the finished model on")
      .option("--max-length <n>", "cut texts after so many tokens, or read them in windows of so many", wholeNumber(1))
      .option("--multi-label", "classes: a text may have several, or none, as a|b")
      .addOption(new Option("--pieces <which>", "tags: which pieces of a word learn it").choices(["first", "all"]))
      .option("--stride <n>", "answers: by how many tokens windows overlap", wholeNumber(0))
      .option("--prefix <text>", "texts: written in front of each source, as T5 is told what to do")
      .option("--target-length <n>", "texts: the most tokens of what is written", wholeNumber(1))
      .option("--beams <n>", "texts: beams of what is written when it is judged", wholeNumber(1))
      .option("--from <language>", "translations: the source's language, where the model has several")
      .option("--to <language>", "translations: the target's language")
      .option(
        "--label-smoothing <share>",
        "how much of the target goes to all other classes or words",
        realNumber(0, 1),
      )
      .option("--balanced", "rare classes count more in the loss"),
  ).action(async (flags: Flags) => {
    const file = flags.config === undefined ? {} : await readConfigFile(diskFolder(), flags.config);
    if ("tasks" in file) return runLearning(finetuneTogether, flags, { model: flags.model }, io);
    const { task, model, data, validation, test, maxLength, multiLabel, pieces, stride, prefix } = flags;
    const { targetLength, beams, from, to, labelSmoothing } = flags;
    const classWeights = flags.balanced === true ? "balanced" : undefined;
    return runLearning(
      finetune,
      flags,
      {
        ...{ task, model, data, validation, test, maxLength, multiLabel, pieces, stride, prefix },
        ...{ targetLength, beams, from, to, labelSmoothing, classWeights },
        ...adaptGiven(flags),
      },
      io,
    );
  });
}
