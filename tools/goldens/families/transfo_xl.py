"""Transformer-XL, by the last transformers that has it whole. Segments of 5 tokens with a memory of 6.

Its beams have a length penalty of 0: this version counts the prompt in a beam's length, later ones do not.
"""

import re
from collections.abc import Iterator
from typing import Any

import torch
from draw import Draw
from golden import Case, Golden
from prompts import END, PAD, Cases, prompted
from transformers import (
    TransfoXLConfig,
    TransfoXLForSequenceClassification,
    TransfoXLLMHeadModel,
    TransfoXLModel,
)

VOCABULARY = 53


def config(**changes: Any) -> TransfoXLConfig:
    """Heads of 5 though the width is 12; the positions' clamp is below the longest distance of 10."""
    shape = {
        "vocab_size": VOCABULARY,
        "cutoffs": [20, 35],
        "d_model": 12,
        "d_embed": 12,
        "n_head": 3,
        "d_head": 5,
        "d_inner": 19,
        "n_layer": 2,
        "div_val": 2,
        "mem_len": 6,
        "clamp_len": 8,
        "same_length": True,
        "eos_token_id": END,
        "pad_token_id": PAD,
    }
    return TransfoXLConfig(**shape | changes)


def segment(draw: Draw, length: int = 5) -> dict[str, torch.Tensor]:
    """Labels are the ids, but for the end of the second row. Every cluster has one, else its bias had no gradient."""
    ids = draw.integers(5, VOCABULARY, 3, length)
    ids[0, 1:4] = torch.tensor([6, 25, 45])
    labels = ids.clone()
    labels[1, -2:] = -100
    return {"input_ids": ids, "labels": labels}


def cases(draw: Draw) -> Cases:
    """Prompts of equal length, for the model takes no mask."""
    make = prompted(draw, masked=False)

    def made(model: torch.nn.Module) -> dict[str, Case]:
        kept = {name: case for name, case in make(model).items() if name not in ("beams_long", "beams_batched")}
        for name, case in kept.items():
            if re.match("beams", name):
                case.arguments["length_penalty"] = 0.0
        return kept

    return made


def goldens() -> Iterator[Golden]:
    draw, model = Draw(20, VOCABULARY), TransfoXLLMHeadModel
    # With labels the library gives no scores, and its losses stand in the order of the clusters, not of the positions.
    both = {"unlabeled": True, "left_out": "losses"}
    main = {"seed": 37, "spread": 0.35, "main": True, "generation": {"eos_token_id": END, "pad_token_id": PAD}}
    main |= {"cases": cases(draw), "then": segment(draw, 4)}
    yield Golden("transfo-xl-causal-lm", model, config(), segment(draw), **main, **both)
    one = config(div_val=1, d_embed=8, same_length=False, clamp_len=0)
    then = {"then": segment(draw)}
    yield Golden("transfo-xl-causal-lm-one-division", model, one, segment(draw), **then, **both)
    normed = config(div_val=1, cutoffs=[30], pre_lnorm=True, untie_r=False, same_length=False, mem_len=4)
    yield Golden("transfo-xl-causal-lm-pre-norm", model, normed, segment(draw), **then, **both)
    words = {"input_ids": draw.text([6, 4, 5])["input_ids"]}
    yield Golden("transfo-xl-model", TransfoXLModel, config(), words, then={"input_ids": draw.integers(5, VOCABULARY, 3, 3)})
    labeled = words | {"labels": torch.tensor([2, 0, 1])}
    folder = "transfo-xl-sequence-classification"
    yield Golden(folder, TransfoXLForSequenceClassification, config(num_labels=3), labeled)
