/** What the tokenizer commands share: opening the tokenizer that is named. */
import { Option, type Command } from "commander";
import { openFolderTokenizer, openTokenizer } from "../../checkpoints/index.ts";
import { diskFolder } from "../../files/disk.ts";
import type { Tokenizer } from "../../tokens/index.ts";
import { requireOption } from "../command.ts";

/** Adds the option that says which tokenizer is used. */
export function requireTokenizer(command: Command): Command {
  return requireOption(
    command,
    new Option("--tokenizer <path>", "a tokenizer.json, or a folder with the files of a tokenizer"),
  );
}

/** The tokenizer at a path: a tokenizer.json, or a folder with that or the older files of a family. */
export async function tokenizerAt(path: string): Promise<Tokenizer> {
  const folder = diskFolder();
  return (await folder.kind(path)) === "folder" ? openFolderTokenizer(folder.at(path)) : openTokenizer(folder, path);
}
