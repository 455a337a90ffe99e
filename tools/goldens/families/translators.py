"""BART, mBART, Marian and T5."""

from collections.abc import Iterator
from typing import Any

import torch
from draw import Draw
from golden import Golden
from heads import LENGTHS, Text, answer, each, sequence, texts, token
from prompts import Cases, calls
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BartModel,
    MarianConfig,
    MarianModel,
    MarianMTModel,
    MBartConfig,
    MBartForConditionalGeneration,
    MBartModel,
    T5Config,
    T5EncoderModel,
    T5ForConditionalGeneration,
    T5Model,
)

VOCABULARY = 53
TARGETS = [4, 6, 5]

SHAPE = {
    "vocab_size": VOCABULARY,
    "d_model": 12,
    "encoder_layers": 2,
    "encoder_attention_heads": 4,
    "encoder_ffn_dim": 19,
    "decoder_layers": 2,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 17,
    "max_position_embeddings": 16,
}
STEPS = r"shared|embed_(tokens|positions)|decoder\.layers\.1|decoder\.block\.1|norm|relative"
"""Steps of every parameter would make the folder too large."""


def pairs(draw: Draw, text: Text, *, last: int, target: Draw | None = None) -> dict[str, torch.Tensor]:
    """Sources and labels that end with `last`."""
    inputs = text(LENGTHS)
    labels = (target or draw).text(TARGETS, last=last)
    return inputs | {"labels": torch.where(labels["attention_mask"] == 1, labels["input_ids"], -100)}


def both(draw: Draw, text: Text, *, first: int, target: Draw | None = None) -> dict[str, torch.Tensor]:
    """Sources and what the decoder reads, with a mask of its own."""
    read = (target or draw).text(TARGETS, first=first)
    named = {"decoder_input_ids": read["input_ids"], "decoder_attention_mask": read["attention_mask"]}
    return text(LENGTHS) | named


def sources(text: Text, *, end: int) -> Cases:
    """One sentence of 6 tokens; three padded on the right."""
    return calls({"input_ids": text([6])["input_ids"]}, text([5, 7, 3]), end=end)


def bart_config(**changes: Any) -> BartConfig:
    return BartConfig(**SHAPE | changes)


BART_GENERATION = {
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
    "forced_bos_token_id": 0,
    "forced_eos_token_id": 2,
}


def bart() -> Iterator[Golden]:
    """<s> 0, <pad> 1, </s> 2; the decoder starts with </s>, and generation forces <s> first and </s> last."""
    draw = Draw(11, VOCABULARY, pad=1)
    text = texts(draw, first=0, last=2)
    model = BartForConditionalGeneration
    main = {"seed": 33, "spread": 0.35, "main": True, "generation": BART_GENERATION, "steps": STEPS, "cases": sources(text, end=2)}
    yield Golden("bart-conditional-generation", model, bart_config(), pairs(draw, text, last=2), **main)
    scaled = bart_config(scale_embedding=True, activation_function="relu")
    yield Golden("bart-conditional-generation-scaled", model, scaled, pairs(draw, text, last=2))
    yield Golden("bart-model", BartModel, bart_config(), both(draw, text, first=2))
    yield from each([sequence, answer], "bart", "Bart", bart_config, text, draw)


def mbart_config(**changes: Any) -> MBartConfig:
    return MBartConfig(**SHAPE | {"scale_embedding": True} | changes)


LANGUAGES = [50, 51]


def mbart() -> Iterator[Golden]:
    """A source ends with </s> and its language, the labels with </s> and theirs, which the shift wraps to the front."""
    draw = Draw(12, LANGUAGES[0], pad=1)
    plain = texts(draw, last=LANGUAGES[0])

    def text(lengths: list[int]) -> dict[str, torch.Tensor]:
        made = plain(lengths)
        for row, n in enumerate(lengths):
            made["input_ids"][row, n - 2] = 2
        return made

    def labeled() -> dict[str, torch.Tensor]:
        inputs = pairs(draw, text, last=LANGUAGES[1])
        for row, n in enumerate(TARGETS):
            inputs["labels"][row, n - 2] = 2
        return inputs

    generation = BART_GENERATION | {"decoder_start_token_id": LANGUAGES[1]}
    del generation["forced_bos_token_id"]
    model = MBartForConditionalGeneration
    main = {"seed": 15, "spread": 0.35, "main": True, "generation": generation, "steps": STEPS, "cases": sources(text, end=2)}
    yield Golden("mbart-conditional-generation", model, mbart_config(), labeled(), **main)
    yield Golden("mbart-model", MBartModel, mbart_config(), both(draw, text, first=LANGUAGES[1]))
    yield from each([sequence, answer], "mbart", "MBart", mbart_config, text, draw)


PAD = VOCABULARY - 1


def marian_config(**changes: Any) -> MarianConfig:
    tokens = {"pad_token_id": PAD, "eos_token_id": 0, "decoder_start_token_id": PAD}
    shape = {"scale_embedding": True, "activation_function": "swish", "static_position_embeddings": True}
    return MarianConfig(**SHAPE | tokens | shape | changes)


def marian_generation(pad: int) -> dict[str, Any]:
    tokens = {"pad_token_id": pad, "eos_token_id": 0, "decoder_start_token_id": pad}
    return tokens | {"forced_eos_token_id": 0, "bad_words_ids": [[pad]]}


def marian() -> Iterator[Golden]:
    """</s> 0, <pad> last; the second model has two vocabularies, each with its own padding at the same id."""
    draw = Draw(13, PAD, pad=PAD, special=2)
    text = texts(draw, last=0)
    main = {"seed": 7, "spread": 0.35, "main": True, "generation": marian_generation(PAD), "steps": STEPS, "cases": sources(text, end=0)}
    yield Golden("marian-conditional-generation", MarianMTModel, marian_config(), pairs(draw, text, last=0), **main)
    yield Golden("marian-model", MarianModel, marian_config(), both(draw, text, first=PAD))
    pad = 40
    source, target = Draw(14, pad, pad=pad, special=2), Draw(15, pad, pad=pad, special=2)
    sides = {"share_encoder_decoder_embeddings": False, "tie_word_embeddings": False}
    sizes = {"vocab_size": pad + 7, "decoder_vocab_size": pad + 1}
    config = marian_config(**sides, **sizes, pad_token_id=pad, decoder_start_token_id=pad, scale_embedding=False)
    text = texts(source, last=0)
    two = {"seed": 12, "spread": 0.35, "generation": marian_generation(pad), "cases": sources(text, end=0)}
    folder = "marian-conditional-generation-two-vocabularies"
    yield Golden(folder, MarianMTModel, config, pairs(source, text, last=0, target=target), **two)


def t5_config(**changes: Any) -> T5Config:
    """Heads of 5 though the width is 12; few buckets, so that the logarithmic ones are in use."""
    shape = {
        "vocab_size": VOCABULARY,
        "d_model": 12,
        "d_kv": 5,
        "num_heads": 3,
        "d_ff": 19,
        "num_layers": 2,
        "num_decoder_layers": 2,
        "relative_attention_num_buckets": 6,
        "relative_attention_max_distance": 7,
        "decoder_start_token_id": 0,
    }
    return T5Config(**shape | changes)


def untie(model: torch.nn.Module) -> None:
    """The head of version 1.1, which the library ties whatever the configuration says, unless a file has both."""
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())


HUB = {"tie_word_embeddings": False, "scale_decoder_outputs": None}
"""As the hub's config.json has it; this version of the library writes true, and false for the second key."""


def t5() -> Iterator[Golden]:
    """<pad> 0, </s> 1; the decoder starts with <pad>."""
    draw = Draw(16, VOCABULARY)
    text = texts(draw, last=1)
    generation = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    model = T5ForConditionalGeneration
    main = {"main": True, "generation": generation, "steps": STEPS}
    first = {"seed": 7, "spread": 0.35, "cases": sources(text, end=1)}
    yield Golden("t5-conditional-generation", model, t5_config(), pairs(draw, text, last=1), **main, **first)
    gated = t5_config(feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    own = {"seed": 19, "spread": 0.35, "cases": sources(text, end=1), "prepare": untie, "old_config": HUB}
    yield Golden("t5-conditional-generation-gated", model, gated, pairs(draw, text, last=1), **main, **own)
    written = pairs(draw, text, last=1)
    yield Golden("t5-conditional-generation-gated-as-saved", model, gated, written, prepare=untie)
    yield Golden("t5-model", T5Model, t5_config(num_decoder_layers=1), both(draw, text, first=0))
    yield Golden("t5-encoder", T5EncoderModel, t5_config(), text(LENGTHS))
    yield from each([sequence, token, answer], "t5", "T5", t5_config, text, draw)


def goldens() -> Iterator[Golden]:
    for family in (bart, mbart, marian, t5):
        yield from family()
