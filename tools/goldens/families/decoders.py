"""GPT, GPT-2, CTRL and LLaMA."""

from collections.abc import Iterator
from typing import Any

import torch
from draw import Draw
from golden import Golden
from heads import LENGTHS, answer, bare, each, sequence, texts, token
from prompts import END, PAD, prompted
from transformers import (
    CTRLConfig,
    CTRLLMHeadModel,
    GPT2Config,
    GPT2DoubleHeadsModel,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    OpenAIGPTConfig,
    OpenAIGPTDoubleHeadsModel,
    OpenAIGPTLMHeadModel,
    OPTConfig,
    OPTForCausalLM,
)

VOCABULARY = 53


def causal(draw: Draw) -> dict[str, torch.Tensor]:
    """Labels are the ids but for padding and, as in a prompt that is not learned, the first tokens of a row."""
    inputs = draw.text(LENGTHS)
    labels = torch.where(inputs["attention_mask"] == 1, inputs["input_ids"], -100)
    labels[1, :2] = -100
    return inputs | {"labels": labels}


def choices(draw: Draw) -> dict[str, torch.Tensor]:
    """Two stories with two endings, (2, 2, T), to be modeled and chosen from at each one's last token."""
    inputs = {name: t.reshape(2, 2, -1) for name, t in draw.text([6, 4, 5, 3]).items()}
    inputs["labels"] = torch.where(inputs["attention_mask"] == 1, inputs["input_ids"], -100)
    inputs["mc_token_ids"] = inputs["attention_mask"].sum(-1) - 1
    inputs["mc_labels"] = torch.tensor([1, 0])
    return inputs


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
    main = {"seed": 32, "main": True, "generation": generation, "cases": cases}
    yield Golden("gpt2-causal-lm", model, gpt2_config(), causal(draw), **main)
    yield from each([bare, sequence, token, answer], "gpt2", "GPT2", gpt2_config, text, draw)
    scaled = gpt2_config(scale_attn_by_inverse_layer_idx=True, reorder_and_upcast_attn=True, activation_function="relu")
    yield Golden("gpt2-causal-lm-inverse-layer-scale", model, scaled, causal(draw))
    plain = gpt2_config(scale_attn_weights=False, n_inner=None, tie_word_embeddings=False)
    yield Golden("gpt2-causal-lm-unscaled", model, plain, causal(draw))
    double = gpt2_config(summary_proj_to_labels=True)
    yield Golden("gpt2-double-heads", GPT2DoubleHeadsModel, double, choices(draw))


def openai_gpt_config(**changes: Any) -> OpenAIGPTConfig:
    shape = {"vocab_size": VOCABULARY, "n_embd": 12, "n_layer": 2, "n_head": 3, "n_positions": 16, "pad_token_id": PAD}
    return OpenAIGPTConfig(**shape | changes)


def openai_gpt() -> Iterator[Golden]:
    draw = Draw(17, VOCABULARY)
    cases = prompted(draw)
    main = {"seed": 12, "main": True, "generation": {"eos_token_id": END, "pad_token_id": PAD}, "cases": cases}
    folder = "openai-gpt-causal-lm"
    yield Golden(folder, OpenAIGPTLMHeadModel, openai_gpt_config(), causal(draw), **main)
    config = openai_gpt_config(afn="relu", layer_norm_epsilon=1e-3)
    yield Golden(f"{folder}-relu", OpenAIGPTLMHeadModel, config, causal(draw))
    text = texts(draw)
    yield from each([bare, sequence], "openai-gpt", "OpenAIGPT", openai_gpt_config, text, draw)
    double = choices(draw)
    # With a mask of (2, 2, T) the library's model breaks: it does not fold the choices into the batch.
    del double["attention_mask"]
    yield Golden("openai-gpt-double-heads", OpenAIGPTDoubleHeadsModel, openai_gpt_config(), double)


def ctrl_config(**changes: Any) -> CTRLConfig:
    """The epsilon of the last norm alone: the blocks have 1e-6 whatever is said here."""
    shape = {"vocab_size": VOCABULARY, "n_embd": 16, "n_layer": 2, "n_head": 4, "dff": 27, "n_positions": 16}
    return CTRLConfig(**shape | {"pad_token_id": PAD, "layer_norm_epsilon": 1e-3} | changes)


def ctrl() -> Iterator[Golden]:
    draw = Draw(18, VOCABULARY)
    cases = prompted(draw)
    main = {"seed": 18, "spread": 0.35, "main": True, "generation": {"eos_token_id": END, "pad_token_id": PAD}, "cases": cases}
    yield Golden("ctrl-causal-lm", CTRLLMHeadModel, ctrl_config(), causal(draw), **main)
    yield from each([bare, sequence], "ctrl", "CTRL", ctrl_config, texts(draw), draw)


def llama_config(**changes: Any) -> LlamaConfig:
    """Two key-value heads for four heads."""
    shape = {
        "vocab_size": VOCABULARY,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 27,
        "max_position_embeddings": 16,
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
        "pad_token_id": PAD,
        "bos_token_id": None,
        "eos_token_id": END,
    }
    return LlamaConfig(**shape | changes)


LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 900.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 12,
}


def llama() -> Iterator[Golden]:
    """The scaled ones have the older keys of config.json, the others the new ones."""
    draw, model = Draw(19, VOCABULARY), LlamaForCausalLM
    main = {"seed": 12, "main": True, "generation": {"eos_token_id": END, "pad_token_id": PAD}, "cases": prompted(draw)}
    yield Golden("llama-causal-lm", model, llama_config(), causal(draw), **main)
    tied = llama_config(tie_word_embeddings=True, attention_bias=True, mlp_bias=True, head_dim=6, num_key_value_heads=1)
    yield Golden("llama-causal-lm-tied", model, tied, causal(draw))
    linear = {"rope_type": "linear", "rope_theta": 500.0, "factor": 4.0}
    older = {"rope_parameters": None, "dtype": None, "torch_dtype": "float32"}
    old = older | {"rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 4.0}}
    yield Golden("llama-causal-lm-linear", model, llama_config(rope_parameters=linear), causal(draw), old_config=old)
    scaling = {key: value for key, value in LLAMA3.items() if key != "rope_theta"}
    old = older | {"rope_theta": LLAMA3["rope_theta"], "rope_scaling": scaling}
    config = llama_config(rope_parameters=LLAMA3, num_attention_heads=2, num_key_value_heads=2)
    yield Golden("llama-causal-lm-llama3", model, config, causal(draw), old_config=old)
    yield Golden("llama-causal-lm-bfloat16", model, llama_config(), causal(draw), dtype=torch.bfloat16)
    yield from each([bare, sequence, token, answer], "llama", "Llama", llama_config, texts(draw), draw)


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
    for family in (openai_gpt, gpt2, ctrl, llama, opt):
        yield from family()
