/** `heed tokenizer train`. */
import { Option, type Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { readLines } from "../../files/index.ts";
import {
  trainBpe,
  trainTranslationTokenizer,
  trainWords,
  translationTokens,
  type Texts,
  type Tokenizer,
} from "../../tokens/index.ts";
import { describedCommand, requireOption, wholeNumber } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { createProgress } from "../terminal/index.ts";

const boundaries = ["byte-level", "metaspace"] as const;

interface TrainFlags {
  readonly files: readonly string[];
  readonly kind: "bpe" | "words";
  readonly size: number;
  readonly out: string;
  readonly minimumFrequency: number;
  readonly wordBoundary: (typeof boundaries)[number];
  readonly specialTokens?: readonly string[];
  readonly forTranslation?: true;
  readonly json?: true;
}

export function trainCommand(io: Io): Command {
  const command = describedCommand("train", "Learns a tokenizer from texts with a sentence per line.", {
    run: "heed tokenizer train --files a.txt b.txt --kind bpe --size 10000 --out tokenizer.json",
    expect: "tokenizer.json: 10000 tokens (bpe, byte-level)",
  });
  requireOption(command, new Option("--files <files...>", "texts, plain or .gz"));
  requireOption(command, new Option("--kind <kind>", "byte-pair encoding, or whole words").choices(["bpe", "words"]));
  requireOption(command, new Option("--size <n>", "how many tokens there should be").argParser(wholeNumber(1)));
  requireOption(command, new Option("--out <file>", "the tokenizer.json to write"));
  return command
    .option("--minimum-frequency <n>", "pairs, or words, that are seen less often are left out", wholeNumber(0), 0)
    .addOption(
      new Option("--word-boundary <kind>", "of bpe: bytes, where nothing is unknown, or characters with ▁ before words")
        .choices(boundaries)
        .default("byte-level"),
    )
    .option("--special-tokens <tokens...>", "tokens that get the first ids; <unk> for words and metaspace")
    .option(
      "--for-translation",
      `what heed train translation needs: byte-level, with ${Object.values(translationTokens).join(" ")}`,
    )
    .option("--json", "print what was learned as JSON")
    .action((flags: TrainFlags) => train(flags, io));
}

async function train(flags: TrainFlags, io: Io): Promise<void> {
  const { kind, wordBoundary, size, out } = flags;
  const folder = diskFolder();
  const tokenizer = await learn(flags, io);
  await folder.write(out, tokenizer.toText());
  if (tokenizer.size < size) {
    io.stderr.write(`The texts give ${tokenizer.size} tokens only; ${size} were asked for.\n`);
  }
  const how = kind === "bpe" ? `bpe, ${wordBoundary}` : "words";
  await io.stdout.write(
    flags.json === true
      ? jsonLine({ out, kind, ...(kind === "bpe" ? { wordBoundary } : {}), size: tokenizer.size })
      : `${folder.describe(out)}: ${tokenizer.size} tokens (${how})\n`,
  );
}

async function learn(flags: TrainFlags, io: Io): Promise<Tokenizer> {
  const { kind, wordBoundary, forTranslation = false } = flags;
  if (forTranslation && (kind !== "bpe" || wordBoundary !== "byte-level" || flags.specialTokens !== undefined)) {
    throw new InputError(
      "--for-translation goes with --kind bpe and --word-boundary byte-level, and has special tokens of its own.",
    );
  }
  const bar = createProgress({
    stream: io.stderr,
    label: "learning tokens",
    unit: "tokens",
    total: flags.size,
    environment: io.environment,
  });
  const progress = (done: number): void => {
    bar.update({ done });
  };
  const learned = learner(flags, progress)(linesOf(flags.files));
  try {
    const tokenizer = await learned;
    bar.update({ done: tokenizer.size });
    bar.finish();
    return tokenizer;
  } finally {
    bar.close();
  }
}

/** What makes the tokenizer that the flags describe. */
function learner(flags: TrainFlags, progress: (tokens: number) => void): (texts: Texts) => Promise<Tokenizer> {
  const { kind, wordBoundary, size, minimumFrequency, forTranslation, specialTokens: given = [] } = flags;
  if (forTranslation === true) return (texts) => trainTranslationTokenizer(texts, { size, minimumFrequency, progress });
  const needsUnknown = kind === "words" || wordBoundary === "metaspace";
  const { unknown } = translationTokens;
  const specialTokens = needsUnknown && !given.includes(unknown) ? [unknown, ...given] : given;
  const options = { size, minimumFrequency, specialTokens };
  if (kind === "words") return (texts) => trainWords(texts, options);
  const unknownToken = needsUnknown ? unknown : undefined;
  return (texts) => trainBpe(texts, { ...options, kind: wordBoundary, unknownToken, progress });
}

async function* linesOf(files: readonly string[]): AsyncGenerator<string> {
  const folder = diskFolder();
  for (const file of files) {
    let empty = true;
    for await (const line of readLines(folder, file)) {
      empty = false;
      yield line;
    }
    if (empty) throw new InputError(`${folder.describe(file)} is empty. A text with a sentence per line was expected.`);
  }
}
