/** What commands that open a checkpoint share: the options, and the texts that they read. */
import { Option, type Command } from "commander";
import { open, type TaskModels, type TaskName } from "../tasks/open-task.ts";
import {
  describedCommand,
  engineOf,
  requireOption,
  withEngineOptions,
  withQuantization,
  type EngineFlags,
  type Example,
  type QuantizeFlags,
} from "./command.ts";
import { inputLines, type Io } from "./io.ts";

/** Options of every command that opens a checkpoint. */
export interface ModelFlags extends EngineFlags, QuantizeFlags {
  readonly model: string;
  readonly adapter?: string;
  readonly truncate?: true;
  readonly json?: true;
}

/** A command with `--model`, the engine's options, `--truncate` and `--json`. */
export function modelCommand(name: string, description: string, example: Example): Command {
  const made = describedCommand(name, description, example);
  requireOption(made, new Option("--model <folder>", "a checkpoint's folder, or the name of one that was pulled"));
  return withQuantization(withEngineOptions(made))
    .option("--adapter <folder>", "an adapter (LoRA) of the model; a folder that is one is opened on its base")
    .option("--truncate", "cut off what the model cannot read, instead of refusing it")
    .option("--json", "print the results as JSON, one value a text");
}

/** Opens the model of a command for a task, gives it to `use`, and frees it. */
export async function withModel<T extends TaskName>(
  flags: ModelFlags,
  task: T,
  use: (model: TaskModels[T]) => Promise<void>,
): Promise<void> {
  const { adapter, quantize } = flags;
  const model = await open(flags.model, { task, adapter, quantize, ...engineOf(flags) });
  try {
    await use(model);
  } finally {
    await model.dispose();
  }
}

/** The texts of a command: its arguments, or the lines of standard input where there are none. */
export async function textsOf(given: readonly string[], io: Io): Promise<string[]> {
  if (given.length > 0) return [...given];
  const lines: string[] = [];
  for await (const line of inputLines(io)) lines.push(line);
  return lines;
}
