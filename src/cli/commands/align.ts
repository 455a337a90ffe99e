/** `heed align`: learning from human preferences. */
import { Option, type Command } from "commander";
import { align, alignMethods } from "../../learning/index.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import type { Io } from "../io.ts";
import { runLearning, withLearningOptions, type LearningFlags } from "../learning-command.ts";

interface Flags extends LearningFlags {
  readonly method?: string;
  readonly model?: string;
  readonly data?: readonly string[];
  readonly validation?: readonly string[];
  readonly prompts?: readonly string[];
  readonly texts?: readonly string[];
  readonly reward?: string;
  readonly maxLength?: number;
  readonly maxTokens?: number;
}

export function command(io: Io): Command {
  const made = describedCommand("align", "Learns from preferences between two answers to a prompt.", {
    run:
      "heed align --method reward --model runs/base --data preferences.jsonl --out runs/reward\n" +
      "  $ heed align --method ppo --model runs/base --reward runs/reward --data preferences.jsonl --out runs/polite",
    expect:
      "a folder that Python opens; the last line has the share of held-out pairs ordered right, or the reward of answers\n" +
      "to held-out prompts beside that of the untuned model and of its best of four, and the distance from it",
  });
  return withLearningOptions(
    made
      .addOption(new Option("--method <name>", "a reward model, or a policy by PPO or DPO").choices(alignMethods))
      .option("--model <folder>", "a checkpoint's folder, or the name of a published size for fresh weights")
      .option("--data <files...>", "JSON lines with prompt, chosen and rejected: texts or chat messages")
      .option("--validation <files...>", "the same, to judge on; without it a tenth of the prompts is held out")
      .option("--prompts <files...>", "further prompts for PPO: JSON lines with prompt, or a text a line")
      .option("--texts <files...>", "held-out text whose perplexity is watched; default: the held-out answers")
      .option("--reward <folder>", "a reward model: what PPO learns from, and what answers are judged by")
      .option("--max-length <n>", "cut prompts with their answers after so many tokens", wholeNumber(2))
      .option("--max-tokens <n>", "the most tokens of an answer that is sampled", wholeNumber(1)),
  ).action((flags: Flags) => {
    const { method, model, data, validation, prompts, texts, reward, maxLength, maxTokens } = flags;
    return runLearning(
      align,
      flags,
      { method, model, data, validation, prompts, texts, reward, maxLength, maxTokens },
      io,
    );
  });
}
