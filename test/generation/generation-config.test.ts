/** generation_config.json and the arguments of a call, as options. */
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors/index.ts";
import { generationOptions } from "../../src/generation/index.ts";

describe("generation_config.json", () => {
  it("becomes options, the arguments of a call over it", () => {
    const file = {
      _from_model_config: true,
      bos_token_id: 0,
      decoder_start_token_id: 2,
      early_stopping: true,
      eos_token_id: [2, 5],
      forced_eos_token_id: 2,
      max_length: 128,
      no_repeat_ngram_size: 3,
      num_beams: 4,
      pad_token_id: 1,
      temperature: null,
      transformers_version: "5.23.0",
      use_cache: true,
      lang_to_id: { en: 7 },
    };
    const options = {
      decoderStartTokenId: 2,
      earlyStopping: true,
      eosTokenId: [2, 5],
      forcedEosTokenId: 2,
      maxLength: 128,
      noRepeatNgramSize: 3,
      numBeams: 4,
      padTokenId: 1,
    };
    expect(generationOptions(file)).toEqual(options);
    expect(generationOptions(file, { max_new_tokens: 9, forced_eos_token_id: null, early_stopping: "never" })).toEqual({
      ...options,
      forcedEosTokenId: undefined,
      maxNewTokens: 9,
      earlyStopping: "never",
    });
  });

  it("starts a decoder from the token that begins texts where it names no other", () => {
    expect(generationOptions({ bos_token_id: 3 }).decoderStartTokenId).toBe(3);
    expect(generationOptions({ bos_token_id: 3, decoder_start_token_id: 4 }).decoderStartTokenId).toBe(4);
    expect(generationOptions({ bos_token_id: 3 }, { decoder_start_token_id: 5 }).decoderStartTokenId).toBe(5);
    expect(generationOptions({}).decoderStartTokenId).toBeUndefined();
  });

  it("turns a null among the arguments into what it means: no top-k, where leaving it out means 50", () => {
    expect(generationOptions({ top_k: 10 }, { top_k: null }).topK).toBe(0);
    expect(generationOptions({ top_k: null })).toEqual({});
  });

  it("refuses what would change the result and is not supported, and lets defaults pass", () => {
    const neutral = {
      guidance_scale: 1,
      num_beam_groups: 1,
      diversity_penalty: 0,
      penalty_alpha: null,
      max_time: null,
    };
    expect(generationOptions(neutral)).toEqual({});
    const cases: [object, object, string][] = [
      [{ num_beam_groups: 2 }, {}, "num_beam_groups is 2 in generation_config.json, which Heed does not do"],
      [{}, { penalty_alpha: 0.6 }, "penalty_alpha is 0.6 in the arguments"],
      [{}, { watermarking_config: {} }, "watermarking_config"],
      [{}, { num_beam: 2 }, 'generate has no argument "num_beam"; did you mean "num_beams"?'],
      [{ num_beams: "4" }, {}, 'generation_config.json cannot be used: num_beams must be a number, not "4"'],
      [{ temperature: [1] }, {}, "temperature must be a number, not [1]"],
    ];
    for (const [file, call, message] of cases) {
      const read = (): unknown => generationOptions({ ...file }, { ...call });
      expect(read).toThrow(message);
      expect(read).toThrow(ConfigError);
    }
  });
});
