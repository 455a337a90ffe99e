/** `heed instruct`: a language model learns to answer. */
import type { Command } from "commander";
import { instruct } from "../../learning/index.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import type { Io } from "../io.ts";
import { runLearning, withLearningOptions, type LearningFlags } from "../learning-command.ts";

interface Flags extends LearningFlags {
  readonly model?: string;
  readonly data?: readonly string[];
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
  readonly template?: string;
  readonly maxLength?: number;
  readonly pack?: true;
  readonly judged?: number;
}

export function command(io: Io): Command {
  const made = describedCommand("instruct", "Trains a language model to answer, by the loss of the answers alone.", {
    run: "heed instruct --model runs/base --data instructions.jsonl --test held-out.jsonl --out runs/assistant",
    expect:
      "a folder with the chat template, for heed generate --chat; the last line has loss and exact match on --test",
  });
  return withLearningOptions(
    made
      .option("--model <folder>", "a checkpoint's folder, or the name of a published size for fresh weights")
      .option("--data <files...>", "rows of Alpaca's form, of messages, or of prompts with completions (.jsonl, .json)")
      .option("--validation <files...>", "rows to judge the model on while it learns")
      .option("--test <files...>", "rows to judge the finished model on")
      .option("--template <name>", "plain, alpaca, bare or a Jinja file; default: the model's own chat template")
      .option("--max-length <n>", "cut rows after so many tokens", wholeNumber(2))
      .option("--pack", "several rows in one, in which they do not see each other")
      .option("--judged <n>", "held-out questions that are answered at each validation", wholeNumber(1)),
  ).action((flags: Flags) => {
    const { model, data, validation, test, template, maxLength, pack, judged } = flags;
    return runLearning(instruct, flags, { model, data, validation, test, template, maxLength, pack, judged }, io);
  });
}
