import { z } from "zod";
import { CheckpointError } from "../errors/index.ts";
import { classOf, SPACE } from "./characters.ts";
import { addedPart, textAt, type Part } from "./encoding.ts";
import { readByteLevel } from "./pre-tokenizers.ts";
import { makeStage, readSettings, type StageJson, type StageMaker } from "./stages.ts";

/** The stage after the model: joins the texts of a pair and adds special tokens. */
export interface PostProcessor {
  readonly json: StageJson;
  /** Takes one encoding, or two of a pair, and gives those to be joined. */
  process(encodings: readonly Part[], addSpecialTokens: boolean): readonly Part[];
  /** The same for ids alone. */
  processIds(ids: readonly (readonly number[])[], addSpecialTokens: boolean): readonly (readonly number[])[];
}

const byteLevel: StageMaker<PostProcessor> = (json, where) => {
  const settings = readByteLevel(json, where);
  return {
    json: settings,
    process: (encodings) => {
      if (!settings.trim_offsets) return encodings;
      return encodings.map((encoding) => trimOffsets(encoding, settings.add_prefix_space));
    },
    processIds: (ids) => ids,
  };
};

/** Offsets without the white space at a token's ends. One blank at the start of the text may be no part of it. */
function trimOffsets(encoding: Part, prefixed: boolean): Part {
  const offsets = encoding.offsets.map(([start, end], i): [number, number] => {
    const token = encoding.tokens[i]!;
    let leading = 0;
    let trailing = 0;
    while (leading < token.length && isBlank(token, leading)) leading++;
    while (trailing < token.length && isBlank(token, token.length - 1 - trailing)) trailing++;
    if (prefixed && leading === 1 && (i === 0 || start === 0)) leading = 0;
    const text = textAt(encoding, i);
    const from = Math.min(after(text, start, leading), end);
    return [from, Math.max(before(text, end, trailing), from)];
  });
  return { ...encoding, offsets };
}

/** The position `count` characters after `at`. */
function after(text: string, at: number, count: number): number {
  for (let i = 0; i < count; i++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}

/** The position `count` characters before `at`, or `at` itself where there are not so many. */
function before(text: string, at: number, count: number): number {
  let to = at;
  for (let i = 0; i < count; i++) {
    if (to <= 0) return at;
    to -= to > 1 && text.codePointAt(to - 2)! > 0xffff ? 2 : 1;
  }
  return to;
}

/** White space, or the character that stands for the byte of a blank. */
function isBlank(token: string, at: number): boolean {
  const unit = token.charCodeAt(at);
  return unit === 0x120 || (classOf(unit) & SPACE) !== 0;
}

const pieceSchema = z.union([
  z.strictObject({ Sequence: z.object({ id: z.enum(["A", "B"]), type_id: z.number().int() }) }),
  z.strictObject({ SpecialToken: z.object({ id: z.string(), type_id: z.number().int() }) }),
]);
const templateSchema = z.object({
  single: z.array(pieceSchema),
  pair: z.array(pieceSchema),
  special_tokens: z.record(
    z.string(),
    z.object({ id: z.string(), ids: z.array(z.number().int()), tokens: z.array(z.string()) }),
  ),
});
type Template = z.infer<typeof templateSchema>;

const template: StageMaker<PostProcessor> = (json, where) => {
  const settings = readSettings(templateSchema, json, where);
  checkTemplate(settings, where);
  const { single, pair, special_tokens } = settings;
  const fill = <Part>(
    parts: readonly Part[],
    addSpecialTokens: boolean,
    sequence: (part: Part, typeId: number) => Part,
    special: (token: Template["special_tokens"][string], typeId: number) => Part,
  ): Part[] =>
    (parts.length === 1 ? single : pair).flatMap((piece) => {
      if ("Sequence" in piece) return [sequence(parts[piece.Sequence.id === "A" ? 0 : 1]!, piece.Sequence.type_id)];
      return addSpecialTokens ? [special(special_tokens[piece.SpecialToken.id]!, piece.SpecialToken.type_id)] : [];
    });
  return {
    json: { type: "TemplateProcessing", single, pair, special_tokens },
    process: (encodings, addSpecialTokens) =>
      fill<Part>(
        encodings,
        addSpecialTokens,
        (encoding, typeId) => ({ ...encoding, typeId }),
        ({ ids, tokens }, typeId) => addedPart(ids, tokens, typeId),
      ),
    processIds: (ids, addSpecialTokens) =>
      fill<readonly number[]>(
        ids,
        addSpecialTokens,
        (part) => part,
        (token) => token.ids,
      ),
  };
};

function checkTemplate({ single, pair, special_tokens }: Template, where: string): void {
  for (const piece of [...single, ...pair]) {
    if ("SpecialToken" in piece && !Object.hasOwn(special_tokens, piece.SpecialToken.id)) {
      throw new CheckpointError(
        `${where}: the template uses ${JSON.stringify(piece.SpecialToken.id)}, which "special_tokens" does not list.`,
      );
    }
  }
  if (single.some((piece) => "Sequence" in piece && piece.Sequence.id === "B")) {
    throw new CheckpointError(`${where}.single: the template of one text uses a second one, "B".`);
  }
  for (const token of Object.values(special_tokens)) {
    if (token.ids.length === token.tokens.length) continue;
    throw new CheckpointError(`${where}.special_tokens: ${JSON.stringify(token.id)} has not one id a token.`);
  }
}

const sequence: StageMaker<PostProcessor> = (json, where) => {
  const { processors } = readSettings(z.object({ processors: z.array(z.unknown()) }), json, where);
  const stages = processors.map((stage, i) => makePostProcessor(stage, `${where}.processors.${String(i)}`));
  return {
    json: { type: "Sequence", processors: stages.map((stage) => stage.json) },
    process: (encodings, addSpecialTokens) =>
      stages.reduce((parts, stage) => stage.process(parts, addSpecialTokens), encodings),
    processIds: (ids, addSpecialTokens) =>
      stages.reduce((parts, stage) => stage.processIds(parts, addSpecialTokens), ids),
  };
};

const endsSchema = z.object({
  sep: z.tuple([z.string(), z.number().int()]),
  cls: z.tuple([z.string(), z.number().int()]),
});
const robertaSchema = endsSchema.extend({
  trim_offsets: z.boolean().default(true),
  add_prefix_space: z.boolean().default(true),
});

/** `cls A sep`, and for a pair `B sep` after it. */
const bert: StageMaker<PostProcessor> = (json, where) => {
  const { sep, cls } = readSettings(endsSchema, json, where);
  const end = (typeId: number): Part => addedPart([sep[1]], [sep[0]], typeId);
  return {
    json: { type: "BertProcessing", sep, cls },
    process: (parts, addSpecialTokens) => {
      if (!addSpecialTokens) return parts;
      return [addedPart([cls[1]], [cls[0]], 0), ...parts.flatMap((part, i) => [part, end(i)])];
    },
    processIds: (ids, addSpecialTokens) =>
      addSpecialTokens ? [[cls[1]], ...ids.flatMap((part) => [part, [sep[1]]])] : ids,
  };
};

/** `cls A sep`, and for a pair `sep B sep` after it; all of type 0. */
const roberta: StageMaker<PostProcessor> = (json, where) => {
  const { sep, cls, trim_offsets, add_prefix_space } = readSettings(robertaSchema, json, where);
  const ends = [cls, sep].map(([token, id]) => addedPart([id], [token], 0));
  return {
    json: { type: "RobertaProcessing", sep, cls, trim_offsets, add_prefix_space },
    process: (parts, addSpecialTokens) => {
      const trimmed = trim_offsets ? parts.map((part) => trimOffsets(part, add_prefix_space)) : parts;
      const plain = trimmed.map((part): Part => ({ ...part, typeId: 0 }));
      return addSpecialTokens ? plain.flatMap((part, i) => [ends[i === 0 ? 0 : 1]!, part, ends[1]!]) : plain;
    },
    processIds: (ids, addSpecialTokens) =>
      addSpecialTokens ? ids.flatMap((part, i) => [[i === 0 ? cls[1] : sep[1]], part, [sep[1]]]) : ids,
  };
};

const makers: Readonly<Record<string, StageMaker<PostProcessor>>> = {
  ByteLevel: byteLevel,
  TemplateProcessing: template,
  BertProcessing: bert,
  RobertaProcessing: roberta,
  Sequence: sequence,
};

/** The post-processor that `json` describes, as in `tokenizer.json`. Throws CheckpointError for an unknown one. */
export function makePostProcessor(json: unknown, where = "post_processor"): PostProcessor {
  return makeStage(json, where, makers);
}
