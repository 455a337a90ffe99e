"""GPT, GPT-2, CTRL and LLaMA."""

from collections.abc import Iterator
from typing import Any

import torch
from draw import Draw
from golden import Golden
from heads import LENGTHS, answer, bare, each, sequence, texts, token
from prompts import END, PAD, prompted
from transformers import OPTConfig, OPTForCausalLM, GPT2Config, GPT2DoubleHeadsModel, GPT2LMHeadModel

VOCABULARY = 53


def causal(draw: Draw) -> dict[str, torch.Tensor]:
    """Labels are the ids but for padding and, as in a prompt that is not learned, the first tokens of a row."""
    inputs = draw.text(LENGTHS)
    labels = torch.where(inputs["attention_mask"] == 1, inputs["input_ids"], -100)
    labels[1, :2] = -100
    return inputs | {"labels": labels}


def gpt2_config(**changes: Any) -> GPT2Config:
    shape = {
        "vocab_size": VOCABULARY,
        "n_embd": 16,
        "n_layer": 2,
        "n_head": 4,
        "n_inner": 27,
        "n_positions": 16,
        "bos_token_id": END,
        "eos_token_id": END,
        "pad_token_id": PAD,
    }
    return GPT2Config(**shape | changes)


def gpt2() -> Iterator[Golden]:
    draw = Draw(6, VOCABULARY)
    text = texts(draw)
    generation = {"bos_token_id": END, "eos_token_id": END, "pad_token_id": PAD}
    model, cases = GPT2LMHeadModel, prompted(draw)
    main = {"seed": 26, "main": True, "generation": generation, "cases": cases}
    yield Golden("gpt2-causal-lm", model, gpt2_config(), causal(draw), **main)
    yield from each([bare, sequence, token, answer], "gpt2", "GPT2", gpt2_config, text, draw)
    scaled = gpt2_config(scale_attn_by_inverse_layer_idx=True, reorder_and_upcast_attn=True, activation_function="relu")
    yield Golden("gpt2-causal-lm-inverse-layer-scale", model, scaled, causal(draw))
    plain = gpt2_config(scale_attn_weights=False, n_inner=None, tie_word_embeddings=False)
    yield Golden("gpt2-causal-lm-unscaled", model, plain, causal(draw))
    choices = {name: t.reshape(2, 2, -1) for name, t in draw.text([6, 4, 5, 3]).items()}
    choices["labels"] = torch.where(choices["attention_mask"] == 1, choices["input_ids"], -100)
    choices["mc_token_ids"] = choices["attention_mask"].sum(-1) - 1
    choices["mc_labels"] = torch.tensor([1, 0])
    yield Golden("gpt2-double-heads", GPT2DoubleHeadsModel, gpt2_config(summary_proj_to_labels=True), choices)


def opt() -> Iterator[Golden]:
    draw = Draw(6, VOCABULARY)
    config = OPTConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        word_embed_proj_dim=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        ffn_dim=27,
        max_position_embeddings=16,
        bos_token_id=END,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    generation = {"bos_token_id": END, "eos_token_id": END, "pad_token_id": PAD}
    main = {"seed": 26, "main": True, "generation": generation, "cases": prompted(draw)}
    yield Golden("opt-causal-lm", OPTForCausalLM, config, causal(draw), **main)


def goldens() -> Iterator[Golden]:
    yield from gpt2()
    yield from opt()
