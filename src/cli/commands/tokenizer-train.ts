/** `heed tokenizer train`. */
import { Option, type Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { readLines } from "../../files/index.ts";
import {
  tokenizerFamilies,
  tokenizerKinds,
  trainBpe,
  trainerSettings,
  trainTokenizer,
  trainTranslationTokenizer,
  trainWords,
  translationTokens,
  type Texts,
  type Tokenizer,
  type TokenizerFamily,
  type TokenizerKind,
  type TrainTokenizerOptions,
} from "../../tokens/index.ts";
import { describedCommand, realNumber, requireOption, wholeNumber } from "../command.ts";
import { inputLines, jsonLine, type Io } from "../io.ts";
import { createProgress, type Progress } from "../terminal/index.ts";

const boundaries = ["byte-level", "metaspace"] as const;
const families = Object.keys(tokenizerFamilies) as TokenizerFamily[];

interface TrainFlags extends Settings {
  readonly files?: readonly string[];
  readonly kind?: TokenizerKind;
  readonly family?: TokenizerFamily;
  readonly size: number;
  readonly out: string;
  readonly wordBoundary?: (typeof boundaries)[number];
  readonly specialTokens?: readonly string[];
  readonly forTranslation?: true;
  readonly json?: true;
}

/** The settings of all trainers; each refuses those of the others. */
interface Settings {
  readonly minimumFrequency?: number;
  readonly initialAlphabet?: string;
  readonly limitAlphabet?: number;
  readonly continuingSubwordPrefix?: string;
  readonly endOfWordSuffix?: string;
  readonly maximumTokenLength?: number;
  readonly shrinkingFactor?: number;
  readonly maximumPieceLength?: number;
  readonly subIterations?: number;
  readonly seedSize?: number;
}

export function trainCommand(io: Io): Command {
  const command = describedCommand("train", "Learns a tokenizer from texts with a sentence per line.", {
    run: "heed tokenizer train --files a.txt b.txt --kind bpe --size 10000 --out tokenizer.json",
    expect: "tokenizer.json: 10000 tokens (bpe, byte-level)",
  });
  command.option("--files <files...>", "texts, plain or .gz; - for standard input, which is read unless told");
  command.addOption(
    new Option("--kind <kind>", "byte-pair encoding, WordPiece, Unigram, whole words, or characters").choices(
      tokenizerKinds,
    ),
  );
  command.addOption(
    new Option("--family <name>", "a tokenizer as these models have it: pipeline and special tokens").choices(families),
  );
  requireOption(command, new Option("--size <n>", "how many tokens there should be").argParser(wholeNumber(1)));
  requireOption(command, new Option("--out <file>", "the tokenizer.json to write"));
  command
    .addOption(
      new Option(
        "--word-boundary <kind>",
        "of bpe: bytes, where nothing is unknown (the default), or characters with ▁ before words",
      ).choices(boundaries),
    )
    .option("--special-tokens <tokens...>", "tokens that get the first ids; of a family, those after its own")
    .option(
      "--for-translation",
      `what heed train translation needs: byte-level, with ${Object.values(translationTokens).join(" ")}`,
    );
  return withSettings(command)
    .option("--json", "print what was learned as JSON")
    .action((flags: TrainFlags) => train(flags, io));
}

function withSettings(command: Command): Command {
  return command
    .option("--minimum-frequency <n>", "pairs, or words, that are seen less often are left out", wholeNumber(0))
    .option("--initial-alphabet <characters>", "characters to have whether seen or not")
    .option("--limit-alphabet <n>", "at most so many characters, the most frequent", wholeNumber(1))
    .option("--continuing-subword-prefix <text>", "before pieces inside a word; ## for wordpiece")
    .option("--end-of-word-suffix <text>", "after the piece that ends a word")
    .option("--maximum-token-length <n>", "tokens of more than two characters stay shorter", wholeNumber(1))
    .option("--shrinking-factor <x>", "of unigram: the share of pieces that a round keeps; 0.75", realNumber(0, 1))
    .option("--maximum-piece-length <n>", "of unigram: the longest piece; 16", wholeNumber(1))
    .option("--sub-iterations <n>", "of unigram: how often a round fits the probabilities; 2", wholeNumber(1))
    .option("--seed-size <n>", "of unigram: with how many candidates it begins; 1000000", wholeNumber(1));
}

async function train(flags: TrainFlags, io: Io): Promise<void> {
  const { size, out } = flags;
  const folder = diskFolder();
  const { learn, how } = learner(flags);
  const bar = learningBar(size, io);
  let tokenizer: Tokenizer;
  try {
    tokenizer = await learn(linesOf(flags.files ?? ["-"], io), bar.progress);
    bar.finish(tokenizer.size);
  } finally {
    bar.close();
  }
  await folder.write(out, tokenizer.toText());
  if (tokenizer.size < size) {
    io.stderr.write(`The texts give ${tokenizer.size} tokens only; ${size} were asked for.\n`);
  }
  await io.stdout.write(
    flags.json === true
      ? jsonLine({ out, ...how, size: tokenizer.size })
      : `${folder.describe(out)}: ${tokenizer.size} tokens (${Object.values(how).join(", ")})\n`,
  );
}

/** A bar of what the trainer counts: tokens, or steps where a vocabulary shrinks. */
function learningBar(size: number, { stderr, environment }: Io) {
  let bar: Progress | undefined;
  let [counted, of] = [0, size];
  const open = (total: number, start: number): Progress => {
    const unit = total === size ? "tokens" : "steps";
    of = total;
    return createProgress({
      stream: stderr,
      label: "learning tokens",
      unit,
      rateUnit: unit,
      total,
      start,
      environment,
      exits: process,
    });
  };
  const progress = (done: number, total: number): void => {
    const whole = Math.floor(done);
    if (bar === undefined) {
      bar = open(total, whole);
      counted = whole;
    }
    bar.update({ done: whole, amount: whole - counted, fraction: total === 0 ? 1 : done / total });
    counted = whole;
  };
  return {
    progress,
    finish: (learned: number): void => {
      bar ??= open(size, 0);
      bar.update({ done: of === size ? learned : of });
      bar.finish();
    },
    close: () => bar?.close(),
  };
}

type Learn = (texts: Texts, progress: (done: number, total: number) => void) => Promise<Tokenizer>;

/** What makes the tokenizer that the flags describe, and what it is called. */
function learner(flags: TrainFlags): { learn: Learn; how: Readonly<Record<string, string>> } {
  const { kind, family, forTranslation, specialTokens: given = [], wordBoundary } = flags;
  if (kind === undefined && family === undefined && forTranslation !== true) {
    throw new InputError(
      `Neither --kind nor --family is given. Kinds: ${tokenizerKinds.join(", ")}; families: ${families.join(", ")}.`,
    );
  }
  const plainBpe = family === undefined && (kind === "bpe" || forTranslation === true);
  if (wordBoundary !== undefined && !plainBpe) {
    throw new InputError("--word-boundary goes with --kind bpe, and with no --family.");
  }
  const boundary = wordBoundary ?? "byte-level";
  if (forTranslation === true) {
    if (kind !== "bpe" || family !== undefined || boundary !== "byte-level" || given.length > 0) {
      throw new InputError(
        "--for-translation goes with --kind bpe and --word-boundary byte-level, and has special tokens of its own.",
      );
    }
    const settings = settingsOf(flags, ["minimumFrequency"], "--for-translation");
    const learn: Learn = (texts, progress) => trainTranslationTokenizer(texts, { ...settings, progress });
    return { learn, how: { kind, wordBoundary: boundary } };
  }
  const { unknown } = translationTokens;
  const withUnknown = given.includes(unknown) ? given : [unknown, ...given];
  if (kind === "words" && family === undefined) {
    const settings = settingsOf(flags, ["minimumFrequency"], "--kind words");
    const learn: Learn = (texts) => trainWords(texts, { ...settings, specialTokens: withUnknown });
    return { learn, how: { kind } };
  }
  if (plainBpe) {
    const settings = settingsOf(flags, trainerSettings.bpe, "--kind bpe");
    const bytes = boundary === "byte-level";
    const special = bytes ? { specialTokens: given } : { specialTokens: withUnknown, unknownToken: unknown };
    const learn: Learn = (texts, progress) => trainBpe(texts, { ...settings, ...special, kind: boundary, progress });
    return { learn, how: { kind: "bpe", wordBoundary: boundary } };
  }
  const own = kind ?? tokenizerFamilies[family!].kind;
  const settings = settingsOf(flags, trainerSettings[own], own);
  const learn: Learn = (texts, progress) =>
    trainTokenizer(texts, { ...settings, kind, family, specialTokens: given, progress });
  return { learn, how: present({ kind, family }) };
}

/** The settings that are given. Throws InputError for one that is not among `known`. */
function settingsOf(flags: TrainFlags, known: readonly string[], of: string): TrainTokenizerOptions {
  const { initialAlphabet, minimumFrequency, limitAlphabet, continuingSubwordPrefix, endOfWordSuffix } = flags;
  const { maximumTokenLength, shrinkingFactor, maximumPieceLength, subIterations, seedSize } = flags;
  const given = present({
    initialAlphabet: initialAlphabet === undefined ? undefined : Array.from(initialAlphabet),
    ...{ minimumFrequency, limitAlphabet, continuingSubwordPrefix, endOfWordSuffix, maximumTokenLength },
    ...{ shrinkingFactor, maximumPieceLength, subIterations, seedSize },
  });
  const wrong = Object.keys(given).find((name) => !known.includes(name));
  if (wrong === undefined) return { ...given, size: flags.size };
  throw new InputError(`${flagOf(wrong)} is no setting of ${of}. It has ${known.map(flagOf).join(", ")}.`);
}

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Without what is undefined. */
function present<Value>(values: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  const entries = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return Object.fromEntries(entries);
}

async function* linesOf(files: readonly string[], io: Io): AsyncGenerator<string> {
  const folder = diskFolder();
  for (const file of files) {
    let empty = true;
    for await (const line of file === "-" ? inputLines(io) : readLines(folder, file)) {
      empty = false;
      yield line;
    }
    if (!empty) continue;
    const shown = file === "-" ? "Standard input" : folder.describe(file);
    throw new InputError(`${shown} is empty. A text with a sentence per line was expected.`);
  }
}
