/** `heed classify`: the classes of texts, or of pairs of texts. */
import type { Command } from "commander";
import { InputError } from "../../errors/index.ts";
import type { TokenizerInput } from "../../tokens/index.ts";
import { wholeNumber } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "../model-command.ts";

interface Flags extends ModelFlags {
  readonly pair?: true;
  readonly top: number;
}

/** Texts that go through the model together. */
const BATCH = 32;

export function command(io: Io): Command {
  return modelCommand("classify", "Gives each text a class, or a number, as the model was trained.", {
    run: 'heed classify --model runs/sentiment "A wonderful film."',
    expect: "POSITIVE\t0.9987",
  })
    .argument("[texts...]", "texts; default: the lines of standard input")
    .option("--pair", "a text is two, with a tab between them")
    .option("--top <n>", "classes for each text, most probable first", wholeNumber(1), 1)
    .action((given: string[], flags: Flags) =>
      withModel(flags, "classify", async (model) => {
        const inputs = (await textsOf(given, io)).map((text) => (flags.pair === true ? pairOf(text) : text));
        for (let start = 0; start < inputs.length; start += BATCH) {
          for (const found of await model.classify(inputs.slice(start, start + BATCH), flags)) {
            const classes = found.slice(0, flags.top);
            const line = classes.map(({ label, score }) => `${label}\t${score.toFixed(4)}`).join("\t");
            await io.stdout.write(flags.json === true ? jsonLine(classes) : `${line}\n`);
          }
        }
      }),
    );
}

function pairOf(text: string): TokenizerInput {
  const [first, second, ...more] = text.split("\t");
  if (first !== undefined && second !== undefined && more.length === 0) return [first, second];
  throw new InputError(`With --pair a line is two texts with a tab between them; got "${text.slice(0, 60)}".`);
}
