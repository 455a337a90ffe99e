/** `heed schema`: what a config file may hold, as a JSON schema for editors. */
import { Argument, type Command } from "commander";
import { wayNamed, ways } from "../../learning/index.ts";
import { describedCommand } from "../command.ts";
import type { Io } from "../io.ts";

export function command(io: Io): Command {
  return describedCommand("schema", "Prints the JSON schema of a config file, for editors that complete and check.", {
    run: "heed schema finetune > finetune.schema.json",
    expect: "a file to name in the first line of a YAML config:\n# yaml-language-server: $schema=finetune.schema.json",
  })
    .addArgument(new Argument("<command>", "the command whose --config it is").choices(Object.keys(ways)))
    .action(async (name: string) => {
      await io.stdout.write(`${JSON.stringify(wayNamed(name).jsonSchema(), undefined, 2)}\n`);
    });
}
