import type { StageJson } from "./stages.ts";

/**
 * The post-processor that puts special tokens around texts.
 * @param single What one text becomes, such as `[CLS] A [SEP]`; `:1` behind a part gives it the type 1.
 * @param pair What a pair becomes, such as `[CLS] A [SEP] B:1 [SEP]:1`.
 * @param specialTokens Those with the first ids, in their order.
 */
export function template(single: string, pair: string, specialTokens: readonly string[]): StageJson {
  const used = new Set<string>();
  const parts = (text: string): unknown[] =>
    text.split(" ").map((part) => {
      const [, name = "", type] = /^(.+?)(?::(\d))?$/.exec(part) ?? [];
      const type_id = Number(type ?? 0);
      if (name === "A" || name === "B") return { Sequence: { id: name, type_id } };
      used.add(name);
      return { SpecialToken: { id: name, type_id } };
    });
  const [one, two] = [parts(single), parts(pair)];
  const special_tokens = Object.fromEntries(
    [...used].sort().map((token) => [token, { id: token, ids: [specialTokens.indexOf(token)], tokens: [token] }]),
  );
  return { type: "TemplateProcessing", single: one, pair: two, special_tokens };
}
