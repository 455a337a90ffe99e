/** What a model writes behind prompts, greedily: for judging it. */
import { generate, textOf, type CachedModel, type GenerationOptions } from "../generation/index.ts";
import type { Encoding } from "../tokens/index.ts";
import { withoutSegments } from "./generate-text.ts";
import { modelGenerationOptions } from "./generation.ts";
import type { TextModel } from "./text-model.ts";

/** A prompt as tokens, and how many new ones there may be. */
export interface AnswerPrompt {
  readonly encoding: Encoding;
  readonly limit: number;
}

/** What ends an answer. */
export interface AnswerEnds {
  /** Tokens. Default: those of the model's settings. */
  readonly eosTokenId?: readonly number[] | undefined;
  readonly stopStrings?: readonly string[] | undefined;
}

/** Prompts that are read at once. */
const AT_ONCE = 64;

/**
 * The text behind each prompt, without white space around it: the most probable token at each step, whatever the model's
 * settings say about drawing. A prompt that leaves no room for an answer gets an empty one.
 */
export async function greedyAnswers(
  text: TextModel,
  cached: CachedModel,
  prompts: readonly AnswerPrompt[],
  { eosTokenId, stopStrings }: AnswerEnds = {},
): Promise<string[]> {
  const { model, tokenizer } = text;
  const { longest, task } = model.architecture;
  const decoder = task === "causal-lm";
  const settings = modelGenerationOptions(model);
  const answers = prompts.map(() => "");
  const room = (place: number): number =>
    decoder && longest !== undefined ? longest - prompts[place]!.encoding.ids.length : Infinity;
  const places = [...prompts.keys()].filter((place) => room(place) > 0 && prompts[place]!.encoding.ids.length > 0);
  places.sort((a, b) => prompts[b]!.encoding.ids.length - prompts[a]!.encoding.ids.length);
  const writes = decoder ? tokenizer : tokenizer.target;
  for (let start = 0; start < places.length; start += AT_ONCE) {
    const group = places.slice(start, start + AT_ONCE);
    const encodings = group.map((place) => prompts[place]!.encoding);
    const options: GenerationOptions = {
      decoderStartTokenId: model.architecture.config["startId"] as number | undefined,
      ...settings,
      ...{ doSample: false, numBeams: 1, numReturnSequences: 1, maxLength: undefined, maxPositions: longest },
      maxNewTokens: group.map((place) => prompts[place]!.limit),
      eosTokenId: eosTokenId ?? settings.eosTokenId,
      stopStrings: stopStrings ?? settings.stopStrings,
      tokenizer: writes,
    };
    const found = await generate(cached, withoutSegments(text.feeds(encodings, decoder ? "left" : "right")), options);
    for (const [row, place] of group.entries()) {
      const before = decoder ? encodings[row]!.ids : undefined;
      answers[place] = textOf(found[row]![0]!.ids, {
        tokenizer: writes,
        before,
        stopStrings: options.stopStrings,
      }).trim();
    }
  }
  return answers;
}
