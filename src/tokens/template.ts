import { template } from "./family-files.ts";
import type { StageJson } from "./stages.ts";

/**
 * The post-processor that puts special tokens around texts.
 * @param single What one text becomes, such as `[CLS] A [SEP]`; `:1` behind a part gives it the type 1.
 * @param pair What a pair becomes, such as `[CLS] A [SEP] B:1 [SEP]:1`.
 * @param specialTokens Those with the first ids, in their order.
 */
export function templateOf(single: string, pair: string, specialTokens: readonly string[]): StageJson {
  const [one, two] = [single.split(" "), pair.split(" ")];
  const used = new Set([...one, ...two].map((part) => part.replace(/:1$/, "")));
  const special = specialTokens.map((token, id) => ({ token, id })).filter(({ token }) => used.has(token));
  return template(one, two, special);
}
