/** Options of commands that may train a part of a model only: `--lora`, `--freeze`, `--head-only` and rates by layer. */
import { InvalidArgumentError, type Command } from "commander";
import { realNumber } from "./command.ts";

/** What `withAdaptOptions` adds to a command's flags: keys of the config, by their names. */
export interface AdaptFlags {
  readonly lora?: Readonly<Record<string, unknown>>;
  readonly merge?: true;
  readonly freeze?: readonly string[];
  readonly headOnly?: true;
  readonly layerDecay?: number;
  readonly unfreeze?: number | "epoch";
}

/** Adds the options that say what is trained, and how fast. */
export function withAdaptOptions(command: Command): Command {
  return command
    .option(
      "--lora <settings>",
      "train small matrices beside layers: rank=8,alpha=16,dropout=0.1,targets=query,value,modulesToSave=classifier",
      loraSettings,
    )
    .option("--merge", "with --lora: write the model with the adapter merged into it")
    .option("--freeze <parts>", "parts that are not trained: embeddings,0-3,encoder,decoder.0-2", partWords)
    .option("--head-only", "train what lies on top of the body alone")
    .option(
      "--layer-decay <factor>",
      "divide the learning rate by this from each layer to the one below",
      realNumber(1),
    )
    .option("--unfreeze <when>", "from the top, train a further layer after each epoch, or so many updates", stepWords);
}

/** The keys that the flags give. */
export function adaptGiven({ lora, merge, freeze, headOnly, layerDecay, unfreeze }: AdaptFlags): AdaptFlags {
  return {
    ...(lora !== undefined && { lora }),
    ...(merge !== undefined && { merge }),
    ...(freeze !== undefined && { freeze }),
    ...(headOnly !== undefined && { headOnly }),
    ...(layerDecay !== undefined && { layerDecay }),
    ...(unfreeze !== undefined && { unfreeze }),
  };
}

const partWords = (text: string): string[] => text.split(",").map((word) => word.trim());

function stepWords(text: string): number | "epoch" {
  const value = Number(text);
  if (text === "epoch") return text;
  if (/^\d+$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError("It must be epoch, or a number of updates.");
}

/** `rank=8,targets=query,value`: a word without "=" belongs to the list before it. Keys and values are checked with the config. */
function loraSettings(text: string): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  let list: string[] | undefined;
  for (const word of text.split(",").map((one) => one.trim())) {
    if (word === "") continue;
    const [, key, value] = /^(\w+)=(.*)$/.exec(word) ?? [];
    if (key === undefined || value === undefined) {
      if (list === undefined) {
        throw new InvalidArgumentError(`"${word}" has no value. Write settings such as rank=8,targets=query,value.`);
      }
      list.push(word);
      continue;
    }
    list = key === "targets" || key === "modulesToSave" ? [] : undefined;
    if (list !== undefined && value !== "") list.push(value);
    settings[key] = list ?? (value !== "" && !Number.isNaN(Number(value)) ? Number(value) : value);
  }
  return settings;
}
