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
import { neededInputs, type Architecture, type Family, type ModelTask } from "./family.ts";
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

/** Which head of a family is wanted, and families that are not in the registry. */
export interface WantedHead {
  /** The class, by Hugging Face's name; goes before the task. */
  readonly className?: string | undefined;
  readonly task?: ModelTask | undefined;
  /** All inputs that there will be: classes that need others are passed over. */
  readonly reads?: readonly string[] | undefined;
  /** Families of one's own; they go before those of the package. */
  readonly families?: readonly Family[] | undefined;
}

/**
 * The architecture that a config.json describes: the class under `architectures`, or another one of the family, by its
 * name or by what it is for. Throws ConfigError where there is none.
 */
export function architectureOf(json: ConfigJson, where: string, wanted: WantedHead = {}): Architecture {
  const found = familyOf(json, where, wanted.families);
  const named = (json["architectures"] as readonly string[] | null | undefined)?.[0];
  const make = (className: string): Architecture => found.fromJson(json, className, where);
  const { className, task } = wanted;
  if (className !== undefined) return make(className);
  if (task === undefined && named !== undefined) return make(named);
  return chosen(found, make, { ...wanted, task: task ?? "features" }, where, named);
}

/** The first class of a family for a task, or the preferred one where it is for that, too. */
function chosen(
  { heads, modelType }: Family,
  make: (className: string) => Architecture,
  { task, reads }: WantedHead,
  where: string,
  preferred?: string,
): Architecture {
  const names = Object.keys(heads).sort((a, b) => Number(b === preferred) - Number(a === preferred));
  for (const name of names) {
    if (heads[name] !== task) continue;
    const made = make(name);
    if (reads === undefined || neededInputs(made, reads).every((input) => reads.includes(input))) return made;
  }
  const alone = reads === undefined ? "" : ` that reads ${reads.join(" and ")} alone`;
  throw new ConfigError(
    `${where}: ${modelType} has no head for ${task!}${alone}. It has ${[...new Set(Object.values(heads))].join(", ")}.`,
  );
}

/** A published size by its name, without weights: `bert-base`. Throws ConfigError that lists the sizes. */
export function architectureOfPreset(preset: string, wanted: WantedHead = {}): Architecture {
  const all = [...(wanted.families ?? []), ...families];
  const found = all.find(({ presets }) => presets.includes(preset));
  if (found !== undefined) {
    const make = (className: string): Architecture => found.fromPreset(preset, className);
    const { className, task } = wanted;
    if (className !== undefined || task === undefined) return make(className ?? Object.keys(found.heads)[0]!);
    return chosen(found, make, wanted, preset);
  }
  const known = all.flatMap(({ presets }) => presets);
  const near = nearest(preset, known);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new ConfigError(`There is no size named "${preset}".${hint} The sizes are ${known.join(", ")}.`);
}
