/** `heed data`: what is in files of rows, before anything is learned from them. */
import { Command } from "commander";
import type { Io } from "../io.ts";
import { checkCommand } from "./data-check.ts";
import { splitCommand } from "./data-split.ts";

export function command(io: Io): Command {
  return new Command("data")
    .description("Finds rows that are there twice, and splits rows so that no side gives away another.")
    .addCommand(checkCommand(io))
    .addCommand(splitCommand(io));
}
