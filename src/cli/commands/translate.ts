/** `heed translate`: a sentence a line in, a translation a line out, in the same order. */
import type { Command } from "commander";
import { findModel } from "../../files/hub.ts";
import { InputError } from "../../errors/index.ts";
import { open } from "../../tasks/open-task.ts";
import { translateAll } from "../../tasks/translate.ts";
import { isTranslatorFolder } from "../../tasks/translator-folder.ts";
import { Translator } from "../../tasks/translator.ts";
import { engineOf } from "../command.ts";
import { conversionOf, converterCommand, convertTexts, type ConvertFlags, type Converter } from "../convert-command.ts";
import { searchOf } from "../generation-options.ts";
import type { Io } from "../io.ts";
import { warnOfUnseenWords } from "../translation-files.ts";

interface Flags extends ConvertFlags {
  readonly from?: string;
  readonly to?: string;
}

export function command(io: Io): Command {
  return converterCommand("translate", "Translates sentences, one a line, in their order.", {
    run: `echo "Jane visite l'Afrique en septembre" | heed translate --model runs/fr-en`,
    expect: "Jane visits Africa in September",
  })
    .option("--from <language>", "the language of the sentences, by the model's code")
    .option("--to <language>", "the language to write, by the model's code")
    .action((given: string[], flags: Flags) => convertTexts(translator(flags, io), given, flags, io));
}

/** A translator that Heed trained, or an encoder-decoder of another library. */
async function translator(flags: Flags, io: Io): Promise<Converter> {
  const folder = await findModel(flags.model);
  if (await isTranslatorFolder(folder)) return ownTranslator(flags, io);
  const { from, to, adapter, quantize } = flags;
  const model = await open(folder, { task: "translate", adapter, quantize, ...engineOf(flags) });
  return {
    convert: (texts) => model.translate(texts, { ...conversionOf(flags), from, to }),
    dispose: () => model.dispose(),
  };
}

async function ownTranslator(flags: Flags, io: Io): Promise<Converter> {
  const refused = (["from", "to", "prefix", "truncate", "adapter"] as const).find((name) => flags[name] !== undefined);
  if (refused !== undefined) {
    throw new InputError(
      `${flags.model} was trained by Heed on one pair of languages, sentence by sentence: leave --${refused} out.`,
    );
  }
  const model = await Translator.open(await findModel(flags.model), {
    purpose: "generation",
    quantize: flags.quantize,
    ...engineOf(flags),
  });
  const { doSample, numBeams, numReturnSequences: nBest = 1, lengthPenalty, ...search } = searchOf(flags);
  const beams = numBeams ?? (doSample === true ? 1 : Math.max(5, nBest));
  const options = { beams, nBest, lengthPenalty, batch: flags.batch, search: { doSample, ...search } };
  return {
    convert: (texts) => {
      warnOfUnseenWords(model, texts, io);
      return translateAll(model, texts, options);
    },
    dispose: () => model.dispose(),
  };
}
