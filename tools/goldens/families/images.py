"""ViT and CLIP."""

from collections.abc import Iterator
from typing import Any

import torch
from draw import Draw
from golden import Golden
from transformers import (
    CLIPConfig,
    CLIPForImageClassification,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModel,
    CLIPVisionModelWithProjection,
    ViTConfig,
    ViTForImageClassification,
    ViTForMaskedImageModeling,
    ViTModel,
)


def vit_config(**changes: Any) -> ViTConfig:
    """Images of 12 x 12 in 3 x 3 patches."""
    shape = {
        "hidden_size": 15,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "intermediate_size": 26,
        "image_size": 12,
        "patch_size": 4,
        "encoder_stride": 4,
        "num_labels": 5,
    }
    return ViTConfig(**shape | changes)


def vit() -> Iterator[Golden]:
    draw = Draw(21, 5, special=0)
    labels = {"labels": torch.tensor([3, 0])}

    def picture(height: int = 12, width: int = 12) -> dict[str, torch.Tensor]:
        return {"pixel_values": draw.normal(2, 3, height, width)}

    model, folder = ViTForImageClassification, "vit-image-classification"
    # Seed and spread with which the two forms of GELU differ behind the first layer by more than rounding.
    yield Golden(folder, model, vit_config(), picture() | labels, main=True, spread=0.35, seed=21)
    other = vit_config(qkv_bias=False, hidden_act="gelu_new", layer_norm_eps=1e-3)
    yield Golden(f"{folder}-no-bias", model, other, picture() | labels)
    larger = picture(16, 20) | labels | {"interpolate_pos_encoding": True}
    yield Golden(f"{folder}-interpolated", model, vit_config(), larger)
    hidden = {"bool_masked_pos": draw.integers(0, 2, 2, 9) == 1}
    yield Golden("vit-masked-image-modeling", ViTForMaskedImageModeling, vit_config(), picture() | hidden, main=True)
    yield Golden("vit-model", ViTModel, vit_config(), picture())


FIRST, LAST = 51, 52


def clip_text_config(**changes: Any) -> CLIPTextConfig:
    shape = {
        "vocab_size": 53,
        "hidden_size": 12,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "intermediate_size": 19,
        "max_position_embeddings": 9,
        "projection_dim": 10,
        "bos_token_id": FIRST,
        "eos_token_id": LAST,
    }
    return CLIPTextConfig(**shape | changes)


def clip_vision_config(**changes: Any) -> CLIPVisionConfig:
    """Images of 8 x 8 in 2 x 2 patches."""
    shape = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 21,
        "image_size": 8,
        "patch_size": 4,
        "projection_dim": 10,
    }
    return CLIPVisionConfig(**shape | changes)


def clip_config(**changes: Any) -> CLIPConfig:
    towers = {"text_config": clip_text_config().to_dict(), "vision_config": clip_vision_config().to_dict()}
    return CLIPConfig(**towers | {"projection_dim": 10} | changes)


def clip() -> Iterator[Golden]:
    """Texts are padded with the end token, as CLIP's tokenizer does, so that the first one counts."""
    draw = Draw(22, FIRST, pad=LAST)
    text = {"input_ids": (padded := draw.text([7, 4, 5], first=FIRST, last=LAST))["input_ids"]}
    masked = {**text, "attention_mask": padded["attention_mask"]}
    picture = {"pixel_values": draw.normal(3, 3, 8, 8)}
    steps = r"logit_scale|projection|layers\.1|embed|norm"
    both = masked | picture | {"return_loss": True}
    yield Golden("clip-model", CLIPModel, clip_config(), both, main=True, steps=steps)
    unequal = text | {"pixel_values": picture["pixel_values"][:2]}
    yield Golden("clip-model-unequal-counts", CLIPModel, clip_config(), unequal)
    yield Golden("clip-text-projection", CLIPTextModelWithProjection, clip_text_config(), masked)
    old = clip_text_config(eos_token_id=2, hidden_act="gelu")
    yield Golden("clip-text-projection-largest-id", CLIPTextModelWithProjection, old, text)
    yield Golden("clip-text-model", CLIPTextModel, clip_text_config(), text)
    yield Golden("clip-vision-projection", CLIPVisionModelWithProjection, clip_vision_config(), picture)
    yield Golden("clip-vision-model", CLIPVisionModel, clip_vision_config(), picture)
    labels = {"labels": torch.tensor([1, 0, 2])}
    yield Golden("clip-image-classification", CLIPForImageClassification, clip_config(num_labels=4), picture | labels)


def goldens() -> Iterator[Golden]:
    for family in (vit, clip):
        yield from family()
