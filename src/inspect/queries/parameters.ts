/** How many parameters a model has, by part, with the formulas, beside models that everybody knows. */
import { z } from "zod";
import { countFormula, countParameters, dimensionsOf, partUnits, type PartCount } from "../../insight/index.ts";
import { architectureOfPreset, parametersOf, type ModelTask } from "../../models/index.ts";
import { query } from "../query.ts";
import type { Subject } from "../subject.ts";

/** What others are measured against, as their checkpoints have them: with the head that writes. */
const KNOWN: readonly (readonly [preset: string, title: string])[] = [
  ["gpt2", "GPT-2 small"],
  ["gpt2-medium", "GPT-2 medium"],
  ["gpt2-large", "GPT-2 large"],
  ["gpt2-xl", "GPT-2 XL"],
  ["llama-2-7b", "LLaMA 2 7B"],
];
const TASK: ModelTask = "causal-lm";

/** What parts of all models are added up to, so that they can stand beside each other. */
export const partKinds = ["embeddings", "attention", "feed-forward", "norms", "head and other"] as const;
export type PartKind = (typeof partKinds)[number];

export const parameters = query({
  about: "Parameters by part: how many, the formula of each part in letters and numbers, and those of GPT-2 and LLaMA.",
  input: z.strictObject({}),
  answer: (subject) => {
    const { architecture, parameters: given } = subject;
    const { config } = architecture;
    const units = partUnits(given.specs);
    const { parts, total } = countParameters(given.specs);
    const used = new Set<string>();
    const rows = parts.map((row) => {
      const unit = units.find(({ part, count }) => part === row.part && count === row.each)!;
      const formula = countFormula(unit, config);
      for (const letter of formula.letters) used.add(letter);
      return { ...row, kind: kindOf(row.part), formula };
    });
    const sections = [...new Set(["", ...rows.map(({ part }) => part)])].flatMap((part) => dimensionsOf(config, part));
    const letters = new Map(sections.map((one) => [`${one.symbol} ${one.value}`, one]));
    return Promise.resolve({
      total,
      parts: rows,
      units: units.map(({ part, count, parameters: own }) => ({
        ...{ part, kind: kindOf(part), count },
        /** What its parameters' names have in common, and their shapes. */
        name: commonName(own.map(({ name }) => name)),
        shapes: own.map(({ name, shape }) => ({ name, shape })),
      })),
      dimensions: [...letters.values()].filter(({ symbol }) => used.has(symbol)),
      kinds: sums(parts),
      tied: tiedSentence(subject),
      others: known(),
    });
  },
});

let others: readonly { name: string; preset: string; total: number; kinds: Record<PartKind, number> }[] | undefined;

function known(): NonNullable<typeof others> {
  others ??= KNOWN.map(([preset, name]) => {
    const { total, parts } = countParameters(parametersOf(architectureOfPreset(preset, { task: TASK })));
    return { name, preset, total, kinds: sums(parts) };
  });
  return others;
}

function kindOf(part: string): PartKind {
  if (/attention$/.test(part)) return "attention";
  if (/feed-forward$/.test(part)) return "feed-forward";
  if (/norms$/.test(part)) return "norms";
  return /embeddings|positions$|token types$|embedding projection$|tokens$/.test(part)
    ? "embeddings"
    : "head and other";
}

function sums(parts: readonly PartCount[]): Record<PartKind, number> {
  const found = Object.fromEntries(partKinds.map((kind) => [kind, 0])) as Record<PartKind, number>;
  for (const { part, count } of parts) found[kindOf(part)] += count;
  return found;
}

function commonName(names: readonly string[]): string {
  let common = names[0]!;
  for (const name of names) while (!name.startsWith(common)) common = common.slice(0, -1);
  return names.length === 1 ? common : common.replace(/\.?[^.]*$/, "");
}

/** What is used twice and counted once. */
function tiedSentence({ architecture: { config, task }, parameters: { specs } }: Subject): string | undefined {
  const { tied, output, tiedEmbeddings } = config as {
    readonly tied?: boolean;
    readonly output?: { readonly tied?: boolean };
    readonly tiedEmbeddings?: string;
  };
  if (tiedEmbeddings === "all")
    return "One table is the embedding of both languages and the output layer; it counts once.";
  const writes = ["causal-lm", "masked-lm", "conditional-generation", "pre-training"].includes(task);
  const own = specs.some(({ name }) => /^(lm_head|cls\.predictions\.decoder)\.weight$/.test(name));
  if (!writes || own) return undefined;
  const shared = tied === true || output?.tied === true || tiedEmbeddings === "output";
  return shared ? "The output layer is the table of embeddings once more; it counts once." : undefined;
}
