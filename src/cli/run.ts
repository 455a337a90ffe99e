/** Runs one command line: from arguments to an exit code. */
import { Command, CommanderError } from "commander";
import { HeedError, InputError } from "../errors/index.ts";
import { exampleText, type CommandEntry } from "./command.ts";
import { commands } from "./commands/index.ts";
import { OutputClosed, type Io } from "./io.ts";
import { version } from "./version.ts";

/**
 * Runs `heed` with arguments. Results go to `io.stdout`, progress and warnings to `io.stderr`. The exit code is 0, or 1
 * after one sentence on `io.stderr`. Only the command that is called is loaded.
 */
export async function run(argv: readonly string[], io: Io, list: readonly CommandEntry[] = commands): Promise<number> {
  const called = argv.length === 0 ? ["--help"] : argv;
  const printed: string[] = [];
  try {
    const program = await programFor(called, io, list, (text) => printed.push(text));
    const failure = await program
      .parseAsync(called, { from: "user" })
      .then(() => undefined, asUsageError(program, called));
    if (printed.length > 0) await io.stdout.write(printed.join(""));
    if (failure !== undefined) throw failure;
    return 0;
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    io.stderr.write(`${sentenceOf(error)}\n`);
    return 1;
  }
}

async function programFor(
  called: readonly string[],
  io: Io,
  list: readonly CommandEntry[],
  print: (text: string) => void,
): Promise<Command> {
  const program = new Command("heed")
    .description("Transformers in TypeScript. Train them, run them, look inside them.")
    .version(version, "-v, --version", "print the version");
  const operands = called.filter((argument) => !argument.startsWith("-"));
  const name = operands[0] === "help" ? operands[1] : operands[0];
  for (const { name: known, summary, load } of list) {
    if (known === name) program.addCommand((await load()).command(io).summary(summary));
    else program.command(known).summary(summary);
  }
  prepare(program, "heed", print);
  return program;
}

/**
 * Errors are thrown, not printed: `run` says them in one sentence. The help of a command that only holds others points
 * to the first of them.
 */
function prepare(command: Command, path: string, print: (text: string) => void): void {
  command.exitOverride().configureOutput({ writeOut: print, writeErr: () => undefined, outputError: () => undefined });
  const [first] = command.commands;
  if (first !== undefined) {
    const example = { run: `${path} ${first.name()} --help`, expect: "what it takes, with an example" };
    command.addHelpText("after", exampleText(example));
  }
  for (const inner of command.commands) prepare(inner, `${path} ${inner.name()}`, print);
}

function sentenceOf(error: unknown): string {
  if (error instanceof HeedError) return error.message;
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `This is a defect in Heed, not in what you gave it. Please report it with these lines:\n${details}`;
}

/** What commander throws as an InputError of one sentence; undefined after --help and --version. */
function asUsageError(program: Command, called: readonly string[]): (error: unknown) => Error | undefined {
  return (error) => {
    if (!(error instanceof CommanderError)) return error instanceof Error ? error : new Error(String(error));
    return error.exitCode === 0 ? undefined : new InputError(usageSentence(error, program, called), { cause: error });
  };
}

function usageSentence({ code, message }: CommanderError, program: Command, called: readonly string[]): string {
  const group = program.commands.find((one) => one.name() === called[0]);
  const names = (group ?? program).commands.map((one) => one.name());
  if (code === "commander.help") return `heed ${called.join(" ")} needs a command: ${names.join(" or ")}.`;
  const [problem = "", hint = ""] = message.replace(/^error: /, "").split("\n");
  const first = `${problem[0]?.toUpperCase() ?? ""}${problem.slice(1)}`.replace(/\.?$/, ".");
  const known = /^\(Did you mean (.+)\?\)$/.exec(hint)?.[1];
  if (known !== undefined) return `${first} Did you mean ${known}?`;
  if (code === "commander.unknownCommand") return `${first} There is ${names.join(", ")}.`;
  return code === "commander.unknownOption" ? `${first} Add --help to see which there are.` : first;
}
