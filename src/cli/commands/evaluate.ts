/** `heed evaluate`: a translator by BLEU and chrF, and what was fine-tuned by the metrics of its task. */
import { Command, Option } from "commander";
import type { TextPair } from "../../data/index.ts";
import { bleuStatistics, bootstrap } from "../../evaluation/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { finetuneTasks, type FinetuneTaskName } from "../../learning/index.ts";
import { evaluateTranslator } from "../../tasks/translate.ts";
import {
  describedCommand,
  engineOf,
  requireOption,
  wholeNumber,
  withEngineOptions,
  withQuantization,
  type EngineFlags,
  type QuantizeFlags,
} from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { createProgress, table } from "../terminal/index.ts";
import { evaluateTask } from "./evaluate-task.ts";
import { pairsFrom, warnOfUnseenWords, withTranslator } from "../translation-files.ts";

interface Flags extends EngineFlags, QuantizeFlags {
  readonly model: string;
  readonly source: string;
  readonly reference: string;
  readonly beams: number;
  readonly batch: number;
  readonly out?: string;
  readonly json?: true;
}

export function command(io: Io): Command {
  const made = new Command("evaluate").description("Measures a trained model.").addCommand(translation(io));
  for (const name of Object.keys(finetuneTasks)) made.addCommand(evaluateTask(name as FinetuneTaskName, io));
  return made;
}

function translation(io: Io): Command {
  const made = describedCommand(
    "translation",
    "BLEU and chrF of translations, beside a baseline that copies the source.",
    {
      run: "heed evaluate translation --model runs/fr-en --source test.fr --reference test.en",
      expect: "BLEU above 90 on the bundled corpus; the copy baseline is below 10",
    },
  );
  requireOption(made, new Option("--model <folder>", "a trained translator"));
  requireOption(made, new Option("--source <file>", "sentences to translate, plain or .gz"));
  requireOption(made, new Option("--reference <file>", "their translations, line by line"));
  return withEngineOptions(
    withQuantization(made)
      .option("--beams <n>", "sentences followed at once; 1 is greedy", wholeNumber(1), 5)
      .option("--batch <n>", "sentences that go through the model together", wholeNumber(1), 64)
      .option("--out <file>", "write the translations, one a line")
      .option("--json", "print the scores as JSON")
      .action((flags: Flags) => evaluate(flags, io)),
  );
}

async function evaluate(flags: Flags, io: Io): Promise<void> {
  const pairs = await pairsFrom(flags.source, flags.reference, io);
  await withTranslator(flags.model, { quantize: flags.quantize, ...engineOf(flags) }, async (model) => {
    warnOfUnseenWords(
      model,
      pairs.map(({ source }) => source),
      io,
    );
    const label = { label: "translating", unit: "sentences", rateUnit: "sentences" };
    const bar = createProgress({
      stream: io.stderr,
      ...label,
      total: pairs.length,
      environment: io.environment,
      exits: process,
    });
    const progress = (done: number): void => {
      bar.update({ done });
    };
    const { bleu, chrf, copy, hypotheses } = await evaluateTranslator(model, pairs, { ...flags, progress });
    bar.finish();
    if (flags.out !== undefined) await diskFolder().write(flags.out, linesOf(pairs, hypotheses));
    const interval = bootstrap(bleuStatistics(hypotheses, [pairs.map(({ target }) => target)]));
    if (flags.json === true) {
      await io.stdout.write(jsonLine({ sentences: pairs.length, bleu, interval, chrf, copyBaseline: copy.score }));
      return;
    }
    const rows = [
      ["the model", bleu.score.toFixed(2), `± ${interval.halfWidth.toFixed(2)}`, chrf.score.toFixed(2)],
      ["copying the source", copy.score.toFixed(2), "", ""],
    ];
    await io.stdout.write(
      `${table(rows, { header: ["", "BLEU", "95 %", "chrF"], align: ["left", "right", "right", "right"] })}\n`,
    );
    await io.stdout.write(`${bleu.format()}\n${bleu.signature}\n`);
  });
}

/** A translation in each line that has a pair; pairs that were left out leave empty lines. */
function linesOf(pairs: readonly TextPair[], hypotheses: readonly string[]): string {
  const lines = Array.from({ length: pairs.at(-1)!.line }, () => "");
  for (const [i, { line }] of pairs.entries()) lines[line - 1] = hypotheses[i]!;
  return `${lines.join("\n")}\n`;
}
