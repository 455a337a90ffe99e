/** `heed data`: what is in files of rows, before anything is learned from them. */
import { Command } from "commander";
import type { Io } from "../io.ts";
import { checkCommand } from "./data-check.ts";
import { previewCommand } from "./data-preview.ts";
import { splitCommand } from "./data-split.ts";

export function command(io: Io): Command {
  return new Command("data")
    .description("Shows rows as a model sees them, finds those that are there twice, and splits them.")
    .addCommand(previewCommand(io))
    .addCommand(checkCommand(io))
    .addCommand(splitCommand(io));
}
