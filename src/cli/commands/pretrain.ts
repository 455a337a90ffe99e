/** `heed pretrain`: a model learns from raw text. */
import { Option, type Command } from "commander";
import { pretrain } from "../../learning/index.ts";
import { describedCommand } from "../command.ts";
import type { Io } from "../io.ts";
import { runLearning, withLearningOptions, type LearningFlags } from "../learning-command.ts";
import { pretrainKeys, withPretrainOptions, type PretrainFlags } from "../pretrain-options.ts";

interface Flags extends LearningFlags, PretrainFlags {
  readonly validation?: readonly string[];
}

export function command(io: Io): Command {
  const made = describedCommand("pretrain", "Trains a model on raw text.", {
    run: "heed pretrain --objective mlm --model bert-base --data train.txt --validation valid.txt --out runs/base",
    expect: "a folder that heed finetune, heed fill and Python open; the last line has the scores on --validation",
  });
  return withLearningOptions(
    withPretrainOptions(made).addOption(
      new Option("--validation <files...>", "text that is held out, to judge the model on while it learns"),
    ),
  ).action((flags: Flags) =>
    runLearning(pretrain, flags, { ...pretrainKeys(flags), validation: flags.validation }, io),
  );
}
