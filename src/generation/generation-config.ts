/** generation_config.json, and the arguments of a call of Hugging Face's `generate`, as options. */
import { z } from "zod";
import { ConfigError, nearest } from "../errors/index.ts";
import type { Schema } from "../errors/schema.ts";
import { parseConfig } from "../models/index.ts";
import type { GenerationOptions } from "./options.ts";

/** What the files hold: keys in snake_case. */
export type GenerationJson = Readonly<Record<string, unknown>>;

const id = z.int();
const count = z.int().nonnegative();
const ids = z.array(id);
const oneOrMore = z.union([id, ids]);
const number = z.number();

/** Every option that a file can hold, by its key there. */
const fields = {
  max_new_tokens: ["maxNewTokens", count],
  max_length: ["maxLength", count],
  min_new_tokens: ["minNewTokens", count],
  min_length: ["minLength", count],
  eos_token_id: ["eosTokenId", oneOrMore],
  pad_token_id: ["padTokenId", id],
  decoder_start_token_id: ["decoderStartTokenId", id],
  stop_strings: ["stopStrings", z.union([z.string(), z.array(z.string())])],
  sequence_bias: ["sequenceBias", z.array(z.tuple([ids, number]))],
  encoder_repetition_penalty: ["encoderRepetitionPenalty", number],
  repetition_penalty: ["repetitionPenalty", number],
  no_repeat_ngram_size: ["noRepeatNgramSize", count],
  encoder_no_repeat_ngram_size: ["encoderNoRepeatNgramSize", count],
  bad_words_ids: ["badWordsIds", z.array(ids)],
  forced_bos_token_id: ["forcedBosTokenId", id],
  forced_eos_token_id: ["forcedEosTokenId", oneOrMore],
  remove_invalid_values: ["removeInvalidValues", z.boolean()],
  exponential_decay_length_penalty: ["exponentialDecayLengthPenalty", z.tuple([count, number])],
  suppress_tokens: ["suppressTokens", ids],
  begin_suppress_tokens: ["beginSuppressTokens", ids],
  renormalize_logits: ["renormalizeLogits", z.boolean()],
  do_sample: ["doSample", z.boolean()],
  temperature: ["temperature", number],
  top_h: ["topH", number],
  top_k: ["topK", count],
  top_p: ["topP", number],
  min_p: ["minP", number],
  typical_p: ["typicalP", number],
  epsilon_cutoff: ["epsilonCutoff", number],
  eta_cutoff: ["etaCutoff", number],
  num_beams: ["numBeams", count],
  length_penalty: ["lengthPenalty", number],
  early_stopping: ["earlyStopping", z.union([z.boolean(), z.literal("never")])],
  num_return_sequences: ["numReturnSequences", count],
} as const satisfies Record<string, readonly [keyof GenerationOptions, unknown]>;

/** What Heed does not do, and the values at which it changes nothing. */
const refused: Readonly<Record<string, readonly unknown[]>> = {
  guidance_scale: [1],
  num_beam_groups: [1],
  diversity_penalty: [0],
  penalty_alpha: [0],
  dola_layers: [],
  constraints: [],
  force_words_ids: [],
  watermarking_config: [],
  token_healing: [false],
  max_time: [],
  use_mtp: [false],
};

/** What does not change which tokens come: caches, speed, outputs, guesses that are checked. */
const withoutEffect: readonly string[] = [
  ..."bos_token_id use_cache cache_implementation cache_config max_cache_len return_legacy_cache".split(" "),
  ..."output_attentions output_hidden_states output_scores output_logits return_dict_in_generate".split(" "),
  ..."prefill_chunk_size compile_config disable_compile low_memory transformers_version _from_model_config".split(" "),
  ..."is_assistant num_assistant_tokens num_assistant_tokens_schedule assistant_confidence_threshold".split(" "),
  ..."prompt_lookup_num_tokens max_matching_ngram_size assistant_early_exit assistant_lookbehind".split(" "),
  ..."target_lookbehind speculation_type".split(" "),
];

const schema: Schema<Record<string, unknown>> = z.object(
  Object.fromEntries(Object.entries(fields).map(([key, [, type]]) => [key, type.optional()])),
);

/**
 * The options that generation_config.json holds (or the config.json of folders that have none), with the arguments of a
 * call over them, as Hugging Face's `generate` joins them. Keys that `generate` does not know are left aside in the
 * file, and refused among the arguments. A null turns an argument off.
 * @throws ConfigError for a value of the wrong type, and for an option that would change the result and is not supported.
 */
export function generationOptions(
  json: GenerationJson,
  callArguments: GenerationJson = {},
  file = "generation_config.json",
): GenerationOptions {
  const known = [...Object.keys(fields), ...Object.keys(refused), ...withoutEffect];
  const unknown = Object.keys(callArguments).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const near = nearest(unknown, known);
    throw new ConfigError(
      `generate has no argument "${unknown}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
    );
  }
  const set = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
  const options = { ...optionsOf(set, file), ...optionsOf(callArguments, "the arguments") };
  // A decoder without a start token of its own starts from the one that begins texts.
  const start = options.decoderStartTokenId ?? callArguments["bos_token_id"] ?? set["bos_token_id"];
  return typeof start === "number" ? { ...options, decoderStartTokenId: start } : options;
}

function optionsOf(json: GenerationJson, file: string): GenerationOptions {
  for (const [key, harmless] of Object.entries(refused)) {
    const value = json[key] ?? undefined;
    if (value === undefined || harmless.includes(value)) continue;
    throw new ConfigError(
      `${key} is ${JSON.stringify(value)} in ${file}, which Heed does not do, and which would change what is ` +
        `generated. Remove it, or set it to null.`,
    );
  }
  const given = Object.keys(fields).filter((key) => json[key] !== undefined);
  const values = Object.fromEntries(given.map((key) => [key, json[key] ?? undefined]));
  const checked = parseConfig(schema, values, file, Object.keys(fields));
  const options = given.map((key) => [fields[key as keyof typeof fields][0], checked[key] ?? offValues[key]] as const);
  return Object.fromEntries(options);
}

/** What a null means where leaving the option out means something else. */
const offValues: Readonly<Record<string, unknown>> = { top_k: 0 };
