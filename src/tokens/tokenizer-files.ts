import { CheckpointError, nearest } from "../errors/index.ts";
import type { AddedToken } from "./added-tokens.ts";
import { bert, clip, ctrl, esm, gpt, gpt2, roberta } from "./families.ts";
import { textFile, type FamilyReader, type SpecialToken, type TokenizerFiles } from "./family-files.ts";
import { forLanguage, languagesOf } from "./languages.ts";
import { makePostProcessor } from "./post-processors.ts";
import { albert, llama, marian, marianTarget, mbart, t5 } from "./sentencepiece-families.ts";
import { readTokenizerConfig, roles, type Role, type TokenForm, type TokenizerConfig } from "./tokenizer-config.ts";
import { readTokenizerJson } from "./tokenizer-json.ts";
import { Tokenizer } from "./tokenizer.ts";
import { transformerXl } from "./transformer-xl.ts";

/** The families that can be opened from older files, by their `model_type`. */
const families: Readonly<Record<string, FamilyReader>> = {
  albert,
  bart: roberta,
  bert,
  clip,
  clip_text_model: clip,
  ctrl,
  distilbert: bert,
  electra: bert,
  esm,
  gpt2,
  llama,
  marian,
  mbart,
  "openai-gpt": gpt,
  roberta,
  t5,
  "transfo-xl": transformerXl,
};

/** What tokenizer_config.json calls the tokenizers, without "Tokenizer" and "Fast". */
const classes: Readonly<Record<string, string>> = {
  Albert: "albert",
  Bart: "bart",
  Bert: "bert",
  CLIP: "clip",
  CTRL: "ctrl",
  DistilBert: "distilbert",
  Electra: "electra",
  Esm: "esm",
  GPT2: "gpt2",
  Llama: "llama",
  Marian: "marian",
  MBart: "mbart",
  MBart50: "mbart",
  OpenAIGPT: "openai-gpt",
  Roberta: "roberta",
  T5: "t5",
  TransfoXL: "transfo-xl",
};

/** Binary files that a tokenizer may consist of. */
export const BINARY_TOKENIZER_FILES: readonly string[] = [
  "source.spm",
  "target.spm",
  "spiece.model",
  "sentencepiece.bpe.model",
  "tokenizer.model",
];

/** Text files that a tokenizer may consist of. */
export const TEXT_TOKENIZER_FILES: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.jinja",
  "vocab.txt",
  "vocab.json",
  "target_vocab.json",
  "merges.txt",
];

/** Vocabularies as Python objects, which Heed does not open: unpickling runs whatever code the file names. */
export const PICKLED_TOKENIZER_FILES: readonly string[] = ["vocab.pkl", "vocab.bin"];

/**
 * Opens a tokenizer from its files: `tokenizer.json` where there is one, otherwise the older files of its family.
 * @param files The files by name, such as "vocab.txt": texts, and bytes where they are binary.
 * @param modelType `model_type` of config.json; where it is not given, tokenizer_config.json and the files decide.
 * Throws CheckpointError where a file is missing or damaged, and for a family that is not known.
 */
export function openTokenizerFiles(files: TokenizerFiles, modelType?: string): Tokenizer {
  const optional = (name: string): string | undefined => (files.has(name) ? textFile(files, name) : undefined);
  const config = readTokenizerConfig({
    config: optional("tokenizer_config.json"),
    specialTokensMap: optional("special_tokens_map.json"),
    addedTokens: optional("added_tokens.json"),
  });
  const chatTemplate = optional("chat_template.jinja") ?? config.json["chat_template"];
  const whole = optional("tokenizer.json");
  if (whole !== undefined) {
    const parts = readTokenizerJson(whole);
    return withTarget(new Tokenizer({ ...parts, config, chatTemplate, special: config.special, files }), config);
  }
  const family = familyOf(files, config, modelType);
  const target = family === marian ? openFamily(marianTarget, files, config) : undefined;
  return withTarget(openFamily(family, files, config, chatTemplate, target), config);
}

/** With the tokenizer of the language that mBART translates into, where "tgt_lang" names it. */
function withTarget(tokenizer: Tokenizer, { json }: TokenizerConfig): Tokenizer {
  const code = json["tgt_lang"];
  if (typeof code !== "string" || !languagesOf(tokenizer).includes(code)) return tokenizer;
  return new Tokenizer({ ...tokenizer.parts, target: forLanguage(tokenizer, code) });
}

function openFamily(
  read: FamilyReader,
  files: TokenizerFiles,
  config: TokenizerConfig,
  chatTemplate?: unknown,
  target?: Tokenizer,
): Tokenizer {
  const { post, special: defaults, tokens = [], ...stages } = read(files, config);
  const special = { ...defaults, ...config.special };
  const addedTokens = numberTokens(stages.model.vocabulary, special, tokens, config);
  const find = (role: Role): SpecialToken => {
    const token = special[role]?.content;
    const id = addedTokens.find(({ content }) => content === token)?.id;
    if (token !== undefined && id !== undefined) return { token, id };
    throw new CheckpointError(`The tokenizer needs a ${role} token, and tokenizer_config.json says that it has none.`);
  };
  const processor = post?.(find);
  return new Tokenizer({
    ...stages,
    postProcessor: processor === undefined ? undefined : makePostProcessor(processor),
    addedTokens,
    config,
    chatTemplate,
    special,
    target,
    files,
  });
}

/** Special and added tokens with their ids: those they have, those of the vocabulary, or the next ones. */
function numberTokens(
  vocabulary: ReadonlyMap<string, number>,
  special: Readonly<Partial<Record<Role, TokenForm | null>>>,
  tokens: readonly AddedToken[],
  config: TokenizerConfig,
): AddedToken[] {
  const numbered = new Map<string, AddedToken>();
  for (const token of [...tokens, ...config.added]) numbered.set(token.content, token);
  let next = 0;
  for (const id of vocabulary.values()) next = Math.max(next, id + 1);
  for (const { id } of numbered.values()) next = Math.max(next, id + 1);
  for (const form of [...roles.map((role) => special[role]), ...config.additional]) {
    if (form === undefined || form === null) continue;
    const known = numbered.get(form.content);
    if (known !== undefined && config.added.includes(known)) {
      numbered.set(form.content, { ...known, special: true });
      continue;
    }
    const id = known?.id ?? vocabulary.get(form.content) ?? next++;
    numbered.set(form.content, { ...form, id, special: true });
  }
  return [...numbered.values()].sort((a, b) => a.id - b.id);
}

function familyOf(files: TokenizerFiles, config: TokenizerConfig, modelType: string | undefined): FamilyReader {
  const named = config.json["tokenizer_class"];
  const ofClass = typeof named === "string" ? classes[named.replace(/Tokenizer(Fast)?$/, "")] : undefined;
  const type = ofClass ?? modelType ?? guess(files);
  const family = type === undefined || !Object.hasOwn(families, type) ? undefined : families[type];
  if (family !== undefined) return family;
  const known = Object.keys(families);
  if (type === undefined) {
    const found = [...files.keys()].join(", ") || "no file of a tokenizer";
    throw new CheckpointError(
      `The folder holds ${found}, which does not tell what tokenizer it is. ` +
        `Give the model type, one of ${known.join(", ")}, or a tokenizer.json.`,
    );
  }
  const near = nearest(type, known);
  throw new CheckpointError(
    `The older tokenizer files of "${type}" cannot be opened${near === undefined ? "" : `; did you mean "${near}"?`} ` +
      `Known: ${known.join(", ")}. A tokenizer.json is opened whatever the family: save one in Python with ` +
      `AutoTokenizer.from_pretrained(…).save_pretrained(…).`,
  );
}

/** What the names of the files alone tell. */
function guess(files: TokenizerFiles): string | undefined {
  if (files.has("source.spm")) return "marian";
  if (files.has("sentencepiece.bpe.model")) return "mbart";
  if (files.has("tokenizer.model")) return "llama";
  const words = files.get("vocab.txt");
  return typeof words === "string" && /^\[UNK\]\r?$/m.test(words) ? "bert" : undefined;
}
