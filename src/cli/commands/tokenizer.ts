/** `heed tokenizer`: train one, or turn text into tokens and back. */
import { Command } from "commander";
import type { Io } from "../io.ts";
import { decodeCommand, encodeCommand } from "./tokenizer-encode.ts";
import { trainCommand } from "./tokenizer-train.ts";

export function command(io: Io): Command {
  return new Command("tokenizer")
    .description("Trains a tokenizer, or turns text into tokens and back. Files are Hugging Face's tokenizer.json.")
    .addCommand(trainCommand(io))
    .addCommand(encodeCommand(io))
    .addCommand(decodeCommand(io));
}
