/** What commands are made with: options that say what they want, and help that ends with an example. */
import { Command, InvalidArgumentError, Option } from "commander";
import { quantizations, type Quantization } from "../onnx/index.ts";
import { engineNames, precisions, type EngineName, type EngineOptions, type Precision } from "../runtime/index.ts";
import type { Io } from "./io.ts";

/** A file under commands/: builds its command, with the actions that read and write `io`. */
export interface CommandModule {
  command(io: Io): Command;
}

/** A command in the list of all: its file is loaded when it is called. */
export interface CommandEntry {
  readonly name: string;
  /** Its line in `heed --help`. */
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/** A command's example: what to type, and the number or text to expect. */
export interface Example {
  readonly run: string;
  readonly expect: string;
}

/** A command with a description; its help ends with the example. */
export function describedCommand(name: string, description: string, example: Example): Command {
  return new Command(name).description(description).addHelpText("after", exampleText(example));
}

/** The end of a help text. */
export function exampleText({ run, expect }: Example): string {
  const indented = expect.split("\n").map((line) => `  ${line}`.trimEnd());
  return `\nExample:\n  $ ${run}\n${indented.join("\n")}`;
}

/** Adds an option that must be given. Unlike commander's own, it is asked for after unknown options are reported. */
export function requireOption(command: Command, option: Option): Command {
  return command.addOption(option).hook("preAction", () => {
    if (command.getOptionValue(option.attributeName()) !== undefined) return;
    command.error(`error: ${option.long ?? option.flags} is missing: ${option.description}`, {
      code: "heed.missingOption",
    });
  });
}

/** What `engineOptions` adds to a command's flags. */
export interface EngineFlags {
  readonly engine?: EngineName;
  readonly precision?: Precision;
  readonly threads?: number;
}

/** Adds the options that say what executes. */
export function withEngineOptions(command: Command): Command {
  return command
    .addOption(new Option("--engine <name>", "what executes; auto is the fastest that is here").choices(engineNames))
    .addOption(new Option("--precision <name>", "bf16 is faster and rougher; needs OpenVINO").choices(precisions))
    .option("--threads <n>", "threads to use", wholeNumber(1));
}

/** What `withQuantization` adds to a command's flags. */
export interface QuantizeFlags {
  readonly quantize?: Quantization;
}

/** Adds the option that says how weights are stored. */
export const withQuantization = (command: Command): Command =>
  command.addOption(
    new Option("--quantize <kind>", "weights in fewer bits: faster where they are many, less exact").choices(
      quantizations,
    ),
  );

/** The engine that a command's flags ask for. */
export const engineOf = ({ engine, precision, threads }: EngineFlags): EngineOptions => ({
  engine,
  precision,
  threads,
});

/** Reads a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && Number.isSafeInteger(value)) return value;
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
  };
}

/** Reads a number; `from` is the least that it may be, `below` what it must stay below. */
export function realNumber(from = -Infinity, below = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= from && value < below) return value;
    const bounds = [from > -Infinity ? ` of at least ${from}` : "", below < Infinity ? ` below ${below}` : ""];
    throw new InvalidArgumentError(`It must be a number${bounds.filter((bound) => bound !== "").join(" and")}.`);
  };
}
