/** `heed translate`: a sentence a line in, a translation a line out, in the same order. */
import { Option, type Command } from "commander";
import { translateAll } from "../../tasks/translate.ts";
import {
  describedCommand,
  engineOf,
  realNumber,
  requireOption,
  wholeNumber,
  withEngineOptions,
  withQuantization,
  type EngineFlags,
  type QuantizeFlags,
} from "../command.ts";
import { inputLines, lineWriter, type Io } from "../io.ts";
import { warnOfUnseenWords, withTranslator } from "../translation-files.ts";

interface Flags extends EngineFlags, QuantizeFlags {
  readonly model: string;
  readonly beams: number;
  readonly nBest: number;
  readonly lengthPenalty: number;
  readonly scores?: true;
  readonly batch: number;
}

/** Lines that are read before the first of them is written: enough to sort by length. */
const CHUNK = 1024;

export function command(io: Io): Command {
  const made = describedCommand("translate", "Translates sentences from standard input, one a line, in their order.", {
    run: `echo "Jane visite l'Afrique en septembre" | heed translate --model runs/fr-en`,
    expect: "Jane visits Africa in September",
  });
  requireOption(made, new Option("--model <folder>", "a trained translator"));
  return withEngineOptions(
    withQuantization(made)
      .option("--beams <n>", "sentences followed at once; 1 is greedy", wholeNumber(1), 5)
      .option("--n-best <n>", "translations of each sentence, a line each", wholeNumber(1), 1)
      .option("--length-penalty <x>", "above 1 favors long translations", realNumber(), 1)
      .option("--scores", "write the score before each translation, and a tab")
      .option("--batch <n>", "sentences that go through the model together", wholeNumber(1), 64)
      .action((flags: Flags) =>
        withTranslator(flags.model, { quantize: flags.quantize, ...engineOf(flags) }, (model) =>
          translateLines(model, flags, io),
        ),
      ),
  );
}

async function translateLines(model: Parameters<typeof translateAll>[0], flags: Flags, io: Io): Promise<void> {
  const { scores = false, beams, nBest, lengthPenalty, batch } = flags;
  const output = lineWriter(io);
  const translate = async (sentences: string[]): Promise<void> => {
    warnOfUnseenWords(model, sentences, io);
    const options = { beams: Math.max(beams, nBest), nBest, lengthPenalty, batch };
    for (const found of await translateAll(model, sentences, options)) {
      for (const { text, score } of found) await output.line(scores ? `${score.toFixed(4)}\t${text}` : text);
    }
  };
  let chunk: string[] = [];
  for await (const line of inputLines(io)) {
    chunk.push(line);
    if (chunk.length < CHUNK) continue;
    await translate(chunk);
    chunk = [];
  }
  if (chunk.length > 0) await translate(chunk);
  await output.end();
}
