/** `heed data`: what a model is about to learn from. */
import { Command } from "commander";
import type { Io } from "../io.ts";
import { previewCommand } from "./data-preview.ts";

export function command(io: Io): Command {
  return new Command("data").description("Shows data as a model sees it.").addCommand(previewCommand(io));
}
