import { InputError } from "../errors/index.ts";
import { specialToken } from "./added-tokens.ts";
import { countWords, type Texts } from "./count-words.ts";
import { makeDecoder } from "./decoders.ts";
import type { Model } from "./model.ts";
import { makeNormalizer } from "./normalizers.ts";
import { makePostProcessor } from "./post-processors.ts";
import { makePreTokenizer } from "./pre-tokenizers.ts";
import type { StageJson } from "./stages.ts";
import { Tokenizer } from "./tokenizer.ts";

/** What stands around the model of a trained tokenizer; stages as `tokenizer.json` writes them. */
export interface TrainingStages {
  /** Changes texts before they are cut; nothing unless told. */
  readonly normalizer?: StageJson | undefined;
  /** Cuts texts into words; each trainer says how unless told. */
  readonly preTokenizer?: StageJson | undefined;
  /** Adds special tokens and joins pairs; nothing unless told. */
  readonly postProcessor?: StageJson | undefined;
  /** The way back from tokens to text; each trainer says which unless told. */
  readonly decoder?: StageJson | undefined;
  /** Get the first ids, in this order. */
  readonly specialTokens?: readonly string[] | undefined;
}

/**
 * Counts the words of texts, makes a model of them, and puts it between the stages.
 * @param usual The stages where `given` names none.
 */
export async function trainBetween(
  texts: Texts,
  given: TrainingStages,
  usual: TrainingStages & { readonly preTokenizer: StageJson },
  learn: (counts: ReadonlyMap<string, number>) => Promise<Model> | Model,
): Promise<Tokenizer> {
  const stage = <Stage>(
    name: "normalizer" | "postProcessor" | "decoder",
    make: (json: StageJson) => Stage,
  ): Stage | undefined => {
    const json = given[name] ?? usual[name];
    return json === undefined ? undefined : make(json);
  };
  const normalizer = stage("normalizer", makeNormalizer);
  const preTokenizer = makePreTokenizer(given.preTokenizer ?? usual.preTokenizer);
  const postProcessor = stage("postProcessor", makePostProcessor);
  const decoder = stage("decoder", makeDecoder);
  const model = await learn(await countWords(texts, { normalizer, preTokenizer }));
  const addedTokens = (given.specialTokens ?? usual.specialTokens ?? []).map((content) =>
    specialToken(model.vocabulary.get(content)!, content),
  );
  return new Tokenizer({ model, normalizer, preTokenizer, postProcessor, decoder, addedTokens });
}

/** Throws InputError if the unknown token would have no id. */
export function checkUnknown(unknownToken: string | undefined, specialTokens: readonly string[]): void {
  if (unknownToken === undefined || specialTokens.includes(unknownToken)) return;
  throw new InputError(`The unknown token "${unknownToken}" is not among the special tokens; add it there.`);
}
