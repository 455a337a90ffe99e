/** `heed score bleu` and `heed score chrf`: metrics of a text against references. */
import { Option, type Command } from "commander";
import { InputError } from "../../errors/index.ts";
import {
  bleu,
  BLEU_TOKENIZATIONS,
  chrf,
  explainBleu,
  formatBleuExplanation,
  type BleuTokenization,
} from "../../evaluation/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { describedCommand, requireOption, wholeNumber } from "../command.ts";
import { fileLines, jsonLine, shownPath, type Io } from "../io.ts";
import { version } from "../version.ts";

interface Texts {
  readonly hypothesis: string;
  readonly reference: readonly string[];
  readonly json?: true;
}

interface BleuFlags extends Texts {
  readonly tokenize: BleuTokenization;
  readonly lowercase?: true;
  readonly maxOrder: number;
  readonly explain?: true;
}

interface ChrfFlags extends Texts {
  readonly lowercase?: true;
  readonly charOrder: number;
  readonly wordOrder: number;
  readonly beta: number;
}

export function bleuCommand(io: Io): Command {
  return withTexts(
    describedCommand("bleu", "BLEU (Papineni et al. 2002), with its parts and its signature.", {
      run:
        'heed score bleu --hypothesis <(echo "The guard arrived late because of the rain") ' +
        '--reference <(echo "The guard arrived late because it was raining")',
      expect:
        "BLEU = 51.70 62.5/57.1/50.0/40.0 (BP = 1.000 ratio = 1.000 hyp_len = 8 ref_len = 8)\n" +
        `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:heed-${version}`,
    }),
  )
    .addOption(new Option("--tokenize <name>", "how words are split").choices(BLEU_TOKENIZATIONS).default("13a"))
    .option("--lowercase", "compare without regard to case")
    .option("--max-order <n>", "the longest n-grams that count", wholeNumber(1), 4)
    .option("--explain", "show n-gram precisions, clipped counts and the brevity penalty step by step")
    .action(async (flags: BleuFlags) => {
      const { tokenize, lowercase = false, maxOrder } = flags;
      const { hypotheses, references } = await readTexts(flags, io);
      const options = { tokenize, lowercase, maxOrder };
      if (flags.explain === true) {
        const explanation = explainBleu(hypotheses, references, options);
        await io.stdout.write(flags.json === true ? jsonLine(explanation) : `${formatBleuExplanation(explanation)}\n`);
        return;
      }
      const score = bleu(hypotheses, references, options);
      await io.stdout.write(
        flags.json === true ? jsonLine({ name: "BLEU", ...score }) : `${score.format()}\n${score.signature}\n`,
      );
    });
}

export function chrfCommand(io: Io): Command {
  return withTexts(
    describedCommand("chrf", "chrF (Popović 2015), or chrF++ with --word-order 2.", {
      run: 'heed score chrf --hypothesis <(echo "late because of the rain") --reference <(echo "late because it was raining")',
      expect: `chrF2 = 50.84\nnrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:heed-${version}`,
    }),
  )
    .option("--lowercase", "compare without regard to case")
    .option("--char-order <n>", "the longest character n-grams", wholeNumber(1), 6)
    .option("--word-order <n>", "the longest word n-grams; 2 is chrF++", wholeNumber(0), 0)
    .option("--beta <n>", "how much more recall counts than precision", wholeNumber(1), 2)
    .action(async (flags: ChrfFlags) => {
      const { lowercase = false, charOrder, wordOrder, beta } = flags;
      const { hypotheses, references } = await readTexts(flags, io);
      const result = chrf(hypotheses, references, { lowercase, charOrder, wordOrder, beta });
      await io.stdout.write(flags.json === true ? jsonLine(result) : `${result.format()}\n${result.signature}\n`);
    });
}

function withTexts(command: Command): Command {
  requireOption(command, new Option("--hypothesis <file>", "the translations, plain or .gz; - is standard input"));
  requireOption(command, new Option("--reference <files...>", "one reference translation, or more"));
  return command.option("--json", "print the score as JSON");
}

/** Throws InputError that names the files where one is empty or their lengths differ. */
async function readTexts(
  { hypothesis, reference }: Texts,
  io: Io,
): Promise<{ hypotheses: string[]; references: string[][] }> {
  const folder = diskFolder();
  const hypotheses = await fileLines(hypothesis, folder, io);
  const references: string[][] = [];
  for (const path of reference) {
    const lines = await fileLines(path, folder, io);
    if (lines.length !== hypotheses.length) {
      const count = (n: number): string => `${n} ${n === 1 ? "line" : "lines"}`;
      throw new InputError(
        `${shownPath(hypothesis, folder)} has ${count(hypotheses.length)}, but ${shownPath(path, folder)} has ` +
          `${count(lines.length)}. Line i of a reference must translate the same sentence as line i of the hypothesis.`,
      );
    }
    references.push(lines);
  }
  return { hypotheses, references };
}
