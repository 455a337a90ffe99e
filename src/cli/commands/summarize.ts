/** `heed summarize`: what an encoder-decoder makes of texts. */
import type { Command } from "commander";
import { convertTexts, converterCommand, summarizer, type ConvertFlags } from "../convert-command.ts";
import type { Io } from "../io.ts";

export function command(io: Io): Command {
  return converterCommand("summarize", "Summarizes texts with an encoder-decoder that was trained to.", {
    run: "heed summarize --model bart-large-cnn < article.txt",
    expect: "a summary of each line",
  }).action(async (given: string[], flags: ConvertFlags) => {
    await convertTexts(summarizer(flags), given, flags, io);
  });
}
