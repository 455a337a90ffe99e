/** `heed start`: trains the translator on the bundled corpus, measures it and shows its attention. */
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { dictionaryBaseline, parseAlignment, type TextPair } from "../../data/index.ts";
import { bleu } from "../../evaluation/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { readText, type Folder } from "../../files/index.ts";
import { formatCount, formatDuration, heatGridSvg, heatGridText, lineChartText } from "../../figures/index.ts";
import { transformerParts } from "../../models/index.ts";
import { attentionOf, evaluateTranslator, headAlignments, headRows, type AlignedPair } from "../../tasks/translate.ts";
import { runTranslation, translatorRunConfig } from "../../tasks/translator-run.ts";
import type { Translator } from "../../tasks/translator.ts";
import { describedCommand, engineOf, wholeNumber, withEngineOptions, type EngineFlags } from "../command.ts";
import { fileLines, type Io } from "../io.ts";
import { stopOnInterrupt } from "../stop.ts";
import { colorDepthOf, table, widthOf } from "../terminal/index.ts";
import { trainingProgress } from "../training-progress.ts";

/** The sentence of the lecture: its words are in the corpus, the sentence is not. */
const SENTENCE = "Jane visite l'Afrique en septembre";
const EXPECTED = "Jane visits Africa in September";

interface Flags extends EngineFlags {
  readonly once?: true;
  readonly out: string;
  readonly updates: number;
  readonly seed: number;
}

/** The head that looks at the right word most often; counted from 1. */
interface BestHead {
  readonly layer: number;
  readonly head: number;
}

export function command(io: Io): Command {
  return withEngineOptions(
    describedCommand(
      "start",
      "Trains a French-English translator on the bundled corpus in about two minutes, measures it and shows its attention.",
      {
        run: "npm start",
        expect: `BLEU above 90 on held-out sentences, and\n${SENTENCE}  →  ${EXPECTED}`,
      },
    )
      .option("--once", "wait for nothing and open nothing: for scripts")
      .option("--out <folder>", "the folder of the run; an old run there is replaced", "runs/french-english")
      .option("--updates <n>", "how many updates to train for", wholeNumber(1), 900)
      .option("--seed <n>", "the seed", wholeNumber(0), 1)
      .action((flags: Flags) => start(flags, io)),
  );
}

async function start(flags: Flags, io: Io): Promise<void> {
  const corpus = diskFolder(fileURLToPath(new URL("../../../corpus/french-english", import.meta.url)));
  const [training, validation, held] = [
    await read(corpus, "train", io),
    await read(corpus, "valid", io),
    await read(corpus, "test", io),
  ];
  const say = (text: string): Promise<void> => io.stdout.write(`${text}\n`);
  await say(`Heed trains a translator from scratch, on ${formatCount(training.length)} French-English pairs.`);
  const began = performance.now();
  const model = await trained(flags, training, validation, io);
  if (model === undefined) return;
  try {
    await say(`\nTrained in ${formatDuration((performance.now() - began) / 1000)}; the model is in ${flags.out}.`);
    await measure(model, training, held, say);
    const head = await showAttention(model, held, corpus, flags, io);
    await say(nextSteps(flags.out));
    // Nobody ends what waits in a script or a pipe.
    if (flags.once !== true && io.stdout.isTTY === true) await lookInside(head, flags, io);
  } finally {
    await model.dispose();
  }
}

/** Opens the studio on the head that aligns the words best, until Ctrl-C. */
async function lookInside({ layer, head }: BestHead, flags: Flags, io: Io): Promise<void> {
  const { openStudio } = await import("../studio-session.ts");
  const stop = stopOnInterrupt();
  try {
    await io.stdout.write("\n");
    const studio = await openStudio(io, {
      places: [flags.out],
      engine: engineOf(flags),
      page: async (at) => {
        const chosen = { model: (await at.idOf(flags.out)) ?? "", text: SENTENCE, group: "crossAttentions" };
        // The page counts from 0.
        const found = { ...chosen, layer: String(layer - 1), head: String(head - 1) };
        return `#/attention?${new URLSearchParams(found).toString()}`;
      },
      say: (text) => io.stdout.write(text),
    });
    await stop.interrupted;
    await studio.close();
  } finally {
    stop.done();
  }
}

async function read(corpus: Folder, split: string, io: Io): Promise<AlignedPair[]> {
  const lines = (name: string): Promise<string[]> => fileLines(`${split}.${name}`, corpus, io);
  const [source, target, alignment] = [await lines("fr"), await lines("en"), await lines("align")];
  return source.map((text, i) => ({ source: text, target: target[i]!, alignment: parseAlignment(alignment[i]!) }));
}

async function trained(
  flags: Flags,
  pairs: AlignedPair[],
  held: AlignedPair[],
  io: Io,
): Promise<Translator | undefined> {
  const { updates, seed } = flags;
  const config = translatorRunConfig(START_CONFIG(updates, seed), "The start config");
  const numbered = (list: AlignedPair[]): TextPair[] =>
    list.map(({ source, target }, i) => ({ source, target, line: i + 1 }));
  const folder = diskFolder(flags.out);
  const signal = stopOnInterrupt();
  const progress = trainingProgress(io, updates, 0);
  const losses = { name: "training loss", x: [] as number[], y: [] as number[] };
  const warn = (message: string): void => {
    progress.log(message);
  };
  const begin = (model: Translator): void => {
    warn(`${formatCount(transformerParts(model.config).total)} parameters; ${model.engine.description}`);
  };
  const run = runTranslation({
    folder,
    config,
    replace: true,
    pairs: numbered(pairs),
    validation: numbered(held),
    ...engineOf(flags),
    signal,
    warn,
    begin,
  });
  try {
    for (let next = await run.next(); ; next = await run.next()) {
      if (next.done === true) {
        progress.finish();
        const look = { width: widthOf(io.stdout), height: 12, colorDepth: colorDepthOf(io.stdout, io.environment) };
        await io.stdout.write(
          `\n${lineChartText({ title: "training loss", series: [losses], xTitle: "update", ...look })}\n`,
        );
        if (!signal.aborted) return next.value;
        await next.value.dispose();
        await io.stdout.write(`Stopped. What was learned is in ${flags.out}.\n`);
        return undefined;
      }
      losses.x.push(next.value.update);
      losses.y.push(next.value.loss);
      progress.step(next.value);
    }
  } finally {
    progress.close();
    signal.done();
  }
}

/** Small enough for two minutes on two cores, large enough for the grammar. */
const START_CONFIG = (updates: number, seed: number): unknown => ({
  preset: "tiny",
  seed,
  vocabulary: 2500,
  model: { encoderLayers: 2, decoderLayers: 2 },
  training: {
    updates,
    batchTokens: 2048,
    schedule: "linear",
    learningRate: 4e-3,
    warmUp: 100,
    validateEvery: 150,
    saveEvery: 300,
  },
});

async function measure(
  model: Translator,
  training: readonly AlignedPair[],
  held: readonly AlignedPair[],
  say: (text: string) => Promise<void>,
): Promise<void> {
  const references = [held.map(({ target }) => target)];
  const { bleu: score, copy, hypotheses } = await evaluateTranslator(model, held);
  const dictionary = dictionaryBaseline(
    training,
    training.map(({ alignment }) => alignment),
  );
  const wordByWord = bleu(
    held.map(({ source }) => dictionary.translate(source)),
    references,
  );
  const exact = hypotheses.filter((text, i) => text === references[0]![i]).length;
  const rows = [
    ["this model, beam 5", score.score.toFixed(1)],
    ["word by word with a dictionary", wordByWord.score.toFixed(1)],
    ["copying the French", copy.score.toFixed(1)],
  ];
  await say(
    `\nOn ${held.length} held-out sentences, whose words were seen but not together\n(${exact} translated exactly):`,
  );
  await say(table(rows, { header: ["", "BLEU"], align: ["left", "right"] }));
  await say(`${score.format()}\n${score.signature}`);
}

async function showAttention(
  model: Translator,
  held: readonly AlignedPair[],
  corpus: Folder,
  flags: Flags,
  io: Io,
): Promise<BestHead> {
  const functionWords = new Set((await readText(corpus, "function-words.en")).split("\n"));
  const [best] = await headAlignments(model, held.slice(0, 200), functionWords);
  const { layer, head, accuracy } = best!;
  const found = await attentionOf(model, SENTENCE);
  const name = `cross-attention, layer ${layer}, head ${head}`;
  const values = headRows(found.layers[layer - 1]!, head - 1);
  const axes = { rows: found.queries, columns: found.keys, rowTitle: "English, written", columnTitle: "French, read" };
  const grid = { ...axes, values, range: [0, 1] as const };
  const look = { width: widthOf(io.stdout), colorDepth: colorDepthOf(io.stdout, io.environment) };
  await io.stdout.write(`\n${SENTENCE}  →  ${found.translation}\n\n`);
  await io.stdout.write(`${heatGridText({ title: name, ...grid, ...look })}\n`);
  await diskFolder(flags.out).write("attention.svg", heatGridSvg({ title: `${name}: ${SENTENCE}`, ...grid }));
  const share = (100 * accuracy).toFixed(0);
  await io.stdout.write(
    `\nLayer ${layer}, head ${head} looks at the right French word for ${share} % of the content words.\n` +
      `The picture is in ${flags.out}/attention.svg.\n`,
  );
  return { layer, head };
}

const nextSteps = (folder: string): string => `
Try next:
  echo "Paul ne voit jamais le chat noir." | npx heed translate --model ${folder}
  npx heed studio ${folder}                look inside it in the browser
  npx heed inspect ${folder} "${SENTENCE}"
  npx heed parameters ${folder}
  npx heed train translation --help        your own data`;
