/** `heed classify`: the classes of texts, of pairs of texts, or of images. */
import type { Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { findModel } from "../../files/hub.ts";
import type { ClassScore, TextClassifier } from "../../tasks/classify.ts";
import type { ImageTextMatcher } from "../../tasks/match.ts";
import { describeCheckpoint } from "../../tasks/open.ts";
import type { TokenizerInput } from "../../tokens/index.ts";
import { wholeNumber } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { modelCommand, textsOf, withModel, type ModelFlags } from "../model-command.ts";

interface Flags extends ModelFlags {
  readonly pair?: true;
  readonly labels?: string;
  readonly top: number;
}

/** Texts that go through the model together. */
const BATCH = 32;

export function command(io: Io): Command {
  return modelCommand("classify", "Gives each text or image a class, or a number, as the model was trained.", {
    run: 'heed classify --model runs/sentiment "A wonderful film."',
    expect: "POSITIVE\t0.9987",
  })
    .argument("[inputs...]", "texts, or image files for a model of images; default: the lines of standard input")
    .option("--pair", "a text is two, with a tab between them")
    .option("--labels <names>", "classes of images that the model was not trained on (CLIP), with commas between them")
    .option("--top <n>", "classes for each, most probable first", wholeNumber(1), 1)
    .action(async (given: string[], flags: Flags) => {
      const { architecture } = await describeCheckpoint(await findModel(flags.model));
      const { task } = architecture;
      if (flags.labels !== undefined && task !== "image-text") {
        throw new InputError(
          `--labels is for models of images with texts, and ${architecture.className} is for ${task}.`,
        );
      }
      if (task === "image-text") await withModel(flags, "match", (model) => matchImages(model, given, flags, io));
      else if (task === "image-classification") {
        await withModel(flags, "classify-images", async (model) => {
          for (const path of await imagesOf(given, flags, io)) {
            await write(await model.classify([await diskFolder().read(path)]), flags, io);
          }
        });
      } else await withModel(flags, "classify", (model) => classifyTexts(model, given, flags, io));
    });
}

async function classifyTexts(model: TextClassifier, given: readonly string[], flags: Flags, io: Io): Promise<void> {
  const inputs = (await textsOf(given, io)).map((text) => (flags.pair === true ? pairOf(text) : text));
  for (let start = 0; start < inputs.length; start += BATCH) {
    await write(await model.classify(inputs.slice(start, start + BATCH), flags), flags, io);
  }
}

async function matchImages(model: ImageTextMatcher, given: readonly string[], flags: Flags, io: Io): Promise<void> {
  const labels = flags.labels?.split(",").map((label) => label.trim());
  if (labels === undefined) {
    throw new InputError("This model was not trained on classes. Give their names: --labels cat,dog.");
  }
  for (const path of await imagesOf(given, flags, io)) {
    await write(await model.classify([await diskFolder().read(path)], labels), flags, io);
  }
}

async function imagesOf(given: readonly string[], flags: Flags, io: Io): Promise<string[]> {
  if (flags.pair === true) throw new InputError("--pair is for texts, and this is a model of images.");
  return textsOf(given, io);
}

async function write(rows: readonly (readonly ClassScore[])[], { top, json }: Flags, io: Io): Promise<void> {
  for (const found of rows) {
    const classes = found.slice(0, top);
    const line = classes.map(({ label, score }) => `${label}\t${score.toFixed(4)}`).join("\t");
    await io.stdout.write(json === true ? jsonLine(classes) : `${line}\n`);
  }
}

function pairOf(text: string): TokenizerInput {
  const [first, second, ...more] = text.split("\t");
  if (first !== undefined && second !== undefined && more.length === 0) return [first, second];
  throw new InputError(`With --pair a line is two texts with a tab between them; got "${text.slice(0, 60)}".`);
}
