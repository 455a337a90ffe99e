/** What the views of generation ask with, from the one selection. */
import type { Selection } from "../../state/studio.svelte.ts";

/** A setting with a slider: what its name is, where it goes from and to, and where it does nothing. */
export interface Setting {
  readonly name: "temperature" | "topK" | "topP" | "minP" | "typicalP" | "repetitionPenalty";
  readonly title: string;
  readonly about: string;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly off: number;
}

export const settings: readonly Setting[] = [
  {
    name: "repetitionPenalty",
    title: "Repetition penalty",
    about: "Above 1, tokens that are there already get less probable.",
    ...{ least: 1, most: 2, step: 0.05, off: 1 },
  },
  {
    name: "temperature",
    title: "Temperature",
    about: "Below 1 the distribution gets sharper, above 1 flatter.",
    ...{ least: 0.1, most: 2, step: 0.05, off: 1 },
  },
  {
    name: "topK",
    title: "Top-k",
    about: "So many of the most probable tokens stay; 0 keeps all.",
    ...{ least: 0, most: 50, step: 1, off: 0 },
  },
  {
    name: "topP",
    title: "Top-p",
    about: "The fewest tokens that together have this probability stay.",
    ...{ least: 0.05, most: 1, step: 0.01, off: 1 },
  },
  {
    name: "minP",
    title: "Min-p",
    about: "Tokens with at least this share of the best one's probability stay.",
    ...{ least: 0, most: 0.5, step: 0.01, off: 0 },
  },
  {
    name: "typicalP",
    title: "Typical",
    about: "The tokens nearest to the entropy that together have this probability stay.",
    ...{ least: 0.1, most: 1, step: 0.01, off: 1 },
  },
];

const others: Readonly<Record<string, string>> = {
  model: "Model",
  suppressTokens: "Never written",
  noRepeatNgramSize: "No repeats",
  forcedBosTokenId: "Forced first",
  forcedEosTokenId: "Forced last",
};

/** What each processor is called; the rest by the name of their option. */
export const stageTitle = (processor: string): string =>
  settings.find(({ name }) => name === processor)?.title ?? others[processor] ?? processor;

/** The prompt, and what was written behind it. */
export function promptOf(selection: Selection): { text: string; ids?: number[]; written: number[] } {
  const ids = selection.numbers("ids");
  return { text: selection.text, ...(ids.length > 0 && { ids: [...ids] }), written: [...selection.numbers("written")] };
}

/** The settings that the address says. */
export function settingsOf(selection: Selection): Partial<Record<Setting["name"], number>> {
  return Object.fromEntries(
    settings.flatMap(({ name, off }) => {
      const value = selection.number(name);
      return value === undefined || value === off ? [] : [[name, value] as const];
    }),
  );
}

export const percent = (share: number): string =>
  share > 0 && share < 0.0005 ? "<0.1 %" : `${(100 * share).toFixed(share > 0.9995 && share < 1 ? 2 : 1)} %`;
