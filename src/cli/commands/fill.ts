/** `heed fill`: the most probable words in place of masks. */
import type { Command } from "commander";
import { wholeNumber } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "../model-command.ts";
import { table } from "../terminal/index.ts";

interface Flags extends ModelFlags {
  readonly top: number;
}

export function command(io: Io): Command {
  return modelCommand("fill", "Fills in masked words: the most probable tokens, with their probabilities.", {
    run: 'heed fill --model bert-base "Paris is the [MASK] of France."',
    expect: "a table of tokens, the most probable first",
  })
    .argument("[texts...]", "texts with a mask in each; default: the lines of standard input")
    .option("--top <n>", "tokens for each mask", wholeNumber(1), 5)
    .action((given: string[], flags: Flags) =>
      withModel(flags, "fill", async (model) => {
        for (const text of await textsOf(given, io)) {
          const found = await model.fill(text, flags);
          if (flags.json === true) {
            await io.stdout.write(jsonLine(found));
            continue;
          }
          const rows = found.flatMap((one, mask) =>
            one.map(({ token, probability, text: filled }) => [
              String(mask + 1),
              token,
              probability.toFixed(4),
              filled,
            ]),
          );
          const header = ["mask", "token", "probability", "text"];
          await io.stdout.write(`${table(rows, { header, align: ["right", "left", "right", "left"] })}\n`);
        }
      }),
    );
}
