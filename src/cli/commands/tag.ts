/** `heed tag`: a label for each word, or the spans that labels mark. */
import type { Command } from "commander";
import { spansOf } from "../../tasks/tag.ts";
import { jsonLine, type Io } from "../io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "../model-command.ts";
import { table } from "../terminal/index.ts";

interface Flags extends ModelFlags {
  readonly words?: true;
  readonly blanks?: true;
}

export function command(io: Io): Command {
  return modelCommand("tag", "Finds the spans that a token classifier marks: names, places, dates.", {
    run: 'heed tag --model runs/names "Jane visits Africa in September."',
    expect: "a table of spans, with their labels and places",
  })
    .argument("[texts...]", "texts; default: the lines of standard input")
    .option("--words", "the label of each word instead of spans")
    .option("--blanks", "words are what stands between blanks, as in files for training: 'Jane sings .'")
    .action((given: string[], flags: Flags) =>
      withModel(flags, "tag", async (model) => {
        for (const text of await textsOf(given, io)) {
          const tagged = await model.tag(text, flags);
          const found = flags.words === true ? tagged : spansOf(text, tagged);
          const rows = found.map(({ text: part, label, probability, start, end }) => {
            return [part, label, probability.toFixed(4), `${start}–${end}`];
          });
          const header = ["text", "label", "probability", "place"];
          const shown =
            rows.length === 0 ? "nothing" : table(rows, { header, align: ["left", "left", "right", "right"] });
          await io.stdout.write(flags.json === true ? jsonLine(found) : `${shown}\n`);
        }
      }),
    );
}
