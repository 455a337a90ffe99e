/** `heed embed`: vectors of texts, or how near they are to each other. */
import { Option, type Command } from "commander";
import { poolings, type Pooling } from "../../models/index.ts";
import { cosine } from "../../tasks/embed.ts";
import { wholeNumber } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "../model-command.ts";
import { table } from "../terminal/index.ts";

interface Flags extends ModelFlags {
  readonly pooling?: Pooling;
  readonly normalize: boolean;
  readonly query?: string;
  readonly top?: number;
}

export function command(io: Io): Command {
  return modelCommand("embed", "Gives the vector of each text, or ranks the texts by their nearness to a query.", {
    run: 'heed embed --model MODEL --query "a cat sleeps" < captions.txt',
    expect: "the lines of captions.txt, the nearest first, with the cosine of each",
  })
    .argument("[texts...]", "texts; default: the lines of standard input")
    .addOption(
      new Option("--pooling <name>", "mean, class or last token; default: as the folder says").choices(poolings),
    )
    .option("--no-normalize", "leave the vectors as long as they are")
    .option("--query <text>", "rank the texts by the cosine of their vectors with this text's")
    .option("--top <n>", "show only so many of them, the nearest first; default: all", wholeNumber(1))
    .action((given: string[], flags: Flags) =>
      withModel(flags, "embed", async (model) => {
        const texts = await textsOf(given, io);
        const options = { ...flags, normalize: flags.normalize ? undefined : false };
        const vectors = await model.embed(texts, options);
        if (flags.query === undefined) {
          for (const [i, vector] of vectors.entries()) {
            const numbers = Array.from(vector);
            const line = numbers.map((x) => String(Number(x.toPrecision(7)))).join(" ");
            await io.stdout.write(flags.json === true ? jsonLine({ text: texts[i], vector: numbers }) : `${line}\n`);
          }
          return;
        }
        const [query] = await model.embed([flags.query], options);
        const ranked = texts
          .map((text, i) => ({ text, cosine: cosine(query!, vectors[i]!) }))
          .sort((a, b) => b.cosine - a.cosine)
          .slice(0, flags.top);
        const rows = ranked.map((one) => [one.cosine.toFixed(4), one.text]);
        const shown = table(rows, { header: ["cosine", "text"], align: ["right", "left"] });
        await io.stdout.write(flags.json === true ? jsonLine(ranked) : `${shown}\n`);
      }),
    );
}
