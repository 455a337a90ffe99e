/** `heed tokenizer`: train one, use it, look into it, compare it with another. */
import { Command } from "commander";
import type { Io } from "../io.ts";
import { compareCommand } from "./tokenizer-compare.ts";
import { decodeCommand } from "./tokenizer-decode.ts";
import { encodeCommand } from "./tokenizer-encode.ts";
import { showCommand } from "./tokenizer-show.ts";
import { trainCommand } from "./tokenizer-train.ts";

export function command(io: Io): Command {
  return new Command("tokenizer")
    .description(
      "Trains a tokenizer, turns text into tokens and back, shows how. Files are Hugging Face's tokenizer.json.",
    )
    .addCommand(trainCommand(io))
    .addCommand(encodeCommand(io))
    .addCommand(decodeCommand(io))
    .addCommand(showCommand(io))
    .addCommand(compareCommand(io));
}
