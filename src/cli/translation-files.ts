/** What the translation commands share: sentence pairs from two files, and opening a model folder. */
import { describePairReport, textPairs, type TextPair } from "../data/index.ts";
import { diskFolder } from "../files/disk.ts";
import { readLines } from "../files/index.ts";
import { Translator } from "../tasks/translator.ts";
import type { Io } from "./io.ts";

/** Reads two parallel files, plain or .gz; pairs that are left out are counted in a warning. */
export async function pairsFrom(source: string, target: string, io: Io): Promise<TextPair[]> {
  const folder = diskFolder();
  const names = { sourceName: folder.describe(source), targetName: folder.describe(target) };
  const { pairs, report } = await textPairs(readLines(folder, source), readLines(folder, target), names);
  for (const line of describePairReport(report)) io.stderr.write(`${line}\n`);
  return pairs;
}

/** Opens a trained translator, lends it, and frees its engine afterwards. */
export async function withTranslator<T>(
  path: string,
  options: Parameters<typeof Translator.open>[1],
  use: (model: Translator) => Promise<T>,
): Promise<T> {
  const model = await Translator.open(diskFolder(path), { purpose: "generation", ...options });
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

/** Names the words of sentences that training never saw, once each. */
export function warnOfUnseenWords(model: Translator, sentences: readonly string[], io: Io): void {
  const unseen = [...new Set(sentences.flatMap((sentence) => model.unseenWords(sentence)))];
  if (unseen.length === 0) return;
  const named = unseen.slice(0, 10).join(", ");
  const more = unseen.length > 10 ? ` and ${unseen.length - 10} more` : "";
  const words = unseen.length === 1 ? "A word was" : `${unseen.length} words were`;
  io.stderr.write(`${words} never seen in training: ${named}${more}. The model guesses them from their pieces.\n`);
}
