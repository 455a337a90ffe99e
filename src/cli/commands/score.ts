/** `heed score`: predictions against what was due, task by task. */
import { Command } from "commander";
import type { Io } from "../io.ts";
import { answerCommand } from "./score-answer.ts";
import { classifyCommand } from "./score-classify.ts";
import { regressCommand } from "./score-regress.ts";
import { retrieveCommand } from "./score-retrieve.ts";
import { rougeCommand } from "./score-rouge.ts";
import { tagCommand } from "./score-tag.ts";
import { bleuCommand, chrfCommand } from "./score-translation.ts";

export function command(io: Io): Command {
  return new Command("score")
    .description(
      "Judges predictions in a file against what was due, whoever made them: translations, classes, tags, answers, " +
        "summaries, numbers, rankings. Equal to the numbers of the field's own scripts.",
    )
    .addCommand(bleuCommand(io))
    .addCommand(chrfCommand(io))
    .addCommand(classifyCommand(io))
    .addCommand(tagCommand(io))
    .addCommand(answerCommand(io))
    .addCommand(rougeCommand(io))
    .addCommand(regressCommand(io))
    .addCommand(retrieveCommand(io));
}
