/** All families, by `model_type` of config.json. */
import { ConfigError, nearest } from "../errors/index.ts";
import { albertFamily } from "./albert.ts";
import { bartFamily } from "./bart.ts";
import { bertFamily } from "./bert.ts";
import { clipFamily, clipTextFamily, clipVisionFamily } from "./clip.ts";
import type { ConfigJson } from "./config-fields.ts";
import { ctrlFamily } from "./ctrl.ts";
import { distilBertFamily } from "./distilbert.ts";
import { electraFamily } from "./electra.ts";
import { esmFamily } from "./esm.ts";
import type { Architecture, Family, ModelTask } from "./family.ts";
import { gpt2Family } from "./gpt2.ts";
import { llamaFamily } from "./llama.ts";
import { marianFamily } from "./marian.ts";
import { mbartFamily } from "./mbart.ts";
import { openAiGptFamily } from "./openai-gpt.ts";
import { optFamily } from "./opt.ts";
import { robertaFamily } from "./roberta.ts";
import { t5Family } from "./t5.ts";
import { vitFamily } from "./vit.ts";
import { transfoXlFamily } from "./transfo-xl.ts";

/** Every family that can be opened. */
export const families: readonly Family[] = [
  albertFamily,
  bartFamily,
  bertFamily,
  clipFamily,
  clipTextFamily,
  clipVisionFamily,
  ctrlFamily,
  distilBertFamily,
  electraFamily,
  esmFamily,
  gpt2Family,
  llamaFamily,
  marianFamily,
  mbartFamily,
  openAiGptFamily,
  optFamily,
  robertaFamily,
  t5Family,
  transfoXlFamily,
  vitFamily,
];

/** The family of a config.json, first among `others`. Throws ConfigError that lists the known ones. */
export function familyOf(json: ConfigJson, where: string, others: readonly Family[] = []): Family {
  const type = json["model_type"];
  const all = [...others, ...families];
  const found = all.find(({ modelType }) => modelType === type);
  if (found !== undefined) return found;
  const known = all.map(({ modelType }) => modelType);
  if (typeof type !== "string") {
    throw new ConfigError(`${where} has no model_type. Expected one of ${known.join(", ")}.`);
  }
  const near = nearest(type, known);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new ConfigError(
    `${where}: model_type is "${type}", a family that this version does not have.${hint} It has ${known.join(", ")}.`,
  );
}

/** Which head is wanted, and families that are not in the registry. */
export interface Wanted {
  /** The class, by Hugging Face's name; it goes before the task. */
  readonly className?: string | undefined;
  readonly task?: ModelTask | undefined;
  /** Families of one's own; they go before those of the package. */
  readonly families?: readonly Family[] | undefined;
}

/**
 * The architecture that a config.json describes: the class under `architectures`, or another one of the family, by its
 * name or by what it is for. Throws ConfigError where there is none.
 */
export function architectureOf(json: ConfigJson, where: string, wanted: Wanted = {}): Architecture {
  const found = familyOf(json, where, wanted.families);
  const named = (json["architectures"] as readonly string[] | null | undefined)?.[0];
  const { className, task } = wanted;
  if (className !== undefined) return found.fromJson(json, className, where);
  if (task === undefined || (named !== undefined && found.heads[named] === task)) {
    return found.fromJson(json, named ?? firstWith(found, "features", where), where);
  }
  return found.fromJson(json, firstWith(found, task, where), where);
}

function firstWith({ heads, modelType }: Family, task: ModelTask, where: string): string {
  const name = Object.keys(heads).find((one) => heads[one] === task);
  if (name !== undefined) return name;
  throw new ConfigError(
    `${where}: ${modelType} has no head for ${task}. It has ${[...new Set(Object.values(heads))].join(", ")}.`,
  );
}

/** A published size by its name, without weights: `bert-base`. Throws ConfigError that lists the sizes. */
export function architectureOfPreset(preset: string, task?: ModelTask, others: readonly Family[] = []): Architecture {
  const all = [...others, ...families];
  const found = all.find(({ presets }) => presets.includes(preset));
  if (found !== undefined) {
    const className = task === undefined ? Object.keys(found.heads)[0]! : firstWith(found, task, preset);
    return found.fromPreset(preset, className);
  }
  const known = all.flatMap(({ presets }) => presets);
  const near = nearest(preset, known);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new ConfigError(`There is no size named "${preset}".${hint} The sizes are ${known.join(", ")}.`);
}
