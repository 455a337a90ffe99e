import { z } from "zod";
import { fromByteCharacters } from "./byte-level.ts";
import { patternMatches, patternSchema } from "./pattern.ts";
import { readByteLevel, readMetaspace } from "./pre-tokenizers.ts";
import { makeStage, readSettings, type StageJson, type StageMaker } from "./stages.ts";

/** The last stage, for the way back: turns tokens into parts of a text that are then joined. */
export interface Decoder {
  readonly json: StageJson;
  decode(tokens: readonly string[]): string[];
}

const replaceSchema = z.object({ pattern: patternSchema, content: z.string() });
const stripSchema = z.object({
  content: z.string(),
  start: z.number().int().nonnegative(),
  stop: z.number().int().nonnegative(),
});

const wordPieceSchema = z.object({ prefix: z.string().default("##"), cleanup: z.boolean().default(true) });
const ctcSchema = z.object({
  pad_token: z.string().default("<pad>"),
  word_delimiter_token: z.string().default("|"),
  cleanup: z.boolean().default(true),
});

/** Takes out the blanks that tokenizing English put before marks and short forms. */
export function cleanUp(text: string): string {
  let clean = text;
  for (const [found, wanted] of tidied) clean = clean.replaceAll(found, wanted);
  return clean;
}

const tidied = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
] as const;

const makers: Readonly<Record<string, StageMaker<Decoder>>> = {
  ByteLevel: (json, where) => ({
    json: readByteLevel(json, where),
    decode: (tokens) => [fromByteCharacters(tokens)],
  }),
  Metaspace: (json, where) => {
    const settings = readMetaspace(json, where);
    const first = settings.prepend_scheme === "never" ? " " : "";
    return {
      json: settings,
      decode: (tokens) => tokens.map((token, i) => token.replaceAll(settings.replacement, i === 0 ? first : " ")),
    };
  },
  WordPiece: (json, where) => {
    const { prefix, cleanup } = readSettings(wordPieceSchema, json, where);
    const join = (token: string, i: number): string => {
      if (i === 0) return token;
      return token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
    };
    return {
      json: { type: "WordPiece", prefix, cleanup },
      decode: (tokens) => tokens.map((token, i) => (cleanup ? cleanUp(join(token, i)) : join(token, i))),
    };
  },
  CTC: (json, where) => {
    const { pad_token, word_delimiter_token, cleanup } = readSettings(ctcSchema, json, where);
    const clean = (token: string): string => {
      const bare = token.replaceAll(pad_token, "");
      return cleanup ? cleanUp(bare).replaceAll(word_delimiter_token, " ") : bare;
    };
    return {
      json: { type: "CTC", pad_token, word_delimiter_token, cleanup },
      decode: (tokens) =>
        tokens
          .filter((token, i) => i === 0 || token !== tokens[i - 1])
          .map(clean)
          .filter((token) => token !== ""),
    };
  },
  BPEDecoder: (json, where) => {
    const { suffix } = readSettings(z.object({ suffix: z.string() }), json, where);
    return {
      json: { type: "BPEDecoder", suffix },
      decode: (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? "" : " ")),
    };
  },
  Fuse: () => ({ json: { type: "Fuse" }, decode: (tokens) => [tokens.join("")] }),
  ByteFallback: () => ({ json: { type: "ByteFallback" }, decode: joinBytes }),
  Replace: (json, where) => {
    const { pattern, content } = readSettings(replaceSchema, json, where);
    const find = patternMatches(pattern, where);
    const replace = (token: string): string => {
      const matches = find(token);
      let out = "";
      for (let m = 0; m < matches.length; m += 3) {
        out += matches[m + 2] === 1 ? content : token.slice(matches[m], matches[m + 1]);
      }
      return out;
    };
    return { json: { type: "Replace", pattern, content }, decode: (tokens) => tokens.map(replace) };
  },
  Strip: (json, where) => {
    const { content, start, stop } = readSettings(stripSchema, json, where);
    return {
      json: { type: "Strip", content, start, stop },
      decode: (tokens) => tokens.map((token) => strip(Array.from(token), content, start, stop)),
    };
  },
  Sequence: (json, where) => {
    const { decoders } = readSettings(z.object({ decoders: z.array(z.unknown()) }), json, where);
    const stages = decoders.map((stage, i) => makeDecoder(stage, `${where}.decoders.${String(i)}`));
    return {
      json: { type: "Sequence", decoders: stages.map((stage) => stage.json) },
      decode: (tokens) => stages.reduce<string[]>((parts, stage) => stage.decode(parts), [...tokens]),
    };
  },
};

/** The decoder that `json` describes, as in `tokenizer.json`. Throws CheckpointError for an unknown one. */
export function makeDecoder(json: unknown, where = "decoder"): Decoder {
  return makeStage(json, where, makers);
}

/** Takes up to `start` characters `content` from the front and up to `stop` from the back. */
function strip(characters: string[], content: string, start: number, stop: number): string {
  let from = 0;
  while (from < start && characters[from] === content) from++;
  let to = characters.length;
  while (characters.length - to < stop && to > from && characters[to - 1] === content) to--;
  return characters.slice(from, to).join("");
}

/** Joins runs of tokens such as `<0xC3>` to text; a run that is not UTF-8 becomes one U+FFFD a byte. */
function joinBytes(tokens: readonly string[]): string[] {
  const out: string[] = [];
  let run: number[] = [];
  const flush = (): void => {
    if (run.length === 0) return;
    try {
      out.push(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(run)));
    } catch {
      out.push(...run.map(() => "\ufffd"));
    }
    run = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9a-fA-F]{2})>$/.exec(token)?.[1];
    if (byte !== undefined) {
      run.push(Number.parseInt(byte, 16));
      continue;
    }
    flush();
    out.push(token);
  }
  flush();
  return out;
}
