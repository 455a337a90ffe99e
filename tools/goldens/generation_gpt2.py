"""Writes test/generation/golden/gpt2.safetensors: a tiny random GPT2LMHeadModel over byte-level tokens, what `generate`
makes of prompts that are padded at the left, and what each logits processor leaves of made-up scores.

    pip install torch==2.15.0 transformers==5.23.0 tokenizers==0.23.3 safetensors numpy
    python tools/goldens/generation_gpt2.py
"""

import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from transformers.generation import (
    EncoderNoRepeatNGramLogitsProcessor,
    EncoderRepetitionPenaltyLogitsProcessor,
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    ExponentialDecayLengthPenalty,
    InfNanRemoveLogitsProcessor,
    LogitNormalization,
    MinPLogitsWarper,
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    TopHLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

GOLDEN = Path(__file__).parents[2] / "test" / "generation" / "golden" / "gpt2.safetensors"
PAD, END, LENGTH = 0, 1, 9
SEED, PUSH = 7, 0.9
# Bytes of é, € and an emoji among them: cut anywhere, they are no characters.
TOKENS = ["<pad>", "<end>", *"abcdefgh", "ab", "bc", "cde", "Ġ", "Ġa", "Ġbe", "Ġcan", "h.", ".", "Ċ", "Ã", "©", "Ãł"]
TOKENS += ["â", "Ĥ", "¬", "ðŁ", "ĺ", "Ģ", "ðŁĺĢ", "eĠ", "fg", "gh", "ha", "ff"]
VOCABULARY = len(TOKENS)

BEAMS = {"num_beams": 3, "num_return_sequences": 3}
RUNS = {
    "greedy": {},
    "greedy to a length with the prompt": {"max_new_tokens": None, "max_length": 11},
    "drawn from one": {"do_sample": True, "top_k": 1},
    "beams": BEAMS,
    "beams, length penalty 0.4, early": {"num_beams": 4, "length_penalty": 0.4, "early_stopping": True},
    "beams, length penalty 2, never": {**BEAMS, "length_penalty": 2.0, "early_stopping": "never"},
    "repetition penalty": {"repetition_penalty": 1.7},
    "repetition penalty, beams": {**BEAMS, "repetition_penalty": 1.3},
    "no pair twice": {"no_repeat_ngram_size": 2},
    "no token twice": {"no_repeat_ngram_size": 1},
    "no three twice, beams": {**BEAMS, "no_repeat_ngram_size": 3, "repetition_penalty": 0.7},
    "tokens of the prompt": {"encoder_repetition_penalty": 1.8},
    "no pair of the prompt": {"encoder_no_repeat_ngram_size": 2, **BEAMS},
    "bad words of one token": {"bad_words_ids": [[4], [9], [END]]},
    "bad words": {"bad_words_ids": [[4], [11, 26], [26, 26], [2, 3, 4]], **BEAMS},
    "suppressed": {"suppress_tokens": [26, 27, 3], "begin_suppress_tokens": [11, 20, 4, 30]},
    "suppressed, beams": {"suppress_tokens": [26, 27, 3], "begin_suppress_tokens": [11, 20, 4, 30], **BEAMS},
    "forced end": {"forced_eos_token_id": END},
    "forced end, beams": {"forced_eos_token_id": [END], **BEAMS},
    "at least 6 new": {"min_new_tokens": 6},
    "at least 10 in all, beams": {"min_length": 10, **BEAMS},
    "several ends": {"eos_token_id": [END, 4, 12]},
    "several ends, beams": {"eos_token_id": [END, 4, 12], "num_beams": 4, "num_return_sequences": 4},
    "no end": {"eos_token_id": None, "num_beams": 2},
    "bias": {"sequence_bias": [[[5], 3.0], [[5, 5], -6.0], [[2, 3], 4.0]]},
    "bias, beams": {"sequence_bias": [[[5], 1.5], [[5, 6], 2.0]], "renormalize_logits": True, **BEAMS},
    "decay": {"exponential_decay_length_penalty": [2, 1.6]},
    "decay, beams": {"exponential_decay_length_penalty": [1, 1.2], "remove_invalid_values": True, **BEAMS},
    "allowed": {"prefix": 3},
    "allowed, beams": {"prefix": 2, **BEAMS},
    "stop strings": {"stop_strings": ["bc", "é", "bh", "ha", " a"], "min_new_tokens": 6},
    "stop strings, beams": {"stop_strings": ["c", "€", "f g"], **BEAMS},
    "all of it": {
        "num_beams": 3, "num_return_sequences": 2, "no_repeat_ngram_size": 3, "repetition_penalty": 1.2,
        "bad_words_ids": [[4], [11, 26]], "min_new_tokens": 2, "forced_eos_token_id": END, "suppress_tokens": [7],
        "begin_suppress_tokens": [11], "length_penalty": 0.8, "renormalize_logits": True,
    },
}  # fmt: skip
# With a prompt of one token the first new one can be forced.
SHORT_RUNS = {
    "forced first": {"forced_bos_token_id": 9},
    "forced first, beams": {"forced_bos_token_id": 9, "begin_suppress_tokens": [11, 20], **BEAMS},
    "forced first and end, beams": {"forced_bos_token_id": 9, "forced_eos_token_id": END, "max_new_tokens": 3, **BEAMS},
}
ENCODER = torch.tensor([[5, 6, 7, 5, 8], [9, 9, 9, 9, 2], [3, 4, 3, 4, 30]])
ENDS = torch.tensor([END, 4])
KEEPS = {"min_tokens_to_keep": 3}
PROCESSORS = {
    "encoder repetition penalty": [EncoderRepetitionPenaltyLogitsProcessor(1.5, ENCODER)],
    "repetition penalty without padding": [
        RepetitionPenaltyLogitsProcessor(1.4, prompt_ignore_length=torch.tensor([2, 2, 2]))
    ],
    "no repeated pair": [NoRepeatNGramLogitsProcessor(2)],
    "no repeated token": [NoRepeatNGramLogitsProcessor(1)],
    "no pair of the encoder": [EncoderNoRepeatNGramLogitsProcessor(2, ENCODER)],
    "no token of the encoder": [EncoderNoRepeatNGramLogitsProcessor(1, ENCODER)],
    "bias": [SequenceBiasLogitsProcessor([[[5], 2.5], [[3, 5], 1.5], [[3, 8], -4.0], [[4, 3, 9], 7.0]])],
    "bad words": [NoBadWordsLogitsProcessor([[5], [3, 8], [7, 3, 9]], ENDS)],
    "decay": [ExponentialDecayLengthPenalty((1, 1.3), ENDS, 3)],
    "finite": [NoBadWordsLogitsProcessor([[5]], ENDS), InfNanRemoveLogitsProcessor()],
    "normalized": [LogitNormalization()],
    "top-h 0.4": [TopHLogitsWarper(0.4)],
    "top-k 2, at least 3": [TopKLogitsWarper(2, **KEEPS)],
    "top-p 0.6": [TopPLogitsWarper(0.6)],
    "top-p 0.1, at least 3": [TopPLogitsWarper(0.1, **KEEPS)],
    "min-p 0.9, at least 3": [MinPLogitsWarper(0.9, **KEEPS)],
    "typical 0.6": [TypicalLogitsWarper(0.6)],
    "typical 0.05, at least 3": [TypicalLogitsWarper(0.05, **KEEPS)],
    "epsilon 0.02": [EpsilonLogitsWarper(0.02)],
    "epsilon 0.5, at least 3": [EpsilonLogitsWarper(0.5, **KEEPS)],
    "eta 0.05": [EtaLogitsWarper(0.05)],
    "eta 0.6, at least 3": [EtaLogitsWarper(0.6, **KEEPS)],
}


def tiny_model() -> GPT2LMHeadModel:
    config = GPT2Config(
        vocab_size=VOCABULARY, n_positions=24, n_embd=16, n_layer=2, n_head=2, resid_pdrop=0.0, embd_pdrop=0.0,
        attn_pdrop=0.0, bos_token_id=END, eos_token_id=END, pad_token_id=PAD,
    )  # fmt: skip
    model = GPT2LMHeadModel(config).eval()
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "ln_" in name:
                parameter.copy_(0.1 * noise + (1 if name.endswith("weight") else 0))
            else:
                parameter.copy_(noise * (0.35 if "wte" in name else 0.2 if name.endswith("bias") else 0.5))
        last = model.transformer.ln_f
        last.weight *= 2.5
        last.bias += PUSH * model.transformer.wte.weight[END]
    return model


def byte_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(TOKENS)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<end>")


def prompts(lengths: list) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    rows = torch.full((len(lengths), max(lengths)), PAD)
    for row, length in zip(rows, lengths):
        row[len(row) - length :] = torch.randint(2, VOCABULARY, (length,), generator=generator)
    return rows


def allowed_after(modulus: int):
    return lambda row, ids: [i for i in range(1, VOCABULARY) if (i + ids[-1].item() + row) % modulus == 0]


def result(model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerFast, ids: torch.Tensor, options: dict) -> dict:
    given = {"max_new_tokens": LENGTH, **options}
    prefix = given.pop("prefix", None)
    if prefix is not None:
        given["prefix_allowed_tokens_fn"] = allowed_after(prefix)
    if "stop_strings" in given:
        given["tokenizer"] = tokenizer
    with torch.no_grad():
        output = model.generate(
            ids, attention_mask=(ids != PAD).long(), return_dict_in_generate=True, output_scores=True, **given
        )
    beams = "num_beams" in options
    return {
        "options": options,
        "ids": output.sequences.tolist(),
        "scores": output.sequences_scores.tolist() if beams else None,
    }


def processed() -> dict:
    generator = torch.Generator().manual_seed(2)
    scores = 2 * torch.randn(3, VOCABULARY, generator=generator)
    history = torch.tensor([[5, 6, 5, 8, 7, 3], [9, 2, 9, 9, 4, 3], [30, 2, 3, 4, 3, 4]])
    after = {}
    for name, processors in PROCESSORS.items():
        rows = scores.clone()
        for processor in processors:
            rows = processor(history, rows)
        after[name] = [[None if value == -float("inf") else round(value, 5) for value in row] for row in rows.tolist()]
    return {"scores": scores.tolist(), "history": history.tolist(), "encoder": ENCODER.tolist(), "after": after}


def main() -> None:
    model, tokenizer = tiny_model(), byte_tokenizer()
    padded, short = prompts([3, 6, 1, 4, 2, 5]), prompts([1, 1, 1])
    runs = {name: result(model, tokenizer, padded, options) for name, options in RUNS.items()}
    short_runs = {name: result(model, tokenizer, short, options) for name, options in SHORT_RUNS.items()}
    tensors = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    metadata = {
        "reference": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "settings": json.dumps({"pad": PAD, "end": END, "length": LENGTH, "vocabulary": VOCABULARY}),
        "tokenizer": tokenizer.backend_tokenizer.to_str(),
        "runs": json.dumps(runs),
        "short_runs": json.dumps(short_runs),
        "processed": json.dumps(processed()),
    }
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    tensors |= {"prompts": padded.to(torch.int32), "short": short.to(torch.int32)}
    save_file(tensors, GOLDEN, metadata=metadata)
    for name, run in (runs | short_runs).items():
        width = len(run["ids"][0])
        print(name, width, [sum(1 for i in row if i != PAD) for row in run["ids"]])
    print(tokenizer.batch_decode(runs["greedy"]["ids"]))


if __name__ == "__main__":
    main()
